package policy_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// office returns the company with a range of each of the departments in the developer's cell, beside that of the
// developer: office1 has
// 10.1.0.0/16, and so on.
func office(departments int) *policy.Policy {
	p := company()
	for i := range departments {
		within := netip.MustParsePrefix(fmt.Sprintf("10.%d.0.0/16", i+1))
		p.Departments = append(p.Departments, policy.Department{
			Name: fmt.Sprint("office", i+1), Members: []policy.Member{{Cell: developerCell, Within: within}},
		})
	}
	p.Peerings = p.Peerings[:1] // marketing and finance
	return p
}

func TestTheReasonWithoutAPeering(t *testing.T) {
	t.Parallel()
	marketing, finance := vpc(marketingCell, "vpc-m", "10.10.0.0/16"), vpc(financeCell, "vpc-f", "172.31.0.0/16")
	hidden := vpc(developerCell, "vpc-d")
	const unknown = "vpc-d in 333333333333/eu-west-1, if its primary block is in a range of "
	tests := []struct {
		name                string
		offices             int
		requester, accepter peering.VPC
		want                string
	}{
		{"two departments", 0, marketing, vpc(developerCell, "vpc-d", "10.64.0.0/16"),
			"policy.yaml has no peering between marketing (vpc-m in 111111111111/us-east-1) and developer (vpc-d in " +
				"333333333333/eu-west-1)"},
		{"a VPC by id, whose block is unknown", 3, finance, vpc(developerCell, "vpc-g"),
			"policy.yaml has no peering between finance (vpc-f in 222222222222/us-east-1) and guest (vpc-g in " +
				"333333333333/eu-west-1)"},
		{"one possible department", 0, hidden, marketing,
			"policy.yaml has no peering between developer (" + unknown +
				"developer) and marketing (vpc-m in 111111111111/us-east-1)"},
		{"two possible departments", 1, hidden, marketing,
			"policy.yaml has no peering between developer or office1 (" + unknown +
				"one of them) and marketing (vpc-m in 111111111111/us-east-1)"},
		{"four possible departments", 3, hidden, marketing,
			"policy.yaml has no peering between developer, office1, office2 or office3 (" + unknown +
				"one of them) and marketing (vpc-m in 111111111111/us-east-1)"},
		{"many possible departments", 4, hidden, marketing,
			"policy.yaml has no peering between developer, office1, office2 or 2 others (" + unknown +
				"one of them) and marketing (vpc-m in 111111111111/us-east-1)"},
		{"one department", 0, vpc(developerCell, "vpc-a", "10.64.0.0/16"), vpc(developerCell, "vpc-b", "10.65.0.0/16"),
			"developer (vpc-a in 333333333333/eu-west-1) and developer (vpc-b in 333333333333/eu-west-1) are in one " +
				"department, and policy.yaml has no peering of developer with itself"},
		{"perhaps one department", 0, vpc(developerCell, "vpc-a", "10.64.0.0/16"), hidden,
			"policy.yaml has no peering between developer (vpc-a in 333333333333/eu-west-1) and developer (" +
				unknown + "developer)"},
		{"perhaps one department, the other way round", 0, hidden, vpc(developerCell, "vpc-a", "10.64.0.0/16"),
			"policy.yaml has no peering between developer (" + unknown +
				"developer) and developer (vpc-a in 333333333333/eu-west-1)"},
		{"perhaps one of two departments", 1, vpc(developerCell, "vpc-a", "10.64.0.0/16"), hidden,
			"policy.yaml has no peering between developer (vpc-a in 333333333333/eu-west-1) and developer or office1 (" +
				unknown + "one of them)"},
		{"outside the only range", 0, vpc(developerCell, "vpc-d", "10.80.0.0/16"), finance,
			"the requester vpc-d in 333333333333/eu-west-1 with the primary block 10.80.0.0/16 is in no department of " +
				"policy.yaml; the only range in 333333333333/eu-west-1 is 10.64.0.0/12 (developer)"},
		{"outside two ranges", 1, finance, vpc(developerCell, "vpc-d", "10.80.0.0/16"),
			"the accepter vpc-d in 333333333333/eu-west-1 with the primary block 10.80.0.0/16 is in no department of " +
				"policy.yaml; the ranges in 333333333333/eu-west-1 are 10.1.0.0/16 (office1) and 10.64.0.0/12 (developer)"},
		{"outside many ranges", 5, finance, vpc(developerCell, "vpc-d", "10.80.0.0/16"),
			"the accepter vpc-d in 333333333333/eu-west-1 with the primary block 10.80.0.0/16 is in no department of " +
				"policy.yaml; the ranges in 333333333333/eu-west-1 are 10.1.0.0/16 (office1), 10.2.0.0/16 (office2), 10.3.0.0/16 " +
				"(office3) and 3 others"},
		{"two outside the ranges of one cell", 0, vpc(developerCell, "vpc-d", "10.80.0.0/16"),
			vpc(developerCell, "vpc-e", "10.96.0.0/16"),
			"neither the requester vpc-d in 333333333333/eu-west-1 with the primary block 10.80.0.0/16 nor the accepter vpc-e " +
				"in 333333333333/eu-west-1 with the primary block 10.96.0.0/16 is in a department of policy.yaml; the only range " +
				"in 333333333333/eu-west-1 is 10.64.0.0/12 (developer)"},
		{"one outside the range, and one in a cell without a range", 0, vpc(marketingCell, "vpc-x", "10.80.0.0/16"),
			vpc(developerCell, "vpc-e", "10.96.0.0/16"),
			"neither the requester vpc-x in 111111111111/us-east-1 with the primary block 10.80.0.0/16 nor the accepter vpc-e " +
				"in 333333333333/eu-west-1 with the primary block 10.96.0.0/16 is in a department of policy.yaml; the only range " +
				"in 333333333333/eu-west-1 is 10.64.0.0/12 (developer)"},
	}
	for _, tt := range tests {
		p := office(tt.offices)
		for name, of := range map[string]*policy.Policy{
			"the file": p, "the requester's part": p.ForCell(tt.requester.Cell(), ""),
			"the accepter's part": p.ForCell(tt.accepter.Cell(), ""),
		} {
			if d := of.Decide(request(tt.requester, tt.accepter)); d.Code != policy.NotListed || d.Reason != tt.want {
				t.Errorf("%s: %s decides %s:\n got %s\nwant %s", tt.name, name, d.Code, d.Reason, tt.want)
			}
		}
	}
}

