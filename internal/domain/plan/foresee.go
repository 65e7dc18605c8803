package plan

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// Prospects returns the sides that the cell would have of a connection that isn't accepted yet. Until EC2 shows the
// peer's blocks, it uses those that the policy declares or chooses. If the subnets weren't read, it uses those with
// an associated table.
func (i Inventory) Prospects(cell peering.Cell, c peering.Connection, d policy.Decision, p *policy.Policy) []Side {
	var sides []Side
	for _, role := range c.Roles(cell) {
		if !d.Manages(role) {
			continue
		}
		s := i.Side(p.Expected(c), role, d, p).expected()
		vpc := c.VPC(role)
		s.Peerings = count(i.Living, func(o peering.Connection) bool {
			return o.ID != c.ID && o.State.IsAccepted() && (o.Requester.Same(vpc) || o.Accepter.Same(vpc))
		})
		sides = append(sides, s)
	}
	return sides
}

// Foresee returns the obstacles of the sides that can be known before acceptance.
func Foresee(sides ...Side) ([]Conflict, []Shortage) {
	var conflicts []Conflict
	var shortages []Shortage
	for _, s := range sides {
		resources, _ := s.expected().resources()
		p := obstacles(resources)
		conflicts = append(conflicts, p.Conflicts...)
		shortages = slices.Concat(shortages, ofPeerings(s.Connection.VPC(s.Role).ID, s.Peerings, s.Limits), p.Shortages)
	}
	return conflicts, shortages
}

// expected returns the side with the blocks and subnets that it probably has after the acceptance.
func (s Side) expected() Side {
	s.Connection = s.withExpectedBlocks()
	if s.Subnets == nil {
		s.Subnets = associated(s.Tables)
	}
	return s
}

