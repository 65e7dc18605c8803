package explain

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// others stands for all protocols that a policy can't name.
const others peering.Protocol = "others"

// protocols are the parts of all traffic.
var protocols = []peering.Protocol{peering.TCP, peering.UDP, peering.ICMP, peering.ICMPv6, others}

// last is the highest port, and the highest type of ICMP with its highest code.
const last = 65535

// source is one source of traffic, or one destination of routes. Exactly one of block and ref is set.
type source struct {
	block netip.Prefix
	ref   string // a security group or a prefix list
	// inside is the range of the VPC's permitted blocks that holds the block. It is invalid where the VPC's blocks
	// are declared, and therefore known.
	inside netip.Prefix
	// other and own are the VPC at the other end and the one of the block, where inside is valid.
	other, own vpcs
	// whole is true where the policy lists no block: each block of the VPC inside the range counts for itself. A
	// listed block counts only for a VPC that has all of it.
	whole bool
	// isDeclared reports that the policy declares the block, and that another policy declares other blocks of the VPC.
	isDeclared bool
	// except lists the blocks that are not routed, of a whole range only. A block of the VPC that meets one of them
	// is not routed.
	except string
	holes  []netip.Prefix
	// outside lists the parts of the block that another policy has as well, and overlapping those that it excludes
	// from the block. They are printed only, and change no result.
	outside, overlapping string
}

// span is traffic of one protocol from one source.
type span struct {
	protocol peering.Protocol
	from, to int32 // ports, or for ICMP 256 times the type plus the code
	source   source
	line     int
}

// spans returns the traffic of a planned permission.
func spans(p peering.Permission, s source, line int) []span {
	if p.Protocol == peering.AllProtocols {
		all := make([]span, len(protocols))
		for i, protocol := range protocols {
			all[i] = span{protocol, 0, last, s, line}
		}
		return all
	}
	from, to := p.From, p.To
	if p.Protocol == peering.ICMP || p.Protocol == peering.ICMPv6 {
		from, to = types(p.From, p.To)
	}
	return []span{{p.Protocol, from, to, s, line}}
}

// types returns the range of a type and a code, which are -1 for all.
func types(kind, code int32) (from, to int32) {
	switch {
	case kind < 0:
		return 0, last
	case code < 0:
		return kind * 256, kind*256 + 255
	}
	return kind*256 + code, kind*256 + code
}

// minus returns the parts of a that b doesn't have. Ports are cut; a source stays whole, and is a part of b if b
// has all of it.
func minus(a, b []span) []span {
	var left []span
	for _, s := range a {
		for _, part := range s.cut(b) {
			if !part.isIn(b) {
				left = append(left, part)
			}
		}
	}
	return left
}

// cut returns the span in parts. Each part lies inside or outside the ports of every span of the set.
func (s span) cut(set []span) []span {
	begins := []int32{s.from}
	for _, o := range set {
		for _, begin := range []int32{o.from, o.to + 1} {
			if o.protocol == s.protocol && begin > s.from && begin <= s.to {
				begins = append(begins, begin)
			}
		}
	}
	slices.Sort(begins)
	begins = slices.Compact(begins)
	parts := make([]span, len(begins))
	for i, begin := range begins {
		parts[i] = s
		parts[i].from = begin
		if i+1 < len(begins) {
			parts[i].to = begins[i+1] - 1
		}
	}
	return parts
}

// isIn reports whether spans of the set that have the same protocol and all ports of s have all of its source together.
func (s span) isIn(set []span) bool {
	var sources []source
	for _, o := range set {
		if o.protocol == s.protocol && o.from <= s.from && s.to <= o.to {
			sources = append(sources, o.source)
		}
	}
	return s.source.isIn(sources)
}

func (s source) isIn(set []source) bool {
	var known []netip.Prefix
	for _, o := range set {
		switch {
		case s.ref != "" || o.ref != "":
			if s.ref == o.ref {
				return true
			}
		case !s.inside.IsValid() && !o.inside.IsValid():
			known = append(known, o.block)
		case o.holds(s):
			return true
		}
	}
	return s.block.IsValid() && cidr.Covers(known, s.block)
}

// holds reports whether every VPC for which inner counts has it in s as well.
func (s source) holds(inner source) bool {
	switch {
	case !s.inside.IsValid() || !inner.inside.IsValid():
		return false
	case !inner.whole:
		return (s.whole || s.isCompletedBy(inner.block)) && s.hasAllBlocksOf(inner) &&
			!slices.ContainsFunc(s.holes, inner.block.Overlaps)
	case !s.whole:
		return inner.isDeclared && s.block == inner.block
	case !cidr.Contains(s.inside, inner.inside):
		return false
	}
	return !slices.ContainsFunc(s.holes, func(hole netip.Prefix) bool {
		return inner.inside.Overlaps(hole) && !cidr.Covers(inner.holes, narrower(hole, inner.inside))
	})
}

// isCompletedBy reports whether a VPC with the block has all of s, a listed block: the rest of it is declared.
func (s source) isCompletedBy(block netip.Prefix) bool {
	return cidr.Contains(s.block, block) && cidr.Covers(append(slices.Clone(s.own.known), block), s.block)
}

// hasAllBlocksOf reports whether the blocks of a VPC that make up a listed block lie inside the range of s. One of
// them would have to be larger than the range otherwise. Its VPC then has no other block there, nor has the VPC at
// the other end: EC2 connects no VPCs whose blocks overlap. The larger block isn't the primary one, which the policy
// of s permits.
func (s source) hasAllBlocksOf(listed source) bool {
	if cidr.Contains(s.inside, listed.inside) {
		return true
	}
	if !cidr.Contains(s.inside, listed.block) {
		return false
	}
	wider, found := twice(s.inside)
	return !found || !listed.other.mayAvoid(append(slices.Clone(listed.own.known), wider)) ||
		!listed.own.mayAvoid(append(slices.Clone(listed.other.known), wider))
}

// narrower returns the intersection of two blocks that overlap.
func narrower(a, b netip.Prefix) netip.Prefix {
	if a.Bits() > b.Bits() {
		return a
	}
	return b
}

func (s source) compare(o source) int {
	return cmp.Or(s.block.Compare(o.block), cmp.Compare(s.ref, o.ref), cmp.Compare(s.except, o.except))
}

// besides returns the span with its difference from the other spans: the parts of its source that they have, or
// their exceptions.
func (s span) besides(others []span) span {
	var inside []netip.Prefix
	for _, o := range others {
		switch {
		case o.protocol != s.protocol || o.from > s.from || s.to > o.to:
		case o.source.isRange() && s.source.isRange() && cidr.Contains(o.source.inside, s.source.inside):
			s.source.overlapping = texts(o.source.holes)
		case o.source.isPartOf(s.source):
			inside = append(inside, o.source.block)
		}
	}
	s.source.outside = texts(outermost(cidr.Sorted(inside)))
	return s
}

// isRange reports whether the source is each of the blocks inside a range.
func (s source) isRange() bool { return s.whole && s.inside.IsValid() }

// isPartOf reports whether the source holds all that of has inside its block. A listed block of a VPC with unknown
// blocks doesn't: it counts only for a VPC that has all of it.
func (s source) isPartOf(of source) bool {
	isSmaller := s.block.IsValid() && of.block.IsValid() && s.block != of.block && cidr.Contains(of.block, s.block)
	return isSmaller && (!s.inside.IsValid() || s.isRange() && len(s.holes) == 0)
}
