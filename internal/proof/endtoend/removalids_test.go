package endtoend_test

import (
	"slices"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestRemovalsOnBothSides that a scheduled sweep finds have ids of their own, also in a cell with both sides.
func TestRemovalsOnBothSides(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		pcx := t.Ask(m, f)
		t.Settle()
		t.DropCalls()
		known, seen := knownIDs(t), len(t.Announcements())
		t.ByHand(one, func(p *lab.Person) { p.RouteTo(m.Table, "192.168.0.0/24", pcx) })
		t.ByHand(accepter, func(p *lab.Person) { p.RouteTo(f.Table, "192.168.1.0/24", pcx) })
		time.Sleep(time.Hour)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		var sides []string
		for _, o := range t.Announcements()[seen:] {
			if o.Type == outcome.Connected && len(o.Changes) > 0 && !known[o.ID] {
				sides = append(sides, string(o.Side))
			}
		}
		if slices.Sort(sides); !slices.Equal(sides, []string{"accepter", "requester"}) {
			t.Errorf("removals with an id of their own on the sides %q, want both", sides)
		}
	})
}

// TestAnEditBesideAConflict: the removal of a forbidden route is announced under an id of its own, although the
// conflict with the same routes was announced before.
func TestAnEditBesideAConflict(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		pcx := t.Ask(m, f)
		t.Settle()
		toServer(t, f, quarantined)
		time.Sleep(time.Hour)
		t.AnnouncedOnce(outcome.Conflicting, pcx)
		known, seen := knownIDs(t), len(t.Announcements())
		t.ByHand(accepter, func(p *lab.Person) { p.RouteTo(f.Table, "192.168.1.0/24", pcx) })
		time.Sleep(time.Hour)
		if !slices.ContainsFunc(t.Announcements()[seen:], func(o outcome.Outcome) bool {
			return len(o.Changes) > 0 && !known[o.ID]
		}) {
			t.Error("the removal is announced under no id of its own")
		}
	})
}

// knownIDs returns the ids of all announcements.
func knownIDs(t *sandboxtest.T) map[string]bool {
	known := map[string]bool{}
	for _, o := range t.Announcements() {
		known[o.ID] = true
	}
	return known
}
