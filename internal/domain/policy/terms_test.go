package policy_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

func TestTerms(t *testing.T) {
	t.Parallel()
	there := policy.Allow{From: "marketing", To: "finance", Protocol: "tcp", Line: 1}
	back := policy.Allow{From: "finance", To: "marketing", Protocol: "icmp", Line: 2}
	chosen := policy.Routes{To: blocks("10.10.1.0/24"), Except: blocks("100.64.0.0/16")}
	entry := policy.Peering{
		Between: [2]string{"marketing", "finance"},
		DNS:     true,
		Adopt:   true,
		Tags:    policy.NoTags,
		Routes:  map[string]policy.Routes{"marketing": {Tables: policy.Tables{Scope: policy.MainTable}}, "finance": chosen},
		Allow:   []policy.Allow{there, back, {From: "marketing", To: "developer"}, {From: "developer", To: "finance"}},
	}
	tests := []struct {
		name, own, peer string
		want            policy.Terms
	}{
		{"a side gets its routes, the rules towards it, and the ports that the peer opens to it", "marketing", "finance",
			policy.Terms{
				Routes: policy.Routes{Tables: policy.Tables{Scope: policy.MainTable}}, DNS: true, Adopt: true, Tags: policy.NoTags,
				Allow: []policy.Allow{back}, Opens: []policy.Allow{there},
			}},
		{"without a choice, all tables", "finance", "marketing",
			policy.Terms{
				Routes: policy.Routes{Tables: policy.Tables{Scope: policy.AllTables}, To: chosen.To, Except: chosen.Except},
				DNS:    true, Adopt: true, Tags: policy.NoTags,
				Allow: []policy.Allow{there}, Opens: []policy.Allow{back},
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, entry.Terms(tt.own, tt.peer), cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
				t.Errorf("Terms(%s, %s) (-want +got):\n%s", tt.own, tt.peer, diff)
			}
		})
	}
}

func TestDecisionKnowsTheTermsOfEitherSide(t *testing.T) {
	t.Parallel()
	p := company()
	p.Peerings[0].Allow = []policy.Allow{{From: "marketing", To: "finance", Protocol: "icmp"}}
	d := p.Decide(request(vpc(marketingCell, "vpc-m", "10.10.0.0/16"), vpc(financeCell, "vpc-f", "172.31.0.0/16")))
	if got := d.Terms(peering.Requester).Allow; len(got) != 0 {
		t.Errorf("the requester admits %v, want nothing", got)
	}
	if diff := cmp.Diff(p.Peerings[0].Allow, d.Terms(peering.Accepter).Allow); diff != "" {
		t.Errorf("the accepter admits (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(policy.Terms{}, policy.Decision{}.Terms(peering.Accepter)); diff != "" {
		t.Errorf("terms without a peering (-want +got):\n%s", diff)
	}
}

func TestChoosesSubnets(t *testing.T) {
	t.Parallel()
	p := company()
	if p.ChoosesSubnets() {
		t.Error("ChoosesSubnets() = true for a policy that takes all tables")
	}
	p.Peerings[1].Routes = map[string]policy.Routes{"finance": {Tables: policy.Tables{Scope: policy.SubnetTables}}}
	if !p.ChoosesSubnets() {
		t.Error("ChoosesSubnets() = false for a policy with tables by subnet")
	}
}

func TestTagKeys(t *testing.T) {
	t.Parallel()
	tag := func(key string) map[string]string { return map[string]string{key: "x"} }
	tests := []struct {
		name    string
		peering policy.Peering
		want    []string
	}{
		{"without choices by tag there are none", policy.Peering{
			Routes: map[string]policy.Routes{"a": {Tables: policy.Tables{Scope: policy.MainTable}}},
			Allow:  []policy.Allow{{Groups: policy.Groups{IDs: []peering.SecurityGroupID{"sg-1"}}}},
		}, nil},
		{"tables, subnets and groups are chosen by tags", policy.Peering{
			Routes: map[string]policy.Routes{
				"a": {Tables: policy.Tables{Scope: policy.TablesByTag, Tags: tag("Table")}},
				"b": {Tables: policy.Tables{Scope: policy.SubnetTables, Subnets: &policy.Subnets{Tags: tag("Subnet")}}},
			},
			Allow: []policy.Allow{{Groups: policy.Groups{Tags: tag("Group")}}, {Groups: policy.Groups{Tags: tag("Table")}}},
		}, []string{"Group", "Subnet", "Table"}},
		{"a tag approves", policy.Peering{Approval: policy.ManualApproval}, []string{"autopeer:approved"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := policy.Policy{Peerings: []policy.Peering{{}, tt.peering}}
			if diff := cmp.Diff(tt.want, p.TagKeys()); diff != "" {
				t.Errorf("TagKeys() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAdmits(t *testing.T) {
	t.Parallel()
	p := company()
	if p.Admits() {
		t.Error("Admits() = true for a policy without rules")
	}
	p.Peerings[1].Allow = []policy.Allow{{From: "developer", To: "finance"}}
	if !p.Admits() {
		t.Error("Admits() = false for a policy with rules")
	}
}
