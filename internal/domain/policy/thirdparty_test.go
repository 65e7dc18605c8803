package policy_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// withVendor is company with a third party that finance asks and that asks marketing.
func withVendor() *policy.Policy {
	p := company()
	p.Departments = append(p.Departments, policy.Department{Name: "vendor", Line: 12, Members: []policy.Member{
		{Cell: vendorCell, VPC: "vpc-v", CIDRs: blocks("192.168.0.0/24"), Line: 12},
	}})
	p.Peerings = append(p.Peerings,
		policy.Peering{Between: [2]string{"finance", "vendor"}, Requester: "finance", Manage: peering.Requester, Line: 16},
		policy.Peering{Between: [2]string{"marketing", "vendor"}, Requester: "vendor", Manage: peering.Accepter, Line: 17},
	)
	return p
}

var vendorCell = peering.Cell{Account: "444444444444", Region: "us-east-1"}

func TestThirdParty(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		peering policy.Peering
		want    string
	}{
		{"autopeer manages both sides if the file names none", policy.Peering{Requester: "a"}, ""},
		{"the first accepts", policy.Peering{Requester: "b", Manage: peering.Requester}, "a"},
		{"the second accepts", policy.Peering{Requester: "a", Manage: peering.Requester}, "b"},
		{"the first asks", policy.Peering{Requester: "a", Manage: peering.Accepter}, "a"},
		{"the second asks", policy.Peering{Requester: "b", Manage: peering.Accepter}, "b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.peering.Between = [2]string{"a", "b"}
			if got := tt.peering.ThirdParty(); got != tt.want {
				t.Errorf("ThirdParty() = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNothingIsDeployedForThirdParties(t *testing.T) {
	t.Parallel()
	p := withVendor()
	if diff := cmp.Diff([]peering.Cell{marketingCell, financeCell, developerCell}, p.Cells()); diff != "" {
		t.Errorf("Cells() (-want +got):\n%s", diff)
	}
	if got := p.Counterparts(financeCell); slices.Contains(got, vendorCell) {
		t.Errorf("Counterparts(%s) = %v, with the third party", financeCell, got)
	}
	p.Departments[3].Members = append(p.Departments[3].Members, policy.Member{Cell: vendorCell, VPC: "vpc-w"})
	if got := p.Cells(); !slices.Contains(got, vendorCell) {
		t.Errorf("Cells() = %v, without a cell that a department shares with the third party", got)
	}
}

// TestCounterpartsAreMutual has a third party's VPC in the cell of a department that peers with another cell.
func TestCounterpartsAreMutual(t *testing.T) {
	t.Parallel()
	p := withVendor()
	p.Departments[len(p.Departments)-1].Members[0].Cell = developerCell
	p.Peerings = slices.DeleteFunc(p.Peerings, func(e policy.Peering) bool {
		return slices.Contains(e.Between[:], "developer") && slices.Contains(e.Between[:], "marketing")
	})
	for _, c := range p.Cells() {
		for _, other := range p.Counterparts(c) {
			if !slices.Contains(p.Counterparts(other), c) {
				t.Errorf("%s is a counterpart of %s, but not the other way round", other, c)
			}
		}
	}
}

func TestPeeringsWithThirdPartiesAreInThePart(t *testing.T) {
	t.Parallel()
	part := withVendor().ForCell(financeCell, "")
	if diff := cmp.Diff([]int{13, 14, 16}, peeringLines(part)); diff != "" {
		t.Errorf("lines of peerings (-want +got):\n%s", diff)
	}
	if got := departmentNames(part); !slices.Contains(got, "vendor") {
		t.Errorf("ForCell() has %v, without the third party", got)
	}
}

func TestManages(t *testing.T) {
	t.Parallel()
	m, f := vpc(marketingCell, "vpc-m", "10.10.0.0/16"), vpc(financeCell, "vpc-f", "172.31.0.0/16")
	v := vpc(vendorCell, "vpc-v", "192.168.0.0/24")
	tests := []struct {
		name                string
		requester, accepter peering.VPC
		verdict             policy.Verdict
		manages             []peering.Role
	}{
		{"both sides are autopeer's as a rule", m, f, policy.Accept, []peering.Role{peering.Requester, peering.Accepter}},
		{"the side of the third party that accepts is not", f, v, policy.Accept, []peering.Role{peering.Requester}},
		{"the side of the third party that asks is not", v, m, policy.Accept, []peering.Role{peering.Accepter}},
		{"a VPC that no peering names belongs to no third party", v, vpc(developerCell, "vpc-g"), policy.Leave,
			[]peering.Role{peering.Requester, peering.Accepter}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := withVendor().Decide(request(tt.requester, tt.accepter))
			if d.Verdict != tt.verdict {
				t.Errorf("Decide() = %s (%s), want %s", d.Verdict, d.Reason, tt.verdict)
			}
			for _, role := range []peering.Role{peering.Requester, peering.Accepter} {
				if got, want := d.Manages(role), slices.Contains(tt.manages, role); got != want {
					t.Errorf("Manages(%s) = %t, want %t", role, got, want)
				}
			}
		})
	}
}

func TestIsThirdParty(t *testing.T) {
	t.Parallel()
	p := withVendor()
	for name, tt := range map[string]struct {
		vpc  peering.VPC
		want bool
	}{
		"the vendor's":                    {vpc(vendorCell, "vpc-v"), true},
		"a department's":                  {vpc(marketingCell, "vpc-m"), false},
		"of no department in its account": {vpc(vendorCell, "vpc-w"), false},
	} {
		if got := p.IsThirdParty(tt.vpc); got != tt.want {
			t.Errorf("%s VPC: IsThirdParty() = %v, want %v", name, got, tt.want)
		}
	}
	if !p.HasThirdParties() || company().HasThirdParties() {
		t.Error("only the policy with the vendor has third parties")
	}
}
