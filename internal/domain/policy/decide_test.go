package policy_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

var (
	marketingCell = peering.Cell{Account: "111111111111", Region: "us-east-1"}
	financeCell   = peering.Cell{Account: "222222222222", Region: "us-east-1"}
	developerCell = peering.Cell{Account: "333333333333", Region: "eu-west-1"}
)

func blocks(cidrs ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, c := range cidrs {
		all = append(all, netip.MustParsePrefix(c))
	}
	return all
}

func vpc(cell peering.Cell, id peering.VPCID, cidrs ...string) peering.VPC {
	return peering.VPC{Owner: cell.Account, Region: cell.Region, ID: id, Blocks: blocks(cidrs...)}
}

func request(requester, accepter peering.VPC) peering.Connection {
	return peering.Connection{
		ID: "pcx-1", State: peering.PendingAcceptance, Requester: requester, Accepter: accepter,
	}
}

// company has marketing and finance by id, and developer by two ranges, one of each family.
func company() *policy.Policy {
	return &policy.Policy{
		File:      "policy.yaml",
		Otherwise: policy.LeaveOthers,
		Departments: []policy.Department{
			{Name: "marketing", Line: 3, Members: []policy.Member{
				{Cell: marketingCell, VPC: "vpc-m", CIDRs: blocks("10.10.0.0/16"), Line: 4},
			}},
			{Name: "finance", Line: 5, Members: []policy.Member{{Cell: financeCell, VPC: "vpc-f", Line: 6}}},
			{Name: "developer", Line: 7, Members: []policy.Member{
				{Cell: developerCell, Within: netip.MustParsePrefix("10.64.0.0/12"), Line: 8},
				{Cell: developerCell, Within: netip.MustParsePrefix("2001:db8::/40"), Line: 9},
			}},
			{Name: "guest", Line: 10, Members: []policy.Member{{Cell: developerCell, VPC: "vpc-g", Line: 11}}},
		},
		Peerings: []policy.Peering{
			{Between: [2]string{"marketing", "finance"}, Line: 13},
			{Between: [2]string{"developer", "finance"}, Requester: "developer", Line: 14},
			{Between: [2]string{"marketing", "developer"}, Approval: policy.ManualApproval, Line: 15},
		},
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	m := vpc(marketingCell, "vpc-m", "10.10.0.0/16")
	f := vpc(financeCell, "vpc-f", "172.31.0.0/16")
	d := vpc(developerCell, "vpc-d", "10.65.0.0/16")
	tests := []struct {
		name                string
		requester, accepter peering.VPC
		verdict             policy.Verdict
		code                policy.Code
		provisional         bool
	}{
		{"a listed pair is accepted", m, f, policy.Accept, policy.Allowed, false},
		{"a peering lets either department ask", f, m, policy.Accept, policy.Allowed, false},
		{"unknown blocks make it provisional", m, vpc(financeCell, "vpc-f"),
			policy.Accept, policy.Allowed, true},
		{"a VPC inside a department's range belongs to it", d, f, policy.Accept, policy.Allowed, false},
		{"an IPv6 block inside the department's range doesn't matter",
			vpc(developerCell, "vpc-d", "10.65.0.0/16", "2001:db8:1::/56"), f, policy.Accept, policy.Allowed, false},
		{"without its blocks a VPC may lie in the range", vpc(developerCell, "vpc-d"), f,
			policy.Accept, policy.Allowed, true},
		{"a further block outside the range doesn't matter", vpc(developerCell, "vpc-d", "10.65.0.0/16", "10.80.0.0/16"), f,
			policy.Accept, policy.Allowed, false},
		{"a primary block outside the range keeps the VPC out", vpc(developerCell, "vpc-d", "10.80.0.0/16", "10.65.0.0/16"),
			f,
			policy.Leave, policy.NotListed, false},
		{"an IPv6 block makes no VPC a member", vpc(developerCell, "vpc-d", "10.80.0.0/16", "2001:db8:1::/56"), f,
			policy.Leave, policy.NotListed, false},
		{"a range holds in its own region only",
			vpc(peering.Cell{Account: developerCell.Account, Region: "us-east-1"}, "vpc-d", "10.65.0.0/16"), f,
			policy.Leave, policy.NotListed, false},
		{"a VPC named by id leaves the range it lies in", vpc(developerCell, "vpc-g", "10.65.0.0/16"), f,
			policy.Leave, policy.NotListed, false},
		{"only the requester that a peering names may ask", f, d, policy.Leave, policy.WrongDirection, false},
		{"a block that is not declared is left for a person", vpc(marketingCell, "vpc-m", "10.10.0.0/16", "10.11.0.0/16"), f,
			policy.Leave, policy.CIDRMismatch, false},
		{"a part of a declared block is declared", vpc(marketingCell, "vpc-m", "10.10.8.0/24"), f,
			policy.Accept, policy.Allowed, false},
		{"overlapping blocks are never accepted", m, vpc(financeCell, "vpc-f", "10.10.200.0/24"),
			policy.Leave, policy.Overlap, false},
		{"a secondary block may overlap too", m, vpc(financeCell, "vpc-f", "172.31.0.0/16", "10.0.0.0/8"),
			policy.Leave, policy.Overlap, false},
		{"IPv6 blocks may overlap too", vpc(developerCell, "vpc-d", "10.65.0.0/16", "2001:db8:1::/56"),
			vpc(financeCell, "vpc-f", "172.31.0.0/16", "2001:db8:1::/48"), policy.Leave, policy.Overlap, false},
		{"declared blocks stand in for unknown ones", vpc(marketingCell, "vpc-m"), vpc(financeCell, "vpc-f", "10.10.1.0/24"),
			policy.Leave, policy.Overlap, true},
		{"manual approval asks", m, d, policy.Ask, policy.ApprovalNeeded, false},
		{"an unknown VPC is not listed", vpc(marketingCell, "vpc-x"), f, policy.Leave, policy.NotListed, false},
		{"the right id in another account is not listed", vpc(financeCell, "vpc-m"), f,
			policy.Leave, policy.NotListed, false},
		{"a VPC is not peered with itself", m, m, policy.Leave, policy.SameVPC, false},
		{"two VPCs of one department are not listed", d, vpc(developerCell, "vpc-e", "10.66.0.0/16"),
			policy.Leave, policy.NotListed, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := company().Decide(request(tt.requester, tt.accepter))
			if got.Verdict != tt.verdict || got.Code != tt.code || got.Provisional != tt.provisional {
				t.Errorf("Decide() = %s, %s, provisional %t (%s), want %s, %s, %t",
					got.Verdict, got.Code, got.Provisional, got.Reason, tt.verdict, tt.code, tt.provisional)
			}
		})
	}
}

