package apply_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/autopeer/autopeer/internal/apply"
	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/parallel"
)

// changer answers each change with the error that faults has for its table.
type changer struct {
	faults map[peering.RouteTableID]error
	mu     sync.Mutex
	asked  int
}

func (c *changer) Apply(_ context.Context, change plan.Change) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	table := change.(plan.CreateRoute).Table
	if table == "rtb-panic" {
		panic("nil pointer")
	}
	return c.faults[table]
}

func routes(tables ...peering.RouteTableID) []plan.Change {
	var changes []plan.Change
	for _, t := range tables {
		changes = append(changes, plan.CreateRoute{Table: t, Destination: netip.MustParsePrefix("10.0.0.0/8"), Via: "pcx-1"})
	}
	return changes
}

func TestAll(t *testing.T) {
	t.Parallel()
	denied := fault.Errorf(fault.Denied, "quota")
	busy := errors.New("throttled")
	tests := []struct {
		name   string
		tables []peering.RouteTableID
		made   int
		class  fault.Class
		faults string
	}{
		{"all are made, in the plan's order", []peering.RouteTableID{"rtb-2", "rtb-1"}, 2, 0, ""},
		{"a denial leaves the others alone", []peering.RouteTableID{"rtb-denied", "rtb-1"}, 1, fault.Denied, "quota"},
		{"faults are gathered", []peering.RouteTableID{"rtb-denied", "rtb-busy"}, 0, fault.Retryable, "throttled"},
		{"a panic is a fault of its change", []peering.RouteTableID{"rtb-1", "rtb-panic"}, 1,
			fault.Retryable, "panic: nil pointer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := &changer{faults: map[peering.RouteTableID]error{"rtb-denied": denied, "rtb-busy": busy}}
			made, err := apply.All(t.Context(), c, routes(tt.tables...))
			if len(made) != tt.made {
				t.Errorf("made %v, want %d", made, tt.made)
			}
			if tt.faults == "" {
				if err != nil || !strings.HasSuffix(made[0], "rtb-2") {
					t.Errorf("All() = %v, %v", made, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.faults) || fault.Of(err) != tt.class {
				t.Errorf("All() error = %v (%v), want %q (%v)", err, fault.Of(err), tt.faults, tt.class)
			}
		})
	}
}

// TestOneThatKeepsFailingStarvesNoOther, in any order of the goroutines.
func TestOneThatKeepsFailingStarvesNoOther(t *testing.T) {
	t.Parallel()
	for range 200 {
		c := &changer{faults: map[peering.RouteTableID]error{"rtb-busy": errors.New("throttled")}}
		made, _ := apply.All(t.Context(), c, routes("rtb-busy", "rtb-1", "rtb-2", "rtb-busy"))
		if len(made) != 2 {
			t.Fatalf("made %v, want the two that can be made", made)
		}
	}
}

func TestNothingIsBegunAfterARetryableFault(t *testing.T) {
	t.Parallel()
	tables := slices.Repeat([]peering.RouteTableID{"rtb-busy"}, 10*parallel.Width)
	c := &changer{faults: map[peering.RouteTableID]error{"rtb-busy": errors.New("throttled")}}
	if _, err := apply.All(t.Context(), c, routes(tables...)); err == nil {
		t.Fatal("All() = nil, want an error")
	}
	if c.asked > 2*parallel.Width {
		t.Errorf("%d of %d changes were begun; at most those already under way should be", c.asked, len(tables))
	}
}

// recorder keeps the changes in the order in which they were begun.
type recorder struct {
	faults map[string]error
	mu     sync.Mutex
	begun  []string
}

func (r *recorder) Apply(_ context.Context, change plan.Change) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun = append(r.begun, change.Key())
	return r.faults[change.Key()]
}

// TestAReplacedRouteStays where the addition that carries its traffic may be the refused one, and the same holds for
// rules.
func TestAReplacedRouteStays(t *testing.T) {
	t.Parallel()
	block := netip.MustParsePrefix("10.0.0.0/8")
	add := plan.CreateRoute{Table: "rtb-1", Destination: block, Via: "pcx-1"}
	closing := plan.DeleteRoute{Table: "rtb-2", Destination: block, Via: "pcx-1"}
	removals := []plan.Change{
		plan.DeleteRoute{Table: "rtb-1", Destination: netip.MustParsePrefix("10.1.0.0/16"), Via: "pcx-1", Replaced: true},
		plan.Revoke{Group: "sg-1", Rules: []peering.RuleID{"sgr-1"}, Replaced: true},
	}
	for name, tt := range map[string]struct {
		fault error
		begun int
	}{
		"the addition is made":            {nil, 4},
		"the addition is refused":         {fault.Errorf(fault.Denied, "quota"), 3}, // and attempted again after the removal
		"the addition fails for a person": {fault.Errorf(fault.Permanent, "no permission"), 2},
	} {
		r := &recorder{faults: map[string]error{add.Key(): tt.fault}}
		_, _, _ = apply.Steps(t.Context(), r, [][]plan.Change{{add}, append(slices.Clone(removals), closing)}, true)
		if len(r.begun) != tt.begun || !slices.Contains(r.begun, closing.Key()) {
			t.Errorf("%s: begun were %v, want %d with %s", name, r.begun, tt.begun, closing.Key())
		}
	}
}

// TestSteps: a step begins after the one before. A refusal stops additions alone, and a fault that a retry may fix
// stops all.
func TestSteps(t *testing.T) {
	t.Parallel()
	block := netip.MustParsePrefix("10.0.0.0/8")
	add := func(table peering.RouteTableID) plan.Change {
		return plan.CreateRoute{Table: table, Destination: block, Via: "pcx-1"}
	}
	remove := plan.DeleteRoute{Table: "rtb-1", Destination: block, Via: "pcx-1"}
	steps := [][]plan.Change{{add("rtb-1")}, {remove, add("rtb-2")}, {add("rtb-3")}}
	keys := func(changes ...plan.Change) []string {
		var all []string
		for _, c := range changes {
			all = append(all, c.Key())
		}
		return all
	}
	tests := []struct {
		name  string
		fault error
		begun []string // without the order in a step
		made  int

		patient bool
	}{
		{"all are made", nil, keys(add("rtb-1"), add("rtb-2"), remove, add("rtb-3")), 4, true},
		{"a refusal is repeated after the removal", fault.Errorf(fault.Denied, "quota"),
			keys(add("rtb-1"), remove, add("rtb-1")), 1, true},
		{"a fault for a person", fault.Errorf(fault.Permanent, "no permission"), keys(add("rtb-1"), remove), 1, true},
		{"a fault for a retry", errors.New("throttled"), keys(add("rtb-1")), 0, true},
		{"a fault for a retry that has lasted", errors.New("throttled"), keys(add("rtb-1"), remove), 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &recorder{faults: map[string]error{add("rtb-1").Key(): tt.fault}}
			made, _, err := apply.Steps(t.Context(), r, steps, tt.patient)
			if len(r.begun) > 3 {
				slices.Sort(r.begun[1:3])
			}
			if !slices.Equal(r.begun, tt.begun) || len(made) != tt.made || !errors.Is(err, tt.fault) {
				t.Errorf("Steps() made %v of %v, %v; want %v begun and %d made", made, r.begun, err, tt.begun, tt.made)
			}
		})
	}
}
