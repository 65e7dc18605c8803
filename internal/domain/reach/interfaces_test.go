package reach_test

import (
	"net/netip"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/reach"
)

// secondSubnet gives vpc-b a subnet with a route table, a network ACL and an instance of its own, and a group that
// admits ssh.
var secondSubnet = steps(subnet("b2", "b", 2), func(w *world) {
	w.RouteTables = append(w.RouteTables, peering.RouteTable{
		ID: "rtb-b2", VPC: "vpc-b", Subnets: []peering.SubnetID{"subnet-b2"},
	})
	t := w.table("rtb-b")
	t.Subnets = t.Subnets[:1]
	w.SecurityGroups = append(w.SecurityGroups, peering.SecurityGroup{
		ID: "sg-b2", VPC: "vpc-b", Egress: []peering.Permission{everything("0.0.0.0/0")},
	})
}, ingress("sg-b2", tcpFrom("10.1.0.0/16", 443, 443)))

// toSecond asks for the address of i-b's second interface.
func toSecond(port uint16) reach.Query {
	return reach.Query{From: "i-a", To: netip.MustParseAddr("10.2.2.9"), Protocol: peering.TCP, Port: port}
}

var sshFromSecond = reach.Query{
	From: "i-b", FromAddress: netip.MustParseAddr("10.2.2.9"), ToInstance: "i-a", Protocol: peering.TCP, Port: 22,
}

func TestFurtherInterfacesAsDestinations(t *testing.T) {
	t.Parallel()
	base := steps(twoVPCs, secondSubnet, attach("sg-b2", "10.2.2.9"))
	routedBack := route("rtb-b2", "10.1.0.0/16 pcx-ab")
	refers := func(group peering.SecurityGroupID) step {
		return egress("sg-a", peering.Permission{Protocol: peering.AllProtocols, From: -1, To: -1, Group: group})
	}
	ask(t, base, []question{
		{"the groups of the interface admit", routedBack, toSecond(443), "", ""},
		{"those of the primary interface don't", routedBack, toSecond(22), reach.Ingress,
			"sg-b2 admits no tcp 22 from 10.1.0.0/16"},
		{"an interface has no part in the primary one's traffic", routedBack, tcp("a", "b", 443), reach.Ingress,
			"sg-b admits no tcp 443 from 10.1.0.0/16"},
		{"the answer takes the route of the interface's subnet", nil, toSecond(443), reach.NoRoute,
			"no route back in rtb-b2 leads to 10.1.0.0/16"},
		{"the network ACL is that of the interface's subnet",
			steps(routedBack, acl("acl-b2", entry(90, false, false, tcpFrom("0.0.0.0/0", 443, 443)))),
			toSecond(443), reach.NetworkACL,
			"network ACL acl-b2 rule 90 denies tcp 443 from 10.1.0.5 (ingress of subnet-b2)"},
		{"that of the primary interface's subnet isn't asked",
			steps(routedBack, acl("acl-b", entry(90, false, false, everything("0.0.0.0/0")))), toSecond(443), "", ""},
		{"a group means the interfaces that have it", steps(routedBack, refers("sg-b2")), toSecond(443), "", ""},
		{"a group doesn't mean the other interfaces of the instance", steps(routedBack, refers("sg-b")),
			toSecond(443), reach.Egress,
			"sg-a admits no tcp 443 to 10.2.2.9 (egress)"},
		{"an interface without a group is named", steps(routedBack, func(w *world) {
			w.instance("b").Interfaces[1].Groups = nil
		}),
			toSecond(443), reach.Ingress, "eni-second of i-b is in no security group that is known here"},
		{"an instance means the primary interface's primary address",
			steps(noRoutes("rtb-a"), route("rtb-a", "10.2.0.5/32 pcx-ab"), func(w *world) {
				w.face("b").Addresses = append(w.face("b").Addresses, netip.MustParseAddr("10.2.9.9"))
			}), tcp("a", "b", 443), reach.Ingress, "sg-b admits no tcp 443 from 10.1.0.0/16"},
	})
}

