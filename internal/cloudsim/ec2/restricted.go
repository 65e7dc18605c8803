package ec2

import (
	"net/netip"
	"slices"
)

func ranges(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		all[i] = netip.MustParsePrefix(text)
	}
	return all
}

// reservedRanges can't be assigned to VPCs. AWS documents only that of link-local addresses.
var reservedRanges = ranges("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")

// The ranges of the restrictions on associations.
var (
	privateRanges = ranges("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16") // of RFC 1918
	benchmark     = netip.MustParsePrefix("198.19.0.0/16")
	firstOfTen    = netip.MustParsePrefix("10.0.0.0/16")
	firstTwoOfTen = netip.MustParsePrefix("10.0.0.0/15")
	lastOf172     = netip.MustParsePrefix("172.31.0.0/16")
)

// restricts reports whether the VPC's IPv4 blocks keep it from getting p too. Blocks of a private range need a primary
// block of the same one:
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html#add-cidr-block-restrictions.
func (v *vpc) restricts(p netip.Prefix) bool {
	if p.Addr().Is6() {
		return false
	}
	primary := v.blocks[0].prefix
	of := func(in netip.Prefix) bool {
		return slices.ContainsFunc(v.family(false), func(b block) bool { return b.prefix.Overlaps(in) })
	}
	switch {
	case p.Overlaps(benchmark):
		return !primary.Overlaps(benchmark)
	case p.Overlaps(firstOfTen) && of(firstTwoOfTen), p.Overlaps(lastOf172) && of(privateRanges[1]):
		return true
	}
	return slices.ContainsFunc(privateRanges, func(private netip.Prefix) bool {
		return private.Overlaps(p) && !private.Overlaps(primary)
	})
}