// TestSharedRangesSortByName: only a file with mistakes has them.
func TestSharedRangesSortByName(t *testing.T) {
	t.Parallel()
	p := office(2)
	p.Departments[5].Members[0].Within = netip.MustParsePrefix("10.1.0.0/16")
	slices.Reverse(p.Departments)
	d := p.Decide(request(vpc(financeCell, "vpc-f"), vpc(developerCell, "vpc-d", "10.80.0.0/16")))
	if want := "are 10.1.0.0/16 (office1), 10.1.0.0/16 (office2) and 10.64.0.0/12 (developer)"; !strings.HasSuffix(
		d.Reason, want) {
		t.Errorf("Reason = %q, want %q at its end", d.Reason, want)
	}
}

// TestThePossibleDepartmentOfADenial is named as such for a peering that one side may not request, too.
func TestThePossibleDepartmentOfADenial(t *testing.T) {
	t.Parallel()
	d := company().Decide(request(vpc(financeCell, "vpc-f", "172.31.0.0/16"), vpc(developerCell, "vpc-d")))
	const want = "line 14 of policy.yaml lets only developer request connections, and " +
		"finance (vpc-f in 222222222222/us-east-1) requested this one from developer (vpc-d in 333333333333/eu-west-1, if " +
		"its primary block is in a range of developer)"
	if d.Code != policy.WrongDirection || d.Reason != want {
		t.Errorf("Decide() = %s:\n got %s\nwant %s", d.Code, d.Reason, want)
	}
}

// TestADenialNamesTheDepartmentsOfTheWholeFile also where the part of the cell decides without them.
func TestADenialNamesTheDepartmentsOfTheWholeFile(t *testing.T) {
	t.Parallel()
	p := company()
	p.Peerings = p.Peerings[:1]
	d := p.ForCell(financeCell,
		"").Decide(request(vpc(financeCell, "vpc-f", "172.31.0.0/16"), vpc(developerCell, "vpc-g", "10.64.0.0/16")))
	if d.Requester != "finance" || d.Accepter != "guest" {
		t.Errorf("the departments are %q and %q, want finance and guest", d.Requester, d.Accepter)
	}
	same := vpc(developerCell, "vpc-g", "10.64.0.0/16")
	if d := p.ForCell(financeCell, "").Decide(request(same, same)); d.Code != policy.SameVPC ||
		d.Requester != "guest" || d.Accepter != "guest" {
		t.Errorf("Decide() = %s of %q and %q, want same-vpc of guest", d.Code, d.Requester, d.Accepter)
	}
}

