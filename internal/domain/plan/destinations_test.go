package plan_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

func TestConnectChoosesDestinations(t *testing.T) {
	t.Parallel()
	create := func(destination string) string { return "create route " + destination + " → pcx-new in rtb-1" }
	const primary, secondary, six = "172.31.0.0/16", "100.64.0.0/16", "2001:db8:1::/56"
	tests := []struct {
		name             string
		peer, to, except []netip.Prefix
		want             []string
	}{
		{"secondary and IPv6 blocks are routed as the first one is", prefixes(primary, secondary, six), nil, nil,
			[]string{create(secondary), create(primary), create(six)}},
		{"chosen destinations are routed instead of the blocks", prefixes(primary, six),
			prefixes("172.31.1.0/24", "2001:db8:1:1::/64"), nil,
			[]string{create("172.31.1.0/24"), create("2001:db8:1:1::/64")}},
		{"a destination may be the whole block", prefixes(primary), prefixes(primary), nil, []string{create(primary)}},
		{"a destination may be made up of several blocks", prefixes("10.2.0.0/17", "10.2.128.0/17"), prefixes("10.2.0.0/16"),
			nil, []string{create("10.2.0.0/16")}},
		{"a destination that the peer doesn't have is noted", prefixes(primary, secondary),
			prefixes("172.31.1.0/24", "10.9.0.0/24"), nil,
			[]string{create("172.31.1.0/24"),
				"note: 10.9.0.0/24 is not routed: the peer's permitted blocks are 100.64.0.0/16, 172.31.0.0/16"}},
		{"a destination that reaches beyond the peer's block is noted", prefixes(primary), prefixes("172.30.0.0/15"), nil,
			[]string{"note: 172.30.0.0/15 is not routed: the peer's permitted blocks are 172.31.0.0/16"}},
		{"a destination of one family isn't found in the other", prefixes(six), prefixes("0.0.0.0/0"), nil,
			[]string{"note: 0.0.0.0/0 is not routed: the peer's permitted blocks are 2001:db8:1::/56"}},
		{"an excluded block is left out", prefixes(primary, secondary), nil, prefixes(secondary), []string{create(primary)}},
		{"so is a block inside an excluded one, of either family", prefixes(primary, secondary, six), nil,
			prefixes("100.64.0.0/10", "2001:db8::/32"), []string{create(primary)}},
		{"an exclusion that the peer doesn't have excludes nothing", prefixes(primary), nil, prefixes(secondary),
			[]string{create(primary)}},
		{"a block with a hole isn't routed, and the note has the remedy", prefixes(primary, secondary), nil,
			prefixes("172.31.9.0/24"),
			[]string{create(secondary),
				"note: 172.31.0.0/16 is not routed: only 172.31.9.0/24 of it is excluded, and EC2 routes only whole blocks; list " +
					"the parts to route under `to:`"}},
		{"an exclusion holds for chosen destinations too", prefixes(primary, secondary),
			prefixes("172.31.1.0/24", "100.64.1.0/24"), prefixes(secondary),
			[]string{create("172.31.1.0/24")}},
		{"a destination beside the excluded part is routed", prefixes(primary), prefixes("172.31.1.0/24"),
			prefixes("172.31.9.0/24"), []string{create("172.31.1.0/24")}},
		{"the exclusion of a whole block counts before that of a part", prefixes(primary), nil,
			prefixes("172.31.0.0/24", primary), nil},
		{"with everything excluded nothing is routed", prefixes(primary, six), nil, prefixes("0.0.0.0/0", "::/0"), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := plan.Connect(marketing(func(s *plan.Side) {
				s.Tables = []peering.RouteTable{table("rtb-1")}
				s.Connection.Accepter.Blocks = tt.peer
				s.Terms.Routes.To, s.Terms.Routes.Except = tt.to, tt.except
			}))
			if diff := cmp.Diff(tt.want, sentences(p)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAnotherChoiceMovesTheRoutes: a route whose destination is no longer chosen is deleted in the same plan, and the
// state, from which the announcement's id is made, is another.
func TestAnotherChoiceMovesTheRoutes(t *testing.T) {
	t.Parallel()
	p := plan.Connect(marketing(func(s *plan.Side) {
		s.Tables = []peering.RouteTable{table("rtb-1", toPeer("pcx-new", false))}
		s.Terms.Routes.To = prefixes("172.31.1.0/24")
	}))
	want := []string{"create route 172.31.1.0/24 → pcx-new in rtb-1", "then delete route 172.31.0.0/16 → pcx-new in rtb-1"}
	if diff := cmp.Diff(want, sentences(p)); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"rtb-1 routes 172.31.1.0/24 to pcx-new"}, stateSentences(p)); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
}

// TestForeseenAreThoseOfTheDestinations: also before the peer shows its blocks.
func TestForeseenAreThoseOfTheDestinations(t *testing.T) {
	t.Parallel()
	taken := func(destination string) peering.Route {
		return peering.Route{Destination: netip.MustParsePrefix(destination), Target: "tgw-1"}
	}
	tests := []struct {
		name             string
		peer, to, except []netip.Prefix
		want             []string
	}{
		{"a block that isn't a destination conflicts with nothing", prefixes("172.31.0.0/16"),
			prefixes("172.31.2.0/24"), nil, nil},
		{"an excluded block conflicts with nothing", prefixes("172.31.0.0/16"), nil, prefixes("172.31.0.0/16"), nil},
		{"a destination conflicts with its own route", prefixes("172.31.0.0/16"), prefixes("172.31.1.0/24"), nil,
			[]string{"172.31.1.0/24"}},
		{"blocks that aren't known conflict with nothing", nil, nil, nil, nil},
		{"destinations in blocks that aren't known do", nil, prefixes("172.31.1.0/24"), nil, []string{"172.31.1.0/24"}},
		{"except where they are excluded", nil, prefixes("172.31.1.0/24"), prefixes("172.31.0.0/16"), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, c := range foreseen(marketing(func(s *plan.Side) {
				s.Tables = []peering.RouteTable{table("rtb-1", taken("172.31.0.0/16"), taken("172.31.1.0/24"))}
				s.Connection.Accepter.Blocks = tt.peer
				s.Terms.Routes.To, s.Terms.Routes.Except = tt.to, tt.except
			})) {
				got = append(got, c.Route.Destination.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("conflicts (-want +got):\n%s", diff)
			}
		})
	}
}

// TestForeseenInTheTablesOfSubnets: a subnet without an association may be another VPC's, so that nothing
// is noted about the main table.
func TestForeseenInTheTablesOfSubnets(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		subnet peering.SubnetID
		want   []peering.RouteTableID
	}{
		{"the table of a chosen subnet is looked at", "subnet-app", []peering.RouteTableID{"rtb-app"}},
		{"that of a subnet without an association isn't known", "subnet-plain", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []peering.RouteTableID
			for _, c := range foreseen(marketing(func(s *plan.Side) {
				s.Tables = []peering.RouteTable{
					{ID: "rtb-main", Main: true, Routes: []peering.Route{toPeer("tgw-1", false)}},
					{ID: "rtb-app", Subnets: []peering.SubnetID{"subnet-app"}, Routes: []peering.Route{toPeer("tgw-1", false)}},
					{ID: "rtb-web", Subnets: []peering.SubnetID{"subnet-web"}, Routes: []peering.Route{toPeer("tgw-1", false)}},
				}
				s.Terms.Routes.Tables = policy.Tables{
					Scope: policy.SubnetTables, Subnets: &policy.Subnets{IDs: []peering.SubnetID{tt.subnet}},
				}
			})) {
				got = append(got, c.Table)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("tables with conflicts (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAKeptRouteIsNoConflict, also before acceptance, and it stays. A route that the policy can't keep, or doesn't, is
// one.
func TestAKeptRouteIsNoConflict(t *testing.T) {
	t.Parallel()
	const create = "create route 172.31.0.0/16 → pcx-new in rtb-1"
	stays := func(destination, target string) string {
		return "note: " + destination + " stays routed to " + target + " in rtb-1, as the policy keeps this route"
	}
	conflict := func(destination, target string) string {
		return "conflict: " + destination + ", which is routed to " + target +
			" in rtb-1, overlaps 172.31.0.0/16, so that can't be routed to pcx-new"
	}
	tests := []struct {
		name   string
		keep   []netip.Prefix
		routes []peering.Route
		want   []string
	}{
		{"a more specific route", prefixes("172.31.7.0/24"), []peering.Route{route("172.31.7.0/24", "eni-1")},
			[]string{create, stays("172.31.7.0/24", "eni-1")}},
		{"a route to another connection", prefixes("172.31.7.0/24"), []peering.Route{route("172.31.7.0/24", "pcx-other")},
			[]string{create, stays("172.31.7.0/24", "pcx-other")}},
		{"several, sorted", prefixes("172.31.7.0/24", "172.31.6.0/24"),
			[]peering.Route{route("172.31.7.0/24", "eni-1"), route("172.31.6.0/24", "eni-1")},
			[]string{create, stays("172.31.6.0/24", "eni-1"), stays("172.31.7.0/24", "eni-1")}},
		{"one without a route", prefixes("172.31.7.0/24"), nil, []string{create}},
		{"a route inside a kept one", prefixes("172.31.7.0/24"), []peering.Route{route("172.31.7.1/32", "eni-1")},
			[]string{conflict("172.31.7.1/32", "eni-1")}},
		{"a route around a kept one", prefixes("172.31.7.0/24"), []peering.Route{route("172.31.0.0/17", "eni-1")},
			[]string{conflict("172.31.0.0/17", "eni-1")}},
		{"a route to the wanted destination itself", prefixes("172.31.0.0/16"),
			[]peering.Route{route("172.31.0.0/16", "eni-1")},
			[]string{"conflict: 172.31.0.0/16 is already routed to eni-1 in rtb-1, so it can't be routed to pcx-new"}},
		{"a wider route to another connection", prefixes("172.16.0.0/12"),
			[]peering.Route{route("172.16.0.0/12", "pcx-other")}, []string{conflict("172.16.0.0/12", "pcx-other")}},
		{"a route apart from all wanted ones", prefixes("10.9.1.0/24"),
			[]peering.Route{route("10.9.1.0/24", "eni-1")}, []string{create}},
		{"a route to the connection, which goes", prefixes("172.31.7.0/24"),
			[]peering.Route{route("172.31.7.0/24", "pcx-new")},
			[]string{create, "then delete route 172.31.7.0/24 → pcx-new in rtb-1"}},
		{"the route of a dead connection doesn't count", prefixes("172.31.7.0/24"),
			[]peering.Route{{Destination: prefixes("172.31.7.0/24")[0], Target: other, Blackhole: true}}, []string{create}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := marketing(func(s *plan.Side) {
				s.Tables = []peering.RouteTable{table("rtb-1", tt.routes...)}
				s.Dead = map[peering.ConnectionID]bool{peering.ConnectionID(other): true}
				s.Terms.Adopt, s.Terms.Routes.Keep = true, tt.keep
			})
			p := plan.Connect(s)
			if diff := cmp.Diff(tt.want, sentences(p)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
			isKept := slices.ContainsFunc(tt.want, func(sentence string) bool {
				return strings.Contains(sentence, "stays routed")
			})
			if len(p.Conflicts) == 0 && s.KeepsRoute() != isKept {
				t.Errorf("KeepsRoute() = %t, want %t", !isKept, isKept)
			}
			if conflicts := foreseen(s); len(conflicts) != len(p.Conflicts) {
				t.Errorf("before acceptance there are %v, want %v", conflicts, p.Conflicts)
			}
		})
	}
}

func route(destination string, target peering.Target) peering.Route {
	return peering.Route{Destination: netip.MustParsePrefix(destination), Target: target}
}