func TestDecideNeedsNoApprovalOfAnAcceptedConnection(t *testing.T) {
	t.Parallel()
	c := request(vpc(marketingCell, "vpc-m", "10.10.0.0/16"), vpc(developerCell, "vpc-d", "10.65.0.0/16"))
	for _, state := range []peering.State{peering.Provisioning, peering.Active} {
		c.State = state
		if got := company().Decide(c); got.Verdict != policy.Accept {
			t.Errorf("Decide() of a connection that is %s = %s (%s), want accept", state, got.Verdict, got.Reason)
		}
	}
}

func TestTagApproves(t *testing.T) {
	t.Parallel()
	m, f := vpc(marketingCell, "vpc-m", "10.10.0.0/16"), vpc(financeCell, "vpc-f", "172.31.0.0/16")
	d := vpc(developerCell, "vpc-d", "10.65.0.0/16")
	tests := []struct {
		name                string
		requester, accepter peering.VPC
		tags                map[string]string
		want                policy.Code
	}{
		{"with the tag the request is allowed", m, d, map[string]string{"autopeer:approved": "true"}, policy.Allowed},
		{"other tags don't approve", m, d, map[string]string{"approved": "true"}, policy.ApprovalNeeded},
		{"another value doesn't approve", m, d, map[string]string{"autopeer:approved": "false"}, policy.ApprovalNeeded},
		{"AWS's tags are case-sensitive", m, d, map[string]string{"autopeer:approved": "True"}, policy.ApprovalNeeded},
		{"no value doesn't approve", m, d, map[string]string{"autopeer:approved": ""}, policy.ApprovalNeeded},
		{"approval is not a peering", vpc(marketingCell, "vpc-x"), f,
			map[string]string{"autopeer:approved": "true"}, policy.NotListed},
		{"approval doesn't turn the direction", f, d, map[string]string{"autopeer:approved": "true"}, policy.WrongDirection},
		{"approval doesn't part blocks", m, vpc(financeCell, "vpc-f", "10.10.1.0/24"),
			map[string]string{"autopeer:approved": "true"}, policy.Overlap},
		{"approval doesn't declare blocks", vpc(marketingCell, "vpc-m", "10.9.0.0/16"), d,
			map[string]string{"autopeer:approved": "true"}, policy.CIDRMismatch},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := request(tt.requester, tt.accepter)
			c.Tags = tt.tags
			p := company()
			for i := range p.Peerings {
				p.Peerings[i].Approval = policy.ManualApproval
			}
			if got := p.Decide(c); got.Code != tt.want {
				t.Errorf("Decide() = %s (%s), want %s", got.Code, got.Reason, tt.want)
			}
		})
	}
}

