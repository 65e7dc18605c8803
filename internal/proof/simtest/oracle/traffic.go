package oracle

import (
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
)

// isCovered reports whether the ranges together have all addresses of the block. It cuts the block in halves until one
// range has a whole part.
func isCovered(b netip.Prefix, ranges []netip.Prefix) bool {
	if isInside(b, ranges) {
		return true
	}
	if !ledger.AnyOverlap([]netip.Prefix{b}, ranges) {
		return false
	}
	lower, upper := halves(b) // some range is smaller than the block
	return isCovered(lower, ranges) && isCovered(upper, ranges)
}

// halves returns the two halves of a block with more than one address.
func halves(b netip.Prefix) (lower, upper netip.Prefix) {
	bits := b.Bits()
	bytes := b.Masked().Addr().AsSlice()
	bytes[bits/8] |= 1 << (7 - bits%8)
	middle, _ := netip.AddrFromSlice(bytes)
	return netip.PrefixFrom(b.Masked().Addr(), bits+1), netip.PrefixFrom(middle, bits+1)
}

// lastAddr returns the last address of a block.
func lastAddr(b netip.Prefix) netip.Addr {
	for b.Bits() < b.Addr().BitLen() {
		_, b = halves(b)
	}
	return b.Addr()
}

// isAdmittedBy reports whether the permissions together admit all traffic of p. It looks at the ports at which the
// permissions begin and after which they end, since nothing changes between those.
func isAdmittedBy(p ledger.Permission, all []ledger.Permission) bool {
	ports := []int{p.From}
	if hasPorts(p) {
		for _, q := range all {
			ports = append(ports, q.From, q.To+1)
		}
	}
	return !slices.ContainsFunc(ports, func(port int) bool {
		return port >= p.From && (!hasPorts(p) || port <= p.To) && !isAdmittedAt(port, p, all)
	})
}

// isAdmittedAt reports whether the permissions together admit the traffic of p at one port, or of all its ICMP types.
func isAdmittedAt(port int, p ledger.Permission, all []ledger.Permission) bool {
	var from []netip.Prefix
	for _, q := range all {
		if !admitsAt(q, port, p) {
			continue
		}
		if !p.Block.IsValid() && q.Group == p.Group && !q.Block.IsValid() {
			return true
		}
		if q.Block.IsValid() {
			from = append(from, q.Block)
		}
	}
	return p.Block.IsValid() && isCovered(p.Block, from)
}

// admitsAt reports whether q admits the protocol of p at the port, or at all types and codes of p.
func admitsAt(q ledger.Permission, port int, p ledger.Permission) bool {
	switch {
	case q.Protocol == "-1":
		return true
	case q.Protocol != p.Protocol:
		return false
	case q.From < 0:
		return true
	case hasPorts(p):
		return q.From <= port && port <= q.To
	}
	return q.From == p.From && (q.To < 0 || q.To == p.To)
}

func hasPorts(p ledger.Permission) bool { return p.Protocol == "tcp" || p.Protocol == "udp" }
