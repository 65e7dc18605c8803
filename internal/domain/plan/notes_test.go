package plan_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

func TestNotesOnTablesThatServeNoSubnet(t *testing.T) {
	t.Parallel()
	private := map[string]string{"Tier": "private"}
	tables := []peering.RouteTable{
		{ID: "rtb-2"}, {ID: "rtb-1", Tags: private}, {ID: "rtb-main", Main: true, Tags: private},
		{ID: "rtb-edge", Gateway: true, Tags: private},
		{ID: "rtb-used", Subnets: []peering.SubnetID{"subnet-1"}, Tags: private},
	}
	one, two := peering.Subnet{ID: "subnet-1"}, peering.Subnet{ID: "subnet-2"}
	unused := func(id string) string { return id + " serves no subnet: no subnet is associated with it" }
	const noMain = "rtb-main serves no subnet: each subnet is associated with another route table"
	ids := policy.Tables{Scope: policy.TablesByID, IDs: []peering.RouteTableID{
		"rtb-2", "rtb-1", "rtb-used", "rtb-edge", "rtb-gone",
	}}
	for name, tt := range map[string]struct {
		scope   policy.Tables
		subnets []peering.Subnet
		want    []string
	}{
		"all tables": {policy.Tables{Scope: policy.AllTables}, []peering.Subnet{one}, nil},
		"no tables":  {policy.Tables{Scope: policy.NoTables}, []peering.Subnet{one}, nil},
		"the tables of subnets": {policy.Tables{Scope: policy.SubnetTables,
			Subnets: &policy.Subnets{IDs: []peering.SubnetID{"subnet-1"}}}, []peering.Subnet{one}, nil},
		"tables by id":                       {ids, []peering.Subnet{one}, []string{unused("rtb-1"), unused("rtb-2")}},
		"tables by id without their subnets": {ids, nil, []string{unused("rtb-1"), unused("rtb-2")}},
		"tables by tag": {policy.Tables{Scope: policy.TablesByTag, Tags: private}, []peering.Subnet{one},
			[]string{unused("rtb-1"), noMain}},
		"the main table": {policy.Tables{Scope: policy.MainTable},
			[]peering.Subnet{one}, []string{noMain}},
		"a main table that serves a subnet": {policy.Tables{Scope: policy.MainTable}, []peering.Subnet{one, two}, nil},
		"a main table of unread subnets":    {policy.Tables{Scope: policy.MainTable}, nil, nil},
	} {
		s := marketing(func(s *plan.Side) { s.Tables, s.Subnets, s.Terms.Routes.Tables = tables, tt.subnets, tt.scope })
		if diff := cmp.Diff(tt.want, s.Notes()); diff != "" {
			t.Errorf("%s: notes (-want +got):\n%s", name, diff)
		}
	}
	associated := []peering.RouteTable{{ID: "rtb-main", Main: true, Subnets: []peering.SubnetID{"subnet-1"}}}
	s := marketing(func(s *plan.Side) {
		s.Tables, s.Subnets, s.Terms.Routes.Tables = associated, []peering.Subnet{one}, policy.Tables{Scope: policy.MainTable}
	})
	if got := s.Notes(); len(got) > 0 {
		t.Errorf("a main table with an association of its own has the notes %q", got)
	}
}

