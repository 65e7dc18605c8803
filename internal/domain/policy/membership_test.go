package policy_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// sharers returns a policy with two departments of one account and Region that may both have 100.64.0.0/10, and with
// others.
func sharers() *policy.Policy {
	in := func(within string, also ...string) policy.Member {
		return policy.Member{Cell: developerCell, Within: netip.MustParsePrefix(within), Also: blocks(also...), Line: 4}
	}
	return &policy.Policy{
		File: "policy.yaml",
		Departments: []policy.Department{
			{Name: "red", Members: []policy.Member{
				{Cell: marketingCell, Within: netip.MustParsePrefix("172.16.0.0/12"), Also: blocks("192.168.0.0/16"), Line: 3},
				in("10.0.0.0/10", "100.64.0.0/10", "2600::/12"), in("10.192.0.0/16"), in("fd00:1::/32"),
			}},
			{Name: "blue", Members: []policy.Member{
				in("10.64.0.0/10", "100.64.0.0/10"),
				{Cell: developerCell, VPC: "vpc-open", Line: 5},
				{Cell: developerCell, VPC: "vpc-listed", CIDRs: blocks("10.200.0.0/16", "fd00:9::/56"), Line: 6},
			}},
			{Name: "green", Members: []policy.Member{{Cell: financeCell, VPC: "vpc-g", Line: 7}}},
		},
		Peerings: []policy.Peering{{Between: [2]string{"red", "green"}, Line: 9},
			{Between: [2]string{"green", "blue"}, Line: 10}},
	}
}

// TestLeftOut lists the blocks that the policy permits, and the others.
func TestLeftOut(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		vpc        peering.VPC
		department string
		want       []netip.Prefix
	}{
		{"the primary block of a member by range is permitted", vpc(developerCell, "vpc-1", "10.1.0.0/16"), "red", nil},
		{"blocks in the ranges of the department are",
			vpc(developerCell, "vpc-1", "10.1.0.0/16", "10.192.1.0/24", "fd00:1:2::/56"), "red", nil},
		{"blocks in its further ranges are", vpc(developerCell, "vpc-1", "10.1.0.0/16", "100.64.0.0/16", "2600:1::/56"),
			"red", nil},
		{"no others are", vpc(developerCell, "vpc-1", "10.1.0.0/16", "10.192.0.0/15", "2a00:1::/56"), "red",
			blocks("10.192.0.0/15", "2a00:1::/56")},
		{"not even those in a range of another department", vpc(developerCell, "vpc-1", "10.1.0.0/16", "10.65.0.0/16"),
			"red", blocks("10.65.0.0/16")},
		{"nor those in a range of another cell",
			vpc(developerCell, "vpc-1", "10.1.0.0/16", "172.16.0.0/16", "192.168.1.0/24"), "red",
			blocks("172.16.0.0/16", "192.168.1.0/24")},
		{"two departments may have the same further range", vpc(developerCell, "vpc-2", "10.65.0.0/16", "100.64.0.0/16"),
			"blue", nil},
		{"a range of another one permits nothing", vpc(developerCell, "vpc-2", "10.65.0.0/16", "2600:1::/56"),
			"blue", blocks("2600:1::/56")},
		{"a VPC without declared blocks may have any", vpc(developerCell, "vpc-open", "10.1.0.0/16", "2a00:1::/56"),
			"blue", nil},
		{"declared blocks are permitted", vpc(developerCell, "vpc-listed", "10.200.0.0/16", "fd00:9::/56"), "blue", nil},
		{"a VPC with declared blocks may have those of its department",
			vpc(developerCell, "vpc-listed", "10.200.0.0/16", "10.65.0.0/16", "100.64.0.0/16"), "blue", nil},
		{"no others, not even as its primary block", vpc(developerCell, "vpc-listed", "10.201.0.0/16", "10.200.0.0/16"),
			"blue", blocks("10.201.0.0/16")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := vpc(financeCell, "vpc-g", "10.250.0.0/16")
			for role, c := range map[peering.Role]peering.Connection{
				peering.Requester: request(tt.vpc, g), peering.Accepter: request(g, tt.vpc),
			} {
				c.State = peering.Active
				d := sharers().Decide(c)
				var left []netip.Prefix
				for _, l := range d.LeftOut {
					left = append(left, l.Block)
					if l.Role != role {
						t.Errorf("the role of %s is %s, want %s", l.Block, l.Role, role)
					}
				}
				if got := sharers().DepartmentOf(tt.vpc); d.Verdict != policy.Accept || got != tt.department ||
					!slices.Equal(left, tt.want) {
					t.Errorf("Decide() = %s (%s) for a VPC of %q without %v, want %s for one of %q without %v",
						d.Verdict, d.Reason, got, left, policy.Accept, tt.department, tt.want)
				}
			}
		})
	}
}

