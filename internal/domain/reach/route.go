package reach

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// leg is the way of a packet by one route.
type leg struct {
	table *peering.RouteTable // nil for a packet that stays in its subnet, which needs no route
	route peering.Route
	into  peering.VPCID
}

// follow follows the routes of p to its destination.
func (n Network) follow(p packet) (Hop, *Blocker) {
	l, blocker := n.lead(p)
	if blocker == nil {
		blocker = n.deliver(p, l)
	}
	if blocker != nil || l.table == nil {
		return Hop{}, blocker
	}
	return p.passed(l.table.ID, "the route%s to %s in %s leads by %s into %s",
		p.word(), l.route.Destination, l.table.ID, l.route.Target, l.into), nil
}

// lead returns the VPC into which the source's route leads. A route table applies only to traffic that leaves its
// subnets:
// https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html
func (n Network) lead(p packet) (leg, *Blocker) {
	source := p.from.face
	if n.isIn(source, p.to.addr) {
		return leg{into: source.VPC}, nil
	}
	table := n.routeTable(source)
	if table == nil {
		return leg{}, p.blocked(NoRoute, source.Subnet, "no route table of %s is known here", source.Subnet)
	}
	route := mostSpecific(table.Routes, p.to.addr)
	if route == nil {
		return leg{}, n.noRoute(p, table, "")
	}
	l := leg{table: table, route: *route, into: source.VPC}
	switch {
	case route.Target == peering.Local:
		return l, nil
	case route.Target.IsConnection():
		return n.cross(p, l)
	case n.holds(*route, p.to.addr):
		return l, nil
	case route.Destination.Bits() == 0:
		return l, n.noRoute(p, table, fmt.Sprintf(" (%s leads to %s)", route.Destination, route.Target))
	}
	return l, l.elsewhere(p, "not to a VPC")
}

// holds reports whether the route leads to an interface with the address. A route to an instance leads to one of its
// interfaces, the primary one if EC2 doesn't show which. One that hasn't the address drops the packet, unless it is
// made to forward, which isn't known here.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html
func (n Network) holds(r peering.Route, a netip.Addr) bool {
	for _, i := range n.Instances {
		for k, face := range i.Interfaces {
			if isTarget(r, i, k) && slices.Contains(face.Addresses, a) {
				return true
			}
		}
	}
	return false
}

// isTarget reports whether the route leads to the kth interface of the instance.
func isTarget(r peering.Route, i peering.Instance, k int) bool {
	if string(r.Target) != string(i.ID) {
		return string(r.Target) == string(i.Interfaces[k].ID)
	}
	return r.Interface == i.Interfaces[k].ID || r.Interface == "" && k == 0
}

// mostSpecific returns the route that EC2 takes: the longest prefix, and of equal ones a static route before a prefix
// list, and that before a propagated route. Prefix lists without known blocks are passed over.
// https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html
func mostSpecific(routes []peering.Route, a netip.Addr) *peering.Route {
	var best *peering.Route
	for i, r := range routes {
		if !r.Destination.Contains(a) {
			continue
		}
		if best == nil || r.Destination.Bits() > best.Destination.Bits() ||
			r.Destination.Bits() == best.Destination.Bits() && precedence(r) < precedence(*best) {
			best = &routes[i]
		}
	}
	return best
}

// precedence orders routes to the same destination.
func precedence(r peering.Route) int {
	switch {
	case r.Propagated:
		return 2
	case r.PrefixList != "":
		return 1
	}
	return 0
}

// cross takes the leg over the peering connection that its route names.
func (n Network) cross(p packet, l leg) (leg, *Blocker) {
	c := n.connection(peering.ConnectionID(l.route.Target))
	switch {
	case c == nil && !l.route.Blackhole:
		return l, l.elsewhere(p, "which is not known here")
	case c == nil:
		return l, l.blackhole(p, "gone")
	case l.route.Blackhole || c.State != peering.Active:
		return l, l.blackhole(p, string(c.State))
	}
	if l.into = peerOf(*c, p.from.face.VPC); l.into == "" {
		return l, l.elsewhere(p, "which does not join "+string(p.from.face.VPC))
	}
	return l, nil
}

