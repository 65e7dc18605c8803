package explain

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// vpcs is one VPC, or all VPCs that no policy at hand distinguishes: those of a cell that are not named and whose
// primary blocks lie in the same ranges.
type vpcs struct {
	peering.Cell
	id peering.VPCID // "" for all that are not named
	// primary is the smallest range that holds the primary block. The others are the smaller ranges inside it.
	// Invalid for a VPC that all policies name.
	primary netip.Prefix
	others  []netip.Prefix
	isSplit bool // the primary block of the named VPC may lie in another range
	// known are the declared blocks of the VPC, nil if the policies don't agree on them. It may have further blocks
	// if a policy permits them.
	known []netip.Prefix
}

// String returns the id, or else the account and Region with the range of the primary block.
func (v vpcs) String() string {
	switch {
	case v.id != "" && !v.isSplit:
		return string(v.id)
	case v.id != "":
		return fmt.Sprintf("%s with a primary block in %s", v.id, v.where())
	case v.known != nil:
		return fmt.Sprintf("%s/%s", v.Cell, v.known[0])
	}
	return fmt.Sprintf("%s/%s", v.Cell, v.where())
}

// where names the range of the primary block.
func (v vpcs) where() string {
	if len(v.others) > 0 {
		return fmt.Sprintf("%s outside %s", v.primary, texts(outermost(v.others)))
	}
	return v.primary.String()
}

// The ids of VPCs that no policy names. A connection never has two VPCs of one id.
const (
	anyRequester peering.VPCID = "vpc-00000001"
	anyAccepter  peering.VPCID = "vpc-00000002"
)

// outermost returns the ranges that lie in no other one.
func outermost(ranges []netip.Prefix) []netip.Prefix {
	return slices.DeleteFunc(slices.Clone(ranges), func(r netip.Prefix) bool {
		return slices.ContainsFunc(ranges, func(o netip.Prefix) bool { return o != r && cidr.Contains(o, r) })
	})
}

// find returns the member that names the VPC, or nil.
func find(p *policy.Policy, cell peering.Cell, id peering.VPCID) *policy.Member {
	for i := range p.Departments {
		members := p.Departments[i].Members
		if j := slices.IndexFunc(members, func(m policy.Member) bool {
			return id != "" && m.VPC == id && m.Cell == cell
		}); j >= 0 {
			return &members[j]
		}
	}
	return nil
}

// survey returns the VPCs that the policies distinguish, those of each policy's departments in the order of its file.
func survey(policies ...*policy.Policy) []vpcs {
	ranges := rangesOf(policies)
	var all []vpcs
	seen := map[string]bool{}
	add := func(v vpcs) {
		if key := fmt.Sprint(v.Cell, v.id, v.primary); !seen[key] {
			seen[key] = true
			all = append(all, v)
		}
	}
	for _, p := range policies {
		for _, d := range p.Departments {
			for _, m := range d.Members {
				for _, v := range distinguished(m, ranges[m.Cell], policies) {
					add(v)
				}
			}
		}
	}
	return all
}

// distinguished returns the VPCs of a member. One that only some of the policies name is in the others by its
// primary block.
func distinguished(m policy.Member, ranges []netip.Prefix, policies []*policy.Policy) []vpcs {
	if m.VPC == "" {
		if m.Within.Addr().Is6() {
			return nil
		}
		r := smallest(ranges, m.Within)
		return []vpcs{{Cell: m.Cell, primary: r, others: inside(ranges, r)}}
	}
	v := vpcs{Cell: m.Cell, id: m.VPC}
	named, agreed := true, true
	for _, p := range policies {
		other := find(p, m.Cell, m.VPC)
		named = named && other != nil
		declared := declaredBy(other)
		agreed = agreed && (declared == nil || v.known == nil || slices.Equal(cidr.Sorted(declared), cidr.Sorted(v.known)))
		if declared != nil {
			v.known = declared
		}
	}
	m.CIDRs = v.known
	if !agreed {
		v.known, m.CIDRs = nil, nil
	}
	if named {
		return []vpcs{v}
	}
	places := append(slices.Clone(ranges), netip.PrefixFrom(netip.IPv4Unspecified(), 0))
	return v.splitBy(places, m.CIDRs)
}

