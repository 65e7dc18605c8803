package reach_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/reach"
)

// twoVPCs are peered and routed both ways; sg-b admits ping and ssh from all of vpc-a.
var twoVPCs = steps(vpc("a", "10.1.0.0/16", "2001:db8:1::/56"), vpc("b", "10.2.0.0/16", "2001:db8:2::/56"),
	peer("a", "b"), route("rtb-a", "10.2.0.0/16 pcx-ab"), route("rtb-b", "10.1.0.0/16 pcx-ab"),
	ingress("sg-b", icmpFrom("10.1.0.0/16"), tcpFrom("10.1.0.0/16", 22, 22)))

func TestPath(t *testing.T) {
	t.Parallel()
	hop := func(resource string, back bool, sentence string) reach.Hop {
		return reach.Hop{Resource: resource, Return: back, Sentence: sentence}
	}
	want := reach.Answer{Reachable: true, Path: []reach.Hop{
		hop("sg-a", false, "sg-a admits tcp 22 to 10.2.0.5 (egress)"),
		hop("acl-a", false, "network ACL acl-a allows tcp 22 to 10.2.0.5 (egress of subnet-a)"),
		hop("rtb-a", false, "the route to 10.2.0.0/16 in rtb-a leads by pcx-ab into vpc-b"),
		hop("acl-b", false, "network ACL acl-b allows tcp 22 from 10.1.0.5 (ingress of subnet-b)"),
		hop("sg-b", false, "sg-b admits tcp 22 from 10.1.0.5"),
		hop("acl-b", true,
			"network ACL acl-b allows tcp answers to ephemeral ports from 1024 to 10.1.0.5 (egress of subnet-b)"),
		hop("rtb-b", true, "the route back to 10.1.0.0/16 in rtb-b leads by pcx-ab into vpc-a"),
		hop("acl-a", true,
			"network ACL acl-a allows tcp answers to ephemeral ports from 1024 from 10.2.0.5 (ingress of subnet-a)"),
	}}
	got := new(world).after(twoVPCs).Check(tcp("a", "b", 22))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Check() (-want +got):\n%s", diff)
	}
}

func TestBlockedPathEndsBeforeTheBlocker(t *testing.T) {
	t.Parallel()
	got := new(world).after(twoVPCs, noRoutes("rtb-b")).Check(ping("a", "b"))
	want := reach.Blocker{
		Code: reach.NoRoute, Resource: "rtb-b", Return: true, Sentence: "no route back in rtb-b leads to 10.1.0.0/16",
	}
	if diff := cmp.Diff(want, got.Blocker); diff != "" {
		t.Errorf("Blocker (-want +got):\n%s", diff)
	}
	if last := got.Path[len(got.Path)-1]; last.Resource != "acl-b" || !last.Return {
		t.Errorf("the last hop is %+v, want the answer's passage of acl-b", last)
	}
}

// pingAddress asks from i-a to an address.
func pingAddress(addr string) reach.Query {
	return reach.Query{From: "i-a", To: netip.MustParseAddr(addr), Protocol: peering.ICMP}
}

// beside adds an instance to subnet-a, whose group admits ping from now on.
var beside = steps(ingress("sg-a", icmpFrom("10.1.0.0/16")), func(w *world) {
	face := *w.face("a")
	face.ID, face.Addresses = "eni-beside", []netip.Addr{netip.MustParseAddr("10.1.0.6")}
	w.Instances = append(w.Instances, peering.Instance{ID: "i-beside", Interfaces: []peering.Interface{face}})
})

