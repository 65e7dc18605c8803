// Package cidr computes with sets of CIDR blocks: overlaps, coverage, and the smallest equal set. IPv4 and IPv6
// blocks may be mixed; a block never contains one of the other family, so 0.0.0.0/0 does not contain 2001:db8::/32.
package cidr

import (
	"net/netip"
	"slices"
)

// Contains reports whether every address of inner is in outer.
func Contains(outer, inner netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Overlaps(inner)
}

// Overlap returns the first block of a, and with it the first of b, that have an address in common.
func Overlap(a, b []netip.Prefix) (x, y netip.Prefix, found bool) {
	for _, x := range a {
		for _, y := range b {
			if x.Overlaps(y) {
				return x, y, true
			}
		}
	}
	return netip.Prefix{}, netip.Prefix{}, false
}

// Covers reports whether every address of p is in a block of the set: one block contains p, or several
// blocks cover it together.
func Covers(set []netip.Prefix, p netip.Prefix) bool {
	return slices.ContainsFunc(Merge(set), func(m netip.Prefix) bool { return Contains(m, p) })
}

// Find returns the most specific block of the set that holds the address.
func Find(set []netip.Prefix, a netip.Addr) (best netip.Prefix, found bool) {
	for _, p := range set {
		if p.Contains(a) && (!found || p.Bits() > best.Bits()) {
			best, found = p, true
		}
	}
	return best, found
}

// Sorted returns the blocks in canonical form, each once, IPv4 before IPv6, a block before those inside it.
// Invalid prefixes are left out. The argument is not changed.
func Sorted(set []netip.Prefix) []netip.Prefix {
	sorted := make([]netip.Prefix, 0, len(set))
	for _, p := range set {
		if p.IsValid() {
			sorted = append(sorted, p.Masked())
		}
	}
	slices.SortFunc(sorted, netip.Prefix.Compare)
	return slices.Compact(sorted)
}

// Merge returns the smallest set of blocks with exactly the same addresses, sorted.
func Merge(set []netip.Prefix) []netip.Prefix {
	var merged []netip.Prefix
	for _, p := range Sorted(set) {
		if n := len(merged); n > 0 && Contains(merged[n-1], p) {
			continue
		}
		merged = joinHalves(append(merged, p))
	}
	return merged
}

// joinHalves replaces the last two blocks by their parent for as long as they are its two halves.
func joinHalves(set []netip.Prefix) []netip.Prefix {
	for n := len(set); n >= 2; n = len(set) {
		low, high := set[n-2], set[n-1]
		if low.Bits() != high.Bits() || !parent(low).Contains(high.Addr()) {
			return set
		}
		set = append(set[:n-2], parent(low))
	}
	return set
}

// parent returns the block whose half p is. A /0 has none: the result is invalid and contains nothing.
func parent(p netip.Prefix) netip.Prefix {
	return netip.PrefixFrom(p.Addr(), p.Bits()-1).Masked()
}
