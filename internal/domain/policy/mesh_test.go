package policy_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// web is the traffic of the mesh of meshed.
var web = policy.Allow{From: "marketing", To: "marketing", Protocol: "tcp", Line: 14}

// meshed is the company with further VPCs of marketing, and with meshes of marketing and developer.
func meshed() *policy.Policy {
	p := company()
	p.Departments[0].Members = append(p.Departments[0].Members,
		policy.Member{Cell: marketingCell, VPC: "vpc-n", CIDRs: blocks("10.20.0.0/16")},
		policy.Member{Cell: financeCell, VPC: "vpc-o"})
	p.Peerings = []policy.Peering{
		{Between: [2]string{"marketing", "marketing"}, Allow: []policy.Allow{web}, Line: 13},
		{Between: [2]string{"developer", "developer"}, Approval: policy.ManualApproval, Line: 15},
		{Between: [2]string{"developer", "finance"}, Mode: policy.ReportMode, Line: 16},
	}
	return p
}

func TestAMesh(t *testing.T) {
	t.Parallel()
	m, n := vpc(marketingCell, "vpc-m", "10.10.0.0/16"), vpc(marketingCell, "vpc-n", "10.20.0.0/16")
	o, f := vpc(financeCell, "vpc-o", "10.30.0.0/16"), vpc(financeCell, "vpc-f", "172.31.0.0/16")
	d := vpc(developerCell, "vpc-d", "10.65.0.0/16")
	tests := []struct {
		name                string
		requester, accepter peering.VPC
		want                policy.Code
		departments         [2]string
	}{
		{"two VPCs of a cell", m, n, policy.Allowed, [2]string{"marketing", "marketing"}},
		{"in the opposite direction", n, m, policy.Allowed, [2]string{"marketing", "marketing"}},
		{"VPCs of two cells", o, m, policy.Allowed, [2]string{"marketing", "marketing"}},
		{"a VPC with itself", m, m, policy.SameVPC, [2]string{"marketing", "marketing"}},
		{"another department isn't in the mesh", m, f, policy.NotListed, [2]string{"marketing", "finance"}},
		{"overlapping blocks", m, vpc(financeCell, "vpc-o", "10.10.5.0/24"), policy.Overlap,
			[2]string{"marketing", "marketing"}},
		{"a block that isn't declared", m, vpc(marketingCell, "vpc-n", "10.21.0.0/16"), policy.CIDRMismatch,
			[2]string{"marketing", "marketing"}},
		{"two VPCs of a range, with an approval", d, vpc(developerCell, "vpc-e", "10.66.0.0/16"), policy.ApprovalNeeded,
			[2]string{"developer", "developer"}},
		{"VPCs that may be in a range", vpc(developerCell, "vpc-d"), vpc(developerCell, "vpc-e"), policy.ApprovalNeeded,
			[2]string{"developer", "developer"}},
		{"a VPC outside the range", d, vpc(developerCell, "vpc-e", "10.80.0.0/16"), policy.NotListed,
			[2]string{"developer", ""}},
		{"a department without a mesh", f, vpc(financeCell, "vpc-f2"), policy.NotListed, [2]string{"finance", ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := meshed().Decide(request(tt.requester, tt.accepter))
			if departments := [2]string{d.Requester, d.Accepter}; d.Code != tt.want || departments != tt.departments {
				t.Errorf("Decide() = %s of %v (%s), want %s of %v", d.Code, departments, d.Reason, tt.want, tt.departments)
			}
		})
	}
}

func TestTheReasonNamesTheMesh(t *testing.T) {
	t.Parallel()
	d := meshed().Decide(request(vpc(marketingCell, "vpc-m", "10.10.0.0/16"), vpc(financeCell, "vpc-o", "10.30.0.0/16")))
	const want = "line 13 of policy.yaml allows marketing (vpc-m in 111111111111/us-east-1) to be connected with " +
		"marketing (vpc-o in 222222222222/us-east-1)"
	if d.Reason != want {
		t.Errorf("the reason is %q, want %q", d.Reason, want)
	}
}

func TestTheTermsOfAMeshHoldOnBothSides(t *testing.T) {
	t.Parallel()
	d := meshed().Decide(request(vpc(marketingCell, "vpc-m", "10.10.0.0/16"), vpc(financeCell, "vpc-o", "10.30.0.0/16")))
	want := policy.Terms{
		Routes: policy.Routes{Tables: policy.Tables{Scope: policy.AllTables}},
		Allow:  []policy.Allow{web}, Opens: []policy.Allow{web},
	}
	for _, role := range []peering.Role{peering.Requester, peering.Accepter} {
		if diff := cmp.Diff(want, d.Terms(role), cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
			t.Errorf("Terms(%s) (-want +got):\n%s", role, diff)
		}
	}
}

func TestIsMesh(t *testing.T) {
	t.Parallel()
	for between, want := range map[[2]string]bool{{"a", "a"}: true, {"a", "b"}: false} {
		if p := (policy.Peering{Between: between}); p.IsMesh() != want {
			t.Errorf("IsMesh() of %v = %t", between, p.IsMesh())
		}
	}
}

func TestTheCellsOfAMeshAreCounterparts(t *testing.T) {
	t.Parallel()
	p := meshed()
	for cell, want := range map[peering.Cell][]peering.Cell{
		marketingCell: {financeCell},
		financeCell:   {marketingCell, developerCell},
		developerCell: {financeCell},
	} {
		if diff := cmp.Diff(want, p.Counterparts(cell)); diff != "" {
			t.Errorf("Counterparts(%s) (-want +got):\n%s", cell, diff)
		}
	}
	if diff := cmp.Diff([]int{13, 16}, peeringLines(p.ForCell(financeCell, ""))); diff != "" {
		t.Errorf("lines of peerings in the part of %s (-want +got):\n%s", financeCell, diff)
	}
}

func TestReportModeOfAMesh(t *testing.T) {
	t.Parallel()
	p := meshed()
	within := request(vpc(marketingCell, "vpc-m", "10.10.0.0/16"), vpc(marketingCell, "vpc-n", "10.20.0.0/16"))
	if p.Reports(within) {
		t.Error("Reports() = true for a mesh in the mode enforce")
	}
	p.Peerings[0].Mode = policy.ReportMode
	if !p.Reports(within) || p.Reports(request(within.Requester, vpc(financeCell, "vpc-f"))) {
		t.Error("want the connections of the mesh, and no other, in report mode")
	}
}
