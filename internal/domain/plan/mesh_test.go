package plan_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// TestSourcesInAMesh: each allow line applies in both directions, and a source of this VPC is one of the traffic to the
// peer alone.
func TestSourcesInAMesh(t *testing.T) {
	t.Parallel()
	type sources = policy.Sources
	groups := func(ids ...peering.SecurityGroupID) sources { return sources{Groups: ids} }
	cidrs := func(all ...string) sources { return sources{Blocks: prefixes(all...)} }
	lists := sources{PrefixLists: []peering.PrefixListID{"pl-1"}}
	tests := []struct {
		name                string
		sources             sources
		admitted, opened    []sources // of the requester, vpc-a
		admittedB, openedBy []sources // of the accepter, vpc-b
	}{
		{"all blocks", sources{}, []sources{{}}, []sources{{}}, []sources{{}}, []sources{{}}},
		{"a group of the requester's VPC", groups("sg-a"), nil, []sources{groups("sg-a")}, []sources{groups("sg-a")}, nil},
		{"groups of both VPCs", groups("sg-a", "sg-b"), []sources{groups("sg-b")}, []sources{groups("sg-a")},
			[]sources{groups("sg-a")}, []sources{groups("sg-b")}},
		{"a block of the requester's VPC", cidrs("10.10.1.0/24"), nil, []sources{cidrs("10.10.1.0/24")},
			[]sources{cidrs("10.10.1.0/24")}, nil},
		{"blocks of both VPCs", cidrs("10.10.1.0/24", "172.31.1.0/24"), []sources{cidrs("172.31.1.0/24")},
			[]sources{cidrs("10.10.1.0/24")},
			[]sources{cidrs("10.10.1.0/24")}, []sources{cidrs("172.31.1.0/24")}},
		{"a block that isn't permitted", cidrs("10.99.1.0/24"), []sources{cidrs("10.99.1.0/24")}, nil,
			[]sources{cidrs("10.99.1.0/24")}, nil},
		{"a prefix list", lists, []sources{lists}, []sources{lists}, []sources{lists}, []sources{lists}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			i := plan.Inventory{Groups: []peering.SecurityGroup{{ID: "sg-a", VPC: "vpc-a"}, {ID: "sg-b", VPC: "vpc-b"}}}
			line := policy.Allow{From: "hub", To: "hub", Protocol: peering.ICMP, Sources: tt.sources}
			d := policy.Decision{Verdict: policy.Accept, Requester: "hub", Accepter: "hub", Peering: &policy.Peering{
				Between: [2]string{"hub", "hub"}, Allow: []policy.Allow{line},
			}, LeftOut: []policy.LeftOut{{Role: peering.Requester, Block: netip.MustParsePrefix("10.99.0.0/16")}}}
			a := asking
			a.Blocks = append(prefixes("10.99.0.0/16"), a.Blocks...)
			for role, want := range map[peering.Role][2][]sources{
				peering.Requester: {tt.admitted, tt.opened}, peering.Accepter: {tt.admittedB, tt.openedBy},
			} {
				s := i.Side(between(via, a, asked), role, d, &policy.Policy{})
				got := [2][]sources{sourcesOf(s.Terms.Allow), sourcesOf(s.Terms.Opens)}
				if diff := cmp.Diff(want, got, samePrefixes, cmp.Transformer("empty", nilIfEmpty)); diff != "" {
					t.Errorf("sources of the %s that are admitted, and opened (-want +got):\n%s", role, diff)
				}
			}
			if diff := cmp.Diff(tt.sources, d.Peering.Allow[0].Sources, samePrefixes); diff != "" {
				t.Errorf("the policy has changed (-want +got):\n%s", diff)
			}
		})
	}
}

