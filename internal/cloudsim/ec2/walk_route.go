package ec2

import (
	"net/netip"
	"slices"
)

// follow takes a packet from an interface to the one that receives it. Route tables apply only to traffic that leaves a
// subnet.
func (s *Service) follow(from *face, to netip.Addr) (*face, string) {
	own := from.subnet.vpc
	if slices.ContainsFunc(from.subnet.prefixes(), func(p netip.Prefix) bool { return p.Contains(to) }) {
		return arrive(own, to)
	}
	r := from.subnet.table().best(to)
	if r == nil {
		return nil, noRoute
	}
	switch {
	case r.target == localTarget:
		return arrive(own, to)
	case r.target.parameter == targetConnection:
		return s.over(own, r.target.id, to)
	case !own.main.isAlive(r.target):
		return nil, blackhole
	}
	switch r.target.parameter {
	case targetInstance, targetInterface:
		return hop(s.sender(r.target.id), to)
	case targetTransit:
		return nil, beyond
	case targetGateway:
		if !own.hasGateway(r.target.id) {
			return nil, beyond
		}
	}
	return nil, intoInternet
}

func arrive(v *vpc, to netip.Addr) (*face, string) {
	if f := v.holder(to); f != nil {
		return f, ""
	}
	return nil, noInstance
}

// over takes a packet over a peering connection. It comes out in the other VPC and goes no further: peering isn't
// transitive, and the other VPC's gateways can't be used. See
// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html.
func (s *Service) over(own *vpc, id string, to netip.Addr) (*face, string) {
	c := s.connections[id]
	switch {
	case c == nil || c.state != stateActive:
		return nil, blackhole
	case c.requester.vpc == own:
		return arrive(c.accepter.vpc, to)
	case c.accepter.vpc == own:
		return arrive(c.requester.vpc, to)
	}
	return nil, blackhole
}

// hop hands a packet to an instance, which checks that it is the destination:
// https://docs.aws.amazon.com/vpc/latest/userguide/work-with-nat-instances.html.
func hop(f *face, to netip.Addr) (*face, string) {
	switch {
	case f == nil:
		return nil, blackhole
	case !f.has(to):
		return nil, wrongInstance
	}
	return f, ""
}

// table returns the route table of the subnet's explicit association, or else the main one.
func (s *subnet) table() *table {
	for _, t := range s.vpc.tables {
		if slices.ContainsFunc(t.associations, func(a association) bool { return a.subnet == s }) {
			return t
		}
	}
	return s.vpc.main
}

// best returns the route that EC2 takes, or nil. It is the one with the longest prefix, where the entries of a prefix
// list count. Of equal ones, the local one comes before static ones, prefix lists and propagated ones, which is the
// order of allRoutes but for prefix lists. https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html
func (t *table) best(to netip.Addr) *route {
	var best *route
	var length int
	lists := t.vpc.allLists()
	for _, r := range t.allRoutes() {
		p := r.destination
		if r.listID != "" {
			p, _ = lists[r.listID].contains(to)
		}
		if !p.IsValid() || !p.Contains(to) {
			continue
		}
		if best == nil || p.Bits() > length || p.Bits() == length && best.listID != "" && r.listID == "" && !r.propagated {
			best, length = r, p.Bits()
		}
	}
	return best
}

func (v *vpc) hasGateway(id string) bool {
	g := v.gateways[id]
	return g != nil && g.vpc == v
}