func TestRoutes(t *testing.T) {
	t.Parallel()
	third := steps(vpc("c", "10.2.0.0/16"), peer("a", "c"), ingress("sg-c", icmpFrom("10.1.0.0/16")),
		route("rtb-c", "10.1.0.0/16 pcx-ac"))
	ask(t, twoVPCs, []question{
		{"a connection that is not yet active is a blackhole", state(peering.PendingAcceptance),
			ping("a", "b"), reach.Blackhole,
			"the route to 10.2.0.0/16 in rtb-a is a blackhole (pcx-ab is pending-acceptance)"},
		{"a deleted connection is a blackhole", state(peering.Deleted), ping("a", "b"), reach.Blackhole,
			"the route to 10.2.0.0/16 in rtb-a is a blackhole (pcx-ab is deleted)"},
		{"a blackhole of a connection long gone is one",
			steps(noRoutes("rtb-a"), route("rtb-a", "10.2.0.0/16 pcx-old blackhole")),
			ping("a", "b"), reach.Blackhole, "the route to 10.2.0.0/16 in rtb-a is a blackhole (pcx-old is gone)"},
		{"a more specific blackhole wins over a live route", route("rtb-a", "10.2.0.0/24 pcx-old blackhole"), ping("a", "b"),
			reach.Blackhole, "the route to 10.2.0.0/24 in rtb-a is a blackhole (pcx-old is gone)"},
		{"a less specific blackhole is harmless", route("rtb-a", "10.0.0.0/8 pcx-old blackhole"), ping("a", "b"), "", ""},
		{"a blackhole on the way back stops the answer",
			steps(noRoutes("rtb-b"), route("rtb-b", "10.1.0.0/16 pcx-ab blackhole")), ping("a", "b"), reach.Blackhole,
			"the route back to 10.1.0.0/16 in rtb-b is a blackhole (pcx-ab is active)"},
		{"of two peers with the same blocks the most specific route chooses",
			steps(third, route("rtb-a", "10.2.0.0/24 pcx-ac")),
			ping("a", "c"), "", ""},
		{"the other of the two is not reached then", steps(third, route("rtb-a", "10.2.0.0/24 pcx-ac")), ping("a", "b"),
			reach.Elsewhere, "the route to 10.2.0.0/24 in rtb-a leads to pcx-ac, into vpc-c, but i-b is in vpc-b"},
		{"an address means the instance where the routes lead", steps(third, route("rtb-a", "10.2.0.0/24 pcx-ac")),
			pingAddress("10.2.0.5"), "", ""},
		{"a propagated route gives way to an equal one", func(w *world) {
			r := &w.table("rtb-a").Routes
			*r = append([]peering.Route{{Destination: netip.MustParsePrefix("10.2.0.0/16"), Target: "vgw-1", Propagated: true}},
				*r...)
		}, ping("a", "b"), "", ""},
		{"a route to another kind of target is not followed", route("rtb-a", "10.2.0.0/24 tgw-1"),
			ping("a", "b"), reach.Elsewhere,
			"the route to 10.2.0.0/24 in rtb-a leads to tgw-1, not to a VPC"},
		{"a connection that is not known is not followed", route("rtb-a", "10.2.0.0/24 pcx-x"),
			ping("a", "b"), reach.Elsewhere,
			"the route to 10.2.0.0/24 in rtb-a leads to pcx-x, which is not known here"},
		{"a connection of others is not followed", steps(third, peer("b", "c"), route("rtb-a", "10.2.0.0/24 pcx-bc")),
			ping("a", "b"),
			reach.Elsewhere, "the route to 10.2.0.0/24 in rtb-a leads to pcx-bc, which does not join vpc-a"},
		{"routes are of no account inside a subnet", steps(beside, noRoutes("rtb-a")), ping("a", "beside"), "", ""},
		{"nor is the VPC's block, if that is known no longer", steps(beside, func(w *world) {
			w.VPCs[0].Blocks = w.VPCs[0].Blocks[1:]
		}),
			ping("a", "beside"), "", ""},
		{"a route to the very instance leads there",
			steps(beside, subnet("a2", "a", 2), route("rtb-a", "10.1.0.0/24 i-beside")), ping("a2", "beside"), "", ""},
		{"another instance behind that route gets nothing",
			steps(beside, subnet("a2", "a", 2), route("rtb-a", "10.1.0.0/24 i-beside")), ping("a2", "a"),
			reach.Elsewhere, "the route to 10.1.0.0/24 in rtb-a leads to i-beside, not to a VPC"},
		{"within a VPC, transit isn't mentioned", steps(noRoutes("rtb-a"), subnet("a2", "a", 2)),
			ping("a", "a2"), reach.NoRoute,
			"no route in rtb-a leads to 10.1.0.0/16"},
		{"a VPC that only the connection shows is a peer all the same", func(w *world) {
			w.Connections[0].Accepter, w.VPCs = w.VPCs[1], w.VPCs[:1]
		}, ping("a", "b"), "", ""},
		{"an explicit association wins over the main table", func(w *world) {
			w.RouteTables = append(w.RouteTables, peering.RouteTable{ID: "rtb-main", VPC: "vpc-a", Main: true})
		}, ping("a", "b"), "", ""},
		{"the main table of another VPC serves no subnet here", func(w *world) {
			w.table("rtb-a").Subnets, w.table("rtb-b").Main = nil, true
		}, ping("a", "b"), reach.NoRoute, "no route table of subnet-a is known here"},
	})
}