// splitBy returns the VPC once for each of the ranges in which its primary block may lie. The declared blocks hold
// the primary one.
func (v vpcs) splitBy(ranges, declared []netip.Prefix) []vpcs {
	var all []vpcs
	for _, r := range cidr.Sorted(ranges) {
		isIn := func(block netip.Prefix) bool { return smallest(ranges, block) == r && cidr.Contains(r, block) }
		if len(declared) == 0 || slices.ContainsFunc(declared, isIn) {
			v.primary, v.others = r, inside(ranges, r)
			all = append(all, v)
		}
	}
	for i := range all {
		all[i].isSplit = len(all) > 1
	}
	return all
}

// rangesOf returns the merged IPv4 ranges of all departments by cell. Two of them are disjoint, or one is inside
// the other.
func rangesOf(policies []*policy.Policy) map[peering.Cell][]netip.Prefix {
	all := map[peering.Cell][]netip.Prefix{}
	for _, p := range policies {
		for _, d := range p.Departments {
			own := map[peering.Cell][]netip.Prefix{}
			for _, m := range d.Members {
				if m.Within.IsValid() && m.Within.Addr().Is4() {
					own[m.Cell] = append(own[m.Cell], m.Within)
				}
			}
			for cell, ranges := range own {
				all[cell] = append(all[cell], cidr.Merge(ranges)...)
			}
		}
	}
	for cell := range all {
		all[cell] = cidr.Sorted(all[cell])
	}
	return all
}

// smallest returns the smallest range that holds the block, or else the block.
func smallest(ranges []netip.Prefix, block netip.Prefix) netip.Prefix {
	var best netip.Prefix // whose Bits are -1
	for _, r := range ranges {
		if cidr.Contains(r, block) && r.Bits() > best.Bits() {
			best = r
		}
	}
	if !best.IsValid() {
		return block
	}
	return best
}

// inside returns the ranges inside r, without r.
func inside(ranges []netip.Prefix, r netip.Prefix) []netip.Prefix {
	return slices.DeleteFunc(slices.Clone(ranges), func(o netip.Prefix) bool { return o == r || !cidr.Contains(r, o) })
}

// pair returns an example of each of the two, as a policy sees it before EC2 shows the blocks of VPCs that it
// names. The primary blocks of the others are disjoint from the peer's blocks if such blocks exist, because EC2
// connects no VPCs that overlap.
func pair(p *policy.Policy, a, b vpcs) (peering.VPC, peering.VPC) {
	x := peering.VPC{Owner: a.Account, Region: a.Region, ID: cmp.Or(a.id, anyRequester)}
	y := peering.VPC{Owner: b.Account, Region: b.Region, ID: cmp.Or(b.id, anyAccepter)}
	atX, atY := find(p, a.Cell, a.id), find(p, b.Cell, b.id)
	isFreeX, isFreeY := a.isFree(atX), b.isFree(atY)
	switch {
	case isFreeX && isFreeY:
		x.Blocks, y.Blocks = apart(a, b)
	case isFreeX:
		x.Blocks = a.example(slices.Concat(declaredBy(atY), b.known))
	case isFreeY:
		y.Blocks = b.example(slices.Concat(declaredBy(atX), a.known))
	}
	return x, y
}

// isFree reports whether the policy leaves the blocks of the VPC open, and its kind restricts them. The member is
// the policy's.
func (v vpcs) isFree(m *policy.Member) bool {
	return m == nil || len(m.CIDRs) == 0 && v.primary.IsValid()
}

func declaredBy(m *policy.Member) []netip.Prefix {
	if m == nil {
		return nil
	}
	return m.CIDRs
}