func TestFurtherInterfacesAsSources(t *testing.T) {
	t.Parallel()
	base := steps(twoVPCs, secondSubnet, attach("sg-b2", "10.2.2.9"), ingress("sg-a", tcpFrom("10.2.2.0/24", 22, 22)))
	routed := route("rtb-b2", "10.1.0.0/16 pcx-ab")
	noEgress := egress("sg-b2")
	ask(t, base, []question{
		{"a question comes from the primary interface", routed, tcp("b", "a", 22), reach.Ingress,
			"sg-a admits no tcp 22 from 10.2.0.5"},
		{"it may come from another", routed, sshFromSecond, "", ""},
		{"the route is that of the interface's subnet", nil, sshFromSecond, reach.NoRoute,
			"no route in rtb-b2 leads to 10.1.0.0/16"},
		{"the groups are the interface's", steps(routed, noEgress), sshFromSecond, reach.Egress,
			"sg-b2 admits no tcp 22 to 10.1.0.0/16 (egress)"},
		{"the network ACL is that of the interface's subnet",
			steps(routed, acl("acl-b2", entry(90, true, false, everything("0.0.0.0/0")))), sshFromSecond, reach.NetworkACL,
			"network ACL acl-b2 rule 90 denies tcp 22 to 10.1.0.5 (egress of subnet-b2)"},
		{"an address that the instance doesn't have is none", routed,
			reach.Query{
				From: "i-b", FromAddress: netip.MustParseAddr("10.2.2.10"), ToInstance: "i-a", Protocol: peering.TCP, Port: 22,
			},
			reach.NoAddress, "i-b has no address 10.2.2.10"},
		{"within its subnet the interface sends", steps(routed, ingress("sg-b", tcpFrom("10.2.2.9/32", 22, 22))),
			tcp("b", "b2", 22), "", ""},
		{"of two interfaces in that subnet the first sends", steps(attach("sg-b", "10.2.2.10"),
			ingress("sg-b", tcpFrom("10.2.2.9/32", 22, 22))), tcp("b", "b2", 22), "", ""},
		{"an interface without the family doesn't", steps(attach("sg-b", "10.2.2.10"),
			func(w *world) { w.instance("b").Interfaces[1].Addresses[0] = netip.MustParseAddr("2001:db8:2:2::9") },
			ingress("sg-b", tcpFrom("10.2.2.10/32", 22, 22))), tcp("b", "b2", 22), "", ""},
	})
}

func TestSecondaryAddresses(t *testing.T) {
	t.Parallel()
	secondary := func(w *world) {
		w.face("b").Addresses = append(w.face("b").Addresses, netip.MustParseAddr("10.2.0.99"))
	}
	ask(t, twoVPCs, []question{
		{"an address that no interface has", nil, pingAddress("10.2.0.99"), reach.NoInstance,
			"no instance in subnet-b is known to have the address 10.2.0.99"},
		{"a secondary address leads to the interface", steps(secondary, ingress("sg-b", icmpFrom("10.1.0.0/16"))),
			pingAddress("10.2.0.99"), "", ""},
		{"a rule for the secondary address counts for it alone", steps(secondary, egress("sg-a", icmpFrom("10.2.0.99/32"))),
			ping("a", "b"), reach.Egress, "sg-a admits no icmp to 10.2.0.5 (egress)"},
		{"an instance without an interface has no address", func(w *world) {
			w.instance("b").Interfaces = nil
		}, ping("a", "b"),
			reach.NoAddress, "i-b has no address for icmp"},
	})
}