func TestAddressesOfNoInstance(t *testing.T) {
	t.Parallel()
	ask(t, twoVPCs, []question{
		{"an unused address is named with its subnet", nil, pingAddress("10.2.0.77"), reach.NoInstance,
			"no instance in subnet-b is known to have the address 10.2.0.77"},
		{"an address outside every subnet is named with the VPC", nil, pingAddress("10.2.99.1"), reach.NoInstance,
			"no instance in vpc-b is known to have the address 10.2.99.1"},
		{"an address in no VPC is named alone", nil, pingAddress("192.0.2.1"), reach.NoRoute,
			"no route in rtb-a leads to 192.0.2.1"},
		{"traffic from a connection does not leave by a gateway",
			steps(route("rtb-a", "0.0.0.0/0 pcx-ab"), route("rtb-b", "0.0.0.0/0 igw-1")),
			pingAddress("192.0.2.1"), reach.NotTransitive,
			"peering is not transitive: the route to 0.0.0.0/0 in rtb-a leads by pcx-ab into vpc-b, which does not hold " +
				"192.0.2.1 and passes nothing on"},
	})
}

func TestNetworkACLs(t *testing.T) {
	t.Parallel()
	deny := func(p peering.Permission, egress bool) peering.ACLEntry { return entry(90, egress, false, p) }
	reply := peering.Permission{Protocol: peering.ICMP, From: 0, To: -1, Source: netip.MustParsePrefix("0.0.0.0/0")}
	request := peering.Permission{Protocol: "1", From: 8, To: 0, Source: netip.MustParsePrefix("0.0.0.0/0")}
	allowAll := []peering.ACLEntry{entry(100, false, true, everything("0.0.0.0/0")),
		entry(100, true, true, everything("0.0.0.0/0"))}
	ask(t, twoVPCs, []question{
		{"the source's egress is asked", acl("acl-a", deny(request, true)), ping("a", "b"), reach.NetworkACL,
			"network ACL acl-a rule 90 denies icmp to 10.2.0.5 (egress of subnet-a)"},
		{"the destination's ingress is asked", acl("acl-b", deny(request, false)), ping("a", "b"), reach.NetworkACL,
			"network ACL acl-b rule 90 denies icmp from 10.1.0.5 (ingress of subnet-b)"},
		{"the answer is asked on its way out", acl("acl-b", deny(reply, true)), ping("a", "b"), reach.NetworkACL,
			"network ACL acl-b rule 90 denies icmp answers to 10.1.0.5 (egress of subnet-b)"},
		{"the answer is asked on its way in", acl("acl-a", deny(reply, false)), ping("a", "b"), reach.NetworkACL,
			"network ACL acl-a rule 90 denies icmp answers from 10.2.0.5 (ingress of subnet-a)"},
		{"a question's type does not stop the answer", acl("acl-b", deny(request, true)), ping("a", "b"), "", ""},
		{"the lowest number decides, not the first listed",
			acl("acl-b", entry(80, false, true, icmpFrom("10.1.0.0/24")), deny(request, false)), ping("a", "b"), "", ""},
		{"a rule for other addresses does not count", acl("acl-b", deny(icmpFrom("10.9.0.0/16"), false)),
			ping("a", "b"), "", ""},
		{"traffic that no rule allows is denied by the last", onlyACL("acl-b"), ping("a", "b"), reach.NetworkACL,
			"network ACL acl-b rule * denies icmp from 10.1.0.5 (ingress of subnet-b)"},
		{"the last rule is named as people know it", onlyACL("acl-b", entry(32767, false, false, everything("0.0.0.0/0"))),
			ping("a", "b"),
			reach.NetworkACL, "network ACL acl-b rule * denies icmp from 10.1.0.5 (ingress of subnet-b)"},
		{"an answer needs every ephemeral port", acl("acl-b", deny(tcpFrom("0.0.0.0/0", 3389, 3389), true)),
			tcp("a", "b", 22), reach.NetworkACL,
			"network ACL acl-b rule 90 denies tcp answers to ephemeral ports from 3389 to 10.1.0.5 (egress of subnet-b)"},
		{"ephemeral ports that are allowed in part only are denied from where it ends",
			onlyACL("acl-a", append(allowAll[1:], entry(100, false, true, tcpFrom("0.0.0.0/0", 1024, 60999)))...),
			tcp("a", "b", 22),
			reach.NetworkACL,
			"network ACL acl-a rule * denies tcp answers to ephemeral ports from 61000 from 10.2.0.5 (ingress of subnet-a)"},
		{"ephemeral ports may be allowed by several rules", onlyACL("acl-a", append(allowAll[1:],
			entry(100, false, true, tcpFrom("0.0.0.0/0", 32768, 65535)),
			entry(110, false, true, tcpFrom("0.0.0.0/0", 1024, 32767)))...),
			tcp("a", "b", 22), "", ""},
		{"the port of the question does not matter to the answer", acl("acl-b", deny(tcpFrom("0.0.0.0/0", 22, 22), true)),
			tcp("a", "b", 22), "", ""},
		{"an ACL is not asked within its subnet", steps(beside, onlyACL("acl-a")), ping("a", "beside"), "", ""},
		{"an ACL is asked between subnets of one VPC",
			steps(onlyACL("acl-a"), subnet("a2", "a", 2), ingress("sg-a", icmpFrom("10.1.0.0/16"))),
			ping("a", "a2"), reach.NetworkACL, "network ACL acl-a rule * denies icmp to 10.1.2.5 (egress of subnet-a)"},
		{"a subnet without a known ACL lets everything pass", func(w *world) { w.NetworkACLs = nil }, ping("a", "b"), "", ""},
	})
}

