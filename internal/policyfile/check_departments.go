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

// checkMembers reports VPCs that are named twice. An id alone is no name: only with its owner and Region
// does it say which VPC is meant.
func (c checker) checkMembers(d *document) {
	type id struct {
		peering.Cell
		vpc peering.VPCID
	}
	first := map[id]owned{}
	for _, m := range d.claims() {
		distinctBlocks(c.reader, "cidrs block", m.CIDRs)
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
func (c checker) addClaim(at position, what string, m, earlier owned) {
	fix := "a VPC belongs to one department"
	if m.department == earlier.department {
		fix = "list it once"
	}
	c.add(at, fmt.Sprintf("%s of %s is claimed by %s in line %d already", what, m.cell(), earlier.department, earlier.at.line), fix)
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
