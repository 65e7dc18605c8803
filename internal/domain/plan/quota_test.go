package plan_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

func TestQuotas(t *testing.T) {
	t.Parallel()
	ours := func(destination string) peering.Route {
		return peering.Route{Destination: netip.MustParsePrefix(destination), Target: peering.Target(via)}
	}
	propagated := peering.Route{Destination: netip.MustParsePrefix("10.50.0.0/16"), Target: "vgw-1", Propagated: true}
	ssh := peering.Permission{Protocol: peering.TCP, From: 22, To: 22, Source: peerBlock}
	icmp := []policy.Allow{{Protocol: peering.ICMP, Groups: policy.Groups{IDs: []peering.SecurityGroupID{"sg-1"}}}}
	tests := []struct {
		name   string
		change func(*plan.Side)
		want   []string // changes, conflicts, notes and shortages
	}{
		{"propagated routes have a quota of their own", func(s *plan.Side) {
			s.Tables, s.Limits.Routes = []peering.RouteTable{table("rtb-1", propagated)}, 1
		}, []string{"create route 172.31.0.0/16 → pcx-new in rtb-1"}},
		{"a route too many is a shortage", func(s *plan.Side) {
			s.Tables, s.Limits.Routes = []peering.RouteTable{table("rtb-1",
				peering.Route{Destination: propagated.Destination, Target: "igw-1"})}, 1
		}, []string{"shortage: rtb-1 has 1 of 1 IPv4 routes and needs 1 more"}},
		{"a route of ours that goes makes room", func(s *plan.Side) {
			s.Tables, s.Limits.Routes = []peering.RouteTable{table("rtb-1", ours("10.99.0.0/16"))}, 1
		}, []string{"delete route 10.99.0.0/16 → pcx-new in rtb-1", "then create route 172.31.0.0/16 → pcx-new in rtb-1"}},
		{"a route of IPv6 makes none for IPv4", func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", ours("2001:db8::/56"), peering.Route{
				Destination: propagated.Destination, Target: "igw-1",
			})}
			s.Limits.Routes = 1
		},
			[]string{"delete route 2001:db8::/56 → pcx-new in rtb-1",
				"shortage: rtb-1 has 1 of 1 IPv4 routes and needs 1 more"}},
		{"a rule of ours that goes makes room", func(s *plan.Side) {
			s.Groups = []peering.SecurityGroup{{ID: "sg-1", Ingress: []peering.Permission{ssh}}}
			s.Ours = []peering.IngressRule{{ID: "sgr-1", Group: "sg-1", Permission: ssh}}
			s.Terms.Allow, s.Limits.Rules = icmp, 1
		}, []string{"revoke sgr-1 in sg-1", "then authorize icmp from 172.31.0.0/16 in sg-1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := plan.Connect(marketing(tt.change))
			got := sentences(p)
			for _, s := range p.Shortages {
				got = append(got, "shortage: "+s.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

// TestForeseenShortages: blocks that the policy names count as the peer's, whichever side that is.
func TestForeseenShortages(t *testing.T) {
	t.Parallel()
	for _, role := range []peering.Role{peering.Requester, peering.Accepter} {
		_, shortages := plan.Foresee(marketing(func(s *plan.Side) {
			s.Role = role
			s.Connection.Requester.Blocks, s.Connection.Accepter.Blocks = nil, nil
			s.Groups = []peering.SecurityGroup{{ID: "sg-1"}}
			s.Limits.Rules = 1
			s.Terms.Allow = []policy.Allow{{
				Protocol: peering.ICMP, Sources: policy.Sources{Blocks: prefixes("172.31.1.0/24", "172.31.2.0/24")},
				Groups: policy.Groups{IDs: []peering.SecurityGroupID{"sg-1"}},
			}}
		}))
		want := []plan.Shortage{{Resource: "sg-1", Of: "ingress rules for IPv4", Quota: "rules-ipv4", Need: 2, Limit: 1}}
		if diff := cmp.Diff(want, shortages); diff != "" {
			t.Errorf("shortages of the %s (-want +got):\n%s", role, diff)
		}
	}
}

func TestLeftovers(t *testing.T) {
	t.Parallel()
	left := func(destination string, target peering.Target) peering.Route {
		return peering.Route{Destination: netip.MustParsePrefix(destination), Target: target, Blackhole: true}
	}
	s := marketing(func(s *plan.Side) {
		s.Tables = []peering.RouteTable{
			table("rtb-1", left("172.31.1.0/24", "pcx-z"), left("172.31.2.0/24", "pcx-a"), left("172.31.3.0/24", "eni-1")),
			table("rtb-2", left("172.31.0.0/16", "pcx-a")),
		}
	})
	if diff := cmp.Diff([]peering.ConnectionID{"pcx-a", "pcx-z"}, plan.Leftovers(s)); diff != "" {
		t.Errorf("Leftovers() (-want +got):\n%s", diff)
	}
	s.Dead = map[peering.ConnectionID]bool{"pcx-a": true, "pcx-z": true}
	if got := foreseen(s); len(got) != 1 || got[0].Route.Target != "eni-1" {
		t.Errorf("Foresee() = %v, want the route to eni-1, which no connection has left", got)
	}
}

// TestForeseenInTheTablesOfTaggedSubnets: if the subnets were read, their tags are known.
func TestForeseenInTheTablesOfTaggedSubnets(t *testing.T) {
	t.Parallel()
	tier := map[string]string{"Tier": "private"}
	got := foreseen(marketing(func(s *plan.Side) {
		s.Tables = []peering.RouteTable{{
			ID: "rtb-1", Subnets: []peering.SubnetID{"subnet-1"}, Routes: []peering.Route{toPeer("tgw-1", false)},
		}}
		s.Subnets = []peering.Subnet{{ID: "subnet-1", Tags: tier}}
		s.Terms.Routes.Tables = policy.Tables{Scope: policy.SubnetTables, Subnets: &policy.Subnets{Tags: tier}}
	}))
	if len(got) != 1 || got[0].Table != "rtb-1" {
		t.Errorf("Foresee() = %v, want the conflict in rtb-1", got)
	}
}
