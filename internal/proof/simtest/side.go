package simtest

import (
	"net/netip"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

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
