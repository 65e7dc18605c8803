package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// LeftOut is a block of a VPC that the policy doesn't permit: it is neither routed nor admitted, and prevents no
// change.
type LeftOut struct {
	Role     peering.Role // the side of the connection that has the block
	Block    netip.Prefix
	Sentence string
	Key      string // the ids, names and blocks of the sentence
}

// isOpen reports whether every block of the VPC is permitted, because the file names the VPC and declares no blocks
// of it.
func (m match) isOpen() bool { return m.member != nil && len(m.member.CIDRs) == 0 }

// permitted returns the ranges inside which blocks of the VPC are permitted, merged, unless it isOpen.
func (m match) permitted() []netip.Prefix {
	ranges := m.department.ranges(m.vpc.Cell())
	for _, other := range m.department.Members {
		if other.Cell == m.vpc.Cell() {
			ranges = append(ranges, other.Also...)
		}
	}
	if m.member != nil {
		ranges = append(ranges, m.member.CIDRs...)
	}
	return cidr.Merge(ranges)
}

// leftOut returns the known blocks of the VPC that are not permitted.
func (m match) leftOut() []netip.Prefix {
	if m.isOpen() {
		return nil
	}
	permitted := m.permitted()
	return slices.DeleteFunc(slices.Clone(m.vpc.Blocks), func(b netip.Prefix) bool { return cidr.Covers(permitted, b) })
}

// Permits returns the ranges inside which the policy permits blocks of the VPC, merged. Where the file names the
// VPC and declares no blocks, these are all blocks of both families. The result is nil for a VPC that is in no
// department or may be in several.
func (p *Policy) Permits(v peering.VPC) []netip.Prefix {
	matches := p.matches(v)
	switch {
	case len(matches) != 1:
		return nil
	case matches[0].isOpen():
		return []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)}
	}
	return matches[0].permitted()
}

// undeclared returns the first block that AWS shows of a VPC with declared blocks and that is not permitted.
func (m match) undeclared() (netip.Prefix, bool) {
	left := m.leftOut()
	if m.member == nil || len(left) == 0 {
		return netip.Prefix{}, false
	}
	return left[0], true
}

// compared returns the blocks that must not overlap those of the other side. AWS accepts no connection if any
// blocks overlap. On an accepted connection only those blocks count that are routed and admitted.
func (m match) compared(s peering.State) []netip.Prefix {
	if !s.IsAccepted() {
		return m.blocks()
	}
	left := m.leftOut()
	return slices.DeleteFunc(slices.Clone(m.blocks()), func(b netip.Prefix) bool { return slices.Contains(left, b) })
}

// Undeclared returns the first block of the VPC that the policy permits in no department to which the VPC may
// belong. The blocks come from another cell's message, so the first one need not be the VPC's primary block.
func (p *Policy) Undeclared(v peering.VPC) (netip.Prefix, bool) {
	blocks := v.Blocks
	v.Blocks = nil
	var first netip.Prefix
	for _, m := range p.matches(v) {
		m.vpc.Blocks = blocks
		left := m.leftOut()
		if len(left) == 0 {
			return netip.Prefix{}, false
		}
		first = left[0]
	}
	return first, first.IsValid()
}

// leftOutOf returns the blocks of one side that are not permitted, with the ranges of its department.
func (p *Policy) leftOutOf(r peering.Role, m match) []LeftOut {
	var left []LeftOut
	permitted := m.permitted()
	for _, b := range m.leftOut() {
		left = append(left, LeftOut{
			Role: r, Block: b, Key: fmt.Sprintf("left-out|%s|%s|%s|%s", m.vpc.ID, b, m.department.Name, permitted),
			Sentence: fmt.Sprintf("%s of %s is neither routed nor admitted: %s has only %s in %s; to "+
				"permit it, list it under %s",
				b, m.vpc.ID, m.department.Name, list(permitted), m.vpc.Cell(), p.remedy(m)),
		})
	}
	return left
}

// remedy names the key and the line of the file under which a further block of the VPC is permitted.
func (p *Policy) remedy(m match) string {
	if m.member != nil {
		return "cidrs in " + p.at(m.member.Line)
	}
	i := slices.IndexFunc(m.department.Members,
		func(o Member) bool { return o.Within.Addr().Is4() && o.Cell == m.vpc.Cell() })
	return "also in " + p.at(m.department.Members[i].Line)
}

func list(blocks []netip.Prefix) string {
	texts := make([]string, len(blocks))
	for i, b := range blocks {
		texts[i] = b.String()
	}
	return strings.Join(texts, ", ")
}