// example returns the blocks of one of the VPCs, disjoint from the given ones if possible.
func (v vpcs) example(against []netip.Prefix) []netip.Prefix {
	if v.known != nil {
		return v.primaryFirst()
	}
	if block, found := carve(v.primary, v.others, against); found {
		return []netip.Prefix{block}
	}
	block, _ := carve(v.primary, v.others, nil)
	return []netip.Prefix{block}
}

// primaryFirst returns the known blocks, beginning with one that can be the primary one.
func (v vpcs) primaryFirst() []netip.Prefix {
	isPrimary := func(b netip.Prefix) bool {
		return cidr.Contains(v.primary, b) && !slices.ContainsFunc(v.others,
			func(o netip.Prefix) bool { return cidr.Contains(o, b) })
	}
	i := slices.IndexFunc(v.known, isPrimary)
	if i <= 0 {
		return v.known
	}
	return slices.Insert(slices.Delete(slices.Clone(v.known), i, i+1), 0, v.known[i])
}

// mayAvoid reports whether a VPC may have no block that overlaps one of the given ones.
func (v vpcs) mayAvoid(blocks []netip.Prefix) bool {
	if slices.ContainsFunc(v.known, func(k netip.Prefix) bool { return slices.ContainsFunc(blocks, k.Overlaps) }) {
		return false
	}
	if !v.primary.IsValid() {
		return true
	}
	_, found := carve(v.primary, v.others, blocks)
	return found
}

// apart returns blocks of both that don't overlap, if such blocks exist.
func apart(a, b vpcs) (x, y []netip.Prefix) {
	if a.known != nil || b.known != nil {
		return a.example(b.known), b.example(a.known)
	}
	for _, block := range parts(a.primary, 4) {
		x, foundX := carve(block, a.others, nil)
		y, foundY := carve(b.primary, b.others, []netip.Prefix{x})
		if foundX && foundY {
			return []netip.Prefix{x}, []netip.Prefix{y}
		}
	}
	return a.example(nil), b.example(nil)
}

// parts returns the block and its halves, quarters and so on, down to the depth.
func parts(block netip.Prefix, depth int) []netip.Prefix {
	all := []netip.Prefix{block}
	for i, end := 0, 1<<(depth+1)-1; len(all) < end; i++ {
		low, high, found := halves(all[i])
		if !found {
			break
		}
		all = append(all, low, high)
	}
	return all
}

// carve returns a part of the block outside all others that doesn't overlap against.
func carve(block netip.Prefix, others, against []netip.Prefix) (netip.Prefix, bool) {
	holds := func(o netip.Prefix) bool { return cidr.Contains(o, block) }
	if slices.ContainsFunc(others, holds) || slices.ContainsFunc(against, holds) {
		return netip.Prefix{}, false
	}
	if !slices.ContainsFunc(against, block.Overlaps) {
		return block, true
	}
	low, high, found := halves(block)
	if !found {
		return netip.Prefix{}, false
	}
	if part, found := carve(low, others, against); found {
		return part, true
	}
	return carve(high, others, against)
}

// twice returns the block that has the given one as a half, unless it is larger than the largest block of a VPC.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
func twice(block netip.Prefix) (netip.Prefix, bool) {
	largest := 44
	if block.Addr().Is4() {
		largest = 16
	}
	if block.Bits() <= largest {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(block.Addr(), block.Bits()-1).Masked(), true
}

// halves returns the halves of an IPv4 block, unless they are smaller than the smallest block of a VPC.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
func halves(block netip.Prefix) (low, high netip.Prefix, found bool) {
	bits := block.Bits() + 1
	if bits > 28 {
		return netip.Prefix{}, netip.Prefix{}, false
	}
	address := block.Addr().As4()
	address[(bits-1)/8] |= 0x80 >> ((bits - 1) % 8)
	return netip.PrefixFrom(block.Addr(), bits), netip.PrefixFrom(netip.AddrFrom4(address), bits), true
}
