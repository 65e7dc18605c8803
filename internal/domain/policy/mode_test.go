package policy_test

import (
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// reporting returns the company with the peerings of these lines in report mode.
func reporting(lines ...int) *policy.Policy {
	p := company()
	for i := range p.Peerings {
		for _, line := range lines {
			if p.Peerings[i].Line == line {
				p.Peerings[i].Mode = policy.ReportMode
			}
		}
	}
	return p
}

// withMarketing is the line of the department's peering with marketing.
func withMarketing(t *testing.T, department string) int {
	t.Helper()
	for _, entry := range company().Peerings {
		if entry.Between == [2]string{"marketing", department} {
			return entry.Line
		}
	}
	t.Fatalf("no peering between marketing and %s", department)
	return 0
}

func TestReports(t *testing.T) {
	t.Parallel()
	withFinance, withDeveloper := withMarketing(t, "finance"), withMarketing(t, "developer")
	marketing, finance := vpc(marketingCell, "vpc-m"), vpc(financeCell, "vpc-f")
	file := company()
	file.Mode = policy.ReportMode
	enforced := company()
	enforced.Mode = policy.EnforceMode
	tests := []struct {
		name string
		p    *policy.Policy
		c    peering.Connection
		want bool
	}{
		{"a file in report mode", file, request(marketing, finance), true},
		{"a file in report mode, and a connection that no peering names", file,
			request(vpc(marketingCell, "vpc-x"), finance), true},
		{"a file without a mode", company(), request(marketing, finance), false},
		{"a file in the other mode", enforced, request(marketing, finance), false},
		{"a peering in report mode", reporting(withFinance), request(marketing, finance), true},
		{"in the other direction", reporting(withFinance), request(finance, marketing), true},
		{"another peering in report mode", reporting(withDeveloper), request(marketing, finance), false},
		{"no peering, beside one in report mode", reporting(withFinance),
			request(vpc(marketingCell, "vpc-x"), finance), false},
		{"a VPC that may be in a range", reporting(withDeveloper), request(marketing, vpc(developerCell, "vpc-d")), true},
		{"a VPC inside a range", reporting(withDeveloper), request(marketing, vpc(developerCell, "vpc-d", "10.64.0.0/16")),
			true},
		{"a VPC outside the range", reporting(withDeveloper), request(marketing, vpc(developerCell, "vpc-d", "10.0.0.0/16")),
			false},
		{"a connection that EC2 no longer shows", reporting(withFinance), peering.Connection{ID: "pcx-1"}, true},
		{"the same without report mode", company(), peering.Connection{ID: "pcx-1"}, false},
	}
	for _, tt := range tests {
		if got := tt.p.Reports(tt.c); got != tt.want {
			t.Errorf("%s: Reports() = %v, want %v", tt.name, got, tt.want)
		}
		if d := tt.p.Decide(tt.c); d.Reports != tt.want {
			t.Errorf("%s: Decide().Reports = %v, want %v", tt.name, d.Reports, tt.want)
		}
	}
}

// TestReportModeDoesNotChangeTheVerdict: it is the same that the mode enforce would lead to.
func TestReportModeDoesNotChangeTheVerdict(t *testing.T) {
	t.Parallel()
	c := request(vpc(marketingCell, "vpc-m", "10.10.0.0/16"), vpc(financeCell, "vpc-f", "172.31.0.0/16"))
	reports := reporting(withMarketing(t, "finance")).Decide(c)
	if enforces := company().Decide(c); reports.Verdict != enforces.Verdict || reports.Key() != enforces.Key() {
		t.Errorf("Decide() = %s %s, want %s %s", reports.Verdict, reports.Key(), enforces.Verdict, enforces.Key())
	}
}

func TestIsMixed(t *testing.T) {
	t.Parallel()
	line := withMarketing(t, "finance")
	file := reporting(line)
	file.Mode = policy.ReportMode
	for name, c := range map[string]struct {
		p    *policy.Policy
		want bool
	}{
		"none in report mode": {company(), false}, "one in report mode": {reporting(line), true},
		"the file in report mode": {file, false},
	} {
		if got := c.p.IsMixed(); got != c.want {
			t.Errorf("%s: IsMixed() = %v, want %v", name, got, c.want)
		}
	}
}

// TestPartInReportMode: a cell reports as a whole only if nothing is left to change in it.
func TestPartInReportMode(t *testing.T) {
	t.Parallel()
	all := func() *policy.Policy {
		p := company()
		for i := range p.Peerings {
			p.Peerings[i].Mode = policy.ReportMode
		}
		return p
	}
	withFinance := withMarketing(t, "finance")
	tests := []struct {
		name string
		cell peering.Cell
		p    *policy.Policy
		edit func(*policy.Policy)
		want policy.Mode
	}{
		{"the file", financeCell, company(), func(p *policy.Policy) { p.Mode = policy.ReportMode }, policy.ReportMode},
		{"the file, which disconnects", financeCell, company(), func(p *policy.Policy) {
			p.Mode, p.Removed = policy.ReportMode, policy.DisconnectRemoved
		}, policy.ReportMode},
		{"a retired cell of the file", peering.Cell{Account: "444444444444", Region: "us-east-1"},
			company(), func(p *policy.Policy) {
				p.Mode, p.Retired = policy.ReportMode, []policy.Retired{{Cell: peering.Cell{
					Account: "444444444444", Region: "us-east-1",
				}}}
			}, policy.ReportMode},
		{"all peerings", financeCell, all(), nil, policy.ReportMode},
		{"all peerings, and others are rejected", financeCell, all(), func(p *policy.Policy) {
			p.Otherwise = policy.RejectOthers
		}, policy.ReportMode},
		{"all peerings, and removed ones are reported", financeCell, all(), func(p *policy.Policy) {
			p.Removed = policy.ReportRemoved
		}, policy.ReportMode},
		{"all peerings, and removed ones are disconnected", financeCell, all(), func(p *policy.Policy) {
			p.Removed = policy.DisconnectRemoved
		}, ""},
		{"all peerings beside a retired cell", financeCell, all(), func(p *policy.Policy) {
			p.Retired = []policy.Retired{{}}
		}, ""},
		{"one of the cell's peerings", marketingCell, reporting(withFinance), nil, ""},
		{"all of the cell's peerings, and not those of others", financeCell,
			onlyBetween(withFinance), nil, policy.ReportMode},
		{"no peering at all", peering.Cell{Account: "999999999999", Region: "us-east-1"}, all(), nil, ""},
	}
	for _, tt := range tests {
		if tt.edit != nil {
			tt.edit(tt.p)
		}
		if got := tt.p.ForCell(tt.cell, "blue").Mode; got != tt.want {
			t.Errorf("%s: the mode of the part is %q, want %q", tt.name, got, tt.want)
		}
	}
}

// onlyBetween returns the company with this peering in report mode, and without the others of finance.
func onlyBetween(line int) *policy.Policy {
	p := reporting(line)
	var kept []policy.Peering
	for _, entry := range p.Peerings {
		if entry.Line == line || entry.Between[0] != "finance" && entry.Between[1] != "finance" {
			kept = append(kept, entry)
		}
	}
	p.Peerings = kept
	return p
}
