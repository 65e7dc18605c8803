package policyfile_test

import (
	"bytes"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/policyfile"
)

const minimal = `version: 1
departments:
  marketing:
    - { account: "111111111111", region: us-east-1, vpc: vpc-0a1b2c3d }
peerings: []
`

// example is docs/examples/policy.yaml, value by value.
func example() *policy.Policy {
	block := netip.MustParsePrefix
	return &policy.Policy{
		File:      "policy.yaml",
		Otherwise: policy.LeaveOthers,
		Removed:   policy.ReportRemoved,
		Departments: []policy.Department{
			{Name: "marketing", Line: 5, Members: []policy.Member{{
				Cell: peering.Cell{Account: "111111111111", Region: "us-east-1"},
				VPC:  "vpc-0a1b2c3d4e5f60001", CIDRs: []netip.Prefix{block("10.10.0.0/16")}, Line: 6,
			}}},
			{Name: "finance", Line: 7, Members: []policy.Member{{
				Cell: peering.Cell{Account: "222222222222", Region: "us-east-1"}, VPC: "vpc-0a1b2c3d4e5f60002",
				CIDRs: []netip.Prefix{block("172.31.0.0/16")}, Line: 8,
			}}},
			{Name: "developer", Line: 9, Members: []policy.Member{{
				Cell: peering.Cell{Account: "333333333333", Region: "eu-west-1"}, Within: block("10.64.0.0/12"),
				Also: []netip.Prefix{block("100.64.0.0/10")}, Line: 10,
			}}},
		},
		Peerings: []policy.Peering{
			{
				Between: [2]string{"marketing", "finance"}, DNS: true, Line: 13,
				Routes: map[string]policy.Routes{
					"finance": {Tables: policy.Tables{
						Scope: policy.SubnetTables, Subnets: &policy.Subnets{Tags: map[string]string{"Tier": "private"}},
					}},
				},
				Allow: []policy.Allow{
					{
						From: "marketing", To: "finance", Protocol: peering.ICMP, Line: 18,
						Groups: policy.Groups{Tags: map[string]string{"Role": "finance-server"}},
					},
					{
						From: "marketing", To: "finance", Protocol: peering.TCP, Line: 19,
						Sources: policy.Sources{Blocks: []netip.Prefix{block("10.10.1.0/24")}},
						Groups:  policy.Groups{Tags: map[string]string{"Role": "ledger"}},
						Ports:   []policy.PortRange{{From: 443, To: 443}, {From: 5432, To: 5440}},
					},
				},
			},
			{
				Between: [2]string{"developer", "finance"}, Requester: "developer", Approval: policy.ManualApproval, Line: 25,
				Allow: []policy.Allow{{
					From: "developer", To: "finance", Protocol: peering.TCP, Line: 29,
					Groups: policy.Groups{Tags: map[string]string{"Role": "ledger"}},
					Ports:  []policy.PortRange{{From: 443, To: 443}},
				}},
			},
		},
	}
}

