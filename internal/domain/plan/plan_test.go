package plan_test

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

const (
	via   = peering.ConnectionID("pcx-new")
	other = peering.Target("pcx-old")
)

// installation is the one that plans.
const installation peering.Installation = "blue"

var peerBlock = netip.MustParsePrefix("172.31.0.0/16")

// marketing is the requester's side of an active connection to finance, without anything to do except for the
// case's change.
func marketing(change func(*plan.Side)) plan.Side {
	yes := true
	s := plan.Side{
		Connection: peering.Connection{
			ID: via, State: peering.Active,
			Requester:    peering.VPC{ID: "vpc-marketing", Blocks: prefixes("10.10.0.0/16")},
			Accepter:     peering.VPC{ID: "vpc-finance", Blocks: []netip.Prefix{peerBlock}},
			RequesterDNS: &yes,
			Tags:         map[string]string{peering.TagName: "marketing <> finance", peering.TagManaged: string(installation)},
		},
		Role: peering.Requester, Own: "marketing", Peer: "finance", By: installation,
		Terms: policy.Terms{Routes: policy.Routes{Tables: policy.Tables{Scope: policy.AllTables}}},
	}
	change(&s)
	return s
}

func prefixes(all ...string) []netip.Prefix {
	var ps []netip.Prefix
	for _, s := range all {
		ps = append(ps, netip.MustParsePrefix(s))
	}
	return ps
}

func table(id peering.RouteTableID, routes ...peering.Route) peering.RouteTable {
	return peering.RouteTable{ID: id, Routes: routes}
}

func toPeer(target peering.Target, blackhole bool) peering.Route {
	return peering.Route{Destination: peerBlock, Target: target, Blackhole: blackhole}
}

func sentences(p plan.Plan) []string {
	var all []string
	for i, step := range p.Steps {
		for _, c := range step {
			all = append(all, strings.Repeat("then ", i)+c.String())
		}
	}
	for _, c := range p.Conflicts {
		all = append(all, "conflict: "+c.String())
	}
	for _, n := range p.Notes {
		all = append(all, "note: "+n)
	}
	return all
}

