package simtest

import (
	"net/netip"
	"slices"
)

// wants returns the destinations that a table of the half shall route to the connection.
func (h half) wants(t *table) []netip.Prefix {
	if t.vpc != h.own().id || t.cell != h.own().Cell || !h.chooses(t) {
		return nil
	}
	return h.destinations()
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
