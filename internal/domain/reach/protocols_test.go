package reach_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/reach"
)

// rule is a permission for a protocol as EC2 shows it.
func rule(protocol peering.Protocol, from, to int32, source string) peering.Permission {
	return peering.Permission{Protocol: protocol, From: from, To: to, Source: netip.MustParsePrefix(source)}
}

func query(protocol peering.Protocol, port uint16) reach.Query {
	return reach.Query{From: "i-a", ToInstance: "i-b", Protocol: protocol, Port: port}
}

func TestProtocolsInGroups(t *testing.T) {
	t.Parallel()
	const all = "10.1.0.0/16"
	ask(t, twoVPCs, []question{
		{"udp has ports", ingress("sg-b", rule("udp", 53, 53, all)), query("udp", 53), "", ""},
		{"a port of udp is not another", ingress("sg-b", rule("udp", 53, 53, all)), query("udp", 54), reach.Ingress,
			"sg-b admits no udp 54 from 10.1.0.0/16"},
		{"a port of tcp is not one of udp", nil, query("udp", 22), reach.Ingress, "sg-b admits no udp 22 from 10.1.0.0/16"},
		{"a port below a range is not in it", ingress("sg-b", tcpFrom(all, 5432, 5440)), query("tcp", 5431), reach.Ingress,
			"sg-b admits no tcp 5431 from 10.1.0.0/16"},
		{"a protocol without ports is admitted regardless of the ports",
			ingress("sg-b", rule("50", 5, 6, all)), query("50", 0), "", ""},
		{"a protocol by its number is the one by its name", ingress("sg-b", rule("17", 53, 53, all)),
			query("udp", 53), "", ""},
		{"ping has the code 0", func(w *world) {
			w.group("sg-b").Ingress = []peering.Permission{rule("icmp", 8, 3, all)}
		}, ping("a", "b"), reach.Ingress,
			"sg-b admits no icmp from 10.1.0.0/16"},
		{"every code includes ping's", func(w *world) {
			w.group("sg-b").Ingress = []peering.Permission{rule("icmp", 8, -1, all)}
		}, ping("a", "b"), "", ""},
	})
}

func TestProtocolsInNetworkACLs(t *testing.T) {
	t.Parallel()
	deny := func(number int32, egress bool, protocol peering.Protocol, from, to int32) peering.ACLEntry {
		return entry(number, egress, false, rule(protocol, from, to, "0.0.0.0/0"))
	}
	udp := ingress("sg-b", rule("udp", 53, 53, "10.1.0.0/16"))
	const denies = "network ACL acl-b rule 90 denies "
	ask(t, twoVPCs, []question{
		{"a question is asked of its own port", acl("acl-b", deny(90, false, "6", 22, 22)),
			tcp("a", "b", 22), reach.NetworkACL,
			denies + "tcp 22 from 10.1.0.5 (ingress of subnet-b)"},
		{"a question has nothing to do with other ports", acl("acl-b", deny(90, false, "6", 1024, 65535)),
			tcp("a", "b", 22), "", ""},
		{"udp is distinguished from tcp", acl("acl-b", deny(90, false, "6", 53, 53)), query("udp", 53), reach.Ingress,
			"sg-b admits no udp 53 from 10.1.0.0/16"},
		{"udp by its number", steps(udp, acl("acl-b", deny(90, false, "17", 53, 53))), query("udp", 53), reach.NetworkACL,
			denies + "udp 53 from 10.1.0.5 (ingress of subnet-b)"},
		{"udp is answered at ephemeral ports too", steps(udp, acl("acl-b", deny(90, true, "17", 4000, 4000))),
			query("udp", 53), reach.NetworkACL,
			denies + "udp answers to ephemeral ports from 4000 to 10.1.0.5 (egress of subnet-b)"},
		{"the last ephemeral port counts", acl("acl-b", deny(90, true, "6", 65535, 65535)),
			tcp("a", "b", 22), reach.NetworkACL,
			denies + "tcp answers to ephemeral ports from 65535 to 10.1.0.5 (egress of subnet-b)"},
		{"the lowest of the ports that are denied is named",
			acl("acl-b", deny(90, true, "6", 4000, 4000), deny(80, true, "6", 5000, 5000)),
			tcp("a", "b", 22), reach.NetworkACL,
			denies + "tcp answers to ephemeral ports from 4000 to 10.1.0.5 (egress of subnet-b)"},
		{"the highest number that can be given is named", onlyACL("acl-b", deny(32766, false, "6", 22, 22)),
			tcp("a", "b", 22), reach.NetworkACL,
			"network ACL acl-b rule 32766 denies tcp 22 from 10.1.0.5 (ingress of subnet-b)"},
	})
}

