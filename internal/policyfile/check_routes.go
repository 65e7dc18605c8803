package policyfile

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/suggest"
)

// checkRoutes reports ids and blocks that are listed twice, and blocks that can't be routed or left out.
// The plan reports ids that EC2 doesn't know, and blocks that a VPC doesn't have.
func (c checker) checkRoutes(e entry) {
	if e.Between.isMesh() {
		return // which has no routes: see checkMesh
	}
	for _, row := range e.Routes.rows {
		s := row.value
		distinct(c.reader, "route table", s.Tables.choice.IDs)
		distinct(c.reader, "subnet", s.Tables.choice.Subnets.IDs)
		distinctBlocks(c.reader, "destination", s.To)
		distinctBlocks(c.reader, "exclusion", s.Except)
		distinct(c.reader, "kept route", s.Keep)
		c.checkContradiction(s)
		if peer, found := e.Between.other(row.key.text); found {
			c.checkDestinations(s, peer)
			c.checkHoles(s, peer)
			c.checkKept(s, peer)
		}
	}
}

// other returns the department that the given one is peered with.
func (p pair) other(department string) (peer string, found bool) {
	if !p.known() || !p.has(department) {
		return "", false
	}
	if p.names[0].text == department {
		return p.names[1].text, true
	}
	return p.names[0].text, true
}

// checkContradiction reports destinations that overlap an exclusion.
func (c checker) checkContradiction(s sideRoutes) {
	for _, dst := range s.To.items {
		i := slices.IndexFunc(s.Except.items, func(x scalar[netip.Prefix]) bool {
			return x.ok && dst.ok && x.value.Overlaps(dst.value)
		})
		if i >= 0 {
			c.add(dst.at, fmt.Sprintf("destination %s overlaps exclusion %s", dst.text, s.Except.items[i].text),
				"excluded blocks are never routed: name blocks that don't overlap")
		}
	}
}

// checkDestinations reports destinations that the peer can't have.
func (c checker) checkDestinations(s sideRoutes, peer string) {
	ranges, known := c.ranges(peer)
	for _, dst := range s.To.items {
		if known && dst.ok && !cidr.Covers(ranges, dst.value) {
			c.add(dst.at, fmt.Sprintf("destination %s lies outside the blocks of %s", dst.text, peer),
				"they are "+suggest.List(texts(ranges)))
		}
	}
}

// checkHoles reports exclusions that would leave a hole in a declared block. A range declares none: a VPC
// of it may have the excluded block as one of its own.
func (c checker) checkHoles(s sideRoutes, peer string) {
	if s.To.given() {
		return // to lists the routed blocks in place of the declared ones
	}
	declared := c.declared(peer)
	for _, x := range s.Except.items {
		i := slices.IndexFunc(declared, func(b netip.Prefix) bool {
			return x.ok && b != x.value && cidr.Contains(b, x.value)
		})
		if i >= 0 {
			c.add(x.at, fmt.Sprintf("exclusion %s is only a part of block %s of %s, and EC2 routes only whole blocks",
				x.text, declared[i], peer),
				"exclude all of it, or list the parts to route under the key to")
		}
	}
}

// checkKept reports kept routes with the destination of a wanted route, and those inside no wanted route: keeping
// them has no effect.
func (c checker) checkKept(s sideRoutes, peer string) {
	routed, known := c.ranges(peer)
	wanted, outside, fix := c.declared(peer), "lies outside the blocks of "+peer, "they are "
	if s.To.given() {
		routed, known = values(s.To), wellFormed(s.To)
		wanted, outside, fix = routed, "lies inside no destination", "the destinations are "
	}
	for _, k := range s.Keep.items {
		holds := func(b netip.Prefix) bool { return k.ok && cidr.Contains(b, k.value) }
		excluded := slices.IndexFunc(s.Except.items, func(x scalar[netip.Prefix]) bool { return x.ok && holds(x.value) })
		switch {
		case excluded >= 0:
			c.add(k.at, fmt.Sprintf("kept route %s lies inside exclusion %s", k.text, s.Except.items[excluded].text),
				"nothing there is routed, so no route is in the way: name only one of the two")
		case slices.Contains(wanted, k.value):
			c.add(k.at, fmt.Sprintf("kept route %s has the destination of a wanted route", k.text),
				"a table has one route to a destination: keep more specific routes only, or leave the block out with except")
		case k.ok && known && !slices.ContainsFunc(routed, holds):
			c.add(k.at, fmt.Sprintf("kept route %s %s", k.text, outside), fix+suggest.List(texts(routed)))
		}
	}
}
