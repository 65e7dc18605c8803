package reach_test

import (
	"net/netip"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/reach"
)

// TestVPCsWithTheSameBlocks: an address alone doesn't identify its VPC.
func TestVPCsWithTheSameBlocks(t *testing.T) {
	t.Parallel()
	twin := vpc("c", "10.2.0.0/16")
	ask(t, twoVPCs, []question{
		{"an address belongs to a subnet of the VPC that the route leads into",
			steps(twin, peer("a", "c"), route("rtb-a", "10.2.0.0/24 pcx-ac")),
			pingAddress("10.2.0.77"), reach.NoInstance, "no instance in subnet-c is known to have the address 10.2.0.77"},
		{"an instance belongs to its own VPC", steps(twin, peer("b", "c"), noRoutes("rtb-a")),
			ping("a", "c"), reach.NotTransitive,
			"peering is not transitive: vpc-a and vpc-c are peered with vpc-b and not with one another; no route in rtb-a " +
				"leads to 10.2.0.0/16"},
	})
}

func TestMostSpecificRoute(t *testing.T) {
	t.Parallel()
	routes := func(all ...peering.Route) step {
		return func(w *world) { w.table("rtb-a").Routes = all }
	}
	to := func(block string) peering.Route {
		return peering.Route{Destination: netip.MustParsePrefix(block), Target: "pcx-ab"}
	}
	gateway := func(block string) peering.Route {
		return peering.Route{Destination: netip.MustParsePrefix(block), Target: "vgw-1", Propagated: true}
	}
	listed := func(block string, target peering.Target) peering.Route {
		return peering.Route{Destination: netip.MustParsePrefix(block), PrefixList: "pl-1", Target: target}
	}
	ask(t, twoVPCs, []question{
		{"a static route wins over a prefix list", routes(listed("10.2.0.0/16", "tgw-1"), to("10.2.0.0/16")),
			ping("a", "b"), "", ""},
		{"a prefix list loses to a static route", routes(to("10.2.0.0/16"), listed("10.2.0.0/16", "tgw-1")),
			ping("a", "b"), "", ""},
		{"a prefix list wins over a propagated route", routes(gateway("10.2.0.0/16"), listed("10.2.0.0/16", "pcx-ab")),
			ping("a", "b"), "", ""},
		{"a propagated route loses to a prefix list", routes(listed("10.2.0.0/16", "pcx-ab"), gateway("10.2.0.0/16")),
			ping("a", "b"), "", ""},
		{"a longer block of a prefix list wins", routes(to("10.2.0.0/16"), listed("10.2.0.0/24", "tgw-1")),
			ping("a", "b"), reach.Elsewhere,
			"the route to 10.2.0.0/24 in rtb-a leads to tgw-1, not to a VPC"},
		{"of equals the one that was created wins, listed first", routes(to("10.2.0.0/16"), gateway("10.2.0.0/16")),
			ping("a", "b"), "", ""},
		{"of equals the one that was created wins, listed last", routes(gateway("10.2.0.0/16"), to("10.2.0.0/16")),
			ping("a", "b"), "", ""},
		{"a longer prefix wins though it was propagated", routes(gateway("10.2.0.0/24"), to("10.2.0.0/16")),
			ping("a", "b"), reach.Elsewhere,
			"the route to 10.2.0.0/24 in rtb-a leads to vgw-1, not to a VPC"},
		{"a longer prefix wins over one that was propagated", routes(to("10.2.0.0/24"), gateway("10.2.0.0/16")),
			ping("a", "b"), "", ""},
	})
}

// TestUnknownVPCs: an unknown property of a VPC is neither an obstacle nor a reason to fail.
func TestUnknownVPCs(t *testing.T) {
	t.Parallel()
	onlyByConnection := func(w *world) { w.Connections[0].Accepter, w.VPCs = w.VPCs[1], w.VPCs[:1] }
	forget := func(w *world) { w.VPCs = nil }
	ask(t, twoVPCs, []question{
		{"blocks that only the connection shows are named", steps(onlyByConnection, noRoutes("rtb-a")),
			ping("a", "b"), reach.NoRoute,
			"no route in rtb-a leads to 10.2.0.0/16"},
		{"the blocks of the connection count where the VPC shows none", func(w *world) {
			w.Connections[0].Accepter = w.VPCs[1]
			w.VPCs[1].Blocks = nil
			w.table("rtb-a").Routes = nil
		}, ping("a", "b"), reach.NoRoute, "no route in rtb-a leads to 10.2.0.0/16"},
		{"a VPC with unknown blocks is assumed to hold the addresses that are routed to it", forget, ping("a", "b"), "", ""},
		{"a VPC's own routes are believed more than its blocks",
			steps(subnet("a2", "a", 2), ingress("sg-a", icmpFrom("10.1.0.0/16")), func(w *world) {
				w.VPCs[0].Blocks = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/24")}
			}), ping("a", "a2"), "", ""},
		{"a group of an unknown VPC admits no address", steps(forget, func(w *world) { w.Connections = nil },
			egress("sg-a", peering.Permission{Protocol: peering.AllProtocols, From: -1, To: -1, Group: "sg-b"})),
			ping("a", "b"), reach.Egress,
			"sg-a admits no icmp to 10.2.0.5 (egress)"},
	})
}
