package endtoend_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
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

// TestARemovalBesideARefusal has an id of its own, although the refusal was announced before.
func TestARemovalBesideARefusal(t *testing.T) {
	t.Parallel()
	for name, events := range map[string]bool{"with events": true, "without events": false} {
		t.Run(name, func(t *testing.T) {
			nearAndFar(t, func(t *sandboxtest.T, accepter peering.Cell) { besideRefusal(t, accepter, events) })
		})
	}
}

func besideRefusal(t *sandboxtest.T, accepter peering.Cell, events bool) {
	m, f := t.Company(one, accepter)
	pcx := t.Ask(m, f)
	t.Settle()
	defer t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
		if c.Action != "AuthorizeSecurityGroupIngress" || !strings.Contains(c.ARN, "autopeer-connect") {
			return nil
		}
		return &cloudsim.Failure{Code: "RulesPerSecurityGroupLimitExceeded"}
	})()
	t.ByHand(accepter, func(p *lab.Person) { p.Expel(f.Group, "icmp", -1, -1, "10.10.0.0/16") })
	time.Sleep(time.Hour)
	t.AnnouncedOnce(outcome.Failed, pcx)
	known, seen := knownIDs(t), len(t.Announcements())
	if !events {
		t.DropCalls()
	}
	t.ByHand(accepter, func(p *lab.Person) { p.RouteTo(f.Table, "192.168.1.0/24", pcx) })
	time.Sleep(3 * time.Hour)
	news := map[string]bool{}
	for _, o := range t.Announcements()[seen:] {
		if o.Type == outcome.Failed && !known[o.ID] {
			news[o.ID] = true
		}
	}
	if len(news) != 1 {
		t.Errorf("the removal is announced under %d ids of its own, want one", len(news))
	}
}

// knownIDs returns the ids of all announcements.
func knownIDs(t *sandboxtest.T) map[string]bool {
	known := map[string]bool{}
	for _, o := range t.Announcements() {
		known[o.ID] = true
	}
	return known
}
