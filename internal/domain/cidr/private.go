package cidr

import (
	"net/netip"
	"slices"
)

// private are the blocks of private addresses: RFC 1918, RFC 6598 (carrier-grade NAT) and RFC 4193.
var private = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("fc00::/7"),
}

// IsPrivate reports whether all addresses of the block are private.
func IsPrivate(block netip.Prefix) bool {
	return slices.ContainsFunc(private, func(p netip.Prefix) bool { return Contains(p, block) })
}
