package plan

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/peering"
)

// planRoutes plans routes to every destination among the peer's blocks in every chosen table, and takes
// back routes of ours to anything else.
func planRoutes(s Side, peer []netip.Prefix) Plan {
	var p Plan
	chosen, lacking := Select(s.Terms.Routes.Tables, s.Tables, s.Subnets)
	want, unrouted := destinations(s.Terms.Routes, peer)
	p.Notes = slices.Concat(lacking, unrouted)
	for _, t := range sortedTables(s.Tables) {
		if _, ok := chosen[t.ID]; ok {
			p = p.with(planTable(t, want, s))
		} else {
			p = p.with(planTable(t, nil, s))
		}
	}
	return p
}

func (p Plan) with(q Plan) Plan {
	p.Changes = append(p.Changes, q.Changes...)
	p.Conflicts = append(p.Conflicts, q.Conflicts...)
	p.State = append(p.State, q.State...)
	return p
}

// planTable plans one table. A route that leads elsewhere is replaced only when it is the leftover of a
// dead peering connection: any other may be carrying traffic, or may again.
func planTable(t peering.RouteTable, want []netip.Prefix, s Side) Plan {
	var p Plan
	via := s.Connection.ID
	for _, dst := range want {
		r, found := routeTo(t, dst)
		switch {
		case !found:
			p.Changes = append(p.Changes, CreateRoute{Table: t.ID, Destination: dst, Via: via})
		case r.Target == peering.Target(via):
		case r.Blackhole && s.Dead[peering.ConnectionID(r.Target)]:
			p.Changes = append(p.Changes, ReplaceRoute{Table: t.ID, Destination: dst, Was: r.Target, Via: via})
		default:
			p.Conflicts = append(p.Conflicts, Conflict{Table: t.ID, Route: r, Wanted: via})
		}
		p.State = append(p.State, fmt.Sprintf("%s routes %s to %s", t.ID, dst, via))
	}
	for _, r := range routesTo(t, via) {
		if !slices.Contains(want, r.Destination) {
			p.Changes = append(p.Changes, DeleteRoute{Table: t.ID, Destination: r.Destination, Via: via})
		}
	}
	return p
}

func routeTo(t peering.RouteTable, dst netip.Prefix) (peering.Route, bool) {
	i := slices.IndexFunc(t.Routes, func(r peering.Route) bool { return r.Destination == dst })
	if i < 0 {
		return peering.Route{}, false
	}
	return t.Routes[i], true
}

// Leftovers returns the other connections that have a blackhole where the side wants a route. It may be
// replaced once the connection is known to be dead; while one is merely pending its route is a blackhole too.
// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-routing.html
func Leftovers(s Side) []peering.ConnectionID {
	var ids []peering.ConnectionID
	for _, c := range planRoutes(s, s.peerBlocks()).Conflicts {
		if c.isLeftover() {
			ids = append(ids, peering.ConnectionID(c.Route.Target))
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// LiveConflicts returns what stands in the way of the routes as far as they are known before anything is
// accepted: destinations that the policy chooses count as the peer's until it shows its blocks, and of the
// subnets, which nobody reads that early, those count that a table is associated with. Leftovers are not
// among the conflicts.
func LiveConflicts(s Side) []Conflict {
	peer := s.peerBlocks()
	if len(peer) == 0 {
		peer = s.Terms.Routes.To
	}
	if s.Subnets == nil {
		s.Subnets = associated(s.Tables)
	}
	return slices.DeleteFunc(planRoutes(s, peer).Conflicts, Conflict.isLeftover)
}

// isLeftover reports whether the route may have been left by a connection that is dead by now.
func (c Conflict) isLeftover() bool { return c.Route.Blackhole && c.Route.Target.IsConnection() }

// associated returns the subnets of which the tables tell, by their ids alone.
func associated(tables []peering.RouteTable) []peering.Subnet {
	var subnets []peering.Subnet
	for _, t := range tables {
		for _, id := range t.Subnets {
			subnets = append(subnets, peering.Subnet{ID: id, VPC: t.VPC})
		}
	}
	return subnets
}