// TestPartHasTheNamesOfOthers and their members, without their blocks, and no peering of theirs.
func TestPartHasTheNamesOfOthers(t *testing.T) {
	t.Parallel()
	p := company()
	p.Peerings = append(p.Peerings[:1], policy.Peering{Between: [2]string{"developer", "guest"}, Line: 14})
	p.Departments[2].Members[0].Also = blocks("100.64.0.0/10")
	p.Departments[3].Members[0].CIDRs = blocks("10.66.0.0/16")
	part := p.ForCell(financeCell, "")
	want := []policy.Department{
		{Name: "developer", Members: []policy.Member{
			{Cell: developerCell, Within: netip.MustParsePrefix("10.64.0.0/12")},
			{Cell: developerCell, Within: netip.MustParsePrefix("2001:db8::/40")},
		}},
		{Name: "guest", Members: []policy.Member{{Cell: developerCell, VPC: "vpc-g"}}},
	}
	if diff := cmp.Diff(want, part.Others, equalPrefixes); diff != "" {
		t.Errorf("Others (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{13}, peeringLines(part)); diff != "" {
		t.Errorf("lines of peerings (-want +got):\n%s", diff)
	}
}

// group returns a policy of so many departments in a cell each, without a peering, that rejects requests.
func group(cells int) *policy.Policy {
	p := &policy.Policy{File: "policy.yaml", Otherwise: policy.RejectOthers}
	for i := range cells {
		c := peering.Cell{Account: peering.AccountID(fmt.Sprintf("%012d", 100000000000+i)), Region: "us-east-1"}
		p.Departments = append(p.Departments, policy.Department{
			Name: fmt.Sprint("d", i), Members: []policy.Member{{Cell: c, VPC: "vpc-1"}},
		})
	}
	return p
}

func TestUnpeered(t *testing.T) {
	t.Parallel()
	foreign := peering.Cell{Account: "999999999999", Region: "us-east-1"}
	company := func(edit func(*policy.Policy)) *policy.Policy {
		p := company()
		p.Otherwise, p.Peerings = policy.RejectOthers, p.Peerings[:1]
		if edit != nil {
			edit(p)
		}
		return p
	}
	large, larger := group(90), group(91)
	tests := []struct {
		name string
		p    *policy.Policy
		cell peering.Cell
		want []peering.Cell
	}{
		{"the cells without a peering", company(nil), developerCell, []peering.Cell{marketingCell, financeCell}},
		{"no counterpart", company(nil), financeCell, []peering.Cell{developerCell}},
		{"requests that are left", company(func(p *policy.Policy) { p.Otherwise = policy.LeaveOthers }), financeCell, nil},
		{"another cell", company(nil), foreign, nil},
		{"a retired cell", company(func(p *policy.Policy) {
			p.Retired = []policy.Retired{{Cell: foreign}}
		}), developerCell, []peering.Cell{marketingCell, financeCell}},
		{"of a retired cell", company(func(p *policy.Policy) {
			p.Retired = []policy.Retired{{Cell: foreign}}
		}), foreign, nil},
		{"no cell of a third party", company(func(p *policy.Policy) {
			p.Peerings = append(p.Peerings, policy.Peering{
				Between: [2]string{"developer", "guest"}, Requester: "developer", Manage: peering.Requester,
			})
			p.Departments[3].Members[0].Cell = foreign
		}), financeCell, []peering.Cell{developerCell}},
		{"no cell of another partition", company(func(p *policy.Policy) {
			p.Departments[2].Members[0].Region = "cn-north-1"
		}), financeCell, []peering.Cell{developerCell}},
		{"of a cell of another partition", company(func(p *policy.Policy) {
			p.Departments[2].Members[0].Region = "cn-north-1"
		}),
			peering.Cell{Account: developerCell.Account, Region: "cn-north-1"}, nil},
		{"as many cells as are informed", large, large.Cells()[0], large.Cells()[1:]},
		{"more cells", larger, larger.Cells()[0], nil},
	}
	for _, tt := range tests {
		got := tt.p.Unpeered(tt.cell)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: Unpeered() (-want +got):\n%s", tt.name, diff)
		}
		if part := tt.p.ForCell(tt.cell, ""); !slices.Equal(part.RejectingCells, got) {
			t.Errorf("%s: the part has %v, want %v", tt.name, part.RejectingCells, got)
		}
		for _, c := range got {
			if !slices.Contains(tt.p.Unpeered(c), tt.cell) {
				t.Errorf("%s: %s is not among those of %s", tt.name, tt.cell, c)
			}
		}
	}
}

// TestThePossibleDepartmentOfAMultipathRequest is named as such, also as the one that requests it.
func TestThePossibleDepartmentOfAMultipathRequest(t *testing.T) {
	t.Parallel()
	c := request(vpc(developerCell, "vpc-d"), vpc(financeCell, "vpc-f", "172.31.0.0/16"))
	c.RequesterMultipath = true
	d := company().Decide(c)
	if want := "which developer (vpc-d in 333333333333/eu-west-1, if its primary block is in a " +
		"range of developer) requests"; d.Code != policy.Multipath || !strings.Contains(d.Reason, want) {
		t.Errorf("Decide() = %s: %s, want multipath with %q", d.Code, d.Reason, want)
	}
	if want := []string{"perhaps developer"}; !slices.Equal(d.Details, want) {
		t.Errorf("Details = %q, want %q", d.Details, want)
	}
}