func TestSecurityGroups(t *testing.T) {
	t.Parallel()
	ask(t, twoVPCs, []question{
		{"the source's egress is asked", egress("sg-a", tcpFrom("0.0.0.0/0", 443, 443)), tcp("a", "b", 22), reach.Egress,
			"sg-a admits no tcp 22 to 10.2.0.0/16 (egress)"},
		{"answers need no egress rule", egress("sg-b"), tcp("a", "b", 22), "", ""},
		{"answers need no ingress rule, but questions do", nil, tcp("b", "a", 22), reach.Ingress,
			"sg-a admits no tcp 22 from 10.2.0.0/16"},
		{"a port range counts with both its ends", ingress("sg-b", tcpFrom("10.1.0.0/16", 5432, 5440)),
			tcp("a", "b", 5440), "", ""},
		{"a port past the range is not admitted", ingress("sg-b", tcpFrom("10.1.0.0/16", 5432, 5440)),
			tcp("a", "b", 5441), reach.Ingress,
			"sg-b admits no tcp 5441 from 10.1.0.0/16"},
		{"all protocols means every port", ingress("sg-b", everything("10.1.0.0/16")), tcp("a", "b", 5441), "", ""},
		{"echo requests alone are enough for ping", func(w *world) {
			w.group("sg-b").Ingress = []peering.Permission{{
				Protocol: "icmp", From: 8, To: 0, Source: netip.MustParsePrefix("10.1.0.0/16"),
			}}
		}, ping("a", "b"), "", ""},
		{"another type of icmp is not ping", func(w *world) {
			w.group("sg-b").Ingress = []peering.Permission{{
				Protocol: "icmp", From: 3, To: -1, Source: netip.MustParsePrefix("10.1.0.0/16"),
			}}
		}, ping("a", "b"), reach.Ingress, "sg-b admits no icmp from 10.1.0.0/16"},
		{"a protocol by number has no ports", ingress("sg-b", peering.Permission{
			Protocol: "50", Source: netip.MustParsePrefix("10.1.0.0/16"),
		}),
			reach.Query{From: "i-a", ToInstance: "i-b", Protocol: "50"}, "", ""},
		{"any of several groups may admit", func(w *world) {
			w.face("b").Groups = []peering.SecurityGroupID{"sg-empty", "sg-b"}
			w.SecurityGroups = append(w.SecurityGroups, peering.SecurityGroup{ID: "sg-empty"})
		}, tcp("a", "b", 22), "", ""},
		{"an unknown group is reported as such", func(w *world) {
			w.face("b").Groups = []peering.SecurityGroupID{"sg-b", "sg-x"}
		}, tcp("a", "b", 443), reach.Ingress,
			"sg-b and sg-x admit no tcp 443 from 10.1.0.0/16 (the content of sg-x is not known here)"},
		{"an instance without a group admits nothing", func(w *world) {
			w.face("b").Groups = nil
		}, ping("a", "b"), reach.Ingress,
			"i-b is in no security group that is known here"},
	})
}