func TestOnlyConnectionsThatNoPeeringAllowsAreUnlisted(t *testing.T) {
	t.Parallel()
	unlisted := map[policy.Code]bool{
		policy.NotListed: true, policy.WrongDirection: true, policy.SameVPC: true,
		policy.Multipath: false, policy.Allowed: false, policy.ApprovalNeeded: false, policy.Overlap: false,
		policy.CIDRMismatch: false,
	}
	for code, want := range unlisted {
		if got := (policy.Decision{Code: code}).IsUnlisted(); got != want {
			t.Errorf("IsUnlisted() of %s = %t, want %t", code, got, want)
		}
	}
}

func TestConcerns(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		vpc  peering.VPC
		want bool
	}{
		{"a department names the VPC", vpc(marketingCell, "vpc-m"), true},
		{"a block that is not declared makes it no less the department's", vpc(marketingCell, "vpc-m", "10.9.0.0/16"), true},
		{"the VPC lies in a department's range", vpc(developerCell, "vpc-d", "10.65.0.0/16"), true},
		{"the VPC may lie in a range while its blocks are unknown", vpc(developerCell, "vpc-d"), true},
		{"the VPC lies outside the range", vpc(developerCell, "vpc-d", "10.80.0.0/16"), false},
		{"the account and the Region have another department's VPC", vpc(marketingCell, "vpc-x"), false},
		{"the right id in another account is another VPC", vpc(financeCell, "vpc-m"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := company().Concerns(tt.vpc); got != tt.want {
				t.Errorf("Concerns(%v) = %t, want %t", tt.vpc, got, tt.want)
			}
		})
	}
}

