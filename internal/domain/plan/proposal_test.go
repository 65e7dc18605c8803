package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

func TestChangesOfARequest(t *testing.T) {
	t.Parallel()
	accept, reject := plan.Accept{Connection: "pcx-1"}, plan.Reject{Connection: "pcx-1"}
	for _, c := range []struct {
		change        plan.Change
		sentence, key string
		removes       bool
	}{
		{accept, "accept pcx-1", "accept|pcx-1", false},
		{reject, "reject pcx-1", "reject|pcx-1", true},
	} {
		if c.change.String() != c.sentence || c.change.Key() != c.key || plan.Removes(c.change) != c.removes {
			t.Errorf("%q with the key %q removes: %v; want %q, %q and %v", c.change, c.change.Key(), plan.Removes(c.change),
				c.sentence, c.key, c.removes)
		}
	}
}

// TestStanding: the connection's routes and rules are listed, wanted or not, and nothing that a plan would add.
func TestStanding(t *testing.T) {
	t.Parallel()
	s := marketing(func(s *plan.Side) {
		wider := toPeer("pcx-new", false)
		wider.Destination = prefixes("172.16.0.0/12")[0]
		s.Tables = []peering.RouteTable{table("rtb-2", wider), table("rtb-1", toPeer("pcx-new", false)),
			table("rtb-3", toPeer("tgw-1", false))}
		group(s, tcp(443, 443, "172.31.0.0/16"))
		s.Terms.Allow = allowing(80, 80)
	})
	want := []plan.Fact{
		{Sentence: "rtb-1 routes 172.31.0.0/16 to pcx-new", Key: "route|rtb-1|172.31.0.0/16|pcx-new"},
		{Sentence: "rtb-2 routes 172.16.0.0/12 to pcx-new", Key: "route|rtb-2|172.16.0.0/12|pcx-new"},
		{Sentence: "sg-1 admits tcp 443 from 172.31.0.0/16", Key: "rule|sg-1|tcp/443/443/172.31.0.0/16"},
	}
	if diff := cmp.Diff(want, plan.Standing(s)); diff != "" {
		t.Errorf("Standing() (-want +got):\n%s", diff)
	}
	if got := plan.Standing(marketing(func(s *plan.Side) {
		s.Tables = []peering.RouteTable{table("rtb-1")}
	})); len(got) > 0 {
		t.Errorf("Standing() = %v, want nothing", got)
	}
}

func TestLacks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		changes []plan.Change
		want    bool
	}{
		"nothing":          {nil, false},
		"tags":             {[]plan.Change{plan.Tag{}}, false},
		"removals":         {[]plan.Change{plan.DeleteRoute{}, plan.Revoke{}}, false},
		"a route":          {[]plan.Change{plan.Tag{}, plan.DeleteRoute{}, plan.CreateRoute{}}, true},
		"a rule":           {[]plan.Change{plan.Authorize{}}, true},
		"the DNS option":   {[]plan.Change{plan.EnableDNS{}}, true},
		"a replaced route": {[]plan.Change{plan.ReplaceRoute{}}, true},
	} {
		if got := (plan.Plan{Steps: [][]plan.Change{nil, c.changes}}).Lacks(); got != c.want {
			t.Errorf("%s: Lacks() = %v, want %v", name, got, c.want)
		}
	}
}

// TestSpares: nothing of a dead connection in report mode is in the way of a side that is enforced.
func TestSpares(t *testing.T) {
	t.Parallel()
	cell := peering.Cell{Account: "111111111111", Region: "us-east-1"}
	in := func(id peering.VPCID, blocks ...string) peering.VPC {
		return peering.VPC{Owner: cell.Account, Region: cell.Region, ID: id, Blocks: prefixes(blocks...)}
	}
	department := func(name, block string) policy.Department {
		return policy.Department{Name: name, Members: []policy.Member{{Cell: cell, Within: prefixes(block)[0]}}}
	}
	p := &policy.Policy{
		Departments: []policy.Department{department("a", "10.1.0.0/16"), department("b", "10.2.0.0/16"),
			department("c", "10.3.0.0/16")},
		Peerings: []policy.Peering{{Between: [2]string{"a", "b"}}, {Between: [2]string{"a", "c"}, Mode: policy.ReportMode}},
	}
	a, b, c := in("vpc-a", "10.1.0.0/16"), in("vpc-b", "10.2.0.0/16"), in("vpc-c", "10.3.0.0/16")
	hidden := func(v peering.VPC) peering.VPC { v.Blocks = nil; return v }
	enforced, reported := peering.Connection{ID: "pcx-1", Requester: a, Accepter: b},
		peering.Connection{ID: "pcx-2", Requester: c, Accepter: a}
	for name, tt := range map[string]struct {
		of   peering.Connection
		dead peering.Connection
		want bool
	}{
		"a dead one in report mode":   {enforced, peering.Connection{Requester: a, Accepter: c}, true},
		"a dead one that is enforced": {enforced, peering.Connection{Requester: a, Accepter: b}, false},
		"a dead one whose blocks aren't shown": {enforced,
			peering.Connection{Requester: hidden(a), Accepter: hidden(c)}, true},
		"the same VPCs, whose blocks the side knows": {enforced,
			peering.Connection{Requester: hidden(a), Accepter: hidden(b)}, false},
		"the same VPCs, in the other direction": {enforced,
			peering.Connection{Requester: hidden(b), Accepter: hidden(a)}, false},
		"a dead one that EC2 doesn't show":                {enforced, peering.Connection{}, true},
		"in report mode, beside a side in report mode":    {reported, peering.Connection{Requester: a, Accepter: c}, false},
		"one that is enforced, beside one in report mode": {reported, peering.Connection{Requester: a, Accepter: b}, false},
	} {
		tt.dead.ID = "pcx-dead"
		if got := (plan.Side{Connection: tt.of}).Spares(tt.dead, p); got != tt.want {
			t.Errorf("%s: Spares() = %v, want %v", name, got, tt.want)
		}
	}
}

// TestReservingInReportMode: a request in report mode isn't accepted, so that nothing is kept free for it.
func TestReservingInReportMode(t *testing.T) {
	t.Parallel()
	c, other := requestedBefore(0, "pcx-m", asking, newest), requestedBefore(1, "pcx-a", asking, distant)
	for _, mode := range []policy.Mode{policy.EnforceMode, policy.ReportMode} {
		p := hub()
		for i := range p.Peerings {
			p.Peerings[i].Mode = mode
		}
		state := inHub(c, other).Reserving(here, c, p, plan.Promises{other.ID: nil}, now).Living[1].State
		if isReserved := state == peering.Provisioning; isReserved == (mode == policy.ReportMode) {
			t.Errorf("in the mode %s, the other request counts as %s", mode, state)
		}
	}
}