func TestRulesThatNameNoBlock(t *testing.T) {
	t.Parallel()
	referenced := peering.Permission{Protocol: peering.TCP, From: 443, To: 443, Group: "sg-a"}
	list := peering.Permission{Protocol: peering.TCP, From: 443, To: 443, PrefixList: "pl-1"}
	ask(t, twoVPCs, []question{
		{"a peer's group may be named in the same region", ingress("sg-b", referenced), tcp("a", "b", 443), "", ""},
		{"a peer's group counts for nothing in another region",
			steps(ingress("sg-b", referenced), region("vpc-b", "eu-west-1")),
			tcp("a", "b", 443), reach.Ingress, "sg-b admits no tcp 443 from 10.1.0.5"},
		{"a peer's group counts for nothing without an active connection",
			steps(egress("sg-a", peering.Permission{Protocol: "tcp", From: 22, To: 22, Group: "sg-b"}), state(peering.Deleted)),
			tcp("a", "b", 22), reach.Egress, "sg-a admits no tcp 22 to 10.2.0.5 (egress)"},
		{"a peer's block may be named in any region", region("vpc-b", "eu-west-1"), tcp("a", "b", 22), "", ""},
		{"a group is its members, not its VPC", steps(ingress("sg-b", referenced), func(w *world) {
			w.face("a").Groups = []peering.SecurityGroupID{"sg-other"}
			w.SecurityGroups = append(w.SecurityGroups, peering.SecurityGroup{
				ID: "sg-other", Egress: []peering.Permission{everything("0.0.0.0/0")},
			})
		}), tcp("a", "b", 443), reach.Ingress, "sg-b admits no tcp 443 from 10.1.0.5"},
		{"a group may be named within its VPC", steps(ingress("sg-a", referenced), subnet("a2", "a", 2)),
			tcp("a", "a2", 443), "", ""},
		{"an egress rule may name the peer's group",
			egress("sg-a", peering.Permission{Protocol: peering.AllProtocols, From: -1, To: -1, Group: "sg-b"}),
			tcp("a", "b", 22), "", ""},
		{"the blocks of a prefix list are not known", ingress("sg-b", list), tcp("a", "b", 443), reach.Ingress,
			"sg-b admits no tcp 443 from 10.1.0.0/16 (the content of pl-1 is not known here)"},
	})
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	ping6 := ping("a", "b")
	ping6.Protocol = peering.ICMPv6
	routed6 := steps(route("rtb-a", "2001:db8:2::/56 pcx-ab"), route("rtb-b", "2001:db8:1::/56 pcx-ab"),
		ingress("sg-b", peering.Permission{
			Protocol: peering.ICMPv6, From: 128, To: 0, Source: netip.MustParsePrefix("2001:db8:1::/56"),
		}))
	only6 := func(name string) step {
		return func(w *world) { w.face(name).Addresses = w.face(name).Addresses[1:] }
	}
	noReply := entry(90, true, false, peering.Permission{
		Protocol: "58", From: 129, To: -1, Source: netip.MustParsePrefix("::/0"),
	})
	ask(t, twoVPCs, []question{
		{"a default route of IPv4 is not one of IPv6", route("rtb-a", "0.0.0.0/0 pcx-ab"), ping6, reach.NoRoute,
			"no route in rtb-a leads to 2001:db8:2::/56"},
		{"IPv6 works as IPv4 does", routed6, ping6, "", ""},
		{"the answer of IPv6 has a type of its own", steps(routed6, acl("acl-b", noReply)), ping6, reach.NetworkACL,
			"network ACL acl-b rule 90 denies icmpv6 answers to 2001:db8:1::5 (egress of subnet-b)"},
		{"the last rule of IPv6 is named as people know it",
			steps(routed6, onlyACL("acl-b", entry(32768, false, false, everything("::/0")))), ping6, reach.NetworkACL,
			"network ACL acl-b rule * denies icmpv6 from 2001:db8:1::5 (ingress of subnet-b)"},
		{"icmp needs an IPv4 address", only6("b"), ping("a", "b"), reach.NoAddress, "i-b has no address for icmp"},
		{"both need addresses of one family", only6("a"), ping("a", "b"), reach.NoAddress,
			"i-a has no address of the family of i-b"},
		{"tcp goes by whichever family both have",
			steps(only6("a"), routed6, ingress("sg-b", tcpFrom("2001:db8:1::/56", 22, 22))), tcp("a", "b", 22), "", ""},
		{"icmpv6 does not go to an IPv4 address", nil,
			reach.Query{From: "i-a", To: netip.MustParseAddr("10.2.0.5"), Protocol: peering.ICMPv6}, reach.NoAddress,
			"10.2.0.5 is not an address for icmpv6"},
		{"a source that is not known is named", nil, ping("x", "b"), reach.NoInstance, "instance i-x is not known here"},
		{"a destination that is not known is named", nil, ping("a", "x"), reach.NoInstance, "instance i-x is not known here"},
	})
}