func TestSentencesOfLeftOutBlocks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		vpc           peering.VPC
		sentence, key string
	}{
		{vpc(developerCell, "vpc-2", "10.65.0.0/16", "2600:1::/56"),
			"2600:1::/56 of vpc-2 is neither routed nor admitted: blue has only 10.64.0.0/10, 100.64.0.0/10 in " +
				"333333333333/eu-west-1; to permit it, list it under also in line 4 of policy.yaml",
			"left-out|vpc-2|2600:1::/56|blue|[10.64.0.0/10 100.64.0.0/10]"},
		{vpc(developerCell, "vpc-listed", "10.200.0.0/16", "10.1.0.0/16"),
			"10.1.0.0/16 of vpc-listed is neither routed nor admitted: blue has only 10.64.0.0/10, 10.200.0.0/16, " +
				"100.64.0.0/10, fd00:9::/56 in 333333333333/eu-west-1; to permit it, list it under cidrs in line 6 of policy.yaml",
			"left-out|vpc-listed|10.1.0.0/16|blue|[10.64.0.0/10 10.200.0.0/16 100.64.0.0/10 fd00:9::/56]"},
		{vpc(marketingCell, "vpc-3", "172.16.0.0/16", "10.1.0.0/16"),
			"10.1.0.0/16 of vpc-3 is neither routed nor admitted: red has only 172.16.0.0/12, 192.168.0.0/16 in " +
				"111111111111/us-east-1; to permit it, list it under also in line 3 of policy.yaml",
			"left-out|vpc-3|10.1.0.0/16|red|[172.16.0.0/12 192.168.0.0/16]"},
	}
	for _, tt := range tests {
		left := sharers().Decide(request(tt.vpc, vpc(financeCell, "vpc-g", "10.250.0.0/16"))).LeftOut
		if len(left) != 1 || left[0].Sentence != tt.sentence || left[0].Key != tt.key {
			t.Errorf("LeftOut = %+v, want one with the sentence %q and the key %q", left, tt.sentence, tt.key)
		}
	}
}

// TestRemedyIsAKeyOfTheCell: an earlier member of another cell, or an IPv6 range, is no place for a further block.
func TestRemedyIsAKeyOfTheCell(t *testing.T) {
	t.Parallel()
	p := sharers()
	p.Departments[0].Members = []policy.Member{
		{Cell: marketingCell, Within: netip.MustParsePrefix("172.16.0.0/12"), Line: 20},
		{Cell: developerCell, Within: netip.MustParsePrefix("fd00:1::/32"), Line: 21},
		{Cell: developerCell, VPC: "vpc-other", Line: 22},
		{Cell: developerCell, Within: netip.MustParsePrefix("10.0.0.0/10"), Line: 23},
	}
	left := p.Decide(request(vpc(developerCell, "vpc-1", "10.1.0.0/16", "2600:1::/56"),
		vpc(financeCell, "vpc-g", "10.250.0.0/16"))).LeftOut
	want := "2600:1::/56 of vpc-1 is neither routed nor admitted: red has only 10.0.0.0/10, fd00:1::/32 in " +
		"333333333333/eu-west-1; to permit it, list it under also in line 23 of policy.yaml"
	if len(left) != 1 || left[0].Sentence != want {
		t.Errorf("LeftOut = %+v, want %q", left, want)
	}
}

// TestMismatchIsAnObjectionToRequestsOnly: on an accepted connection, the declared blocks stay maintained.
func TestMismatchIsAnObjectionToRequestsOnly(t *testing.T) {
	t.Parallel()
	listed, g := vpc(developerCell, "vpc-listed", "10.200.0.0/16", "10.1.0.0/16"),
		vpc(financeCell, "vpc-g", "10.250.0.0/16")
	tests := map[peering.State]policy.Code{
		peering.InitiatingRequest: policy.CIDRMismatch, peering.PendingAcceptance: policy.CIDRMismatch,
		peering.Provisioning: policy.Allowed, peering.Active: policy.Allowed, peering.Expired: policy.CIDRMismatch,
	}
	for state, want := range tests {
		for _, c := range []peering.Connection{request(listed, g), request(g, listed)} {
			c.State = state
			if d := sharers().Decide(c); d.Code != want {
				t.Errorf("Decide() of a connection that is %s = %s (%s), want %s", state, d.Code, d.Reason, want)
			}
		}
	}
	if d := sharers().Decide(request(vpc(developerCell, "vpc-listed", "10.200.0.0/16", "100.64.0.0/16"),
		g)); d.Code != policy.Allowed {
		t.Errorf("Decide() of a further block of the department = %s (%s), want %s", d.Code, d.Reason, policy.Allowed)
	}
}

