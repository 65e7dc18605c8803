package policy_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

func departmentNames(p *policy.Policy) []string {
	var names []string
	for _, d := range p.Departments {
		names = append(names, d.Name)
	}
	return names
}

func peeringLines(p *policy.Policy) []int {
	var lines []int
	for _, entry := range p.Peerings {
		lines = append(lines, entry.Line)
	}
	return lines
}

func TestPart(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		cell        peering.Cell
		departments []string
		lines       []int
	}{
		// guest names a VPC inside developer's range by id: without it the VPC would seem developer's.
		{"a cell gets its peerings and those that restrict them", marketingCell,
			[]string{"marketing", "finance", "developer", "guest"}, []int{13, 15}},
		{"the order of the file is kept", developerCell,
			[]string{"marketing", "finance", "developer", "guest"}, []int{14, 15}},
		{"a foreign cell gets nothing", peering.Cell{Account: "999999999999", Region: "us-east-1"}, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			part := company().ForCell(tt.cell, "")
			if diff := cmp.Diff(tt.departments, departmentNames(part)); diff != "" {
				t.Errorf("departments (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.lines, peeringLines(part)); diff != "" {
				t.Errorf("lines of peerings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPartLeavesOutStrangers(t *testing.T) {
	t.Parallel()
	p := company()
	p.Departments[2].Members = []policy.Member{{Cell: developerCell, VPC: "vpc-d"}}
	part := p.ForCell(financeCell, "")
	if diff := cmp.Diff([]string{"marketing", "finance", "developer"}, departmentNames(part)); diff != "" {
		t.Errorf("departments (-want +got):\n%s", diff)
	}
}

func TestPartKeepsTheSettingsOfTheWholeFile(t *testing.T) {
	t.Parallel()
	whole := policy.Policy{
		File: "policy.yaml", Otherwise: policy.RejectOthers, Removed: policy.DisconnectRemoved,
		Limits: policy.Limits{Peerings: 125, Routes: 1000, Rules: 120},
	}
	p := whole
	p.Departments, p.Peerings = company().Departments, company().Peerings
	part := p.ForCell(financeCell, "")
	if len(part.Departments) == 0 || len(part.Peerings) == 0 {
		t.Errorf("ForCell() has %d departments and %d peerings", len(part.Departments), len(part.Peerings))
	}
	part.Departments, part.Peerings = nil, nil
	if diff := cmp.Diff(&whole, part); diff != "" {
		t.Errorf("ForCell() (-want +got):\n%s", diff)
	}
}

func TestCells(t *testing.T) {
	t.Parallel()
	want := []peering.Cell{marketingCell, financeCell, developerCell}
	if diff := cmp.Diff(want, company().Cells()); diff != "" {
		t.Errorf("Cells() (-want +got):\n%s", diff)
	}
}

func TestCounterparts(t *testing.T) {
	t.Parallel()
	p := company()
	p.Peerings = p.Peerings[:2]
	p.Departments[1].Members = append(p.Departments[1].Members,
		policy.Member{Cell: marketingCell, Within: netip.MustParsePrefix("10.200.0.0/16")})
	tests := []struct {
		name string
		cell peering.Cell
		want []peering.Cell
	}{
		{"departments of one cell are no counterparts of each other", marketingCell,
			[]peering.Cell{financeCell, developerCell}},
		{"each cell of a department counts", developerCell, []peering.Cell{marketingCell, financeCell}},
		{"departments that share no peering don't count", financeCell, []peering.Cell{marketingCell, developerCell}},
		{"a foreign cell has none", peering.Cell{}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, p.Counterparts(tt.cell)); diff != "" {
				t.Errorf("Counterparts(%s) (-want +got):\n%s", tt.cell, diff)
			}
		})
	}
}

// TestPartNamesTheCellsOfTheFile: those of departments without a peering with the part's cell as well, and retired
// ones.
func TestPartNamesTheCellsOfTheFile(t *testing.T) {
	t.Parallel()
	p := company()
	p.Retired = []policy.Retired{{Cell: peering.Cell{Account: "444444444444", Region: "us-east-1"}}}
	named := p.Cells()
	for _, cell := range named {
		part := p.ForCell(cell, "")
		for _, other := range named {
			if !part.Names(other) {
				t.Errorf("the part of %s doesn't name %s", cell, other)
			}
		}
		if part.Names(peering.Cell{Account: "999999999999", Region: "us-east-1"}) {
			t.Errorf("the part of %s names a cell that the file doesn't have", cell)
		}
	}
}
