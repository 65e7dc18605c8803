package policy_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// ranged has a department by range, one by id without blocks and one by id with blocks, all in one cell, and one in
// another.
func ranged() *policy.Policy {
	block := netip.MustParsePrefix
	return &policy.Policy{File: "policy.yaml", Otherwise: policy.RejectOthers, Departments: []policy.Department{
		{
			Name: "range", Members: []policy.Member{{
				Cell: marketingCell, Within: block("10.10.0.0/15"), Also: []netip.Prefix{block("100.64.0.0/16")},
			}},
		},
		{Name: "second", Members: []policy.Member{{Cell: marketingCell, Within: block("10.20.0.0/16")}}},
		{Name: "open", Members: []policy.Member{{Cell: marketingCell, VPC: "vpc-open"}}},
		{
			Name: "declared", Members: []policy.Member{{
				Cell: marketingCell, VPC: "vpc-declared", CIDRs: []netip.Prefix{block("192.168.0.0/16")},
			}},
		},
		{
			Name: "finance", Members: []policy.Member{{
				Cell: financeCell, VPC: "vpc-finance", CIDRs: []netip.Prefix{block("172.31.0.0/16")},
			}},
		},
	}, Peerings: []policy.Peering{
		{Between: [2]string{"range", "finance"}}, {Between: [2]string{"open", "finance"}},
		{Between: [2]string{"declared", "finance"}},
	}}
}

func TestUndeclared(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		vpc  peering.VPC
		want string
	}{
		"inside the range":                   {vpc(marketingCell, "vpc-x", "10.11.0.0/16"), ""},
		"a further block alone":              {vpc(marketingCell, "vpc-x", "100.64.9.0/24"), ""},
		"inside another department's range":  {vpc(marketingCell, "vpc-x", "10.20.9.0/24"), ""},
		"outside of all":                     {vpc(marketingCell, "vpc-x", "10.10.0.0/16", "10.30.0.0/16"), "10.10.0.0/16"},
		"outside of a range, all of them":    {vpc(marketingCell, "vpc-x", "10.30.0.0/16"), "10.30.0.0/16"},
		"of a VPC that may have any":         {vpc(marketingCell, "vpc-open", "10.30.0.0/16"), ""},
		"of a VPC with other blocks":         {vpc(marketingCell, "vpc-declared", "10.30.0.0/16"), "10.30.0.0/16"},
		"of a VPC with these blocks":         {vpc(marketingCell, "vpc-declared", "192.168.0.0/16"), ""},
		"of a VPC that is in no department":  {vpc(financeCell, "vpc-x", "10.30.0.0/16"), ""},
		"of a VPC whose blocks aren't known": {vpc(marketingCell, "vpc-x"), ""},
	} {
		got, found := ranged().Undeclared(tt.vpc)
		if found != (tt.want != "") || found && got.String() != tt.want {
			t.Errorf("%s: Undeclared() = %v, %v; want %q", name, got, found, tt.want)
		}
	}
}

func TestNeedsBlocks(t *testing.T) {
	t.Parallel()
	f := vpc(financeCell, "vpc-finance", "172.31.0.0/16")
	for name, tt := range map[string]struct {
		requester peering.VPC
		change    func(*policy.Policy)
		want      bool
	}{
		"a VPC in a range":        {vpc(marketingCell, "vpc-x"), nil, true},
		"a VPC with known blocks": {vpc(marketingCell, "vpc-x", "10.10.0.0/16"), nil, false},
		"a VPC by id":             {vpc(marketingCell, "vpc-open"), nil, false},
		"a VPC of another cell":   {vpc(financeCell, "vpc-y"), nil, false},
		"a request that no block makes allowed": {vpc(marketingCell, "vpc-x"), func(p *policy.Policy) {
			p.Peerings = p.Peerings[1:]
		}, false},
		"a request that no peering names": {vpc(marketingCell, "vpc-x"), func(p *policy.Policy) {
			p.Otherwise, p.Peerings = policy.LeaveOthers, p.Peerings[1:]
		}, false},
		"one in the wrong direction": {vpc(marketingCell, "vpc-x"), func(p *policy.Policy) {
			p.Peerings[0].Requester = "finance"
		}, false},
		"a VPC in a range, and others are left": {vpc(marketingCell, "vpc-x"), func(p *policy.Policy) {
			p.Otherwise = policy.LeaveOthers
		}, true},
		"one that needs approval": {vpc(marketingCell, "vpc-x"), func(p *policy.Policy) {
			p.Peerings[0].Approval = policy.ManualApproval
		}, true},
	} {
		p, c := ranged(), request(tt.requester, f)
		if tt.change != nil {
			tt.change(p)
		}
		if got := p.NeedsBlocks(c, p.Decide(c)); got != tt.want {
			t.Errorf("%s: NeedsBlocks() = %v, want %v", name, got, tt.want)
		}
		if got, want := p.MayReject(c, p.Decide(c)), tt.want && p.Otherwise == policy.RejectOthers; got != want {
			t.Errorf("%s: MayReject() = %v, want %v", name, got, want)
		}
	}
}

// TestTheReasonNamesThePrimaryBlock of a VPC that is in no department, where it is known.
func TestTheReasonNamesThePrimaryBlock(t *testing.T) {
	t.Parallel()
	f := vpc(financeCell, "vpc-finance", "172.31.0.0/16")
	d := ranged().Decide(request(vpc(marketingCell, "vpc-x", "10.30.0.0/16", "10.10.0.0/16"), f))
	if want := "vpc-x in " + marketingCell.String() +
		" with the primary block 10.30.0.0/16 is in no department"; !strings.Contains(d.Reason, want) {
		t.Errorf("reason = %q, want it with %q", d.Reason, want)
	}
	d = ranged().Decide(request(f, vpc(financeCell, "vpc-y")))
	if strings.Contains(d.Reason, "primary") ||
		!strings.Contains(d.Reason, "vpc-y in "+financeCell.String()+" is in no department") {
		t.Errorf("reason = %q", d.Reason)
	}
}

func TestPermits(t *testing.T) {
	t.Parallel()
	v := func(id peering.VPCID, blocks ...string) peering.VPC {
		vpc := vpc(marketingCell, id)
		for _, b := range blocks {
			vpc.Blocks = append(vpc.Blocks, netip.MustParsePrefix(b))
		}
		return vpc
	}
	for _, tt := range []struct {
		vpc  peering.VPC
		want string
	}{
		{v("vpc-any", "10.11.0.0/24"), "10.10.0.0/15 100.64.0.0/16"},
		{v("vpc-any", "10.20.0.0/24"), "10.20.0.0/16"},
		{v("vpc-any", "10.9.0.0/24"), ""},
		{v("vpc-any"), ""}, // in one of two departments
		{v("vpc-open"), "0.0.0.0/0 ::/0"},
		{v("vpc-declared", "10.9.0.0/24"), "192.168.0.0/16"},
	} {
		var texts []string
		for _, b := range ranged().Permits(tt.vpc) {
			texts = append(texts, b.String())
		}
		if got := strings.Join(texts, " "); got != tt.want {
			t.Errorf("Permits(%+v) = %s, want %s", tt.vpc, got, tt.want)
		}
	}
}
