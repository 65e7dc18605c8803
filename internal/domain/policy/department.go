package policy

import (
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// match is a department that a VPC belongs to, or may belong to while its blocks aren't known.
type match struct {
	vpc        peering.VPC
	department *Department
	member     *Member // the one that names the VPC by id; nil where only a range matches
}

// blocks returns the known blocks of the VPC: those that AWS shows, or else those that the file declares.
func (m match) blocks() []netip.Prefix {
	if len(m.vpc.Blocks) == 0 && m.member != nil {
		return m.member.CIDRs
	}
	return m.vpc.Blocks
}

// Expected returns c with the declared blocks of each VPC whose blocks AWS doesn't show yet.
func (p *Policy) Expected(c peering.Connection) peering.Connection {
	for _, v := range []*peering.VPC{&c.Requester, &c.Accepter} {
		if matches := p.matches(*v); len(matches) == 1 {
			v.Blocks = matches[0].blocks()
		}
	}
	return c
}

// matches returns the departments that v belongs to. Naming a VPC by id wins over a range that its primary block lies
// in. Of a checked policy it returns more than one only where v's blocks aren't known.
func (p *Policy) matches(v peering.VPC) []match { return matchesAmong(v, p.Departments) }

func matchesAmong(v peering.VPC, lists ...[]Department) []match {
	var byID, byRange []match
	for _, departments := range lists {
		for i := range departments {
			d := &departments[i]
			if m := d.memberByID(v); m != nil {
				byID = append(byID, match{v, d, m})
			} else if d.spans(v) {
				byRange = append(byRange, match{v, d, nil})
			}
		}
	}
	if len(byID) > 0 {
		return byID
	}
	return byRange
}

func (d *Department) memberByID(v peering.VPC) *Member {
	for i := range d.Members {
		m := &d.Members[i]
		if m.VPC != "" && m.VPC == v.ID && m.Cell == v.Cell() {
			return m
		}
	}
	return nil
}

// spans reports whether the primary block of v lies inside the department's IPv4 ranges, or may do so because it
// isn't known. Other blocks don't matter, so that no block that is added to v or removed from it changes the
// department.
func (d *Department) spans(v peering.VPC) bool {
	ranges := slices.DeleteFunc(d.ranges(v.Cell()), func(r netip.Prefix) bool { return r.Addr().Is6() })
	if len(ranges) == 0 || v.ID == "" {
		return false
	}
	return len(v.Blocks) == 0 || cidr.Covers(ranges, v.Primary())
}

func (d *Department) ranges(cell peering.Cell) []netip.Prefix {
	var ranges []netip.Prefix
	for _, m := range d.Members {
		if m.Within.IsValid() && m.Cell == cell {
			ranges = append(ranges, m.Within)
		}
	}
	return ranges
}

// DepartmentOf returns the name of the department that v belongs to. It is empty if v is in no department, or
// if the department depends on blocks of v that aren't known.
func (p *Policy) DepartmentOf(v peering.VPC) string { return onlyName(p.matches(v)) }

// NeedsBlocks reports whether the decision may be a less hopeful one once the requester's blocks are known, because
// the VPC may be in a department by its primary block.
func (p *Policy) NeedsBlocks(c peering.Connection, d Decision) bool {
	byRange := func(m match) bool { return m.member == nil }
	return d.Peering != nil && d.Verdict != Reject && len(c.Requester.Blocks) == 0 &&
		slices.ContainsFunc(p.matches(c.Requester), byRange)
}

// MayReject reports whether the request may have to be rejected once the requester's blocks are known.
func (p *Policy) MayReject(c peering.Connection, d Decision) bool {
	return p.Otherwise == RejectOthers && p.NeedsBlocks(c, d)
}

func onlyName(matches []match) string {
	if len(matches) == 1 {
		return matches[0].department.Name
	}
	return ""
}
