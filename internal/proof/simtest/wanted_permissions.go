package simtest

import "slices"

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
