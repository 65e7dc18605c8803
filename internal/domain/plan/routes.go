package plan

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// planRoutes plans routes to every destination among the peer's blocks in every chosen table, and takes
// back routes of ours to anything else. Where the routes are somebody else's it does neither.
func planRoutes(s Side) Plan {
	var p Plan
	if s.Terms.Routes.Tables.Scope == policy.NoTables {
		return p
	}
	chosen, lacking := Select(s.Terms.Routes.Tables, s.Tables, s.Subnets)
	want, unrouted := destinations(s.Terms.Routes, s.peerBlocks())
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
	p.Shortages = append(p.Shortages, q.Shortages...)
	p.MakesRoom = p.MakesRoom || q.MakesRoom
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
		case r.Target != peering.Target(via) && s.hasLeft(r):
			p.Changes = append(p.Changes, ReplaceRoute{Table: t.ID, Destination: dst, Was: r.Target, Via: via})
		}
		p.Conflicts = append(p.Conflicts, conflicts(t, dst, s)...)
		p.State = append(p.State, Fact{fmt.Sprintf("%s routes %s to %s", t.ID, dst, via), key("route", t.ID, dst, via)})
	}
	for _, r := range routesTo(t, via) {
		if !slices.Contains(want, r.Destination) {
			p.Changes = append(p.Changes, DeleteRoute{Table: t.ID, Destination: r.Destination, Via: via})
		}
	}
	return p.with(holdRoutes(s, t, p.Changes))
}

// hasLeft reports whether the route is what a dead connection has left.
func (s Side) hasLeft(r peering.Route) bool {
	return r.Blackhole && s.Dead[peering.ConnectionID(r.Target)]
}

func routeTo(t peering.RouteTable, dst netip.Prefix) (peering.Route, bool) {
	i := slices.IndexFunc(t.Routes, func(r peering.Route) bool { return r.Destination == dst })
	if i < 0 {
		return peering.Route{}, false
	}
	return t.Routes[i], true
}

// Leftovers returns the other connections that have a blackhole in the way of what the side wants. It may be
// replaced once the connection is known to be dead; while one is merely pending its route is a blackhole too.
// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-routing.html
func Leftovers(s Side) []peering.ConnectionID {
	var ids []peering.ConnectionID
	for _, c := range planRoutes(s).Conflicts {
		if c.isLeftover() {
			ids = append(ids, peering.ConnectionID(c.Route.Target))
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Foresee returns what would keep the side from being made right, as far as that is known before anything is
// accepted. Blocks that the policy chooses count as the peer's until it shows its own, and of the subnets,
// where nobody has read them, those that a table is associated with. Leftovers are not among the conflicts.
func Foresee(s Side) ([]Conflict, []Shortage) {
	s.Connection = s.withExpectedBlocks()
	if s.Subnets == nil {
		s.Subnets = associated(s.Tables)
	}
	p := planRoutes(s).with(planRules(s))
	return slices.DeleteFunc(p.Conflicts, Conflict.isLeftover), p.Shortages
}

// withExpectedBlocks fills in what the policy chooses of a peer that doesn't show its blocks yet.
func (s Side) withExpectedBlocks() peering.Connection {
	if len(s.peerBlocks()) > 0 {
		return s.Connection
	}
	blocks := slices.Clone(s.Terms.Routes.To)
	for _, a := range s.Terms.Allow {
		blocks = append(blocks, a.Sources.Blocks...)
	}
	c := s.Connection
	if s.Role == peering.Requester {
		c.Accepter.Blocks = blocks
	} else {
		c.Requester.Blocks = blocks
	}
	return c
}

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
