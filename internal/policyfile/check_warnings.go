package policyfile

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// checkRisks warns of valid parts that open more than they seem to, or have no effect.
func (c checker) checkRisks(d *document) {
	c.warnOfUnused(d)
	c.warnOfSharedBlocks(d)
	for _, e := range d.Peerings.items {
		c.warnOfNoAllow(e)
		c.warnOfSingleVPC(e)
		for _, a := range e.Allow.items {
			c.warnOfAllProtocols(a)
			c.warnOfAnySource(a)
		}
	}
}

// warnOfUnused warns of departments in no peering. It warns of none if a peering names a department that can't be
// determined.
func (c checker) warnOfUnused(d *document) {
	if d.Peerings.items == nil {
		return // the key is missing or refused
	}
	used := map[string]bool{}
	for _, e := range d.Peerings.items {
		for _, s := range append(e.Between.names[:], e.Between.others...) {
			if department, found := c.intended(s.text); found {
				used[department] = true
			} else if s.given() || !e.Between.ok {
				return
			}
		}
	}
	for _, row := range d.Departments.rows {
		if row.key.ok && !used[row.key.text] {
			c.warn(UnusedDepartment, row.key.at,
				fmt.Sprintf("department %s is in no peering, so autopeer doesn't connect its VPCs", row.key.text),
				"name it under between, or remove it")
		}
	}
}

// warnOfNoAllow leaves out peerings with a third party, which may only serve requests of the other department.
func (c checker) warnOfNoAllow(e entry) {
	a, b := e.Between.names[0].text, e.Between.names[1].text
	if e.refused || e.Allow.given() || !c.isDefined(a) || !c.isDefined(b) || e.thirdParty() != "" {
		return
	}
	c.warn(NoAllow, e.at,
		fmt.Sprintf("the peering of %s has no allow, so there are routes and no ingress rules", e.Between),
		"add allow entries, unless other rules admit the traffic")
}

func (c checker) warnOfAllProtocols(a allow) {
	if !a.From.ok || a.Protocol.value != peering.AllProtocols || a.Sources.given() {
		return
	}
	members := c.members[a.From.text].items
	i := slices.IndexFunc(members, func(m member) bool { return m.VPC.ok && !m.CIDRs.given() })
	if i >= 0 {
		c.warn(AllProtocols, a.Protocol.at,
			fmt.Sprintf("protocol all is allowed from every block that is added to %s of %s in line %d",
				members[i].VPC.text, a.From.text, members[i].at.line),
			"declare its blocks under cidrs, or name sources or a protocol")
	}
}

// warnOfAnySource skips sources outside the declared blocks, which are mistakes.
func (c checker) warnOfAnySource(a allow) {
	ranges, known := c.ranges(a.From.text)
	for _, s := range a.blocks() {
		if s.value.Bits() > 0 || known && !cidr.Covers(ranges, s.value) {
			continue
		}
		c.warn(AnySource, s.at, fmt.Sprintf("source %s is every address, so it excludes no block of %s", s.text, a.From.text),
			fmt.Sprintf("list the intended blocks, or leave it out to admit the blocks of %s", a.From.text))
	}
}

// warnOfSharedBlocks warns of every third party with a block of an earlier one.
func (c checker) warnOfSharedBlocks(d *document) {
	var third []string
	for _, e := range d.Peerings.items {
		if t := e.thirdParty(); t != "" && !slices.Contains(third, t) {
			third = append(third, t)
		}
	}
	for i, later := range third {
		for _, earlier := range third[:i] {
			c.warnOfSharedBlock(later, earlier)
		}
	}
}

func (c checker) warnOfSharedBlock(a, b string) {
	others := c.blocksOf(b)
	for _, s := range c.blocksOf(a) {
		i := slices.IndexFunc(others, func(o scalar[netip.Prefix]) bool { return o.value.Overlaps(s.value) })
		if i < 0 {
			continue
		}
		later, earlier, owner, other := s, others[i], a, b
		if later.at.line < earlier.at.line {
			later, earlier, owner, other = earlier, later, b, a
		}
		c.warn(SharedBlock, later.at,
			fmt.Sprintf("block %s of the third party %s overlaps %s of the third party %s in line %d",
				later.text, owner, earlier.text, other, earlier.at.line),
			"a route table has one route to a block: give each third party its own tables, or ask for other blocks")
		return
	}
}

// blocksOf returns the well-formed blocks that the department declares.
func (c checker) blocksOf(department string) []scalar[netip.Prefix] {
	var all []scalar[netip.Prefix]
	for _, m := range c.members[department].items {
		all = append(all, append([]scalar[netip.Prefix]{m.Within}, m.CIDRs.items...)...)
	}
	return slices.DeleteFunc(all, func(s scalar[netip.Prefix]) bool { return !s.ok })
}
