package plan

import (
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// allTo is the traffic that a route carries.
func allTo(destination netip.Prefix) peering.Permission {
	return peering.Permission{Protocol: peering.AllProtocols, From: -1, To: -1, Source: destination}
}

// overlap reports whether some traffic may be admitted by both. The addresses of groups and prefix lists are unknown.
func overlap(a, b peering.Permission) bool {
	if !overlapPorts(a, b) {
		return false
	}
	if a.Source.IsValid() && b.Source.IsValid() {
		return a.Source.Overlaps(b.Source)
	}
	return true
}

// overlapPorts reports whether some protocol, and port or type, belongs to both.
func overlapPorts(a, b peering.Permission) bool {
	switch {
	case a.Protocol == peering.AllProtocols || b.Protocol == peering.AllProtocols:
		return true
	case a.Protocol != b.Protocol:
		return false
	case a.From < 0 || b.From < 0: // all of them
		return true
	case isICMP(a.Protocol):
		return a.From == b.From && (a.To < 0 || b.To < 0 || a.To == b.To)
	}
	return a.From <= b.To && b.From <= a.To
}

// containsPorts reports whether the protocol, and ports or types, of inner all belong to outer.
func containsPorts(outer, inner peering.Permission) bool {
	switch {
	case outer.Protocol == peering.AllProtocols:
		return true
	case outer.Protocol != inner.Protocol:
		return false
	case outer.From < 0:
		return true
	case isICMP(outer.Protocol):
		return outer.From == inner.From && (outer.To < 0 || outer.To == inner.To)
	}
	return outer.From <= inner.From && inner.To <= outer.To
}

func isICMP(p peering.Protocol) bool { return p == peering.ICMP || p == peering.ICMPv6 }

// covers reports whether the permissions together admit all traffic of p.
func covers(set []peering.Permission, p peering.Permission) bool {
	return !slices.ContainsFunc(cutPorts(p, set), func(part peering.Permission) bool { return !coversBlock(set, part) })
}

// coversBlock reports whether those of the permissions that have all ports of p admit its source together.
func coversBlock(set []peering.Permission, p peering.Permission) bool {
	var blocks []netip.Prefix
	for _, q := range set {
		switch {
		case !containsPorts(q, p):
		case q.Source.IsValid():
			blocks = append(blocks, q.Source)
		case q.Group == p.Group && q.PrefixList == p.PrefixList:
			return true
		}
	}
	return cidr.Covers(blocks, p.Source)
}

// cutPorts cuts the ports of p wherever a range of the set begins. Where a range ends, only those that begin before
// can admit the rest of a part, and these admit all of it.
func cutPorts(p peering.Permission, set []peering.Permission) []peering.Permission {
	if isICMP(p.Protocol) {
		return []peering.Permission{p}
	}
	begins := []int32{p.From}
	for _, q := range set {
		if q.From > p.From && q.From <= p.To {
			begins = append(begins, q.From)
		}
	}
	slices.Sort(begins)
	begins = slices.Compact(begins)
	parts := make([]peering.Permission, len(begins))
	for i, begin := range begins {
		parts[i] = p
		parts[i].From = begin
		if i+1 < len(begins) {
			parts[i].To = begins[i+1] - 1
		}
	}
	return parts
}
