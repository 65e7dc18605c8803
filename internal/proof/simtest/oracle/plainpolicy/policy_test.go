package plainpolicy_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/policyfile"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
)

var (
	red  = peering.Cell{Account: "111111111111", Region: "us-east-1"}
	blue = peering.Cell{Account: "222222222222", Region: "eu-west-1"}
)

func prefixes(all ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, p := range all {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

// full returns a policy that uses each field.
func full() *plainpolicy.Policy {
	return &plainpolicy.Policy{
		Reject: true, Disconnect: true, Limits: map[string]int{"routes": 6, "peerings": 2},
		Retired: []peering.Cell{{Account: "333333333333", Region: "us-east-1"}},
		Departments: []plainpolicy.Department{
			{Name: "red", Members: []plainpolicy.Member{
				{Cell: red, VPC: "vpc-00000000000000001"},
				{Cell: red, VPC: "vpc-00000000000000002", CIDRs: prefixes("10.1.0.0/16", "2600:1::/56")},
			}},
			{Name: "blue", Members: []plainpolicy.Member{
				{Cell: blue, Within: netip.MustParsePrefix("10.0.0.0/12")},
				{Cell: blue, Within: netip.MustParsePrefix("10.16.0.0/12"), Also: prefixes("100.64.0.0/10", "2600::/12")},
			}},
			{Name: "green", Members: []plainpolicy.Member{{Cell: red, VPC: "vpc-00000000000000003"}}},
		},
		Peerings: []plainpolicy.Peering{
			{A: "red", B: "blue", Requester: "red", Manual: true, DNS: true,
				Routes: map[string]plainpolicy.Routing{
					"red":  {Main: true, To: prefixes("10.2.0.0/24")},
					"blue": {SubnetTags: map[string]string{"Tier": "private"}, Except: prefixes("100.64.0.0/10")},
				},
				Allow: []plainpolicy.Allow{
					{
						From: "red", To: "blue", Protocol: "tcp", IDs: []string{"sg-00000000000000001"},
						Ports: [][2]int{{22, 22}, {8000, 8080}},
					},
					{
						From: "blue", To: "red", Protocol: "icmp", Tags: map[string]string{"Role": "web"},
						Sources: prefixes("10.2.0.0/24"), Ports: [][2]int{{3, 4}, {8, -1}},
					},
				}},
			{A: "red", B: "green",
				Routes: map[string]plainpolicy.Routing{
					"red":   {Tables: []string{"rtb-00000000000000001"}},
					"green": {Tags: map[string]string{"Tier": "public"}},
				},
				Allow: []plainpolicy.Allow{
					{
						From: "red", To: "green", Protocol: "all", Tags: map[string]string{"Role": "db"},
						SourceGroups: []string{"sg-00000000000000002"},
					},
				}},
			{
				A: "red", B: "red", Manual: true, Allow: []plainpolicy.Allow{{
					From: "red", To: "red", Protocol: "udp", Tags: map[string]string{"Role": "db"},
				}},
			},
			{
				A: "blue", B: "green", Routes: map[string]plainpolicy.Routing{
					"green": {Subnets: []string{"subnet-00000000000000001"}}, "blue": {},
				},
			},
		},
	}
}

const fullYAML = `version: 1
otherwise: reject
removed: disconnect
limits: { peerings: 2, routes: 6 }
retired:
  - { account: "333333333333", region: us-east-1 }
departments:
  red:
    - { account: "111111111111", region: us-east-1, vpc: vpc-00000000000000001 }
    - { account: "111111111111", region: us-east-1, vpc: vpc-00000000000000002, cidrs: ["10.1.0.0/16", "2600:1::/56"] }
  blue:
    - { account: "222222222222", region: eu-west-1, within: "10.0.0.0/12" }
    - { account: "222222222222", region: eu-west-1, within: "10.16.0.0/12", also: ["100.64.0.0/10", "2600::/12"] }
  green:
    - { account: "111111111111", region: us-east-1, vpc: vpc-00000000000000003 }
peerings:
  - between: [red, blue]
    requester: red
    approval: manual
    dns: true
    routes:
      red: { tables: main, to: ["10.2.0.0/24"] }
      blue: { tables: { subnets: { tags: { Tier: private } } }, except: ["100.64.0.0/10"] }
    allow:
      - { from: red, to: blue, protocol: tcp, groups: { ids: [sg-00000000000000001] }, ports: [22, 8000-8080] }
      - { from: blue, to: red, protocol: icmp, sources: ["10.2.0.0/24"], groups: { tags: { Role: web } }, types: ["3/4", 8] }
  - between: [red, green]
    routes:
      red: { tables: { ids: [rtb-00000000000000001] } }
      green: { tables: { tags: { Tier: public } } }
    allow:
      - { from: red, to: green, protocol: all, sources: [sg-00000000000000002], groups: { tags: { Role: db } } }
  - between: [red, red]
    approval: manual
    allow:
      - { from: red, to: red, protocol: udp, groups: { tags: { Role: db } } }
  - between: [blue, green]
    routes:
      blue: { tables: all }
      green: { tables: { subnets: { ids: [subnet-00000000000000001] } } }
`

func TestYAML(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(fullYAML, full().YAML()); diff != "" {
		t.Errorf("YAML() (-want +got):\n%s", diff)
	}
	if _, err := policyfile.Parse("policy.yaml", []byte(full().YAML())); err != nil {
		t.Errorf("autopeer doesn't accept the policy: %v", err)
	}
	p := &plainpolicy.Policy{}
	p.Add("red", plainpolicy.Member{Cell: red, VPC: "vpc-00000000000000001"})
	want := `version: 1
departments:
  red:
    - { account: "111111111111", region: us-east-1, vpc: vpc-00000000000000001 }
peerings: []
`
	if diff := cmp.Diff(want, p.YAML()); diff != "" {
		t.Errorf("YAML() (-want +got):\n%s", diff)
	}
}

func TestAddExtendsADepartment(t *testing.T) {
	t.Parallel()
	p := &plainpolicy.Policy{}
	for _, name := range []string{"red", "blue", "red"} {
		p.Add(name, plainpolicy.Member{Cell: red, VPC: "vpc-" + name})
	}
	if len(p.Departments) != 2 || len(p.Departments[0].Members) != 2 || p.Departments[1].Name != "blue" {
		t.Errorf("Departments = %v", p.Departments)
	}
}

func TestPermitRepeatsNothing(t *testing.T) {
	t.Parallel()
	var e plainpolicy.Peering
	for _, protocol := range []string{"tcp", "udp", "tcp"} {
		e.Permit(plainpolicy.Allow{From: "red", To: "blue", Protocol: protocol, IDs: []string{"sg-1"}})
	}
	if len(e.Allow) != 2 {
		t.Errorf("Allow = %v, want two entries", e.Allow)
	}
}

func TestIsDeployed(t *testing.T) {
	t.Parallel()
	var none *plainpolicy.Policy
	if none.IsDeployed(red) {
		t.Error("a nil policy is deployed")
	}
	p := &plainpolicy.Policy{}
	p.Add("red", plainpolicy.Member{Cell: red})
	p.Add("red", plainpolicy.Member{Cell: red})
	if !p.IsDeployed(red) || p.IsDeployed(blue) || len(p.Cells()) != 1 {
		t.Errorf("Cells() = %v, want %s", p.Cells(), red)
	}
}
