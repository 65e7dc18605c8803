package plan

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/cidr"
	"github.com/autopeer/autopeer/internal/peering"
)

// planRoutes plans routes to every block of the peer in every chosen table, and takes back routes of ours
// to anything else.
func planRoutes(s Side) Plan {
	var p Plan
	want := cidr.Sorted(s.Connection.VPC(s.Role.Other()).Blocks)
	chosen, notes := Select(s.Terms.Tables, s.Tables, s.Subnets)
	p.Notes = notes
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
	for _, c := range planRoutes(s).Conflicts {
		if c.Route.Blackhole && c.Route.Target.IsConnection() {
			ids = append(ids, peering.ConnectionID(c.Route.Target))
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// LiveConflicts returns what stands in the way of routing the blocks of the peer as far as they are known,
// before anything is accepted. Leftovers are not among them.
func LiveConflicts(s Side) []Conflict {
	return slices.DeleteFunc(planRoutes(s).Conflicts, func(c Conflict) bool {
		return c.Route.Blackhole && c.Route.Target.IsConnection()
	})
}
