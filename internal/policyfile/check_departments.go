package policyfile

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// owned is a member with the name of its department.
type owned struct {
	member
	department string
}

// claims returns the members whose account and Region are known, in the order of the file.
func (d *document) claims() []owned {
	var all []owned
	for _, row := range d.Departments.rows {
		for _, m := range row.value.items {
			if m.Account.ok && m.Region.ok {
				all = append(all, owned{m, row.key.text})
			}
		}
	}
	return all
}

// checkBlocks reports blocks that a member lists twice, and warns of VPCs whose blocks aren't declared.
func (c checker) checkBlocks(d *document) {
	for _, row := range d.Departments.rows {
		for _, m := range row.value.items {
			distinctBlocks(c.reader, "cidrs: block", m.CIDRs)
			distinctBlocks(c.reader, "also: block", m.Also)
			if m.VPC.ok && !m.CIDRs.given() {
				c.warn(UndeclaredBlocks, m.VPC.at,
					fmt.Sprintf("%s has no cidrs, so every block that its owner adds is routed and admitted", m.VPC.text),
					"declare its blocks under cidrs")
			}
		}
	}
}

// checkMembers reports VPCs that are named twice. An id names a VPC only together with its owner and Region.
func (c checker) checkMembers(d *document) {
	type id struct {
		peering.Cell
		vpc peering.VPCID
	}
	first := map[id]owned{}
	for _, m := range d.claims() {
		key := id{m.cell(), m.VPC.value}
		earlier, found := first[key]
		switch {
		case !m.VPC.ok:
		case found:
			c.addClaim(m.VPC.at, m.VPC.text, m, earlier)
		default:
			first[key] = m
		}
	}
}

// addClaim reports that two members claim the same.
func (c checker) addClaim(at position, claim string, m, earlier owned) {
	fix := "a VPC belongs to one department: remove it from one of the two"
	if m.department == earlier.department {
		fix = "list it once"
	}
	c.add(at, fmt.Sprintf("%s of %s is claimed by %s in line %d already",
		claim, m.cell(), earlier.department, earlier.at.line), fix)
}

// checkRanges reports ranges of one cell that overlap, and VPCs that are declared to lie in the range of
// another department.
func (c checker) checkRanges(d *document) {
	ranges := map[peering.Cell][]owned{}
	claims := d.claims()
	for _, m := range claims {
		if m.Within.ok {
			ranges[m.cell()] = append(ranges[m.cell()], m)
		}
	}
	for _, inCell := range ranges {
		c.checkOverlap(inCell)
	}
	for _, m := range claims {
		c.checkDeclared(m, ranges[m.cell()])
	}
}

// checkOverlap relies on two blocks being either disjoint or one inside the other: sorted, a block comes
// after the one that contains it and before any that doesn't follow from it.
func (c checker) checkOverlap(ranges []owned) {
	slices.SortStableFunc(ranges, func(a, b owned) int { return a.Within.value.Compare(b.Within.value) })
	var outer owned
	for _, m := range ranges {
		if !outer.Within.ok || !cidr.Contains(outer.Within.value, m.Within.value) {
			outer = m
			continue
		}
		later, earlier := m, outer
		if later.at.line < earlier.at.line {
			later, earlier = earlier, later
		}
		c.addClaim(later.Within.at, later.Within.text, later, earlier)
	}
}

// checkFamilies reports departments with only IPv6 ranges in a cell: no VPC is a member by its IPv6 blocks. A
// department with a member that couldn't be read is skipped.
func (c checker) checkFamilies(d *document) {
	for _, row := range d.Departments.rows {
		members := row.value.items
		if slices.ContainsFunc(members, func(m member) bool { return !m.Account.ok || !m.Region.ok }) {
			continue
		}
		reported := map[peering.Cell]bool{}
		for _, m := range members {
			hasMember := func(o member) bool { return o.cell() == m.cell() && !o.isIPv6Range() }
			if m.isIPv6Range() && !reported[m.cell()] && !slices.ContainsFunc(members, hasMember) {
				reported[m.cell()] = true
				c.add(m.Within.at, fmt.Sprintf("%s has only IPv6 ranges in %s, and a VPC is a member by its primary IPv4 block",
					row.key.text, m.cell()),
					"add a member there with vpc, or with an IPv4 block as within")
			}
		}
	}
}

func (m member) isIPv6Range() bool { return m.Within.ok && m.Within.value.Addr().Is6() }

func (c checker) checkDeclared(m owned, ranges []owned) {
	for _, r := range ranges {
		if r.department == m.department || !m.VPC.ok {
			continue
		}
		if i := slices.IndexFunc(m.CIDRs.items, func(s scalar[netip.Prefix]) bool {
			return s.ok && cidr.Contains(r.Within.value, s.value)
		}); i >= 0 {
			c.addClaim(m.CIDRs.items[i].at, m.CIDRs.items[i].text, m, r)
			return
		}
	}
}