func TestPing6IsOneTypeOfMany(t *testing.T) {
	t.Parallel()
	ping6 := ping("a", "b")
	ping6.Protocol = peering.ICMPv6
	routed6 := steps(route("rtb-a", "2001:db8:2::/56 pcx-ab"), route("rtb-b", "2001:db8:1::/56 pcx-ab"))
	ask(t, steps(twoVPCs, routed6), []question{
		{"echo requests are", ingress("sg-b", rule("58", 128, 0, "2001:db8:1::/56")), ping6, "", ""},
		{"neighbor solicitations are not", ingress("sg-b", rule("icmpv6", 135, -1, "2001:db8:1::/56")), ping6, reach.Ingress,
			"sg-b admits no icmpv6 from 2001:db8:1::/56"},
	})
}

func TestAddressesThatCannotTalk(t *testing.T) {
	t.Parallel()
	group := egress("sg-a", peering.Permission{Protocol: peering.AllProtocols, From: -1, To: -1, Group: "sg-b"})
	only4 := func(w *world) { w.face("a").Addresses = w.face("a").Addresses[:1] }
	ask(t, twoVPCs, []question{
		{"no address at all", nil, reach.Query{From: "i-a", Protocol: "tcp", Port: 22}, reach.NoAddress,
			"invalid IP is not an address for tcp"},
		{"an address of a family that the source lacks", only4, reach.Query{
			From: "i-a", To: netip.MustParseAddr("2001:db8:2::5"), Protocol: "tcp", Port: 22,
		},
			reach.NoAddress, "i-a has no address of the family of 2001:db8:2::5"},
		{"an unused address is in no group", group, pingAddress("10.2.0.77"), reach.Egress,
			"sg-a admits no icmp to 10.2.0.77 (egress)"},
	})
}

func TestEverythingUnknownIsNamed(t *testing.T) {
	t.Parallel()
	ask(t, twoVPCs, []question{
		{"groups and prefix lists",
			steps(ingress("sg-b", peering.Permission{Protocol: "tcp", From: 443, To: 443, PrefixList: "pl-1"}), func(w *world) {
				w.face("b").Groups = []peering.SecurityGroupID{"sg-b", "sg-x"}
			}), tcp("a", "b", 443), reach.Ingress,
			"sg-b and sg-x admit no tcp 443 from 10.1.0.0/16 (the content of sg-x, pl-1 is not known here)"},
	})
}

func TestThePathHasThePassedResources(t *testing.T) {
	t.Parallel()
	resources := func(a reach.Answer) (all []string) {
		for _, h := range a.Path {
			all = append(all, h.Resource)
		}
		return all
	}
	tests := []struct {
		name string
		step step
		want []string
	}{
		{"up to the blocker", noRoutes("rtb-a"), []string{"sg-a", "acl-a"}},
		{"without missing resources", func(w *world) { w.NetworkACLs = nil }, []string{"sg-a", "rtb-a", "sg-b", "rtb-b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := resources(new(world).after(twoVPCs, tt.step).Check(tcp("a", "b", 22)))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Path (-want +got):\n%s", diff)
			}
		})
	}
}