// TestAnInterfaceInAnotherVPC: an instance may have interfaces in several VPCs of its account.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html
func TestAnInterfaceInAnotherVPC(t *testing.T) {
	t.Parallel()
	elsewhere := func(w *world) {
		w.instance("a").Interfaces = append(w.instance("a").Interfaces, peering.Interface{
			ID: "eni-second", VPC: "vpc-b", Subnet: "subnet-b", Groups: []peering.SecurityGroupID{"sg-b"},
			Addresses: []netip.Addr{netip.MustParseAddr("10.2.0.9")},
		})
	}
	ask(t, steps(vpc("a", "10.1.0.0/16"), vpc("b", "10.2.0.0/16"), subnet("b2", "b", 2), elsewhere,
		ingress("sg-b", tcpFrom("10.2.0.0/16", 22, 22))), []question{
		{"it needs no connection to its VPC", nil, tcp("a", "b", 22), "", ""},
		{"the primary interface does", nil, tcp("a", "b2", 22), reach.NoRoute, "no route in rtb-a leads to 10.2.0.0/16"},
		{"it reaches the other subnets of its VPC", nil,
			reach.Query{From: "i-a", FromAddress: netip.MustParseAddr("10.2.0.9"), ToInstance: "i-b2",
				Protocol: peering.TCP, Port: 22}, "", ""},
	})
	ask(t, steps(vpc("a", "10.1.0.0/16"), vpc("b", "10.2.0.0/16"), vpc("c", "10.2.0.0/16"), elsewhere, peer("b", "c")),
		[]question{
			{"an interface that is elsewhere is named with its instance", steps(noRoutes("rtb-a"), func(w *world) {
				w.instance("a").Interfaces[0].Addresses = nil
			}), tcp("c", "a", 22), reach.Elsewhere, "10.2.0.9 belongs to subnet-c itself, but eni-second of i-a is in vpc-b"},
			{"and so after a route", steps(route("rtb-c", "10.2.0.0/16 local"), func(w *world) {
				w.instance("a").Interfaces[0].Addresses = nil
				w.Subnets = nil
			}), tcp("c", "a", 22), reach.Elsewhere,
				"the route to 10.2.0.0/16 in rtb-c leads to local, into vpc-c, but eni-second of i-a is in vpc-b"},
		})
}

func TestRoutesToInterfaces(t *testing.T) {
	t.Parallel()
	base := steps(twoVPCs, secondSubnet, attach("sg-b2", "10.2.2.9"), ingress("sg-b2", tcpFrom("10.2.0.0/16", 443, 443)),
		subnet("b3", "b", 3), route("rtb-b2", "10.2.0.0/16 local"))
	asks := reach.Query{From: "i-b3", To: netip.MustParseAddr("10.2.2.9"), Protocol: peering.TCP, Port: 443}
	by := func(face peering.InterfaceID) step {
		return func(w *world) { w.table("rtb-b").Routes[len(w.table("rtb-b").Routes)-1].Interface = face }
	}
	ask(t, base, []question{
		{"the interface has the address", route("rtb-b", "10.2.2.0/24 eni-second"), asks, "", ""},
		{"another interface of the instance hasn't", route("rtb-b", "10.2.2.0/24 eni-b"), asks, reach.Elsewhere,
			"the route to 10.2.2.0/24 in rtb-b leads to eni-b, not to a VPC"},
		{"a route to the instance names the interface", steps(route("rtb-b", "10.2.2.0/24 i-b"), by("eni-second")),
			asks, "", ""},
		{"it may name another interface", steps(route("rtb-b", "10.2.2.0/24 i-b"), by("eni-b")), asks, reach.Elsewhere,
			"the route to 10.2.2.0/24 in rtb-b leads to i-b, not to a VPC"},
		{"without it the instance means its primary interface", route("rtb-b", "10.2.2.0/24 i-b"), asks, reach.Elsewhere,
			"the route to 10.2.2.0/24 in rtb-b leads to i-b, not to a VPC"},
		{"with it the primary interface isn't meant", steps(route("rtb-b", "10.2.2.0/24 i-b"),
			by("eni-second"), func(w *world) {
				w.face("b").Addresses = append(w.face("b").Addresses, netip.MustParseAddr("10.2.2.10"))
			}), reach.Query{From: "i-b3", To: netip.MustParseAddr("10.2.2.10"), Protocol: peering.TCP, Port: 443},
			reach.Elsewhere,
			"the route to 10.2.2.0/24 in rtb-b leads to i-b, not to a VPC"},
	})
}
