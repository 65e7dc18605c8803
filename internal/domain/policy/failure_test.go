package policy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// TestAFailedRequest is an overlap where known blocks overlap, and otherwise all known blocks are described.
func TestAFailedRequest(t *testing.T) {
	t.Parallel()
	here, there := peering.Cell{Account: "111111111111", Region: "us-east-1"},
		peering.Cell{Account: "222222222222", Region: "us-east-1"}
	p := &policy.Policy{
		File: "p.yaml",
		Departments: []policy.Department{
			{Name: "a", Members: []policy.Member{{Cell: here, VPC: "vpc-a", CIDRs: blocks("192.0.2.0/24"), Line: 3}}},
			{
				Name: "b",
				Members: []policy.Member{{Cell: there, VPC: "vpc-b", CIDRs: blocks("10.0.0.0/17", "10.1.0.0/16"), Line: 4},
					{Cell: there, VPC: "vpc-c", Line: 5}, {Cell: there, Within: blocks("10.48.0.0/12")[0]}},
			},
			{
				Name: "r",
				Members: []policy.Member{{Cell: there, Within: blocks("10.0.0.0/12")[0]},
					{Cell: here, Within: blocks("10.16.0.0/12")[0]}},
			},
			{Name: "s", Members: []policy.Member{{Cell: there, Within: blocks("10.32.0.0/12")[0]}}},
		},
		Peerings: []policy.Peering{{Between: [2]string{"a", "b"}}},
	}
	const has = "vpc-a in 111111111111/us-east-1 has 10.0.0.0/16"
	vpc := func(c peering.Cell, id peering.VPCID, shown ...string) peering.VPC {
		return peering.VPC{Owner: c.Account, Region: c.Region, ID: id, Blocks: blocks(shown...)}
	}
	tests := []struct {
		name                string
		requester, accepter peering.VPC
		code                policy.Code
		want                string
		keys                []string
	}{
		{"declared blocks overlap, and a block isn't declared", vpc(here, "vpc-a", "10.0.0.0/16"),
			vpc(there, "vpc-b"), policy.Overlap,
			"block 10.0.0.0/16 of a (vpc-a in 111111111111/us-east-1) overlaps block 10.0.0.0/17 of b (vpc-b in " +
				"222222222222/us-east-1)", nil},
		{"declared blocks are apart", vpc(here, "vpc-a", "172.31.0.0/16"), vpc(there, "vpc-b"), policy.CIDRMismatch,
			"vpc-a in 111111111111/us-east-1 has 172.31.0.0/16, and line 4 of p.yaml declares 10.0.0.0/17, 10.1.0.0/16 of " +
				"vpc-b in 222222222222/us-east-1",
			[]string{"vpc-a 172.31.0.0/16", "vpc-b 10.0.0.0/17, 10.1.0.0/16"}},
		{"nothing is declared", vpc(here, "vpc-a", "10.0.0.0/16"), vpc(there, "vpc-c"), policy.CIDRMismatch,
			has + ", and p.yaml declares no block of vpc-c in 222222222222/us-east-1", []string{"vpc-a 10.0.0.0/16", "vpc-c "}},
		{"ranges of several departments", vpc(here, "vpc-a", "10.0.0.0/16"), vpc(there, "vpc-z"), policy.CIDRMismatch,
			has + ", and p.yaml has only the range 10.48.0.0/12, 10.0.0.0/12, 10.32.0.0/12 for vpc-z in 222222222222/us-east-1",
			[]string{"vpc-a 10.0.0.0/16", "vpc-z 10.48.0.0/12, 10.0.0.0/12, 10.32.0.0/12"}},
		{"one VPC", vpc(here, "vpc-a", "10.0.0.0/16"), vpc(here, "vpc-a"), policy.SameVPC, "", nil},
	}
	for _, tt := range tests {
		c := peering.Connection{State: peering.Failed, Requester: tt.requester, Accepter: tt.accepter}
		d := p.WithOverlap(c, p.Decide(c))
		if d.Code != tt.code {
			t.Errorf("%s: code %s, want %s", tt.name, d.Code, tt.code)
		}
		sentence, keys := d.Reason, []string(nil)
		switch tt.code {
		case policy.SameVPC:
			continue
		case policy.Overlap:
			if len(d.Blocks) != 2 || !strings.Contains(d.Key(), "10.0.0.0/17") || d.Requester != "a" || d.Accepter != "b" {
				t.Errorf("%s: decision %+v", tt.name, d)
			}
		default:
			sentence, keys = p.KnownBlocks(c)
		}
		if diff := cmp.Diff(tt.want, sentence) + cmp.Diff(tt.keys, keys); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	unlisted := p.WithOverlap(peering.Connection{Requester: vpc(here, "vpc-x", "10.16.0.0/16"),
		Accepter: vpc(there, "vpc-x", "10.16.0.0/17")}, policy.Decision{Details: []string{"a"}})
	if unlisted.Code != "" || len(unlisted.Details) != 1 {
		t.Errorf("a VPC in no department: %+v", unlisted)
	}
	ranges := p.WithOverlap(peering.Connection{Requester: vpc(here, "vpc-x", "10.16.0.0/16"),
		Accepter: vpc(there, "vpc-b", "10.16.0.0/17")}, policy.Decision{Details: []string{"a"}})
	if ranges.Code != policy.Overlap || len(ranges.Details) != 0 {
		t.Errorf("departments without a peering: %+v", ranges)
	}
}
