package policy_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

func TestDepartmentOfAVPCWithoutID(t *testing.T) {
	t.Parallel()
	if got := company().DepartmentOf(vpc(developerCell, "", "10.65.0.0/16")); got != "" {
		t.Errorf("DepartmentOf() = %q, want none", got)
	}
}

func TestExpected(t *testing.T) {
	t.Parallel()
	declared, shown := blocks("10.10.0.0/16"), blocks("10.10.1.0/24")
	tests := []struct {
		name       string
		vpc        peering.VPC
		want       []netip.Prefix
		alsoListed bool // marketing's VPC, by another department too
	}{
		{"declared blocks replace those that AWS doesn't show", vpc(marketingCell, "vpc-m"), declared, false},
		{"AWS's blocks count more", vpc(marketingCell, "vpc-m", "10.10.1.0/24"), shown, false},
		{"undeclared blocks are unknown", vpc(financeCell, "vpc-f"), nil, false},
		{"nothing is expected of a VPC of no department", vpc(financeCell, "vpc-x"), nil, false},
		{"nothing is expected of a VPC that may be anyone's", vpc(marketingCell, "vpc-m"), nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := company()
			if tt.alsoListed {
				p.Departments[1].Members = p.Departments[0].Members
			}
			other := vpc(developerCell, "vpc-d", "10.65.0.0/16")
			want := request(tt.vpc, other)
			want.Requester.Blocks = tt.want
			if diff := cmp.Diff(want, p.Expected(request(tt.vpc, other)), cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
				t.Errorf("Expected() (-want +got):\n%s", diff)
			}
			swapped := p.Expected(request(other, tt.vpc))
			if diff := cmp.Diff(tt.want, swapped.Accepter.Blocks, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
				t.Errorf("Expected() of the accepter (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDecisionsWithoutAPeeringNameTheDepartments, if there are any.
func TestDecisionsWithoutAPeeringNameTheDepartments(t *testing.T) {
	t.Parallel()
	m, g := vpc(marketingCell, "vpc-m", "10.10.0.0/16"), vpc(developerCell, "vpc-g", "10.200.0.0/16")
	tests := []struct {
		name                string
		requester, accepter peering.VPC
		want                [2]string
	}{
		{"one VPC has one department", m, m, [2]string{"marketing", "marketing"}},
		{"two departments without a peering", m, g, [2]string{"marketing", "guest"}},
		{"a stranger asks", vpc(marketingCell, "vpc-x"), g, [2]string{"", "guest"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := company().Decide(request(tt.requester, tt.accepter))
			if got := [2]string{d.Requester, d.Accepter}; got != tt.want || d.Peering != nil {
				t.Errorf("Decide() names %q and the peering %v, want %q and none", got, d.Peering, tt.want)
			}
		})
	}
}

// TestAMistakeInTheFileCountsMoreThanTheDirection: the VPC may be that of a department which may ask.
func TestAMistakeInTheFileCountsMoreThanTheDirection(t *testing.T) {
	t.Parallel()
	p := company()
	p.Departments[3].Members = []policy.Member{{Cell: developerCell, Within: netip.MustParsePrefix("10.96.0.0/12")}}
	p.Peerings = []policy.Peering{
		{Between: [2]string{"marketing", "developer"}, Requester: "marketing"},
		{Between: [2]string{"marketing", "guest"}},
	}
	undeclared := vpc(marketingCell, "vpc-m", "10.11.0.0/16")
	if d := p.Decide(request(vpc(developerCell, "vpc-d"), undeclared)); d.Code != policy.CIDRMismatch {
		t.Errorf("Decide() = %s, want %s", d.Code, policy.CIDRMismatch)
	}
}

func TestPartHasTheEntriesOfTheCell(t *testing.T) {
	t.Parallel()
	lonely := peering.Cell{Account: "444444444444", Region: "us-east-1"}
	p := company()
	p.Departments = append(p.Departments[:3],
		policy.Department{Name: "archive", Members: []policy.Member{{Cell: lonely, VPC: "vpc-a"}}},
		policy.Department{
			Name: "lab", Members: []policy.Member{{Cell: developerCell, Within: netip.MustParsePrefix("10.96.0.0/12")}},
		})
	tests := []struct {
		name string
		cell peering.Cell
		want []string
	}{
		{"its departments, also without a peering", lonely, []string{"archive"}},
		{"no other department's ranges", marketingCell, []string{"marketing", "finance", "developer"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, departmentNames(p.ForCell(tt.cell, ""))); diff != "" {
				t.Errorf("departments (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSourcesAreAllWhereNoneIsNamed(t *testing.T) {
	t.Parallel()
	groups, lists := []peering.SecurityGroupID{"sg-1"}, []peering.PrefixListID{"pl-1"}
	tests := []struct {
		name    string
		sources policy.Sources
		want    bool
	}{
		{"none", policy.Sources{}, true},
		{"a block", policy.Sources{Blocks: blocks("10.0.0.0/8")}, false},
		{"a group", policy.Sources{Groups: groups}, false},
		{"a prefix list", policy.Sources{PrefixLists: lists}, false},
		{"a block and a group", policy.Sources{Blocks: blocks("10.0.0.0/8"), Groups: groups}, false},
		{"a block and a prefix list", policy.Sources{Blocks: blocks("10.0.0.0/8"), PrefixLists: lists}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.sources.IsAll(); got != tt.want {
				t.Errorf("IsAll() = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestTagsOfTables(t *testing.T) {
	t.Parallel()
	p := company()
	p.Peerings = []policy.Peering{{Routes: map[string]policy.Routes{
		"finance": {Tables: policy.Tables{Scope: policy.TablesByTag, Tags: map[string]string{"Tier": "private"}}},
	}}}
	if diff := cmp.Diff([]string{"Tier"}, p.TagKeys()); diff != "" {
		t.Errorf("TagKeys() (-want +got):\n%s", diff)
	}
	if p.ChoosesSubnets() {
		t.Error("ChoosesSubnets() = true for tables that are chosen by their own tags")
	}
}

func TestErrorsOfDecodeNameIt(t *testing.T) {
	t.Parallel()
	if _, err := policy.Decode([]byte(`{`)); err == nil || err.Error() != "decode policy: unexpected EOF" {
		t.Errorf("Decode() = %v, want decode policy: unexpected EOF", err)
	}
}
