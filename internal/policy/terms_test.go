package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/peering"
	"github.com/autopeer/autopeer/internal/policy"
)

func TestTerms(t *testing.T) {
	t.Parallel()
	there := policy.Allow{From: "marketing", To: "finance", Protocol: "tcp", Line: 1}
	back := policy.Allow{From: "finance", To: "marketing", Protocol: "icmp", Line: 2}
	entry := policy.Peering{
		Between: [2]string{"marketing", "finance"},
		DNS:     true,
		Routes:  map[string]policy.Routes{"marketing": {Tables: policy.Tables{Scope: policy.MainTable}}},
		Allow:   []policy.Allow{there, back, {From: "marketing", To: "developer"}, {From: "developer", To: "finance"}},
	}
	tests := []struct {
		name, own, peer string
		want            policy.Terms
	}{
		{"a side gets its tables and the rules towards it", "marketing", "finance",
			policy.Terms{Routes: policy.Routes{Tables: policy.Tables{Scope: policy.MainTable}}, DNS: true, Allow: []policy.Allow{back}}},
		{"tables that nobody chose are all tables", "finance", "marketing",
			policy.Terms{Routes: policy.Routes{Tables: policy.Tables{Scope: policy.AllTables}}, DNS: true, Allow: []policy.Allow{there}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, entry.Terms(tt.own, tt.peer)); diff != "" {
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