func TestOtherwiseRejectsOnlyRequestsThatAreNotAllowed(t *testing.T) {
	t.Parallel()
	m, f := vpc(marketingCell, "vpc-m", "10.10.0.0/16"), vpc(financeCell, "vpc-f", "172.31.0.0/16")
	d := vpc(developerCell, "vpc-d", "10.65.0.0/16")
	tests := []struct {
		name                string
		requester, accepter peering.VPC
		want                policy.Verdict
	}{
		{"a stranger is rejected", vpc(marketingCell, "vpc-x"), f, policy.Reject},
		{"the wrong direction is rejected", f, d, policy.Reject},
		{"a VPC with itself is rejected", m, m, policy.Reject},
		{"an overlap is left", m, vpc(financeCell, "vpc-f", "10.10.0.0/24"), policy.Leave},
		{"an undeclared block is left", vpc(marketingCell, "vpc-m", "10.11.0.0/16"), f, policy.Leave},
		{"a listed pair is accepted", m, f, policy.Accept},
	}
	p := company()
	p.Otherwise = policy.RejectOthers
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := p.Decide(request(tt.requester, tt.accepter)); got.Verdict != tt.want {
				t.Errorf("Decide() = %s (%s), want %s", got.Verdict, got.Reason, tt.want)
			}
		})
	}
}

