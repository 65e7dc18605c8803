package plan_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// TestClosingIsNoOpening: beside an obstacle, an addition needs a removal of forbidden traffic that carries all of its
// own.
func TestClosingIsNoOpening(t *testing.T) {
	t.Parallel()
	obstructed := func(s *plan.Side) {
		s.Tables = []peering.RouteTable{table("rtb-1", toPeer("pcx-new", false), inTheWay)}
	}
	kept := "state: rtb-1 routes 172.31.0.0/16 to pcx-new"
	tests := []struct {
		name   string
		change func(*plan.Side)
		want   []string
	}{
		{"a part of a rule that stays", func(s *plan.Side) {
			obstructed(s)
			group(s, tcp(443, 443, "172.31.0.0/16"))
			s.Terms.Allow = allowing(443, 443, "172.31.0.0/16", "172.31.1.0/24")
		}, []string{conflicting, kept, "state: sg-1 admits tcp 443 from 172.31.0.0/16"}},
		{"a part of a rule that stays, beside a removal of other traffic", func(s *plan.Side) {
			obstructed(s)
			group(s, tcp(443, 443, "172.31.0.0/16"), tcp(22, 22, "172.31.0.0/16"))
			s.Terms.Allow = allowing(443, 443, "172.31.0.0/16", "172.31.1.0/24")
		}, []string{"revoke sgr-2 in sg-1", conflicting, kept, "state: sg-1 admits tcp 443 from 172.31.0.0/16"}},
		{"the halves of a rule, all of whose traffic is allowed", func(s *plan.Side) {
			obstructed(s)
			group(s, tcp(443, 443, "172.31.0.0/16"))
			s.Terms.Allow = allowing(443, 443, "172.31.0.0/17", "172.31.128.0/17")
		}, []string{conflicting, kept, "state: sg-1 admits tcp 443 from 172.31.0.0/16"}},
		{"another principal's rule isn't among those that stay", func(s *plan.Side) {
			obstructed(s)
			s.Groups = []peering.SecurityGroup{{ID: "sg-1", Ingress: []peering.Permission{tcp(22, 22, "192.0.2.0/24")}}}
		}, []string{conflicting, kept}},
		{"the halves of a route, all of whose traffic is wanted", func(s *plan.Side) {
			obstructed(s)
			s.Terms.Routes.To = prefixes("172.31.0.0/17", "172.31.128.0/17")
		},
			[]string{"conflict: 172.31.1.66/32, which is routed to eni-1 in rtb-1, overlaps 172.31.0.0/17, so " +
				"that can't be routed to pcx-new", kept}},
		{"a side with nothing but a route gets its tag back", func(s *plan.Side) {
			obstructed(s)
			s.Connection.Tags = map[string]string{peering.TagName: "x"}
		}, []string{"tag pcx-new with autopeer:managed=blue", conflicting, kept}},
		{"a side without a route or rule gets none", func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", inTheWay)}
			s.Connection.Tags = nil
		}, []string{conflicting}},
		{"with an objection, a route doesn't fit into a full table either", func(s *plan.Side) {
			s.Tables, s.Closing, s.Limits.Routes = []peering.RouteTable{table("rtb-1", leading("10.50.0.0/16", "igw-1"))},
				true, 1
		}, nil},
		{"the shortage counts the parts that are added", func(s *plan.Side) {
			group(s, tcp(443, 443, "172.31.0.0/16"))
			s.Groups[0].Ingress = append(s.Groups[0].Ingress, tcp(22, 22, "192.0.2.0/24"))
			s.Limits.Rules = 3
			s.Terms.Allow = slices.Concat(allowing(443, 443, "172.31.1.0/24", "172.31.2.0/24"),
				allowing(80, 80, "172.31.0.0/16"))
		},
			[]string{"authorize tcp 443 from 172.31.1.0/24 in sg-1", "then revoke sgr-1 in sg-1",
				"then then authorize tcp 443 from 172.31.2.0/24 in sg-1",
				"shortage: sg-1 has 3 of 3 ingress rules for IPv4 and needs 1 more",
				"state: sg-1 admits tcp 443 from 172.31.1.0/24", "state: sg-1 admits tcp 443 from 172.31.2.0/24"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, described(plan.Connect(marketing(tt.change)))); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

// TestOnlyTheMostSpecificRouteIsNarrowed, in any order of EC2's list: another route carries the traffic.
func TestOnlyTheMostSpecificRouteIsNarrowed(t *testing.T) {
	t.Parallel()
	ours, gateway := leading("172.16.0.0/12", "pcx-new"), leading("172.31.0.0/16", "vgw-1")
	for _, routes := range [][]peering.Route{{ours, gateway}, {gateway, ours}} {
		p := plan.Connect(marketing(func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", routes...), table("rtb-2", inTheWay)}
			s.Terms.Routes.To = prefixes("172.31.1.0/24")
		}))
		var got []string
		for _, c := range p.Changes() {
			got = append(got, c.String())
		}
		if want := []string{"delete route 172.16.0.0/12 → pcx-new in rtb-1"}; !slices.Equal(got, want) {
			t.Errorf("with %v the changes are %q, want %q", routes, got, want)
		}
	}
}

// TestAReplacedRouteNeedsNoRoom in a full table.
func TestAReplacedRouteNeedsNoRoom(t *testing.T) {
	t.Parallel()
	p := plan.Connect(marketing(func(s *plan.Side) {
		s.Tables, s.Limits.Routes = []peering.RouteTable{table("rtb-1", toPeer("pcx-old", true))}, 1
		s.Dead = map[peering.ConnectionID]bool{"pcx-old": true}
	}))
	if diff := cmp.Diff([]string{"replace route 172.31.0.0/16 → pcx-old by pcx-new in rtb-1"}, sentences(p)); diff != "" ||
		len(p.Shortages) > 0 {
		t.Errorf("shortages %v, plan (-want +got):\n%s", p.Shortages, diff)
	}
}

// TestAdditionsAreSorted, although those that keep traffic come first.
func TestAdditionsAreSorted(t *testing.T) {
	t.Parallel()
	p := plan.Connect(marketing(func(s *plan.Side) {
		s.Terms.Routes.Tables.Scope = policy.NoTables
		group(s, tcp(8443, 8443, "172.31.0.0/16"))
		s.Terms.Allow = slices.Concat(allowing(8443, 8443, "172.31.1.0/24"), allowing(22, 22, "172.31.0.0/16"))
	}))
	if want := "authorize tcp 22 from 172.31.0.0/16, tcp 8443 from 172.31.1.0/24 in sg-1"; len(p.Changes()) == 0 ||
		p.Changes()[0].String() != want {
		t.Errorf("changes = %v, want first %s", p.Changes(), want)
	}
}

// TestWithoutBlocksAnotherGroupIsClosed: no entry names it.
func TestWithoutBlocksAnotherGroupIsClosed(t *testing.T) {
	t.Parallel()
	p := plan.Connect(marketing(func(s *plan.Side) {
		s.Connection.Accepter.Blocks = nil
		group(s, tcp(443, 443, "172.31.0.0/16"))
		s.Groups = append(s.Groups, peering.SecurityGroup{ID: "sg-2"})
		s.Ours[0].Group = "sg-2"
		s.Terms.Allow = allowing(443, 443)
	}))
	if diff := cmp.Diff([]string{"revoke sgr-1 in sg-2"}, sentences(p)); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

func TestTypesOfChanges(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		change        plan.Change
		removes, tags bool
	}{
		{plan.CreateRoute{}, false, false}, {plan.ReplaceRoute{}, false, false}, {plan.DeleteRoute{}, true, false},
		{plan.Authorize{}, false, false}, {plan.Revoke{}, true, false}, {plan.EnableDNS{}, false, false},
		{plan.Tag{}, false, true},
	} {
		if plan.Removes(tt.change) != tt.removes || plan.Tags(tt.change) != tt.tags {
			t.Errorf("%T removes %v, tags %v; want %v, %v", tt.change, plan.Removes(tt.change),
				plan.Tags(tt.change), tt.removes, tt.tags)
		}
		p := plan.Plan{Steps: [][]plan.Change{{tt.change}}}
		if p.Closes() != tt.removes || p.OnlyTags() != tt.tags {
			t.Errorf("a plan of %T closes %v, only tags %v; want %v, %v", tt.change, p.Closes(),
				p.OnlyTags(), tt.removes, tt.tags)
		}
	}
	if both := (plan.Plan{Steps: [][]plan.Change{{plan.Tag{}}, {plan.Revoke{}}}}); !both.Closes() || both.OnlyTags() ||
		(plan.Plan{}).OnlyTags() || (plan.Plan{}).Closes() {
		t.Error("a tag and a revocation close, and aren't only tags; no change is neither")
	}
}

func TestAPeeringWithoutTags(t *testing.T) {
	t.Parallel()
	p := plan.Connect(marketing(func(s *plan.Side) { s.Connection.Tags, s.Terms.Tags = nil, policy.NoTags }))
	if got := sentences(p); len(got) > 0 {
		t.Errorf("plan = %q, want no change", got)
	}
}

func TestTwin(t *testing.T) {
	t.Parallel()
	c := between("pcx-new", asking, asked)
	for name, tt := range map[string]struct {
		other peering.Connection
		want  bool
	}{
		"the same two VPCs":        {between("pcx-a", asking, asked), true},
		"in the other direction":   {between("pcx-a", asked, asking), true},
		"itself":                   {between("pcx-new", asking, asked), false},
		"another accepter":         {between("pcx-a", asking, third), false},
		"another requester":        {between("pcx-a", third, asked), false},
		"one VPC and then another": {between("pcx-a", asked, third), false},
		"another and then one VPC": {between("pcx-a", third, asking), false},
	} {
		tt.other.State = peering.Active
		for _, accepted := range [][]peering.Connection{{tt.other}, {between("pcx-z", third, third), tt.other}} {
			got := plan.Inventory{Living: accepted}.Twin(c, &policy.Policy{})
			if (got != nil) != tt.want || got != nil && got.ID != tt.other.ID {
				t.Errorf("%s: Twin() = %v, want one: %v", name, got, tt.want)
			}
		}
	}
	ended := between("pcx-a", asking, asked)
	ended.State = peering.Deleted
	if got := (plan.Inventory{Living: []peering.Connection{ended}}).Twin(c, &policy.Policy{}); got != nil {
		t.Errorf("Twin() of a connection that has ended = %v", got)
	}
}

// TestASideHasOnlyTheRulesOfItsInstallation, and waits with additions while the policy objects.
func TestASideHasOnlyTheRulesOfItsInstallation(t *testing.T) {
	t.Parallel()
	blues := ruleOf(via, "sgr-b", "sg-a")
	blues.Tags = map[string]string{peering.TagConnection: string(via), peering.TagManaged: "other"}
	i := plan.Inventory{
		Groups: []peering.SecurityGroup{{ID: "sg-a", VPC: "vpc-a"}},
		Rules:  []peering.IngressRule{blues, ruleOf(via, "sgr-a", "sg-a")},
	}
	d := decision()
	s := i.Side(between(via, asking, asked), peering.Requester, d, &policy.Policy{Installation: installation})
	if len(s.Ours) != 1 || s.Ours[0].ID != "sgr-a" || s.Closing {
		t.Errorf("rules = %v, closing %v; want the installation's own, and additions", s.Ours, s.Closing)
	}
	d.Verdict, d.Code = policy.Leave, policy.Overlap
	if s := i.Side(between(via, asking, asked), peering.Requester, d,
		&policy.Policy{Installation: installation}); !s.Closing {
		t.Error("additions don't wait for an overlap")
	}
}

// TestASideOfOneUnknownDepartmentHasNoRules: of either side the department may be another.
func TestASideOfOneUnknownDepartmentHasNoRules(t *testing.T) {
	t.Parallel()
	p := &policy.Policy{Installation: installation, Departments: []policy.Department{
		{Name: "a", Members: []policy.Member{{Cell: here, VPC: asking.ID}}},
		{Name: "b", Members: []policy.Member{{Cell: here, VPC: asked.ID}}},
	}}
	i := plan.Inventory{Groups: []peering.SecurityGroup{{ID: "sg-a", VPC: "vpc-a"}, {ID: "sg-c", VPC: "vpc-c"}},
		Rules: []peering.IngressRule{ruleOf(via, "sgr-a", "sg-a"), ruleOf(via, "sgr-c", "sg-c")}}
	d := decision()
	d.Provisional = true
	for name, tt := range map[string]struct {
		c    peering.Connection
		role peering.Role
		want int
	}{
		"both are known":           {between(via, asking, asked), peering.Requester, 1},
		"the accepter is unknown":  {between(via, asking, third), peering.Requester, 0},
		"the requester is unknown": {between(via, third, asked), peering.Requester, 0},
	} {
		if got := i.Side(tt.c, tt.role, d, p).Ours; len(got) != tt.want {
			t.Errorf("%s: rules = %v, want %d", name, got, tt.want)
		}
	}
}
