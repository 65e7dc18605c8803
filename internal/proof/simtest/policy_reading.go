package simtest

import (
	"net/netip"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// This file reads a policy as plainly as possible, from docs/policy.md and nothing else: it shares no code and no
// thought with what autopeer decides by.

// reading is one way to read the policy for a connection: an entry that names its two VPCs, in this direction.
type reading struct {
	entry               *entry
	requester, accepter string // departments
	undeclared, overlap bool
}

// allows reports whether nothing speaks against the connection, approval apart.
func (r reading) allows() bool { return r.entry != nil && !r.undeclared && !r.overlap }

// read returns what the policy says of a connection whose blocks are all known: one thing at most.
func (l *ledger) read(c *connection) reading {
	for _, r := range l.readings(c, everything) {
		return r
	}
	return reading{}
}

// readings returns what the policy may say of a connection of which the blocks of those VPCs are known that sees says.
func (l *ledger) readings(c *connection, sees func(vpcKey) bool) []reading {
	var all []reading
	if l.policy == nil || c.requester == c.accepter {
		return nil
	}
	for _, from := range l.departmentsOf(c.requester, sees) {
		for _, to := range l.departmentsOf(c.accepter, sees) {
			for i := range l.policy.peerings {
				if e := &l.policy.peerings[i]; e.names(from, to) {
					r := reading{entry: e, requester: from, accepter: to}
					r.undeclared = l.isUndeclared(from, c.requester, sees) || l.isUndeclared(to, c.accepter, sees)
					r.overlap = anyOverlap(l.known(c.requester, sees), l.known(c.accepter, sees))
					all = append(all, r)
				}
			}
		}
	}
	return all
}

// names reports whether the entry lets the one department ask the other.
func (e *entry) names(from, to string) bool {
	between := e.a == from && e.b == to || e.a == to && e.b == from
	return between && (e.requester == "" || e.requester == from)
}

// allowing returns the readings that allow the connection.
func allowing(all []reading) []reading {
	return slices.DeleteFunc(slices.Clone(all), func(r reading) bool { return !r.allows() })
}

// asks reports whether a person has to approve, by one of the readings at least.
func asks(all []reading) bool {
	return slices.ContainsFunc(all, func(r reading) bool { return r.entry.manual })
}

func everything(vpcKey) bool { return true }

func nothing(vpcKey) bool { return false }

// inCell sees the blocks of the cell's own VPCs.
func inCell(cell peering.Cell) func(vpcKey) bool {
	return func(v vpcKey) bool { return v.Cell == cell }
}

// known returns blocks of a VPC, nil where they aren't known.
func (l *ledger) known(v vpcKey, sees func(vpcKey) bool) []netip.Prefix {
	if there := l.vpcs[v]; there != nil && sees(v) {
		return there.blocks
	}
	return nil
}

// departmentsOf returns where a VPC belongs, or may belong.
func (l *ledger) departmentsOf(v vpcKey, sees func(vpcKey) bool) []string {
	var named, ranged []string
	for _, d := range l.policy.departments {
		var ranges []netip.Prefix
		for _, m := range d.members {
			switch {
			case m.Cell == v.Cell && m.vpc == v.id:
				named = append(named, d.name)
			case m.Cell == v.Cell && m.within.IsValid():
				ranges = append(ranges, m.within)
			}
		}
		if len(ranges) > 0 && allInside(l.known(v, sees), ranges) {
			ranged = append(ranged, d.name)
		}
	}
	if len(named) > 0 {
		return named
	}
	return ranged
}

func allInside(blocks, ranges []netip.Prefix) bool {
	for _, b := range blocks {
		if !inside(b, ranges) {
			return false
		}
	}
	return true
}

func inside(b netip.Prefix, ranges []netip.Prefix) bool {
	return slices.ContainsFunc(ranges, func(r netip.Prefix) bool { return r.Overlaps(b) && r.Bits() <= b.Bits() })
}

// isUndeclared reports whether a VPC that is named with its blocks has others.
func (l *ledger) isUndeclared(department string, v vpcKey, sees func(vpcKey) bool) bool {
	cidrs := l.declared(department, v)
	return len(cidrs) > 0 && !allInside(l.known(v, sees), cidrs)
}

// concerns reports whether the VPC is a department's, or may be.
func (l *ledger) concerns(v vpcKey) bool {
	return l.policy != nil && len(l.departmentsOf(v, nothing)) > 0
}

// isApproved reports whether a person has approved a request, in the accepter's cell.
func (l *ledger) isApproved(c *connection) bool {
	return l.tagsOn(c, c.accepter.Cell)[peering.TagApproved] == "true"
}

// half is one half of a connection that the policy allows.
type half struct {
	*ledger
	connection *connection
	role       peering.Role
	reading    reading
	now        time.Time
	expected   []netip.Prefix // what counts as the peer's blocks; nil where the peer shows its own
}

func (h half) own() vpcKey  { return h.connection.side(h.role) }
func (h half) peer() vpcKey { return h.connection.side(h.role.Other()) }

func (h half) names() (own, peer string) {
	if h.role == peering.Requester {
		return h.reading.requester, h.reading.accepter
	}
	return h.reading.accepter, h.reading.requester
}

func (h half) peerBlocks() []netip.Prefix {
	if h.expected != nil {
		return h.expected
	}
	return h.known(h.peer(), everything)
}

// expecting returns the half as it can be judged before acceptance: where the cell doesn't see the peer's blocks, those
// count that the file declares, or else those that it names.
func (h half) expecting(sees func(vpcKey) bool) half {
	if sees(h.peer()) {
		return h
	}
	own, peer := h.names()
	h.expected = h.declared(peer, h.peer())
	if len(h.expected) > 0 {
		return h
	}
	h.expected = append([]netip.Prefix{}, h.reading.entry.routes[own].to...)
	for _, a := range h.reading.entry.allow {
		if a.to == own && a.from == peer {
			h.expected = append(h.expected, a.sources...)
		}
	}
	return h
}

// declared returns the blocks that the file says a VPC has.
func (l *ledger) declared(department string, v vpcKey) []netip.Prefix {
	for _, d := range l.policy.departments {
		for _, m := range d.members {
			if d.name == department && m.Cell == v.Cell && m.vpc == v.id {
				return m.cidrs
			}
		}
	}
	return nil
}

// destinations returns where routes shall lead.
func (h half) destinations() []netip.Prefix {
	own, _ := h.names()
	r := h.reading.entry.routes[own]
	return r.among(h.peerBlocks())
}

// among returns the destinations that are chosen, not excluded, and the peer's.
func (r routing) among(peer []netip.Prefix) []netip.Prefix {
	from := r.to
	if len(from) == 0 {
		from = peer
	}
	return slices.DeleteFunc(slices.Clone(from), func(p netip.Prefix) bool {
		return !inside(p, peer) || anyOverlap(r.excepts, []netip.Prefix{p})
	})
}

// chooses reports whether the table shall have routes.
func (h half) chooses(t *table) bool {
	own, _ := h.names()
	r := h.reading.entry.routes[own]
	switch {
	case r.main:
		return t.main
	case len(r.tables) > 0:
		return slices.Contains(r.tables, t.id)
	case len(r.tags) > 0:
		return hasAll(h.tags[t.id], r.tags)
	case len(r.subnets)+len(r.subnetTags) > 0:
		return h.servesChosen(t, r)
	}
	return true
}

// servesChosen reports whether the table serves one of the chosen subnets.
func (h half) servesChosen(t *table, r routing) bool {
	for _, s := range h.subnets {
		chosen := slices.Contains(r.subnets, s.id) || len(r.subnetTags) > 0 && hasAll(h.tags[s.id], r.subnetTags)
		if chosen && s.vpc == h.own().id && s.cell == h.own().Cell && h.serves(s, h.own()) == t.id {
			return true
		}
	}
	return false
}

func hasAll(have, want map[string]string) bool {
	for k, v := range want {
		if have[k] != v {
			return false
		}
	}
	return true
}

// wants returns the destinations that a table of the half shall route to the connection.
func (h half) wants(t *table) []netip.Prefix {
	if t.vpc != h.own().id || t.cell != h.own().Cell || !h.chooses(t) {
		return nil
	}
	return h.destinations()
}

// admits returns what a group of the half shall admit.
func (h half) admits(g *group) []permission {
	if g.vpc != h.own().id || g.cell != h.own().Cell {
		return nil
	}
	own, peer := h.names()
	var all []permission
	for _, a := range h.reading.entry.allow {
		if a.to == own && a.from == peer && (slices.Contains(a.ids, g.id) || len(a.tags) > 0 && hasAll(h.tags[g.id], a.tags)) {
			all = append(all, h.permissions(a)...)
		}
	}
	return all
}

// permissions returns what an entry of allow admits, of each source by each range of ports.
func (h half) permissions(a allow) []permission {
	var all []permission
	for _, p := range h.sources(a) {
		for _, ports := range a.ranges() {
			p.protocol, p.from, p.to = a.protocol, ports[0], ports[1]
			if a.protocol == "all" {
				p.protocol = "-1"
			}
			all = append(all, p)
		}
	}
	return all
}

func (h half) sources(a allow) []permission {
	var from []permission
	blocks := a.sources
	if len(a.sources)+len(a.groups) == 0 {
		blocks = h.peerBlocks()
	}
	for _, b := range blocks {
		fits := b.Addr().Is4() && a.protocol != "icmpv6" || b.Addr().Is6() && a.protocol != "icmp"
		if fits && inside(b, h.peerBlocks()) {
			from = append(from, permission{block: b})
		}
	}
	for _, g := range a.groups {
		if h.own().Region == h.peer().Region {
			from = append(from, permission{group: g})
		}
	}
	return from
}

func (a allow) ranges() [][2]int {
	switch {
	case len(a.ports) > 0:
		return a.ports
	case a.protocol == "tcp" || a.protocol == "udp":
		return [][2]int{{0, 65535}}
	}
	return [][2]int{{-1, -1}}
}

// obstacle returns a route that stands in the way of a wanted one in one of the half's tables, if there is one.
func (h half) obstacle() (in string, found bool) {
	for _, t := range h.tablesOf(h.own()) {
		for _, dst := range h.wants(t) {
			for there, r := range t.routes {
				if h.isInTheWay(there, r, dst) {
					return there.String() + " in " + t.id, true
				}
			}
			for _, own := range h.vpcs[h.own()].blocks {
				if own.Overlaps(dst) && own.Bits() >= dst.Bits() {
					return own.String() + ", which is local,", true
				}
			}
		}
	}
	return "", false
}

// isInTheWay reports whether a route takes addresses from the destination, or the destination would take some from
// it while it leads to another peer. What a dead connection has left is never in the way; and before acceptance, when
// nobody looks so closely, neither is what a pending one may have left.
func (h half) isInTheWay(there netip.Prefix, r route, dst netip.Prefix) bool {
	switch {
	case r.target == h.connection.id || !there.Overlaps(dst), isConnection(r.target) && h.isDead(r.target, h.now):
		return false
	case isConnection(r.target) && h.connection.accepted.IsZero() && h.state(h.connections[r.target], h.now) != active:
		return false
	}
	return there.Bits() >= dst.Bits() || isConnection(r.target)
}