func TestReason(t *testing.T) {
	t.Parallel()
	m, f := vpc(marketingCell, "vpc-m", "10.10.0.0/16"), vpc(financeCell, "vpc-f", "172.31.0.0/16")
	d := vpc(developerCell, "vpc-d", "10.65.0.0/16")
	stranger := vpc(financeCell, "vpc-x")
	const mName, fName = "marketing (vpc-m in 111111111111/us-east-1)", "finance (vpc-f in 222222222222/us-east-1)"
	const dName = "developer (vpc-d in 333333333333/eu-west-1)"
	tests := []struct {
		name                string
		requester, accepter peering.VPC
		want                string
	}{
		{"allowed names the line", m, f,
			"line 13 of policy.yaml allows " + mName + " to be connected with " + fName},
		{"approval names the line", m, d,
			"line 15 of policy.yaml lets " + mName + " be connected with " + dName + " when a person has approved it"},
		{"wrong direction names who may ask", f, d,
			"line 14 of policy.yaml lets only developer request connections, and " + fName +
				" requested this one from " + dName},
		{"overlap names both blocks", m, vpc(financeCell, "vpc-f", "10.10.1.0/24"),
			"block 10.10.0.0/16 of " + mName + " overlaps block 10.10.1.0/24 of " + fName},
		{"mismatch names the block and the member's line", vpc(marketingCell, "vpc-m", "10.9.0.0/16"), f,
			mName +
				" has the block 10.9.0.0/16, which line 4 of policy.yaml does not declare: marketing has only 10.10.0.0/16 in " +
				"111111111111/us-east-1"},
		{"the requester may be in no department", stranger, m,
			"the requester vpc-x in 222222222222/us-east-1 is in no department of policy.yaml"},
		{"the accepter may be in no department", m, stranger,
			"the accepter vpc-x in 222222222222/us-east-1 is in no department of policy.yaml"},
		{"both may be in no department", stranger, vpc(marketingCell, "vpc-y"),
			"neither the requester vpc-x in 222222222222/us-east-1 nor the accepter vpc-y in 111111111111/us-east-1" +
				" is in a department of policy.yaml"},
		{"two departments may have no peering", m, vpc(developerCell, "vpc-g", "10.65.0.0/16"),
			"policy.yaml has no peering between " + mName + " and guest (vpc-g in 333333333333/eu-west-1)"},
		{"one department has no peering with itself", d, vpc(developerCell, "vpc-e", "10.66.0.0/16"),
			dName + " and developer (vpc-e in 333333333333/eu-west-1) are in one department," +
				" and policy.yaml has no peering of developer with itself"},
		{"one VPC is both sides", m, m,
			"both sides are vpc-m in 111111111111/us-east-1, and a VPC is not peered with itself"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := company().Decide(request(tt.requester, tt.accepter)).Reason; got != tt.want {
				t.Errorf("Reason:\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestDecisionNamesDepartmentsAndPeering(t *testing.T) {
	t.Parallel()
	got := company().Decide(request(vpc(financeCell, "vpc-f"), vpc(marketingCell, "vpc-m")))
	if got.Requester != "finance" || got.Accepter != "marketing" || got.Peering == nil || got.Peering.Line != 13 {
		t.Errorf("Decide() = %+v, want finance and marketing and the peering of line 13", got)
	}
	got = company().Decide(request(vpc(financeCell, "vpc-f"), vpc(marketingCell, "vpc-x")))
	if got.Requester != "finance" || got.Accepter != "" || got.Peering != nil {
		t.Errorf("Decide() = %+v, want finance, no accepter and no peering", got)
	}
}

func TestMostHopefulDepartmentCountsWhileBlocksAreUnknown(t *testing.T) {
	t.Parallel()
	p := company()
	p.Departments[3].Members[0] = policy.Member{Cell: developerCell, Within: netip.MustParsePrefix("10.80.0.0/12")}
	unknown := vpc(developerCell, "vpc-d")
	got := p.Decide(request(unknown, vpc(financeCell, "vpc-f")))
	if got.Verdict != policy.Accept || !got.Provisional || got.Requester != "developer" {
		t.Errorf("Decide() = %s for %q, want a provisional accept for developer", got.Verdict, got.Requester)
	}
	if name := p.DepartmentOf(unknown); name != "" {
		t.Errorf("DepartmentOf() = %q for a VPC that may be in two departments, want none", name)
	}
	got = p.Decide(request(vpc(developerCell, "vpc-d", "10.81.0.0/16"), vpc(financeCell, "vpc-f")))
	if got.Verdict != policy.Leave || !strings.Contains(got.Reason, "guest") {
		t.Errorf("Decide() = %s (%s), want leave once the blocks show guest", got.Verdict, got.Reason)
	}
}

// TestNoCellManagesAThirdPartysVPC, also inside one of our own cells.
func TestNoCellManagesAThirdPartysVPC(t *testing.T) {
	t.Parallel()
	at := peering.Cell{Account: "111111111111", Region: "us-east-1"}
	p := &policy.Policy{
		Departments: []policy.Department{
			{Name: "finance", Members: []policy.Member{{Cell: at, VPC: "vpc-1"}}},
			{Name: "auditor", Members: []policy.Member{{Cell: at, VPC: "vpc-2"}}},
		},
		Peerings: []policy.Peering{{
			Between: [2]string{"auditor", "finance"}, Requester: "auditor", Manage: peering.Accepter,
		}},
	}
	for vpc, want := range map[peering.VPCID]bool{"vpc-1": true, "vpc-2": false, "vpc-3": false} {
		if got := p.Concerns(peering.VPC{Owner: at.Account, Region: at.Region, ID: vpc}); got != want {
			t.Errorf("Concerns(%s) = %t, want %t", vpc, got, want)
		}
	}
}

// TestWhoMayNeedApprovalNeedsIt: while blocks aren't shown, a VPC may be that of either department.
func TestWhoMayNeedApprovalNeedsIt(t *testing.T) {
	t.Parallel()
	here, there := peering.Cell{Account: "111111111111", Region: "us-east-1"},
		peering.Cell{Account: "222222222222", Region: "us-east-1"}
	p := &policy.Policy{
		Departments: []policy.Department{
			{Name: "finance", Members: []policy.Member{{Cell: here, VPC: "vpc-1"}}},
			{Name: "sales", Members: []policy.Member{{Cell: there, Within: netip.MustParsePrefix("10.32.0.0/12")}}},
			{Name: "audit", Members: []policy.Member{{Cell: there, Within: netip.MustParsePrefix("10.64.0.0/12")}}},
		},
		Peerings: []policy.Peering{{Between: [2]string{"sales", "finance"}}, {
			Between: [2]string{"audit", "finance"}, Approval: policy.ManualApproval,
		}},
	}
	tests := []struct {
		name  string
		block string
		want  policy.Verdict
	}{
		{"not known", "", policy.Ask},
		{"of the department that needs none", "10.33.0.0/16", policy.Accept},
		{"of the one that needs it", "10.65.0.0/16", policy.Ask},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := peering.Connection{
				State:     peering.PendingAcceptance,
				Requester: peering.VPC{Owner: there.Account, Region: there.Region, ID: "vpc-2"},
				Accepter:  peering.VPC{Owner: here.Account, Region: here.Region, ID: "vpc-1"},
			}
			if tt.block != "" {
				c.Requester.Blocks = []netip.Prefix{netip.MustParsePrefix(tt.block)}
			}
			if d := p.Decide(c); d.Verdict != tt.want {
				t.Errorf("Decide() = %s (%s), want %s", d.Verdict, d.Reason, tt.want)
			}
		})
	}
}

func TestMultipath(t *testing.T) {
	t.Parallel()
	m, f := vpc(marketingCell, "vpc-m", "10.10.0.0/16"), vpc(financeCell, "vpc-f", "172.31.0.0/16")
	d := vpc(developerCell, "vpc-d", "10.65.0.0/16")
	tests := []struct {
		name                string
		requester, accepter peering.VPC
		allowed             bool
		state               peering.State
		verdict             policy.Verdict
		want                policy.Code
	}{
		{"denied", m, f, false, peering.PendingAcceptance, policy.Reject, policy.Multipath},
		{"allowed", m, f, true, peering.PendingAcceptance, policy.Accept, policy.Allowed},
		{"nothing is left to deny once it is accepted", m, f, false, peering.Active, policy.Accept, policy.Allowed},
		{"no person is asked to approve it", m, d, false, peering.PendingAcceptance, policy.Reject, policy.Multipath},
		{"an allowed one still needs approval", m, d, true, peering.PendingAcceptance, policy.Ask, policy.ApprovalNeeded},
		{"it opens no direction", f, d, true, peering.PendingAcceptance, policy.Reject, policy.WrongDirection},
		{"overlaps are the first reason", m, vpc(financeCell, "vpc-f", "10.10.1.0/24"), false, peering.PendingAcceptance,
			policy.Leave, policy.Overlap},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := company()
			p.Otherwise = policy.RejectOthers
			for i := range p.Peerings {
				p.Peerings[i].Multipath = tt.allowed
			}
			c := request(tt.requester, tt.accepter)
			c.State, c.RequesterMultipath = tt.state, true
			got := p.Decide(c)
			if got.Verdict != tt.verdict || got.Code != tt.want {
				t.Errorf("Decide() = %s, %s (%s), want %s, %s", got.Verdict, got.Code, got.Reason, tt.verdict, tt.want)
			}
			c.RequesterMultipath = false
			if got := p.Decide(c); got.Code == policy.Multipath {
				t.Errorf("Decide() of a request without it = %s", got.Code)
			}
		})
	}
}