// withExpectedBlocks fills in the blocks that the policy chooses of a peer that doesn't show its own yet. In a mesh
// they may be of any VPC of the department, also of the side's own.
func (s Side) withExpectedBlocks() peering.Connection {
	if len(s.peerBlocks()) > 0 || s.Own == s.Peer {
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

// associated returns the subnets that the tables name, by their ids alone.
func associated(tables []peering.RouteTable) []peering.Subnet {
	var subnets []peering.Subnet
	for _, t := range tables {
		for _, id := range t.Subnets {
			subnets = append(subnets, peering.Subnet{ID: id, VPC: t.VPC})
		}
	}
	return subnets
}

// Twin returns the connection of the same VPCs, in either direction, that prevents the acceptance of c, and nil
// if there is none. It is an accepted connection, beside which EC2 accepts no other, or an older request that the
// policy allows with the known blocks of c.
func (i Inventory) Twin(c peering.Connection, p *policy.Policy) *peering.Connection {
	at := slices.IndexFunc(i.Living, func(o peering.Connection) bool {
		same := o.Requester.Same(c.Requester) && o.Accepter.Same(c.Accepter) || o.Requester.Same(c.Accepter) &&
			o.Accepter.Same(c.Requester)
		return o.ID != c.ID && same && (o.State.IsAccepted() || o.State == peering.PendingAcceptance && isOlder(o, c) &&
			mayBeAccepted(p.Decide(withBlocksOf(c, o))))
	})
	if at < 0 {
		return nil
	}
	return &i.Living[at]
}

// withBlocksOf completes o, a connection of the same VPCs as c: EC2 may show the blocks of neither side, and
// another cell has sent them.
func withBlocksOf(c, o peering.Connection) peering.Connection {
	for _, v := range []peering.VPC{c.Requester, c.Accepter} {
		switch {
		case o.Requester.Same(v) && len(o.Requester.Blocks) == 0:
			o.Requester = v
		case o.Accepter.Same(v) && len(o.Accepter.Blocks) == 0:
			o.Accepter = v
		}
	}
	return o
}

// isOlder reports whether o was requested before c. Both are pending: an accepted connection doesn't expire.
func isOlder(o, c peering.Connection) bool {
	return cmp.Or(o.Expires.Compare(c.Expires), cmp.Compare(o.ID, c.ID)) == -1
}

func mayBeAccepted(d policy.Decision) bool {
	return d.Verdict == policy.Accept || d.Verdict == policy.Ask
}

// promised is the time for which a requester's side is reserved for a request after a positive check. The accepter
// may rely on the answer for the same time.
const promised = 10 * time.Minute

// Promises maps the requests for which this process has lately found the requester's side free to the accepter's
// blocks on which that rests.
type Promises map[peering.ConnectionID][]netip.Prefix

// Reserving returns the inventory as it will be once the connections ahead of c are connected. These are accepted ones
// that have no route yet, and requests of the cell to other cells with a promise. Another process may have made a
// promise, so young requests that are older than c count, too. A side that can't be connected, and a side in report
// mode, reserve nothing.
func (i Inventory) Reserving(
	cell peering.Cell, c peering.Connection, p *policy.Policy, made Promises, now time.Time,
) Inventory {
	ahead := only(i.Living, func(o peering.Connection) bool {
		return o.ID != c.ID && len(cell.Shared(o, c)) > 0 && !i.isRouted(o.ID) &&
			(o.State.IsAccepted() || made.include(cell, o, c, now))
	})
	slices.SortFunc(ahead, func(a, b peering.Connection) int {
		return cmp.Or(a.Expires.Compare(b.Expires), cmp.Compare(a.ID, b.ID)) // accepted ones, which never expire, come first
	})
	for _, o := range ahead {
		o = i.WithBlocks(o)
		if len(o.Accepter.Blocks) == 0 {
			o.Accepter.Blocks = made[o.ID]
		}
		if d := p.Decide(o); mayBeAccepted(d) && !d.Reports {
			i = i.reserving(o.ID, i.Prospects(cell, o, d, p))
		}
	}
	return i
}

// reserving returns the inventory with the routes and rules of the sides, and with their connection as an accepted
// one unless an obstacle prevents the acceptance.
func (i Inventory) reserving(id peering.ConnectionID, sides []Side) Inventory {
	conflicts, shortages := Foresee(sides...)
	if len(conflicts)+len(shortages) == 0 {
		i.Living = slices.Clone(i.Living)
		at := slices.IndexFunc(i.Living, func(o peering.Connection) bool { return o.ID == id })
		if !i.Living[at].State.IsAccepted() {
			i.Living[at].State = peering.Provisioning
		}
	}
	for _, s := range sides {
		i = i.with(Connect(s))
	}
	return i
}

// include reports whether the cell has, or may have, found its side free for o, a request to another cell, before c
// is checked.
func (made Promises) include(cell peering.Cell, o, c peering.Connection, now time.Time) bool {
	if o.State != peering.PendingAcceptance || o.Accepter.Cell() == cell {
		return false
	}
	_, hasPromise := made[o.ID]
	return hasPromise || isOlder(o, c) && now.Before(o.RequestedAt().Add(promised))
}

// Beyond returns the other VPCs of the cell to which accepted connections lead that share a VPC with c, have no
// route in the inventory, and have no tag of an installation. A route in such a VPC shows that the connection isn't
// about to be connected: its changes may wait for a person's consent.
func (i Inventory) Beyond(cell peering.Cell, c peering.Connection) []peering.VPCID {
	var ids []peering.VPCID
	for _, o := range i.Living {
		if o.ID != c.ID && o.State.IsAccepted() && o.ManagedBy() == "" && len(cell.Shared(o, c)) > 0 && !i.isRouted(o.ID) {
			ids = append(ids, cell.Own(o.Requester, o.Accepter)...)
		}
	}
	own := cell.Own(c.Requester, c.Accepter)
	slices.Sort(ids)
	return slices.DeleteFunc(slices.Compact(ids), func(id peering.VPCID) bool { return slices.Contains(own, id) })
}

// isRouted reports whether a route leads to the connection.
func (i Inventory) isRouted(c peering.ConnectionID) bool {
	return slices.ContainsFunc(i.Tables, func(t peering.RouteTable) bool { return len(routesTo(t, c)) > 0 })
}

// with returns the inventory with the routes and rules that the plan adds, none if it is obstructed. It shares
// nothing that is changed.
func (i Inventory) with(p Plan) Inventory {
	i.Tables, i.Groups = slices.Clone(i.Tables), slices.Clone(i.Groups)
	for _, change := range p.Changes() {
		switch c := change.(type) {
		case CreateRoute:
			at := slices.IndexFunc(i.Tables, func(t peering.RouteTable) bool { return t.ID == c.Table })
			route := peering.Route{Destination: c.Destination, Target: peering.Target(c.Via)}
			i.Tables[at].Routes = append(slices.Clip(i.Tables[at].Routes), route)
		case Authorize:
			at := slices.IndexFunc(i.Groups, func(g peering.SecurityGroup) bool { return g.ID == c.Group })
			i.Groups[at].Ingress = append(slices.Clip(i.Groups[at].Ingress), c.Permissions...)
		}
	}
	return i
}