func TestConnectRoutes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		tables []peering.RouteTable
		dead   map[peering.ConnectionID]bool
		want   []string
	}{
		{"a missing route is created", []peering.RouteTable{table("rtb-1")}, nil,
			[]string{"create route 172.31.0.0/16 → pcx-new in rtb-1"}},
		{"a route that is there is left alone", []peering.RouteTable{table("rtb-1", toPeer("pcx-new", false))}, nil, nil},
		{"the leftover of a dead peering is replaced", []peering.RouteTable{table("rtb-1", toPeer(other, true))},
			map[peering.ConnectionID]bool{"pcx-old": true},
			[]string{"replace route 172.31.0.0/16 → pcx-old by pcx-new in rtb-1"}},
		{"the blackhole of a peering that may still come up is a conflict",
			[]peering.RouteTable{table("rtb-1", toPeer(other, true))},
			map[peering.ConnectionID]bool{"pcx-old": false},
			[]string{"conflict: 172.31.0.0/16 has a blackhole route to pcx-old in rtb-1, so it can't be routed to pcx-new"}},
		{"a live peering is never taken over, even one that is listed as dead",
			[]peering.RouteTable{table("rtb-1", toPeer(other, false))},
			map[peering.ConnectionID]bool{"pcx-old": true},
			[]string{"conflict: 172.31.0.0/16 is already routed to pcx-old in rtb-1, so it can't be routed to pcx-new"}},
		{"a dead target of another kind is not ours to judge", []peering.RouteTable{table("rtb-1", toPeer("eni-1", true))},
			nil,
			[]string{"conflict: 172.31.0.0/16 has a blackhole route to eni-1 in rtb-1, so it can't be routed to pcx-new"}},
		{"a conflict in one table keeps routes from all",
			[]peering.RouteTable{table("rtb-1"), table("rtb-2", toPeer("igw-1", false))}, nil,
			[]string{"conflict: 172.31.0.0/16 is already routed to igw-1 in rtb-2, so it can't be routed to pcx-new"}},
		{"a route of ours to a block that the peer no longer has is withdrawn",
			[]peering.RouteTable{table("rtb-1", toPeer("pcx-new", false),
				peering.Route{Destination: netip.MustParsePrefix("10.99.0.0/16"), Target: "pcx-new"})}, nil,
			[]string{"delete route 10.99.0.0/16 → pcx-new in rtb-1"}},
		{"a gateway's table gets nothing", []peering.RouteTable{{ID: "rtb-1", Gateway: true}}, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := plan.Connect(marketing(func(s *plan.Side) { s.Tables, s.Dead = tt.tables, tt.dead }))
			if diff := cmp.Diff(tt.want, sentences(p)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

func TestConnectChoosesTables(t *testing.T) {
	t.Parallel()
	tables := []peering.RouteTable{
		{ID: "rtb-main", Main: true},
		{ID: "rtb-app", Subnets: []peering.SubnetID{"subnet-app"}, Tags: map[string]string{"Tier": "private"}},
		{ID: "rtb-web", Subnets: []peering.SubnetID{"subnet-web"}},
		{ID: "rtb-edge", Gateway: true, Tags: map[string]string{"Tier": "private"}},
	}
	subnets := []peering.Subnet{
		{ID: "subnet-app", Tags: map[string]string{"Tier": "private"}},
		{ID: "subnet-web"},
		{ID: "subnet-plain", Tags: map[string]string{"Tier": "private"}}, // associated with no table
	}
	route := func(table string) string { return "create route 172.31.0.0/16 → pcx-new in " + table }
	tests := []struct {
		name  string
		scope policy.Tables
		want  []string
	}{
		{"all is every table but a gateway's", policy.Tables{Scope: policy.AllTables},
			[]string{route("rtb-app"), route("rtb-main"), route("rtb-web")}},
		{"main is the main table", policy.Tables{Scope: policy.MainTable}, []string{route("rtb-main")}},
		{"ids select tables, and a missing one is noted", policy.Tables{
			Scope: policy.TablesByID, IDs: []peering.RouteTableID{"rtb-web", "rtb-gone"},
		},
			[]string{route("rtb-web"), "note: the VPC has no rtb-gone"}},
		{"a gateway's table isn't chosen by id either", policy.Tables{
			Scope: policy.TablesByID, IDs: []peering.RouteTableID{"rtb-edge"},
		},
			[]string{"note: the VPC has no rtb-edge"}},
		{"tags are the tables tagged so",
			policy.Tables{Scope: policy.TablesByTag, Tags: map[string]string{"Tier": "private"}}, []string{route("rtb-app")}},
		{"tags that no table has are noted", policy.Tables{
			Scope: policy.TablesByTag, Tags: map[string]string{"Tier": "x", "A": "b"},
		},
			[]string{"note: the VPC has no route table tagged A=b, Tier=x"}},
		{"a subnet stands for its table",
			policy.Tables{Scope: policy.SubnetTables, Subnets: &policy.Subnets{IDs: []peering.SubnetID{"subnet-web"}}},
			[]string{route("rtb-web")}},
		{"a subnet without a table stands for the main one", policy.Tables{
			Scope: policy.SubnetTables, Subnets: &policy.Subnets{Tags: map[string]string{"Tier": "private"}},
		},
			[]string{route("rtb-app"), route("rtb-main")}},
		{"a subnet that the VPC lacks is noted", policy.Tables{
			Scope: policy.SubnetTables, Subnets: &policy.Subnets{IDs: []peering.SubnetID{"subnet-x"}},
		},
			[]string{"note: the VPC has no subnet-x"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := plan.Connect(marketing(func(s *plan.Side) {
				s.Tables, s.Subnets, s.Terms.Routes.Tables = tables, subnets, tt.scope
			}))
			if diff := cmp.Diff(tt.want, sentences(p)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

func TestConnectRules(t *testing.T) {
	t.Parallel()
	server := peering.SecurityGroup{ID: "sg-1", Tags: map[string]string{"Role": "server"}}
	bySource := func(protocol peering.Protocol, from, to int32, source string) peering.Permission {
		return peering.Permission{Protocol: protocol, From: from, To: to, Source: netip.MustParsePrefix(source)}
	}
	toServer := policy.Groups{Tags: map[string]string{"Role": "server"}}
	ping := policy.Allow{Protocol: peering.ICMP, Groups: toServer}
	tests := []struct {
		name   string
		allow  []policy.Allow
		peer   string // the peer's blocks, "172.31.0.0/16" when empty
		have   []peering.Permission
		ours   []peering.IngressRule
		groups []peering.SecurityGroup
		want   []string
	}{
		{
			name: "a missing rule is authorized", allow: []policy.Allow{ping},
			want: []string{"authorize icmp from 172.31.0.0/16 in sg-1"},
		},
		{name: "a rule of another principal counts as present", allow: []policy.Allow{ping},
			have: []peering.Permission{bySource(peering.ICMP, -1, -1, "172.31.0.0/16")}},
		{name: "a rule that admits something else doesn't", allow: []policy.Allow{ping},
			have: []peering.Permission{bySource(peering.ICMP, 8, 0, "172.31.0.0/16")},
			want: []string{"authorize icmp from 172.31.0.0/16 in sg-1"}},
		{name: "the rules of one group are one call", allow: []policy.Allow{ping,
			{Protocol: peering.TCP, Groups: toServer, Ports: []policy.PortRange{{From: 443, To: 443}, {From: 5432, To: 5440}}}},
			want: []string{"authorize icmp from 172.31.0.0/16, tcp 443 from 172.31.0.0/16, tcp 5432-5440 " +
				"from 172.31.0.0/16 in sg-1"}},
		{
			name: "two equal lines are one rule", allow: []policy.Allow{ping, ping},
			want: []string{"authorize icmp from 172.31.0.0/16 in sg-1"},
		},
		{
			name: "no ports are all ports", allow: []policy.Allow{{Protocol: peering.UDP, Groups: toServer}},
			want: []string{"authorize udp 0-65535 from 172.31.0.0/16 in sg-1"},
		},
		{
			name: "all is all", allow: []policy.Allow{{Protocol: peering.AllProtocols, Groups: toServer}},
			want: []string{"authorize all traffic from 172.31.0.0/16 in sg-1"},
		},
		{name: "a source that is part of the peer's block is admitted alone",
			allow: []policy.Allow{{Protocol: peering.ICMP, Groups: toServer,
				Sources: policy.Sources{Blocks: prefixes("172.31.7.0/24")}}},
			want: []string{"authorize icmp from 172.31.7.0/24 in sg-1"}},
		{name: "a source that the peer doesn't have is not admitted",
			allow: []policy.Allow{{
				Protocol: peering.ICMP, Groups: toServer, Sources: policy.Sources{Blocks: prefixes("10.0.0.0/8")},
			}},
			want: []string{"note: 10.0.0.0/8 is not admitted: the peer's permitted blocks are 172.31.0.0/16"}},
		{name: "icmp is for IPv4, icmpv6 for IPv6", peer: "172.31.0.0/16 2001:db8::/56",
			allow: []policy.Allow{ping, {Protocol: peering.ICMPv6, Groups: toServer}},
			want:  []string{"authorize icmp from 172.31.0.0/16, icmpv6 from 2001:db8::/56 in sg-1"}},
		{name: "a group without the tags is not chosen",
			groups: []peering.SecurityGroup{server, {ID: "sg-2", Tags: map[string]string{"Role": "client"}}, {ID: "sg-3"}},
			allow:  []policy.Allow{ping, {Protocol: peering.UDP, Groups: policy.Groups{IDs: []peering.SecurityGroupID{"sg-3"}}}},
			want:   []string{"authorize icmp from 172.31.0.0/16 in sg-1", "authorize udp 0-65535 from 172.31.0.0/16 in sg-3"}},
		{name: "groups that the VPC lacks are noted", groups: []peering.SecurityGroup{},
			allow: []policy.Allow{ping, {Protocol: peering.ICMP, Groups: policy.Groups{IDs: []peering.SecurityGroupID{"sg-9"}}}},
			want:  []string{"note: the VPC has no security group tagged Role=server", "note: the VPC has no sg-9"}},
		{name: "a rule of ours that is no longer wanted is revoked",
			have: []peering.Permission{bySource(peering.TCP, 22, 22, "172.31.0.0/16")},
			ours: []peering.IngressRule{{
				ID: "sgr-1", Group: "sg-1", Permission: bySource(peering.TCP, 22, 22, "172.31.0.0/16"),
			}},
			want: []string{"revoke sgr-1 in sg-1"}},
		{
			name: "a rule that isn't ours is never revoked",
			have: []peering.Permission{bySource(peering.TCP, 22, 22, "0.0.0.0/0")},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			groups := tt.groups
			if groups == nil {
				g := server
				g.Ingress = tt.have
				groups = []peering.SecurityGroup{g}
			}
			p := plan.Connect(marketing(func(s *plan.Side) {
				s.Groups, s.Ours, s.Terms.Allow = groups, tt.ours, tt.allow
				if tt.peer != "" {
					s.Connection.Accepter.Blocks = fields(tt.peer)
				}
			}))
			if diff := cmp.Diff(tt.want, sentences(p)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

func fields(s string) []netip.Prefix {
	var a, b string
	if n, _ := fmt.Sscan(s, &a, &b); n == 2 {
		return prefixes(a, b)
	}
	return prefixes(a)
}

// TestADescriptionIsOneThatEC2Takes: up to 255 of these characters.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpRange.html
func TestADescriptionIsOneThatEC2Takes(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("a", 64) // a department's name
	p := plan.Connect(marketing(func(s *plan.Side) {
		s.Own, s.Peer, s.Connection.ID = longest, longest, "pcx-0123456789abcdef0"
		s.Groups = []peering.SecurityGroup{{ID: "sg-1"}}
		s.Terms.Allow = []policy.Allow{{
			Protocol: peering.ICMP, Groups: policy.Groups{IDs: []peering.SecurityGroupID{"sg-1"}},
		}}
	}))
	got := p.Changes()[0].(plan.Authorize).Description
	if !regexp.MustCompile(`^[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}$`).MatchString(got) {
		t.Errorf("description = %q", got)
	}
}

// TestRulesOfTheDead: one that is in the way goes first, as EC2 has no two rules alike; the others wait for disconnect.
func TestRulesOfTheDead(t *testing.T) {
	t.Parallel()
	icmp := peering.Permission{Protocol: peering.ICMP, From: -1, To: -1, Source: peerBlock}
	ssh := peering.Permission{Protocol: peering.TCP, From: 22, To: 22, Source: peerBlock}
	s := marketing(func(s *plan.Side) {
		s.Groups = []peering.SecurityGroup{{ID: "sg-1", Ingress: []peering.Permission{icmp, ssh}},
			{ID: "sg-2", Ingress: []peering.Permission{icmp}}, {ID: "sg-3"}}
		s.Ours = []peering.IngressRule{{ID: "sgr-ours", Group: "sg-2", Permission: icmp}}
		s.Terms.Allow = []policy.Allow{{
			Protocol: peering.ICMP, Groups: policy.Groups{IDs: []peering.SecurityGroupID{"sg-1", "sg-2", "sg-3"}},
		}}
	})
	if got := plan.Doubtful(s); len(got) != 1 || got[0] != "sg-1" {
		t.Errorf("Doubtful() = %v, want sg-1, whose rule isn't ours", got)
	}
	s.Old = []peering.IngressRule{{ID: "sgr-icmp", Group: "sg-1", Permission: icmp},
		{ID: "sgr-ssh", Group: "sg-1", Permission: ssh}}
	want := []string{"revoke sgr-icmp in sg-1", "authorize icmp from 172.31.0.0/16 in sg-3",
		"then authorize icmp from 172.31.0.0/16 in sg-1"}
	if diff := cmp.Diff(want, sentences(plan.Connect(s))); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

// TestARevocationNamesTheTagsOfItsRules, so that the rules of two connections in one group are two changes.
func TestARevocationNamesTheTagsOfItsRules(t *testing.T) {
	t.Parallel()
	icmp := peering.Permission{Protocol: peering.ICMP, From: -1, To: -1, Source: peerBlock}
	ssh := peering.Permission{Protocol: peering.TCP, From: 22, To: 22, Source: peerBlock}
	tagged := func(id peering.RuleID, connection peering.ConnectionID, p peering.Permission) peering.IngressRule {
		tags := map[string]string{peering.TagConnection: string(connection), peering.TagManaged: "autopeer"}
		return peering.IngressRule{ID: id, Group: "sg-1", Permission: p, Tags: tags}
	}
	p := plan.Connect(marketing(func(s *plan.Side) {
		s.Groups = []peering.SecurityGroup{{ID: "sg-1", Ingress: []peering.Permission{icmp, ssh}}}
		s.Ours = []peering.IngressRule{tagged("sgr-2", via, ssh), tagged("sgr-1", via, ssh)}
		s.Old = []peering.IngressRule{tagged("sgr-3", "pcx-old", icmp)}
		s.Terms.Allow = []policy.Allow{{
			Protocol: peering.ICMP, Groups: policy.Groups{IDs: []peering.SecurityGroupID{"sg-1"}},
		}}
	}))
	want := []plan.Change{
		plan.Revoke{Group: "sg-1", Connection: via, By: "autopeer", Rules: []peering.RuleID{"sgr-1", "sgr-2"}},
		plan.Revoke{Group: "sg-1", Connection: "pcx-old", By: "autopeer", Rules: []peering.RuleID{"sgr-3"}, Replaced: true},
	}
	got := slices.DeleteFunc(p.Changes(), func(c plan.Change) bool { _, revokes := c.(plan.Revoke); return !revokes })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("revocations (-want +got):\n%s", diff)
	}
}

// TestState: a route or rule has the same sentence whether it was there or is added, since the announcement's id is
// made from it.
func TestState(t *testing.T) {
	t.Parallel()
	side := func(routes []peering.Route, ingress []peering.Permission) plan.Side {
		return marketing(func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", routes...)}
			s.Groups = []peering.SecurityGroup{{ID: "sg-1", Ingress: ingress}}
			s.Terms.Allow = []policy.Allow{{
				Protocol: peering.ICMP, Groups: policy.Groups{IDs: []peering.SecurityGroupID{"sg-1"}},
			}}
		})
	}
	want := []string{"rtb-1 routes 172.31.0.0/16 to pcx-new", "sg-1 admits icmp from 172.31.0.0/16"}
	missing := plan.Connect(side(nil, nil))
	there := plan.Connect(side([]peering.Route{toPeer("pcx-new", false)}, []peering.Permission{{
		Protocol: peering.ICMP, From: -1, To: -1, Source: peerBlock,
	}}))
	for name, p := range map[string]plan.Plan{"missing": missing, "there": there} {
		if diff := cmp.Diff(want, stateSentences(p)); diff != "" {
			t.Errorf("state when it was %s (-want +got):\n%s", name, diff)
		}
	}
	if len(missing.Changes()) != 2 || len(there.Changes()) != 0 {
		t.Errorf("changes = %v and %v", missing.Changes(), there.Changes())
	}
}

func TestConnectOptionsAndTags(t *testing.T) {
	t.Parallel()
	no := false
	tests := []struct {
		name   string
		change func(*plan.Side)
		want   []string
	}{
		{"a right option stays", func(s *plan.Side) { s.Terms.DNS = true }, nil},
		{"DNS is turned on for this side", func(s *plan.Side) { s.Terms.DNS, s.Connection.RequesterDNS = true, &no },
			[]string{"let the peer resolve names of the requester of pcx-new"}},
		{"DNS that isn't shown is turned on", func(s *plan.Side) { s.Terms.DNS, s.Connection.RequesterDNS = true, nil },
			[]string{"let the peer resolve names of the requester of pcx-new"}},
		{"DNS that the policy doesn't ask for is not turned off", func(*plan.Side) {}, nil},
		{"missing tags are set", func(s *plan.Side) { s.Connection.Tags = nil },
			[]string{"tag pcx-new with Name=marketing <> finance, autopeer:managed=blue"}},
		{"a name that a person gave stays", func(s *plan.Side) {
			s.Connection.Tags = map[string]string{"Name": "Marketing <> Finance"}
		},
			[]string{"tag pcx-new with autopeer:managed=blue"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, sentences(plan.Connect(marketing(tt.change)))); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDisconnect(t *testing.T) {
	t.Parallel()
	p := plan.Disconnect(plan.Remains{
		Connection: via,
		Tables: []peering.RouteTable{
			table("rtb-2", toPeer("pcx-new", true)),
			table("rtb-1", toPeer("pcx-other", false), peering.Route{
				Destination: netip.MustParsePrefix("10.1.0.0/16"), Target: "pcx-new", Blackhole: true,
			}),
		},
		Rules: []peering.IngressRule{{ID: "sgr-3", Group: "sg-2"}, {ID: "sgr-2", Group: "sg-1"},
			{ID: "sgr-1", Group: "sg-2"}},
	})
	want := []string{
		"delete route 10.1.0.0/16 → pcx-new in rtb-1",
		"delete route 172.31.0.0/16 → pcx-new in rtb-2",
		"revoke sgr-2 in sg-1",
		"revoke sgr-1, sgr-3 in sg-2",
	}
	if diff := cmp.Diff(want, sentences(p)); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

func TestRemainsIsLive(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		route peering.Route
		want  bool
	}{
		{"a route that carries traffic proves life", toPeer("pcx-new", false), true},
		{"a blackhole proves nothing", toPeer("pcx-new", true), false},
		{"another connection's route proves nothing", toPeer("pcx-other", false), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := plan.Remains{Connection: via, Tables: []peering.RouteTable{table("rtb-1", tt.route)}}
			if got := r.IsLive(); got != tt.want {
				t.Errorf("IsLive() = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestForeseen(t *testing.T) {
	t.Parallel()
	s := marketing(func(s *plan.Side) {
		s.Tables = []peering.RouteTable{table("rtb-1", toPeer(other, true)), table("rtb-2", toPeer("tgw-1", false)),
			table("rtb-3", toPeer("pcx-live", false))}
	})
	if got := plan.Leftovers(s); len(got) != 1 || got[0] != "pcx-old" {
		t.Errorf("Leftovers() = %v, want pcx-old", got)
	}
	s.Dead = map[peering.ConnectionID]bool{"pcx-old": true}
	got := foreseen(s)
	if len(got) != 2 || got[0].Table != "rtb-2" || got[1].Table != "rtb-3" {
		t.Errorf("Foresee() = %v, want those in rtb-2 and rtb-3", got)
	}
}

// foreseen returns the conflicts alone.
func foreseen(s plan.Side) []plan.Conflict {
	conflicts, _ := plan.Foresee(s)
	return conflicts
}

// TestRulesAreMadeInTheInstallationsName, by which it finds them again.
func TestRulesAreMadeInTheInstallationsName(t *testing.T) {
	t.Parallel()
	p := plan.Connect(marketing(func(s *plan.Side) {
		s.Groups = []peering.SecurityGroup{{ID: "sg-1"}}
		s.Terms.Allow = []policy.Allow{{
			Protocol: peering.ICMP, Groups: policy.Groups{IDs: []peering.SecurityGroupID{"sg-1"}},
		}}
	}))
	made := 0
	for _, c := range p.Changes() {
		if a, ok := c.(plan.Authorize); ok {
			made++
			if a.By != installation || a.Connection != via {
				t.Errorf("%s is made by %q for %s, want %q and %s", a, a.By, a.Connection, installation, via)
			}
		}
	}
	if made != 1 {
		t.Errorf("%d authorizations, want 1", made)
	}
}

// TestAParticipantsGroupGetsNoRules: the account that owns the VPC can't change it. A group of that account, or of an
// unknown one, gets its rules.
func TestAParticipantsGroupGetsNoRules(t *testing.T) {
	t.Parallel()
	toServer := policy.Groups{Tags: map[string]string{"Role": "server"}}
	p := plan.Connect(marketing(func(s *plan.Side) {
		s.Connection.Requester.Owner, s.Connection.Accepter.Owner = "111111111111", "222222222222"
		s.Terms.Routes.Tables.Scope = policy.NoTables
		s.Terms.Allow = []policy.Allow{{Protocol: peering.ICMP, Groups: toServer}}
		for i, owner := range []peering.AccountID{"111111111111", "222222222222", "", "333333333333"} {
			s.Groups = append(s.Groups, peering.SecurityGroup{
				ID: peering.SecurityGroupID(fmt.Sprint("sg-", i)), Owner: owner, Tags: toServer.Tags,
			})
		}
	}))
	const why = ", a participant in a shared subnet of the VPC, and only that account can change it"
	want := []string{
		"authorize icmp from 172.31.0.0/16 in sg-0", "authorize icmp from 172.31.0.0/16 in sg-2",
		"note: sg-1 gets no rules: it belongs to the account 222222222222" + why,
		"note: sg-3 gets no rules: it belongs to the account 333333333333" + why,
	}
	if diff := cmp.Diff(want, sentences(p)); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}