// TestMultipathWhereTheDepartmentIsUnknown: an acceptance can't be taken back, so one of the peerings that may be meant
// is enough to deny it.
func TestMultipathWhereTheDepartmentIsUnknown(t *testing.T) {
	t.Parallel()
	p := company()
	p.Departments = append(p.Departments, policy.Department{
		Name: "sales", Members: []policy.Member{{Cell: developerCell, Within: netip.MustParsePrefix("10.96.0.0/12")}},
	})
	p.Peerings = []policy.Peering{
		{Between: [2]string{"developer", "finance"}, Multipath: true, Line: 13},
		{Between: [2]string{"sales", "finance"}, Line: 14},
	}
	c := request(vpc(developerCell, "vpc-d"), vpc(financeCell, "vpc-f", "172.31.0.0/16"))
	c.State, c.RequesterMultipath = peering.PendingAcceptance, true
	if got := p.Decide(c); got.Code != policy.Multipath || got.Peering.Line != 14 ||
		!strings.HasPrefix(got.Reason, "line 14 of policy.yaml doesn't allow multipath resilience") {
		t.Errorf("Decide() = %s by line %d: %s, want multipath by line 14", got.Code, got.Peering.Line, got.Reason)
	}
}

// TestAnApprovalOutweighsNoDenial: while blocks aren't shown, another possible peering that denies the request decides.
func TestAnApprovalOutweighsNoDenial(t *testing.T) {
	t.Parallel()
	here, there := peering.Cell{Account: "111111111111", Region: "us-east-1"},
		peering.Cell{Account: "222222222222", Region: "us-east-1"}
	p := &policy.Policy{Departments: []policy.Department{
		{Name: "finance", Members: []policy.Member{{Cell: here, VPC: "vpc-1"}}},
		{Name: "sales", Members: []policy.Member{{Cell: there, Within: netip.MustParsePrefix("10.32.0.0/12")}}},
		{Name: "audit", Members: []policy.Member{{Cell: there, Within: netip.MustParsePrefix("10.64.0.0/12")}}},
	}, Peerings: []policy.Peering{
		{Between: [2]string{"sales", "finance"}, Line: 10},
		{Between: [2]string{"audit", "finance"}, Line: 20, Approval: policy.ManualApproval, Multipath: true},
	}}
	c := request(vpc(there, "vpc-2"), vpc(here, "vpc-1"))
	c.Tags = map[string]string{peering.TagApproved: "true"}
	c.State, c.RequesterMultipath = peering.PendingAcceptance, true
	if d := p.Decide(c); d.Code != policy.Multipath || d.Peering.Line != 10 {
		t.Errorf("Decide() = %s by line %d, want the denial by line 10", d.Code, d.Peering.Line)
	}
}