// TestOverlapOfBlocksThatAreNotPermitted: AWS accepts no connection whose blocks overlap. Afterwards such blocks may be
// added, and are neither routed nor admitted.
func TestOverlapOfBlocksThatAreNotPermitted(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		block   string // that both VPCs have
		pending policy.Code
		active  policy.Code
	}{
		{"not permitted", "172.20.0.0/16", policy.Overlap, policy.Allowed},
		{"permitted", "100.64.0.0/16", policy.Overlap, policy.Overlap},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := request(vpc(developerCell, "vpc-1", "10.1.0.0/16", tt.block),
				vpc(financeCell, "vpc-g", "10.250.0.0/16", tt.block))
			for state, want := range map[peering.State]policy.Code{
				peering.PendingAcceptance: tt.pending, peering.Active: tt.active,
			} {
				c.State = state
				if d := sharers().Decide(c); d.Code != want {
					t.Errorf("Decide() of a connection that is %s = %s (%s), want %s", state, d.Code, d.Reason, want)
				}
			}
		})
	}
}

// TestAnIPv6RangeGivesNoMembership, not even of a VPC whose blocks aren't known.
func TestAnIPv6RangeGivesNoMembership(t *testing.T) {
	t.Parallel()
	p := sharers()
	p.Departments[0].Members = []policy.Member{{Cell: developerCell, Within: netip.MustParsePrefix("2600::/12")}}
	p.Departments[1].Members = nil
	for _, v := range []peering.VPC{vpc(developerCell, "vpc-1"),
		vpc(developerCell, "vpc-1", "10.1.0.0/16", "2600:1::/56")} {
		if got := p.DepartmentOf(v); got != "" || p.Concerns(v) {
			t.Errorf("DepartmentOf(%v) = %q, want none", v, got)
		}
	}
}

// TestAddedBlocksChangeNothing: no block that is added to a VPC of an accepted connection changes a department or the
// verdict, unless it is permitted and overlaps a block of the other side.
func TestAddedBlocksChangeNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, before := drawPolicy(t), drawRequest(t)
		before.State = peering.Active
		for _, v := range []*peering.VPC{&before.Requester, &before.Accepter} {
			if len(v.Blocks) == 0 { // EC2 shows at least the primary block of a connected VPC
				v.Blocks = blocks("10.0.0.0/16")
			}
		}
		after := before
		side := rapid.SampledFrom([]*peering.VPC{&after.Requester, &after.Accepter}).Draw(t, "side")
		side.Blocks = slices.Concat(side.Blocks,
			blocks(rapid.SampledFrom([]string{"10.0.0.0/24", "100.64.0.0/16", "2600:1::/56", "2001:db8:1::/56"}).Draw(t,
				"added")))
		want, got := p.Decide(before), p.Decide(after)
		for _, r := range []peering.Role{peering.Requester, peering.Accepter} {
			if a, b := p.DepartmentOf(before.VPC(r)), p.DepartmentOf(after.VPC(r)); a != b {
				t.Fatalf("%v was a VPC of %q and is one of %q", after.VPC(r), a, b)
			}
		}
		if got.Code == policy.Overlap {
			if _, _, found := cidr.Overlap(permitted(after, peering.Requester, got),
				permitted(after, peering.Accepter, got)); !found {
				t.Fatalf("Decide() = %s (%s), and no permitted blocks overlap", got.Code, got.Reason)
			}
			return
		}
		if diff := cmp.Diff([]string{string(want.Verdict), string(want.Code), want.Requester, want.Accepter},
			[]string{string(got.Verdict), string(got.Code), got.Requester, got.Accepter}); diff != "" {
			t.Fatalf("the decision changed (-before +after):\n%s", diff)
		}
	})
}

func permitted(c peering.Connection, r peering.Role, d policy.Decision) []netip.Prefix {
	return slices.DeleteFunc(slices.Clone(c.VPC(r).Blocks), func(b netip.Prefix) bool {
		return slices.ContainsFunc(d.LeftOut, func(l policy.LeftOut) bool { return l.Role == r && l.Block == b })
	})
}