func TestParseReadsEveryValueOfTheExample(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/examples/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got, err := policyfile.Parse("policy.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	equalBlocks := cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
	if diff := cmp.Diff(example(), got, equalBlocks); diff != "" {
		t.Errorf("Parse() (-want +got):\n%s", diff)
	}
}

func TestParseReadsTheRarerForms(t *testing.T) {
	t.Parallel()
	const document = `version: 1
otherwise: reject
departments:
  a: [{ account: "111111111111", region: us-east-1, vpc: vpc-0a1b2c3d }]
  b: [{ account: "222222222222", region: us-east-1, vpc: vpc-0a1b2c3d }]
peerings:
  - between: [a, b]
    routes:
      a: { tables: { ids: [rtb-0a1b2c3d] }, to: [10.2.1.0/24, "2001:db8::/64"], except: [100.64.0.0/16], keep: [10.2.1.7/32] }
      b: { tables: { tags: { Tier: private } } }
    allow:
      - { from: a, to: b, groups: { ids: [sg-0a1b2c3d] }, protocol: all }
`
	p, err := policyfile.Parse("f", []byte(document))
	if err != nil {
		t.Fatal(err)
	}
	if p.Otherwise != policy.RejectOthers {
		t.Errorf("Otherwise = %q, want reject", p.Otherwise)
	}
	block := netip.MustParsePrefix
	wantRoutes := map[string]policy.Routes{
		"a": {
			Tables: policy.Tables{Scope: policy.TablesByID, IDs: []peering.RouteTableID{"rtb-0a1b2c3d"}},
			To:     []netip.Prefix{block("10.2.1.0/24"), block("2001:db8::/64")}, Except: []netip.Prefix{block("100.64.0.0/16")},
			Keep: []netip.Prefix{block("10.2.1.7/32")},
		},
		"b": {Tables: policy.Tables{Scope: policy.TablesByTag, Tags: map[string]string{"Tier": "private"}}},
	}
	if diff := cmp.Diff(wantRoutes, p.Peerings[0].Routes, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("Routes (-want +got):\n%s", diff)
	}
	wantAllow := []policy.Allow{{
		From: "a", To: "b", Protocol: peering.AllProtocols, Line: 12,
		Groups: policy.Groups{IDs: []peering.SecurityGroupID{"sg-0a1b2c3d"}},
	}}
	if diff := cmp.Diff(wantAllow, p.Peerings[0].Allow); diff != "" {
		t.Errorf("Allow (-want +got):\n%s", diff)
	}
}

func TestParseReadsQuotasThirdPartiesAndReferences(t *testing.T) {
	t.Parallel()
	const document = `version: 1
removed: disconnect
limits: { peerings: 125, routes: 1000, rules: 120 }
departments:
  a: [{ account: "111111111111", region: us-east-1, vpc: vpc-0a1b2c3d }]
  b: [{ account: "222222222222", region: us-east-1, vpc: vpc-0a1b2c3d }]
peerings:
  - between: [a, b]
    requester: a
    manage: requester
    allow:
      - { from: b, to: a, sources: [sg-0a1b2c3d, 10.2.1.0/24, pl-0a1b2c3d], groups: { ids: [sg-0a1b2c3e] }, protocol: icmp, types: [8, 3/4, "0/0"] }
`
	p, err := policyfile.Parse("f", []byte(document))
	if err != nil {
		t.Fatal(err)
	}
	if p.Removed != policy.DisconnectRemoved {
		t.Errorf("Removed = %q, want disconnect", p.Removed)
	}
	if want := (policy.Limits{Peerings: 125, Routes: 1000, Rules: 120}); p.Limits != want {
		t.Errorf("Limits = %+v, want %+v", p.Limits, want)
	}
	want := []policy.Peering{{
		Between: [2]string{"a", "b"}, Requester: "a", Manage: peering.Requester, Line: 8,
		Allow: []policy.Allow{{
			From: "b", To: "a", Protocol: peering.ICMP, Line: 12,
			Sources: policy.Sources{
				Blocks:      []netip.Prefix{netip.MustParsePrefix("10.2.1.0/24")},
				Groups:      []peering.SecurityGroupID{"sg-0a1b2c3d"},
				PrefixLists: []peering.PrefixListID{"pl-0a1b2c3d"},
			},
			Groups: policy.Groups{IDs: []peering.SecurityGroupID{"sg-0a1b2c3e"}},
			Types:  []policy.ICMPType{{Type: 8, Code: -1}, {Type: 3, Code: 4}, {Type: 0, Code: 0}},
		}},
	}}
	if diff := cmp.Diff(want, p.Peerings, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("Peerings (-want +got):\n%s", diff)
	}
}

func TestParseOfUnusualBytes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		data []byte
		want string // begins the only line of the error; empty for none
	}{
		{"a byte order mark is not part of the first key", []byte("\ufeff" + minimal), ""},
		{"lines may end as on Windows", []byte(strings.ReplaceAll(minimal, "\n", "\r\n")), ""},
		{"other encodings are refused with the line", []byte("version: 1\n# \xff\n"), "f:2:1: this line is not UTF-8"},
		{"no bytes are an empty file", nil, "f:1:1: the file is empty"},
		{"more than a megabyte is not read", bytes.Repeat([]byte("#\n"), 1<<19+1), "f:1:1: the file has 1048578 bytes"},
		{"brackets without end don't exhaust the stack", bytes.Repeat([]byte("["), 1<<20),
			"f:1:201: this is nested too deep"},
		{"dashes without end don't exhaust the stack", bytes.Repeat([]byte("- "), 1<<19), "f:1:399: this is nested too deep"},
		{"indentation without end doesn't exhaust the stack", staircase(), "f:200:201: this is nested too deep"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := policyfile.Parse("f", tt.data)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if !strings.HasPrefix(got, tt.want) || strings.Contains(got, "\n") || (got == "") != (tt.want == "") {
				t.Errorf("Parse() = %q, want one line that begins with %q", got, tt.want)
			}
		})
	}
}

// staircase nests a thousand block mappings.
func staircase() []byte {
	var b bytes.Buffer
	for i := range 1000 {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.Bytes()
}

func TestMistakesComeInTheOrderOfTheFile(t *testing.T) {
	t.Parallel()
	_, err := policyfile.Parse("p.yaml", []byte("peerings: all\nversion: 2\ndepartments: none\n"))
	want := `p.yaml:1:11: peerings: the value is text; it must be a list of mappings: begin each with a dash
p.yaml:2:10: version: 2 is not known; write version: 1
p.yaml:3:14: departments: the value is text; it must be a mapping of keys to values`
	if err == nil || err.Error() != want {
		t.Errorf("Parse():\n%v\nwant\n%s", err, want)
	}
}