// TestTheApprovedDepartmentCounts: while blocks aren't shown, the acceptance rests on the peering for which approval
// was requested, in any order of the peerings and departments, and not on one that needs none. Known blocks decide
// alone.
func TestTheApprovedDepartmentCounts(t *testing.T) {
	t.Parallel()
	here, there := peering.Cell{Account: "111111111111", Region: "us-east-1"},
		peering.Cell{Account: "222222222222", Region: "us-east-1"}
	departments := []policy.Department{
		{Name: "sales", Members: []policy.Member{{Cell: there, Within: netip.MustParsePrefix("10.32.0.0/12")}}},
		{Name: "audit", Members: []policy.Member{{Cell: there, Within: netip.MustParsePrefix("10.64.0.0/12")}}},
		{Name: "legal", Members: []policy.Member{{Cell: there, Within: netip.MustParsePrefix("10.96.0.0/12")}}},
	}
	finance := policy.Department{Name: "finance", Members: []policy.Member{{Cell: here, VPC: "vpc-1"}}}
	peerings := []policy.Peering{
		{Between: [2]string{"sales", "finance"}, Line: 10},
		{Between: [2]string{"audit", "finance"}, Line: 20, Approval: policy.ManualApproval},
		{Between: [2]string{"finance", "legal"}, Line: 30},
	}
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {0, 2, 1}} {
		p := &policy.Policy{Departments: []policy.Department{finance}}
		for _, i := range order {
			p.Departments, p.Peerings = append(p.Departments, departments[i]), append(p.Peerings, peerings[i])
		}
		for block, want := range map[string]int{"": 20, "10.33.0.0/16": 10, "10.65.0.0/16": 20, "10.97.0.0/16": 30} {
			for _, tags := range []map[string]string{nil, {peering.TagApproved: "true"}} {
				c := request(vpc(there, "vpc-2"), vpc(here, "vpc-1"))
				c.Tags = tags
				if block != "" {
					c.Requester.Blocks = blocks(block)
				}
				d := p.Decide(c)
				if d.Peering.Line != want || (d.Verdict == policy.Ask) != (want == 20 && tags == nil) {
					t.Errorf("in the order %v, Decide() of %q with the tags %v = %s by line %d for %s, want line %d",
						order, block, tags, d.Verdict, d.Peering.Line, d.Requester, want)
				}
			}
		}
	}
}