// TestNotesOnPublicBlocksBesideEndpoints: a route to public addresses diverts calls from a gateway endpoint whose list
// has a wider block.
func TestNotesOnPublicBlocksBesideEndpoints(t *testing.T) {
	t.Parallel()
	listed := func(block string, target peering.Target) []peering.Route {
		return []peering.Route{{Destination: netip.MustParsePrefix(block), PrefixList: "pl-s3", Target: target}}
	}
	toEndpoint := listed("54.230.0.0/15", "vpce-1")
	note := func(table string) string {
		return table + " routes 54.231.0.0/16, which has public addresses, beside 54.230.0.0/15 of pl-s3 to vpce-1: " +
			"calls to these addresses go to the peer and not to the endpoint"
	}
	toBalancer := []peering.Route{{Destination: netip.MustParsePrefix("0.0.0.0/0"), Target: "vpce-2"}}
	all := policy.Tables{Scope: policy.AllTables}
	first := policy.Tables{Scope: policy.TablesByID, IDs: []peering.RouteTableID{"rtb-1"}}
	for name, tt := range map[string]struct {
		routes []peering.Route
		scope  policy.Tables
		to     []netip.Prefix
		want   []string
	}{
		"beside an endpoint":                {toEndpoint, all, nil, []string{note("rtb-1"), note("rtb-2")}},
		"without an endpoint":               {nil, all, nil, nil},
		"beside other addresses":            {listed("52.216.0.0/15", "vpce-1"), all, nil, nil},
		"beside a part of the addresses":    {listed("54.231.9.0/24", "vpce-1"), all, nil, nil}, // which is a conflict
		"beside another list":               {listed("54.230.0.0/15", "tgw-1"), all, nil, nil},
		"beside a list without blocks":      {[]peering.Route{{PrefixList: "pl-s3", Target: "vpce-1"}}, all, nil, nil},
		"beside a load balancer's endpoint": {toBalancer, all, nil, nil},
		"beside its list of private blocks": {listed("172.16.0.0/12", "vpce-2"), all, nil, nil},
		"in a chosen table":                 {toEndpoint, first, nil, []string{note("rtb-1")}},
		"in no table":                       {toEndpoint, policy.Tables{Scope: policy.NoTables}, nil, nil},
		"of a block that isn't routed":      {toEndpoint, all, []netip.Prefix{netip.MustParsePrefix("172.31.0.0/16")}, nil},
	} {
		s := marketing(func(s *plan.Side) {
			s.Connection.Accepter.Blocks = []netip.Prefix{netip.MustParsePrefix("172.31.0.0/16"),
				netip.MustParsePrefix("54.231.0.0/16")}
			s.Subnets = []peering.Subnet{{ID: "subnet-1"}, {ID: "subnet-2"}}
			s.Tables = []peering.RouteTable{
				{ID: "rtb-2", Routes: tt.routes, Subnets: []peering.SubnetID{"subnet-2"}},
				{ID: "rtb-1", Routes: tt.routes, Subnets: []peering.SubnetID{"subnet-1"}},
			}
			s.Terms.Routes.Tables, s.Terms.Routes.To = tt.scope, tt.to
		})
		if diff := cmp.Diff(tt.want, s.Notes()); diff != "" {
			t.Errorf("%s: notes (-want +got):\n%s", name, diff)
		}
	}
}

// out is an egress rule.
func out(protocol peering.Protocol, from, to int32, block string) peering.Permission {
	return peering.Permission{Protocol: protocol, From: from, To: to, Source: netip.MustParsePrefix(block)}
}