func (l leg) blackhole(p packet, state string) *Blocker {
	return p.blocked(Blackhole, l.table.ID, "the route%s to %s in %s is a blackhole (%s is %s)",
		p.word(), l.route.Destination, l.table.ID, l.route.Target, state)
}

func (l leg) elsewhere(p packet, why string) *Blocker {
	return p.blocked(Elsewhere, l.table.ID, "the route%s to %s in %s leads to %s, %s",
		p.word(), l.route.Destination, l.table.ID, l.route.Target, why)
}

// deliver returns the blocker between p and its instance in the VPC to which the route leads, nil if there is none.
func (n Network) deliver(p packet, l leg) *Blocker {
	if b := n.transit(p, l); b != nil {
		return b
	}
	switch {
	case p.to.face == nil:
		place := n.placeOf(l.into, p.to.addr)
		return p.blocked(NoInstance, place, "no instance in %s is known to have the address %s", place, p.to.addr)
	case p.to.face.VPC != l.into && l.table == nil:
		subnet := p.from.face.Subnet
		return p.blocked(Elsewhere, subnet, "%s belongs to %s itself, but %s is in %s", p.to.addr, subnet,
			p.to.name(), p.to.face.VPC)
	case p.to.face.VPC != l.into:
		return l.elsewhere(p, fmt.Sprintf("into %s, but %s is in %s", l.into, p.to.name(), p.to.face.VPC))
	}
	return nil
}

// transit stops a packet that arrives by a connection and is not for the VPC's own blocks: such a packet leaves
// neither by another connection nor by a gateway.
// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-limitations
func (n Network) transit(p packet, l leg) *Blocker {
	blocks := n.blocks(l.into)
	if _, own := cidr.Find(blocks, p.to.addr); own || len(blocks) == 0 || l.into == p.from.face.VPC {
		return nil
	}
	return p.blocked(NotTransitive, l.table.ID,
		"peering is not transitive: the route%s to %s in %s leads by %s into %s, which does not "+
			"hold %s and passes nothing on",
		p.word(), l.route.Destination, l.table.ID, l.route.Target, l.into, p.to.addr)
}

// noRoute names the destination's whole block, unless a route is for a part of it. If a third VPC is peered with both,
// the sentence states that packets don't pass through it, because people may expect that.
func (n Network) noRoute(p packet, t *peering.RouteTable, besides string) *Blocker {
	there := blockOrAddress(n.blockOf(p.to), p.to.addr, slices.ContainsFunc(t.Routes, func(r peering.Route) bool {
		return r.Destination.Bits() > 0 && r.Destination.Overlaps(n.blockOf(p.to))
	}))
	sentence := fmt.Sprintf("no route%s in %s leads to %s%s", p.word(), t.ID, there, besides)
	source, destination := p.from.face.VPC, n.vpcOf(p.to)
	if middle := n.between(source, destination); middle != "" {
		return p.blocked(NotTransitive, t.ID,
			"peering is not transitive: %s and %s are peered with %s and not with one another; %s",
			source, destination, middle, sentence)
	}
	return p.blocked(NoRoute, t.ID, "%s", sentence)
}

// between returns a VPC that is actively peered with both a and b, which have no connection of their own, or "".
func (n Network) between(a, b peering.VPCID) peering.VPCID {
	alive := func(s peering.State) bool { return !s.IsDead() }
	active := func(s peering.State) bool { return s == peering.Active }
	if a == b || n.peered(a, b, alive) {
		return ""
	}
	for _, v := range n.vpcs() {
		if n.peered(a, v.ID, active) && n.peered(v.ID, b, active) {
			return v.ID
		}
	}
	return ""
}

// blockOrAddress returns the block if one sentence holds for all of it, and otherwise the address.
func blockOrAddress(block netip.Prefix, a netip.Addr, partly bool) string {
	if partly || block.IsSingleIP() {
		return a.String()
	}
	return block.String()
}

// word is " back" in sentences about the answer.
func (p packet) word() string {
	if p.back {
		return " back"
	}
	return ""
}
