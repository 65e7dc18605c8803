package plan

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// planRoutes plans routes to every destination among the peer's blocks in every chosen table, and the removal of
// our routes to other destinations. With the scope NoTables it plans neither.
func planRoutes(s Side) ([]resource, []string) {
	if s.Terms.Routes.Tables.Scope == policy.NoTables {
		return nil, nil
	}
	chosen, lacking := Select(s.Terms.Routes.Tables, s.Tables, s.Subnets)
	want, unrouted := destinations(s.Terms.Routes, s.peerBlocks())
	var tables []resource
	var kept []string
	for _, t := range sortedTables(s.Tables) {
		if _, ok := chosen[t.ID]; ok {
			tables = append(tables, planTable(t, want, s))
			kept = append(kept, keptIn(t, want, s)...)
		} else {
			tables = append(tables, planTable(t, nil, s))
		}
	}
	return tables, slices.Concat(lacking, unrouted, kept)
}

// planTable plans one table. A route that leads elsewhere is replaced only when it is the leftover of a
// dead peering connection: any other route may carry traffic, now or later.
func planTable(t peering.RouteTable, want []netip.Prefix, s Side) resource {
	r := resource{quotas: routeQuotas(s, t)}
	via := s.Connection.ID
	for _, route := range routesTo(t, via) {
		i := item{traffic: allTo(route.Destination), fact: routeFact(t.ID, route.Destination, via)}
		r.existing = append(r.existing, i)
		if !slices.Contains(want, route.Destination) {
			i.closes = !cidr.Covers(want, route.Destination)
			i.route = DeleteRoute{Table: t.ID, Destination: route.Destination, Via: via, Replaced: !i.closes}
			r.losses = append(r.losses, i)
		}
	}
	for _, dst := range want {
		if change := s.routeChange(t, dst); change != nil {
			r.gains = append(r.gains, item{traffic: allTo(dst), fact: routeFact(t.ID, dst, via), route: change,
				closes: r.narrows(t, dst)})
		}
		r.conflicts = append(r.conflicts, conflicts(t, dst, s)...)
		r.unread = r.unread || len(unreadLists(t, false)) > 0 && s.routeChange(t, dst) != nil
		r.wanted = append(r.wanted, routeFact(t.ID, dst, via))
	}
	return r
}

// routeChange returns the change that makes the wanted route, nil where there is one or one that stays.
func (s Side) routeChange(t peering.RouteTable, dst netip.Prefix) Change {
	r, found := routeTo(t, dst)
	switch {
	case !found:
		return CreateRoute{Table: t.ID, Destination: dst, Via: s.Connection.ID}
	case r.Target != peering.Target(s.Connection.ID) && s.hasLeft(r):
		return ReplaceRoute{Table: t.ID, Destination: dst, Was: r.Target, Via: s.Connection.ID}
	}
	return nil
}

func routeFact(t peering.RouteTableID, dst netip.Prefix, via peering.ConnectionID) Fact {
	return Fact{fmt.Sprintf("%s routes %s to %s", t, dst, via), key("route", t, dst, via)}
}

// narrows reports whether a route to the destination only keeps traffic that a loss carries now: the loss is the
// most specific route to all of the destination. A more specific route to a part of it leads that part elsewhere
// before and after. A prefix list that can't be read counts for nothing here: if it led inside the loss, it was a
// conflict while it was read, and without the narrower route, traffic that works now would end with the loss.
func (r resource) narrows(t peering.RouteTable, dst netip.Prefix) bool {
	var best netip.Prefix // whose Bits are -1
	for _, route := range t.Routes {
		if route.Destination.IsValid() && cidr.Contains(route.Destination, dst) && route.Destination.Bits() > best.Bits() {
			best = route.Destination
		}
	}
	return slices.ContainsFunc(r.losses, func(loss item) bool { return loss.closes && loss.traffic == allTo(best) })
}

// hasLeft reports whether the route is the leftover of a dead connection. No installation makes routes to prefix lists.
func (s Side) hasLeft(r peering.Route) bool {
	return r.Blackhole && r.PrefixList == "" && s.Dead[peering.ConnectionID(r.Target)]
}

// routeTo returns the static route to the destination. A propagated one and a prefix list with the same block are
// beside it.
func routeTo(t peering.RouteTable, dst netip.Prefix) (peering.Route, bool) {
	i := slices.IndexFunc(t.Routes, func(r peering.Route) bool { return r.Destination == dst && r.IsStatic() })
	if i < 0 {
		return peering.Route{}, false
	}
	return t.Routes[i], true
}

// Leftovers returns the other connections with a blackhole route that conflicts with a wanted route. The route may be
// replaced once the connection is known to be dead. The route of a pending connection is a blackhole, too.
// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-routing.html
func Leftovers(s Side) []peering.ConnectionID {
	var ids []peering.ConnectionID
	tables, _ := planRoutes(s)
	for _, c := range obstacles(tables).Conflicts {
		if c.isLeftover() {
			ids = append(ids, peering.ConnectionID(c.Route.Target))
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
