package plan_test

import (
	"slices"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

func TestItemOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		change plan.Change
		want   string
	}{
		{plan.CreateRoute{Table: "rtb-1", Destination: peerBlock, Via: via}, "rtb-1 172.31.0.0/16"},
		{plan.ReplaceRoute{Table: "rtb-1", Destination: peerBlock, Was: "pcx-old", Via: via}, "rtb-1 172.31.0.0/16"},
		{plan.DeleteRoute{Table: "rtb-1", Destination: peerBlock, Via: via}, "rtb-1 172.31.0.0/16"},
		{plan.Authorize{Group: "sg-1"}, "sg-1 removed"},
		{plan.Revoke{Group: "sg-1"}, "sg-1 added"},
		{plan.EnableDNS{Connection: via}, string(via) + " options"},
		{plan.Tag{Connection: via}, ""},
	} {
		if got := plan.ItemOf(tt.change); got != tt.want {
			t.Errorf("ItemOf(%v) = %q, want %q", tt.change, got, tt.want)
		}
	}
}

// TestReservingConnections: an older request counts as a connection of the VPC, unless something keeps it from being
// accepted.
func TestReservingConnections(t *testing.T) {
	t.Parallel()
	c, other := requestedBefore(0, "pcx-m", asking, newest), requestedBefore(1, "pcx-a", asking, distant)
	other.Expires = c.Expires
	conflict := func(i *plan.Inventory) {
		i.Tables[1].Routes = append(i.Tables[1].Routes, peering.Route{
			Destination: prefixes("172.31.9.0/24")[0], Target: "tgw-1",
		})
	}
	for name, tt := range map[string]struct {
		change func(*plan.Inventory)
		limits policy.Limits
		want   int
	}{
		"free":                    {func(*plan.Inventory) {}, policy.Limits{}, 1},
		"a conflict":              {conflict, policy.Limits{}, 0},
		"a shortage":              {func(*plan.Inventory) {}, policy.Limits{Routes: 1}, 0},
		"a conflict and a quota":  {conflict, policy.Limits{Rules: 1}, 0},
		"a conflict and two more": {conflict, policy.Limits{Rules: 1, Routes: 1}, 0},
	} {
		i, p := inHub(c, other), hub()
		p.Limits = tt.limits
		tt.change(&i)
		for n := range i.Groups { // one rule is there already
			i.Groups[n].Ingress = append(i.Groups[n].Ingress, peering.Permission{
				Protocol: peering.TCP, From: 1, To: 1, Source: prefixes("192.0.2.0/24")[0],
			})
		}
		var got []peering.ConnectionID
		for _, o := range i.Reserving(here, c, p, plan.Promises{other.ID: nil}, now).Living {
			if o.State == peering.Provisioning {
				got = append(got, o.ID)
			}
		}
		if len(got) != tt.want || len(got) > 0 && got[0] != other.ID {
			t.Errorf("%s: %v count as connections, want %d", name, got, tt.want)
		}
		if i.Living[1].State != peering.PendingAcceptance {
			t.Errorf("%s: Reserving() changed the inventory that it was called on", name)
		}
	}
	active := between("pcx-x", asking, distant)
	active.State, active.Expires = peering.Active, time.Time{}
	if got := inHub(c, active).Reserving(here, c, hub(), nil, now).Living[1]; got.State != peering.Active {
		t.Errorf("an active connection is %s", got.State)
	}
}

func TestObstaclesOfAPlan(t *testing.T) {
	t.Parallel()
	p := plan.Plan{Conflicts: []plan.Conflict{{Table: "rtb-1"}}, Shortages: []plan.Shortage{{Resource: "sg-1"}}}
	if got := p.Obstacles(); !slices.Equal(got, []string{"rtb-1", "sg-1"}) {
		t.Errorf("Obstacles() = %v", got)
	}
}
