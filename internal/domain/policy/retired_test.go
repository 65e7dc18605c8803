package policy_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// retiring is the company after marketing's cell was retired.
func retiring() *policy.Policy {
	p := company()
	p.Departments, p.Peerings = p.Departments[1:], p.Peerings[1:2]
	p.Otherwise = policy.RejectOthers
	p.Retired = []policy.Retired{{Cell: marketingCell, Line: 3}}
	return p
}

func TestThePartOfARetiredCellAllowsNothing(t *testing.T) {
	t.Parallel()
	p := retiring()
	want := &policy.Policy{
		File: p.File, Installation: "autopeer", Otherwise: policy.LeaveOthers, Removed: policy.DisconnectRemoved,
		Retired: p.Retired,
		Others: []policy.Department{
			{Name: "finance", Members: []policy.Member{{Cell: financeCell, VPC: "vpc-f"}}},
			{Name: "developer", Members: []policy.Member{
				{Cell: developerCell, Within: netip.MustParsePrefix("10.64.0.0/12")},
				{Cell: developerCell, Within: netip.MustParsePrefix("2001:db8::/40")},
			}},
			{Name: "guest", Members: []policy.Member{{Cell: developerCell, VPC: "vpc-g"}}},
		},
	}
	if diff := cmp.Diff(want, p.ForCell(marketingCell, "autopeer"), equalPrefixes); diff != "" {
		t.Errorf("ForCell() (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(p.Retired, p.ForCell(financeCell, "").Retired); diff != "" {
		t.Errorf("the part of another cell (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]peering.Cell{marketingCell, financeCell, developerCell}, p.Cells()); diff != "" {
		t.Errorf("Cells() (-want +got):\n%s", diff)
	}
	if got := p.Counterparts(marketingCell); len(got) > 0 {
		t.Errorf("Counterparts() = %v, want none", got)
	}
}

func TestCloses(t *testing.T) {
	t.Parallel()
	retired := peering.VPC{Owner: marketingCell.Account, Region: marketingCell.Region, ID: "vpc-unknown"}
	unlisted := peering.VPC{Owner: financeCell.Account, Region: financeCell.Region, ID: "vpc-unknown"}
	rule := func(of peering.ConnectionID, by string) []peering.IngressRule {
		return []peering.IngressRule{{Tags: map[string]string{peering.TagConnection: string(of), peering.TagManaged: by}}}
	}
	tests := []struct {
		name    string
		peer    peering.VPC
		removed policy.Removed
		tag     string
		rules   []peering.IngressRule
		want    bool
	}{
		{"a retired cell, with our tag", retired, policy.ReportRemoved, "autopeer", nil, true},
		{"a retired cell, with our rule", retired, policy.ReportRemoved, "", rule("pcx-1", "autopeer"), true},
		{"a retired cell, with our rule for another connection", retired, policy.ReportRemoved, "",
			rule("pcx-2", "autopeer"), false},
		{"a retired cell, with a rule of another installation", retired, policy.ReportRemoved, "",
			rule("pcx-1", "other"), false},
		{"a retired cell, with another installation's tag", retired, policy.ReportRemoved, "other",
			rule("pcx-1", "autopeer"), false},
		{"a retired cell, without evidence", retired, policy.DisconnectRemoved, "", nil, false},
		{"another cell, with our tag", unlisted, policy.DisconnectRemoved, "autopeer", nil, true},
		{"another cell, reported", unlisted, policy.ReportRemoved, "autopeer", nil, false},
		{"another cell, with our rule alone", unlisted, policy.DisconnectRemoved, "", rule("pcx-1", "autopeer"), true},
		{"another cell, without evidence", unlisted, policy.DisconnectRemoved, "", nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := retiring().ForCell(financeCell, "autopeer")
			p.Removed = tt.removed
			c := peering.Connection{
				ID: "pcx-1", State: peering.Active, Requester: tt.peer, Accepter: peering.VPC{
					Owner: financeCell.Account, Region: financeCell.Region, ID: "vpc-f",
				},
			}
			if tt.tag != "" {
				c.Tags = map[string]string{peering.TagManaged: tt.tag}
			}
			for _, c := range []peering.Connection{c,
				{ID: c.ID, State: c.State, Tags: c.Tags, Requester: c.Accepter, Accepter: c.Requester}} {
				if got := p.Closes(c, p.Decide(c), tt.rules); got != tt.want {
					t.Errorf("Closes() = %t, want %t", got, tt.want)
				}
			}
		})
	}
}

func TestAListedConnectionIsNotClosed(t *testing.T) {
	t.Parallel()
	p := company()
	p.Installation, p.Removed = "autopeer", policy.DisconnectRemoved
	c := request(vpc(marketingCell, "vpc-m", "10.10.0.0/16"), vpc(financeCell, "vpc-f", "172.31.0.0/16"))
	c.State, c.Tags = peering.Active, map[string]string{peering.TagManaged: "autopeer"}
	if p.Closes(c, p.Decide(c), nil) {
		t.Error("Closes() = true of a connection that the policy allows")
	}
	if d := (policy.Decision{Code: policy.NotListed}); !p.Closes(c, d, nil) {
		t.Error("Closes() = false of the same connection without a peering")
	}
}

func TestTheReasonNamesTheLineThatRetires(t *testing.T) {
	t.Parallel()
	p := retiring()
	d := p.Decide(peering.Connection{
		Requester: peering.VPC{Owner: marketingCell.Account, Region: marketingCell.Region, ID: "vpc-m"},
		Accepter:  peering.VPC{Owner: financeCell.Account, Region: financeCell.Region, ID: "vpc-f"},
	})
	want := "line 3 of policy.yaml retires " + marketingCell.String() + ", so no VPC there may be connected"
	if d.Code != policy.NotListed || d.Reason != want || !slices.Equal(d.Details, []string{marketingCell.String()}) {
		t.Errorf("Decide() = %s, %q with %q; want not-listed, %q with the cell", d.Code, d.Reason, d.Details, want)
	}
}
