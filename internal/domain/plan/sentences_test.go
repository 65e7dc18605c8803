package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

func TestAuthorizeSentences(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		permission peering.Permission
		want       string
	}{
		{"a port", peering.Permission{Protocol: "tcp", From: 443, To: 443, Source: peerBlock}, "tcp 443 from 172.31.0.0/16"},
		{"a range of ports", peering.Permission{Protocol: "udp", From: 53, To: 54, Source: peerBlock},
			"udp 53-54 from 172.31.0.0/16"},
		{"a group", peering.Permission{Protocol: "tcp", From: 443, To: 443, Group: "sg-peer"}, "tcp 443 from sg-peer"},
		{"a prefix list", peering.Permission{Protocol: "-1", From: -1, To: -1, PrefixList: "pl-1"}, "all traffic from pl-1"},
		{"every type", peering.Permission{Protocol: "icmp", From: -1, To: -1, Source: peerBlock}, "icmp from 172.31.0.0/16"},
		{"a type with every code", peering.Permission{Protocol: "icmp", From: 8, To: -1, Source: peerBlock},
			"icmp type 8 from 172.31.0.0/16"},
		{"a type with the code 0", peering.Permission{Protocol: "icmp", From: 8, To: 0, Source: peerBlock},
			"icmp type 8 code 0 from 172.31.0.0/16"},
		{"a type of icmpv6 with a code", peering.Permission{Protocol: "icmpv6", From: 1, To: 4, Source: peerBlock},
			"icmpv6 type 1 code 4 from 172.31.0.0/16"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := plan.Authorize{Group: "sg-1", Permissions: []peering.Permission{tt.permission}}.String()
			if want := "authorize " + tt.want + " in sg-1"; got != want {
				t.Errorf("String() = %q, want %q", got, want)
			}
		})
	}
}

func TestConflictAndShortageSentences(t *testing.T) {
	t.Parallel()
	taken := peering.Route{Destination: prefixes("172.31.7.0/24")[0], Target: "pcx-old"}
	conflict := plan.Conflict{Table: "rtb-1", Route: taken, Destination: peerBlock, Wanted: via}
	const overlaps = "172.31.7.0/24, which is routed to pcx-old in rtb-1, overlaps 172.31.0.0/16, so " +
		"that can't be routed to pcx-new"
	if got := conflict.String(); got != overlaps {
		t.Errorf("String() = %q\nwant %q", got, overlaps)
	}
	conflict.Route.Blackhole = true
	const gone = "172.31.7.0/24, which has a blackhole route to pcx-old in rtb-1, overlaps 172.31.0.0/16, so that can't " +
		"be routed to pcx-new"
	if got := conflict.String(); got != gone || !conflict.CanBeKept() {
		t.Errorf("String() = %q\nwant %q, which can be kept", got, gone)
	}
	conflict.Route.Destination = peerBlock
	const same = "172.31.0.0/16 has a blackhole route to pcx-old in rtb-1, so it can't be routed to pcx-new"
	if got := conflict.String(); got != same || conflict.CanBeKept() {
		t.Errorf("String() = %q\nwant %q, which can't be kept", got, same)
	}
	conflict.Route.Destination = prefixes("172.16.0.0/12")[0]
	if conflict.CanBeKept() {
		t.Error("a wider route can be kept")
	}
	shortage := plan.Shortage{Resource: "rtb-1", Of: "IPv4 routes", Have: 500, Need: 2, Limit: 501}
	const short = "rtb-1 has 500 of 501 IPv4 routes and needs 2 more"
	if got := shortage.String(); got != short {
		t.Errorf("String() = %q, want %q", got, short)
	}
}

// TestBothSidesGiveTheSameName: the requester's department stands first.
func TestBothSidesGiveTheSameName(t *testing.T) {
	t.Parallel()
	p := plan.Connect(marketing(func(s *plan.Side) {
		s.Role, s.Own, s.Peer, s.Connection.Tags = peering.Accepter, s.Peer, s.Own, nil
	}))
	want := []string{"tag pcx-new with Name=marketing <> finance, autopeer:managed=blue"}
	if diff := cmp.Diff(want, sentences(p)); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

func TestStateIsSortedAsText(t *testing.T) {
	t.Parallel()
	p := plan.Connect(marketing(func(s *plan.Side) {
		s.Tables, s.Connection.Accepter.Blocks = []peering.RouteTable{table("rtb-1")}, prefixes("9.0.0.0/16", "10.0.0.0/16")
	}))
	want := []string{"rtb-1 routes 10.0.0.0/16 to pcx-new", "rtb-1 routes 9.0.0.0/16 to pcx-new"}
	if diff := cmp.Diff(want, stateSentences(p)); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
}

func TestRulesAreSortedAndEachOnce(t *testing.T) {
	t.Parallel()
	allow := func(p peering.Protocol, port int32) policy.Allow {
		return policy.Allow{
			Protocol: p, Ports: []policy.PortRange{{From: port, To: port}},
			Groups: policy.Groups{IDs: []peering.SecurityGroupID{"sg-1"}},
		}
	}
	p := plan.Connect(marketing(func(s *plan.Side) {
		s.Groups = []peering.SecurityGroup{{ID: "sg-1"}}
		s.Terms.Allow = []policy.Allow{allow("udp", 53), allow("tcp", 443), allow("udp", 53), allow("tcp", 22)}
	}))
	want := []string{"authorize tcp 22 from 172.31.0.0/16, tcp 443 from 172.31.0.0/16, udp 53 from 172.31.0.0/16 in sg-1"}
	if diff := cmp.Diff(want, sentences(p)); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

func TestAMissingSubnetTagIsNoted(t *testing.T) {
	t.Parallel()
	p := plan.Connect(marketing(func(s *plan.Side) {
		s.Terms.Routes.Tables = policy.Tables{
			Scope: policy.SubnetTables, Subnets: &policy.Subnets{Tags: map[string]string{"Tier": "private"}},
		}
	}))
	if diff := cmp.Diff([]string{"note: the VPC has no subnet tagged Tier=private"}, sentences(p)); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

// TestAStaleRuleIsMadeAnew: it shows the wanted group, and admits no traffic.
func TestAStaleRuleIsMadeAnew(t *testing.T) {
	t.Parallel()
	ref := peering.Permission{Protocol: peering.ICMP, From: -1, To: -1, Group: "sg-peer"}
	p := plan.Connect(marketing(func(s *plan.Side) {
		s.Groups = []peering.SecurityGroup{{ID: "sg-1", Ingress: []peering.Permission{ref}}}
		s.Ours = []peering.IngressRule{{ID: "sgr-1", Group: "sg-1", Permission: ref, Stale: true}}
		s.Terms.Allow = []policy.Allow{{
			Protocol: peering.ICMP, Sources: policy.Sources{Groups: []peering.SecurityGroupID{"sg-peer"}},
			Groups: policy.Groups{IDs: []peering.SecurityGroupID{"sg-1"}},
		}}
	}))
	if diff := cmp.Diff([]string{"revoke sgr-1 in sg-1", "then authorize icmp from sg-peer in sg-1"},
		sentences(p)); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}
