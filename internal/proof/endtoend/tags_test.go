package endtoend_test

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestAPeeringWithoutTags: its connections get none, no sweep misses them, and nothing remains at the end.
func TestAPeeringWithoutTags(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
		t.Policy(strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "    allow:", "    tags: none\n    allow:", 1))
		pcx := t.Ask(m, f)
		t.Settle()
		mark := t.Cloud.Mark()
		time.Sleep(25 * time.Hour)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		t.Unchanged(mark)
		for _, cell := range []peering.Cell{one, two} {
			if c, err := t.Connection(t.Ctx, cell, pcx); err != nil || c.ManagedBy() != "" {
				t.Errorf("in %s the connection is tagged %v (%v), want no tag of autopeer", cell, c.Tags, err)
			}
		}
		if announced := t.Announced(outcome.DriftFound, pcx); len(announced) > 0 {
			t.Errorf("announced %+v, want no drift", announced)
		}
		t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		t.Settle()
		t.Holds()
	})
}

// TestAnEditOfASideWithoutEvidence: nothing shows that autopeer connected a side without rules once its tag is gone, or
// if it never had one. The repair of an edit is announced as that all the same, and counts for the alarm.
func TestAnEditOfASideWithoutEvidence(t *testing.T) {
	t.Parallel()
	for name, tags := range map[string]string{"the tag is deleted, too": "", "without tags": "    tags: none\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
				t.Policy(strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "    allow:", tags+"    allow:", 1))
				pcx := t.Ask(m, f)
				time.Sleep(time.Hour)
				t.ByHand(one, func(p *lab.Person) {
					if tags == "" {
						p.UntagValue(string(pcx), peering.TagManaged, "autopeer")
						p.DeleteRoute(m.VPC.Main, "172.31.0.0/16")
					}
					p.DeleteRoute(m.Table, "172.31.0.0/16")
				})
				time.Sleep(time.Minute)
				t.Holds(sandboxtest.Pinging(m, f, pcx)...)
				if o := t.AnnouncedOnce(outcome.Repaired, pcx); len(o.EditedBy) == 0 || o.Side != peering.Requester {
					t.Errorf("announced %+v, want the repair of the requester's side with the editor", o)
				}
			})
		})
	}
}

// TestADeletedTagIsPutBack by the sweep that the deletion causes, in the cell where it was deleted, or
// by the next scheduled one. That is no drift, and it is no missed event.
func TestADeletedTagIsPutBack(t *testing.T) {
	for _, cell := range []peering.Cell{one, two} {
		for name, isLost := range map[string]bool{"by an event": false, "by a scheduled sweep": true} {
			t.Run(string(cell.Region)+", "+name, func(t *testing.T) {
				sandboxtest.Run(t, nil, func(t *sandboxtest.T) { putsTheTagBack(t, cell, isLost) })
			})
		}
	}
}

func putsTheTagBack(t *sandboxtest.T, cell peering.Cell, isLost bool) {
	m, f := t.Company(one, two)
	pcx := t.Ask(m, f)
	t.Settle()
	wait := time.Minute
	if isLost {
		t.DropEvents()
		wait = 22 * time.Minute
	}
	mark := t.Cloud.Mark()
	t.ByHand(cell, func(p *lab.Person) { p.Untag(string(pcx), peering.TagManaged) })
	time.Sleep(wait)
	t.Holds(sandboxtest.Pinging(m, f, pcx)...)
	if c, err := t.Connection(t.Ctx, cell, pcx); err != nil || c.ManagedBy() != "autopeer" {
		t.Errorf("the connection is tagged %v (%v), want autopeer's tag again", c.Tags, err)
	}
	time.Sleep(25 * time.Hour)
	if calls := t.Mutations(mark); !slices.Equal(calls, []string{"CreateTags"}) {
		t.Errorf("autopeer made %v, want the tag alone", calls)
	}
	for _, o := range t.Announcements() {
		if o.Type == outcome.DriftFound || o.Type == outcome.Repaired {
			t.Errorf("announced %+v", o)
		}
	}
	for _, c := range t.Cells {
		if n := c.Missed(); n > 0 {
			t.Errorf("%s counted %d missed events", c.Cell, n)
		}
	}
}

// TestAKilledFunctionLeavesEvidence: connect is killed for good after each of its calls in the requester's cell, which
// has no rule. If it has made a route, the connection has its tag, so that the route is removed when the peering leaves
// the policy.
func TestAKilledFunctionLeavesEvidence(t *testing.T) {
	withRoutes, killed := 0, true
	for call := int64(1); killed; call++ {
		sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
			routes, calls := killedAfter(t, call)
			killed = calls >= call
			if killed && routes > 0 {
				withRoutes++
			}
		})
	}
	if withRoutes == 0 {
		t.Error("no function was killed after its first route")
	}
}

// killedAfter returns the number of the requester's routes when connect was killed, and of the calls that it made.
func killedAfter(t *sandboxtest.T, call int64) (routes int, calls int64) {
	var made atomic.Int64
	t.Fate = func(s local.Step) local.Death {
		if s.Function != function.Connect || s.Cell != one {
			return local.Lives
		}
		switch n := made.Add(1); {
		case n < call:
			return local.Lives
		case n == call:
			return local.DiesAfter
		}
		return local.DiesBefore
	}
	m, f := t.Company(one, two)
	t.NoSweeps()
	pcx := t.Ask(m, f)
	defer slowTags(t, pcx)()
	time.Sleep(time.Minute)
	calls = made.Load()
	for _, table := range []peering.RouteTableID{m.Table, m.VPC.Main} {
		if state, err := t.State(t.Ctx, m); err != nil || slices.Contains(state, sandbox.Routes(table, f, pcx)) {
			routes++
		}
	}
	if c, err := t.Connection(t.Ctx, one, pcx); routes > 0 && (err != nil || c.ManagedBy() != "autopeer") {
		t.Errorf("killed after call %d, with %d routes, the connection is tagged %v (%v)", call, routes, c.Tags, err)
	}
	t.Fate = nil
	t.Redeploy(without("marketing: "+m.Member(), "finance: "+f.Member()))
	time.Sleep(40 * time.Minute)
	t.Holds()
	return routes, calls
}

// slowTags has each tag take a second, and checks that no route is made before.
func slowTags(t *sandboxtest.T, pcx peering.ConnectionID) (remove func()) {
	return t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
		switch c.Action {
		case "CreateTags":
			time.Sleep(time.Second)
		case "CreateRoute":
			cell := peering.Cell{Account: peering.AccountID(c.Account), Region: peering.Region(c.Region)}
			if seen, err := t.Connection(t.Ctx, cell, pcx); err != nil || seen.ManagedBy() != "autopeer" {
				t.Errorf("%s makes a route while the connection is tagged %v (%v)", cell, seen.Tags, err)
			}
		}
		return nil
	})
}