func TestNotesOnSourceGroupsWithoutEgress(t *testing.T) {
	t.Parallel()
	https := policy.Allow{Protocol: peering.TCP, Ports: []policy.PortRange{{From: 443, To: 443}}}
	several := policy.Allow{Protocol: peering.TCP, Ports: []policy.PortRange{{From: 443, To: 443}, {From: 80, To: 90}}}
	const noHTTPS = "sg-web has no egress rule for tcp 443 to 172.31.0.0/16: add one"
	ofGroup := func(g peering.SecurityGroupID) peering.Permission {
		return peering.Permission{Protocol: peering.AllProtocols, From: -1, To: -1, Group: g}
	}
	for name, tt := range map[string]struct {
		allow  policy.Allow
		egress []peering.Permission
		want   []string
	}{
		"no rule":     {https, nil, []string{noHTTPS}},
		"all traffic": {https, []peering.Permission{out(peering.AllProtocols, -1, -1, "0.0.0.0/0")}, nil},
		"all traffic of IPv6": {https, []peering.Permission{out(peering.AllProtocols, -1, -1, "::/0")},
			[]string{noHTTPS}},
		"the ports to a part": {https, []peering.Permission{out(peering.TCP, 443, 443, "172.31.9.0/24")}, nil},
		"the ports to another block": {https, []peering.Permission{out(peering.TCP, 443, 443, "10.0.0.0/8")},
			[]string{noHTTPS}},
		"other ports":      {https, []peering.Permission{out(peering.TCP, 80, 442, "0.0.0.0/0")}, []string{noHTTPS}},
		"another protocol": {https, []peering.Permission{out(peering.UDP, 443, 443, "0.0.0.0/0")}, []string{noHTTPS}},
		"a prefix list": {https,
			[]peering.Permission{{Protocol: peering.TCP, From: 443, To: 443, PrefixList: "pl-1"}}, nil},
		"the group itself":         {https, []peering.Permission{ofGroup("sg-web")}, []string{noHTTPS}},
		"another group of the VPC": {https, []peering.Permission{ofGroup("sg-db")}, []string{noHTTPS}},
		"a group of the other VPC": {https, []peering.Permission{ofGroup("sg-peer")}, nil},
		"the second rule": {https, []peering.Permission{ofGroup("sg-db"), out(peering.TCP, 443, 443, "0.0.0.0/0")},
			nil},
		"a part of the ranges": {several, []peering.Permission{out(peering.TCP, 443, 443, "0.0.0.0/0")}, []string{
			"sg-web has no egress rule for tcp 80-90 to 172.31.0.0/16: add one",
		}},
		"a type of ICMP": {policy.Allow{Protocol: peering.ICMP, Types: []policy.ICMPType{{Type: 8, Code: -1}}},
			[]peering.Permission{out(peering.ICMP, 0, -1, "0.0.0.0/0")},
			[]string{"sg-web has no egress rule for icmp type 8 to 172.31.0.0/16: add one"}},
		"another source": {policy.Allow{Protocol: peering.TCP,
			Sources: policy.Sources{Groups: []peering.SecurityGroupID{"sg-other"}}}, nil, nil},
		"sources that are all blocks": {policy.Allow{Protocol: peering.TCP,
			Sources: policy.Sources{Blocks: prefixes("10.10.0.0/16")}}, nil, nil},
	} {
		if tt.allow.Sources.IsAll() {
			tt.allow.Sources.Groups = []peering.SecurityGroupID{"sg-web"}
		}
		s := marketing(func(s *plan.Side) {
			s.Groups = []peering.SecurityGroup{{ID: "sg-web", Egress: tt.egress}, {ID: "sg-db"}}
			s.Terms.Opens = []policy.Allow{tt.allow, tt.allow} // a repetition has no note of its own
		})
		if diff := cmp.Diff(tt.want, s.Notes()); diff != "" {
			t.Errorf("%s: notes (-want +got):\n%s", name, diff)
		}
	}
}

