package plan

import (
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// Surroundings is what the VPCs of a cell have, any number of them, as far as somebody has read it.
type Surroundings struct {
	VPCs     []peering.VPC
	Tables   []peering.RouteTable
	Subnets  []peering.Subnet
	Groups   []peering.SecurityGroup
	ACLs     []peering.NetworkACL
	Rules    []peering.IngressRule // tagged with a connection
	Accepted []peering.Connection  // that are active, or about to be
}

// Fill gives the connection's VPCs that are among the surroundings their blocks, which a pending connection
// doesn't show.
func (s Surroundings) Fill(c peering.Connection) peering.Connection {
	for _, known := range s.VPCs {
		switch {
		case known.Same(c.Requester):
			c.Requester = known
		case known.Same(c.Accepter):
			c.Accepter = known
		}
	}
	return c
}

// Side returns what concerns one side of the connection alone.
func (s Surroundings) Side(c peering.Connection, role peering.Role, d policy.Decision, limits policy.Limits) Side {
	vpc := c.VPC(role).ID
	side := Side{
		Connection: c, Role: role, Terms: d.Terms(role), Limits: limits,
		Own: d.Requester, Peer: d.Accepter,
		Tables:  only(s.Tables, func(t peering.RouteTable) bool { return t.VPC == vpc }),
		Subnets: only(s.Subnets, func(n peering.Subnet) bool { return n.VPC == vpc }),
		Groups:  only(s.Groups, func(g peering.SecurityGroup) bool { return g.VPC == vpc }),
	}
	if role == peering.Accepter {
		side.Own, side.Peer = side.Peer, side.Own
	}
	side.Ours = only(s.Rules, func(r peering.IngressRule) bool {
		return r.Connection() == c.ID && slices.ContainsFunc(side.Groups, func(g peering.SecurityGroup) bool { return g.ID == r.Group })
	})
	return side
}

// Obstacles returns what would keep the sides that the cell owns from being connected, as far as that is known
// before anything is accepted.
func (s Surroundings) Obstacles(cell peering.Cell, c peering.Connection, d policy.Decision, limits policy.Limits) ([]Conflict, []Shortage) {
	var conflicts []Conflict
	var shortages []Shortage
	for _, role := range c.Roles(cell) {
		if !d.Manages(role) {
			continue
		}
		vpc := c.VPC(role)
		others := only(s.Accepted, func(o peering.Connection) bool {
			return o.ID != c.ID && (o.Requester.Same(vpc) || o.Accepter.Same(vpc))
		})
		some, few := Foresee(s.Side(c, role, d, limits))
		conflicts = append(conflicts, some...)
		shortages = slices.Concat(shortages, ofPeerings(vpc.ID, len(others), limits), few)
	}
	return conflicts, shortages
}

func only[T any](all []T, keep func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(all), func(t T) bool { return !keep(t) })
}

// Reached returns the blocks of the peer to which the side routes.
func (s Side) Reached() []netip.Prefix {
	blocks, _ := destinations(s.Terms.Routes, s.peerBlocks())
	return blocks
}

// RoutedSubnets returns the subnets that are served by a route table that the side routes; all of them where
// somebody else does.
func (s Side) RoutedSubnets() []peering.Subnet {
	if s.Terms.Routes.Tables.Scope == policy.NoTables {
		return s.Subnets
	}
	chosen, _ := Select(s.Terms.Routes.Tables, s.Tables, s.Subnets)
	return only(s.Subnets, func(n peering.Subnet) bool { return chosen[TableOf(n.ID, s.Tables)] })
}