// TestExamplesInAMesh: two VPCs of one range stand for any two of them, so that a block may be of either.
func TestExamplesInAMesh(t *testing.T) {
	t.Parallel()
	line := policy.Allow{
		From: "hub", To: "hub", Protocol: peering.ICMP,
		Sources: policy.Sources{Blocks: prefixes("10.65.0.0/16", "10.99.0.0/16")},
	}
	d := policy.Decision{
		Requester: "hub", Accepter: "hub", Peering: &policy.Peering{
			Between: [2]string{"hub", "hub"}, Allow: []policy.Allow{line},
		},
	}
	a, b := asking, asked
	a.Blocks, b.Blocks = prefixes("10.64.0.0/12", "10.99.0.0/16"), prefixes("10.64.0.0/12")
	s := plan.Inventory{}.Side(between(via, a, b), peering.Requester, d, &policy.Policy{})
	got := [2][]policy.Sources{sourcesOf(s.Terms.Allow), sourcesOf(s.Terms.Opens)}
	want := [2][]policy.Sources{{{Blocks: prefixes("10.65.0.0/16")}}, {{Blocks: prefixes("10.65.0.0/16", "10.99.0.0/16")}}}
	if diff := cmp.Diff(want, got, samePrefixes, cmp.Transformer("empty", nilIfEmpty)); diff != "" {
		t.Errorf("sources that are admitted, and opened (-want +got):\n%s", diff)
	}
}

func sourcesOf(all []policy.Allow) []policy.Sources {
	var sources []policy.Sources
	for _, a := range all {
		sources = append(sources, a.Sources)
	}
	return sources
}

// nilIfEmpty makes lists without items equal.
func nilIfEmpty(s policy.Sources) map[string]any {
	all := map[string]any{}
	if len(s.Blocks) > 0 {
		all["blocks"] = s.Blocks
	}
	if len(s.Groups) > 0 {
		all["groups"] = s.Groups
	}
	if len(s.PrefixLists) > 0 {
		all["lists"] = s.PrefixLists
	}
	return all
}

// TestOtherPeeringsKeepTheirSources: a line of two departments holds in one direction, so that a source is no other
// side's.
func TestOtherPeeringsKeepTheirSources(t *testing.T) {
	t.Parallel()
	d := decision()
	d.Peering.Allow[0].Sources = policy.Sources{
		Blocks: prefixes("172.31.1.0/24"), Groups: []peering.SecurityGroupID{"sg-b"},
	}
	s := plan.Inventory{Groups: []peering.SecurityGroup{{ID: "sg-b", VPC: "vpc-b"}}}.Side(between(via, asking, asked),
		peering.Accepter, d, &policy.Policy{})
	if diff := cmp.Diff(d.Peering.Allow, s.Terms.Allow, samePrefixes); diff != "" {
		t.Errorf("the lines of the accepter (-want +got):\n%s", diff)
	}
}

// TestAGroupOfTheVPCIsNoSource: EC2 accepts the rule, and it admits traffic inside the VPC, which the policy doesn't
// allow.
func TestAGroupOfTheVPCIsNoSource(t *testing.T) {
	t.Parallel()
	p := plan.Connect(marketing(func(s *plan.Side) {
		s.Groups = []peering.SecurityGroup{{ID: "sg-1"}, {ID: "sg-2"}}
		s.Terms.Allow = []policy.Allow{{Protocol: peering.ICMP, Groups: policy.Groups{IDs: []peering.SecurityGroupID{"sg-1"}},
			Sources: policy.Sources{Groups: []peering.SecurityGroupID{"sg-2", "sg-9"}}}}
	}))
	want := []string{"authorize icmp from sg-9 in sg-1",
		"note: sg-2 is not admitted: it is a security group of the VPC itself; name one of the peer's VPC"}
	if diff := cmp.Diff(want, sentences(p)); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

// TestAMeshExpectsNoSourcesOfThePeer: its sources may be blocks of any VPC of the department, and no obstacle follows
// from them.
func TestAMeshExpectsNoSourcesOfThePeer(t *testing.T) {
	t.Parallel()
	s := marketing(func(s *plan.Side) {
		s.Connection.Accepter.Blocks = nil
		s.Tables = []peering.RouteTable{table("rtb-1", toPeer(other, false))}
		s.Terms.Allow = []policy.Allow{{Protocol: peering.ICMP, Sources: policy.Sources{Blocks: []netip.Prefix{peerBlock}}}}
	})
	if got := foreseen(s); len(got) != 1 {
		t.Errorf("Foresee() = %v, want the conflict with the source", got)
	}
	s.Peer = s.Own
	if got := foreseen(s); len(got) != 0 {
		t.Errorf("Foresee() of a mesh = %v, want nothing before the peer's blocks are known", got)
	}
	s.Connection.Accepter.Blocks = []netip.Prefix{peerBlock}
	if got := foreseen(s); len(got) != 1 {
		t.Errorf("Foresee() of a mesh = %v, want the conflict with the peer's block", got)
	}
}