func TestNotesOfAllKinds(t *testing.T) {
	t.Parallel()
	allow := policy.Allow{Protocol: peering.TCP, Ports: []policy.PortRange{{From: 443, To: 443}}, Sources: policy.Sources{
		Groups: []peering.SecurityGroupID{"sg-b", "sg-a"},
	}}
	s := marketing(func(s *plan.Side) {
		s.Groups = []peering.SecurityGroup{{ID: "sg-b"}, {ID: "sg-a"}}
		s.Tables, s.Terms.Routes.Tables = []peering.RouteTable{{ID: "rtb-1"}}, policy.Tables{
			Scope: policy.TablesByID, IDs: []peering.RouteTableID{"rtb-1"},
		}
		s.Terms.Opens = []policy.Allow{allow, allow}
	})
	want := []string{
		"rtb-1 serves no subnet: no subnet is associated with it",
		"sg-a has no egress rule for tcp 443 to 172.31.0.0/16: add one",
		"sg-b has no egress rule for tcp 443 to 172.31.0.0/16: add one",
	}
	if diff := cmp.Diff(want, s.Notes()); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

// TestSourceGroupsOfOtherVPCs are not admitted if the groups of the peer's VPC are known, unless EC2 shows a rule for
// them.
func TestSourceGroupsOfOtherVPCs(t *testing.T) {
	t.Parallel()
	const note = "sg-x is not admitted: it is not a group of vpc-finance"
	fromX := peering.Permission{Protocol: peering.ICMP, From: -1, To: -1, Group: "sg-x"}
	rule := func(stale bool) []peering.IngressRule {
		r := ruleOf(via, "sgr-1", "sg-1")
		r.Permission, r.Stale = fromX, stale
		return []peering.IngressRule{r}
	}
	another := rule(false)
	another[0].Permission.Group = "sg-z"
	for name, tt := range map[string]struct {
		peers  []peering.SecurityGroup
		ours   []peering.IngressRule
		peered map[peering.SecurityGroupID]peering.ConnectionID
		admits bool
	}{
		"groups that weren't read":        {nil, nil, nil, true},
		"a group of the peer":             {[]peering.SecurityGroup{{ID: "sg-y"}, {ID: "sg-x"}}, nil, nil, true},
		"a group of another VPC":          {[]peering.SecurityGroup{{ID: "sg-y"}}, nil, nil, false},
		"a rule for it":                   {[]peering.SecurityGroup{{ID: "sg-y"}}, rule(false), nil, true},
		"a rule for another group":        {[]peering.SecurityGroup{{ID: "sg-y"}}, another, nil, false},
		"a rule for a group that is gone": {[]peering.SecurityGroup{{ID: "sg-y"}}, rule(true), nil, false},
		"a reference by this connection": {nil, nil,
			map[peering.SecurityGroupID]peering.ConnectionID{"sg-x": via}, true},
		"a reference by another connection": {nil, nil,
			map[peering.SecurityGroupID]peering.ConnectionID{"sg-x": "pcx-a"}, false},
		"a rule beside it": {nil, rule(false),
			map[peering.SecurityGroupID]peering.ConnectionID{"sg-x": "pcx-a"}, true},
		"another group's reference": {nil, nil,
			map[peering.SecurityGroupID]peering.ConnectionID{"sg-y": "pcx-a"}, true},
		"a group of the peer beside such a reference": {[]peering.SecurityGroup{{ID: "sg-x"}}, nil,
			map[peering.SecurityGroupID]peering.ConnectionID{"sg-x": "pcx-a"}, true},
	} {
		s := marketing(func(s *plan.Side) {
			s.Groups, s.PeerGroups, s.Ours = []peering.SecurityGroup{{ID: "sg-0"}, {ID: "sg-1", Peered: tt.peered}},
				tt.peers, tt.ours
			if len(tt.ours) > 0 {
				s.Groups[1].Ingress = []peering.Permission{tt.ours[0].Permission}
			}
			s.Terms.Allow = []policy.Allow{{
				Protocol: peering.ICMP, Groups: policy.Groups{IDs: []peering.SecurityGroupID{"sg-1"}},
				Sources: policy.Sources{Groups: []peering.SecurityGroupID{"sg-x"}},
			}}
		})
		p := plan.Connect(s)
		admits := slices.ContainsFunc(p.State, func(f plan.Fact) bool { return f.Sentence == "sg-1 admits icmp from sg-x" })
		if noted := slices.Contains(p.Notes, note); admits != tt.admits || noted == tt.admits {
			t.Errorf("%s: the state is %v with the notes %q, want the rule: %t", name, p.State, p.Notes, tt.admits)
		}
		revokes := slices.ContainsFunc(p.Changes(), plan.Removes)
		if want := len(tt.ours) > 0 && !tt.admits; revokes != want {
			t.Errorf("%s: the changes are %v, want a revocation: %t", name, p.Changes(), want)
		}
	}
}

func TestFactsOfAnAuthorization(t *testing.T) {
	t.Parallel()
	c := plan.Authorize{Group: "sg-1", Permissions: []peering.Permission{
		out(peering.TCP, 443, 443, "10.0.0.0/8"), {Protocol: peering.ICMP, From: -1, To: -1, Group: "sg-x"},
	}}
	want := []plan.Fact{
		{Sentence: "sg-1 admits tcp 443 from 10.0.0.0/8", Key: "rule|sg-1|tcp/443/443/10.0.0.0/8"},
		{Sentence: "sg-1 admits icmp from sg-x", Key: "rule|sg-1|icmp/-1/-1/sg-x"},
	}
	if diff := cmp.Diff(want, c.Facts()); diff != "" {
		t.Errorf("Facts() (-want +got):\n%s", diff)
	}
}
