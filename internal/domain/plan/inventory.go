package plan

import (
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// Inventory lists resources of any number of a cell's VPCs. A kind that was not read is nil.
type Inventory struct {
	VPCs    []peering.VPC
	Tables  []peering.RouteTable
	Subnets []peering.Subnet
	Groups  []peering.SecurityGroup
	ACLs    []peering.NetworkACL
	Rules   []peering.IngressRule // tagged with a connection, by any installation
	Living  []peering.Connection  // pending or accepted
}

// WithBlocks returns c with the blocks of those of its VPCs that the inventory has. A pending connection does not
// show them.
func (i Inventory) WithBlocks(c peering.Connection) peering.Connection {
	for _, known := range i.VPCs {
		switch {
		case known.Same(c.Requester):
			c.Requester = known
		case known.Same(c.Accepter):
			c.Accepter = known
		}
	}
	return c
}

// Side returns the resources of one side of the connection, with the terms that the decision sets for it.
func (i Inventory) Side(c peering.Connection, role peering.Role, d policy.Decision, p *policy.Policy) Side {
	vpc := c.VPC(role).ID
	side := Side{
		Connection: c, Role: role, Terms: d.Terms(role), Limits: p.Limits, By: p.Installation, LeftOut: d.LeftOut,
		Own: d.Requester, Peer: d.Accepter, Closing: d.IsObjection(),
		Rules:   only(i.Rules, func(r peering.IngressRule) bool { return r.Connection() == c.ID }),
		Tables:  only(i.Tables, func(t peering.RouteTable) bool { return t.VPC == vpc }),
		Subnets: only(i.Subnets, func(n peering.Subnet) bool { return n.VPC == vpc }),
		Groups:  only(i.Groups, func(g peering.SecurityGroup) bool { return g.VPC == vpc }),
	}
	if c.Requester.Cell() == c.Accepter.Cell() {
		peer := c.VPC(role.Other()).ID
		side.PeerGroups = only(i.Groups, func(g peering.SecurityGroup) bool { return g.VPC == peer })
	}
	if role == peering.Accepter {
		side.Own, side.Peer = side.Peer, side.Own
	}
	if d.Peering != nil && d.Peering.IsMesh() {
		side.Terms = side.inMesh()
	}
	if d.Provisional && (p.DepartmentOf(c.Requester) == "" || p.DepartmentOf(c.Accepter) == "") {
		return side // the blocks may show other departments, with another peering, so that no rule is surplus for certain
	}
	side.Ours = only(i.Rules, func(r peering.IngressRule) bool {
		return r.Connection() == c.ID && r.MadeBy() == p.Installation &&
			slices.ContainsFunc(side.Groups, func(g peering.SecurityGroup) bool { return g.ID == r.Group })
	})
	return side
}

func only[T any](all []T, keep func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(all), func(t T) bool { return !keep(t) })
}

// Reached returns the blocks of the peer to which the side routes.
func (s Side) Reached() []netip.Prefix {
	blocks, _ := destinations(s.Terms.Routes, s.peerBlocks())
	return blocks
}

// RoutedSubnets returns the subnets served by a route table that gets routes, or all subnets where the policy
// leaves the routes to others.
func (s Side) RoutedSubnets() []peering.Subnet {
	if s.Terms.Routes.Tables.Scope == policy.NoTables {
		return s.Subnets
	}
	chosen, _ := Select(s.Terms.Routes.Tables, s.Tables, s.Subnets)
	return only(s.Subnets, func(n peering.Subnet) bool { return chosen[TableOf(n.ID, s.Tables)] })
}
