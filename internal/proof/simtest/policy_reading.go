package simtest

import (
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// This file reads a policy as plainly as possible, from docs/policy.md and nothing else: it shares no code and no
// thought with what autopeer decides by.

// reading is one way to read the policy for a connection: an entry that names its two VPCs, in this direction.
type reading struct {
	entry               *entry
	requester, accepter string // departments
	undeclared, overlap bool
}

// allows reports whether nothing speaks against the connection, approval apart.
func (r reading) allows() bool { return r.entry != nil && !r.undeclared && !r.overlap }

// read returns what the policy says of a connection whose blocks are all known: one thing at most.
func (l *ledger) read(c *connection) reading {
	for _, r := range l.readings(c, everything) {
		return r
	}
	return reading{}
}

// readings returns what the policy may say of a connection of which the blocks of those VPCs are known that sees says.
func (l *ledger) readings(c *connection, sees func(vpcKey) bool) []reading {
	var all []reading
	if l.policy == nil || c.requester == c.accepter {
		return nil
	}
	for _, from := range l.departmentsOf(c.requester, sees) {
		for _, to := range l.departmentsOf(c.accepter, sees) {
			for i := range l.policy.peerings {
				if e := &l.policy.peerings[i]; e.names(from, to) {
					r := reading{entry: e, requester: from, accepter: to}
					r.undeclared = l.isUndeclared(from, c.requester, sees) || l.isUndeclared(to, c.accepter, sees)
					r.overlap = anyOverlap(l.known(c.requester, sees), l.known(c.accepter, sees))
					all = append(all, r)
				}
			}
		}
	}
	return all
}

// names reports whether the entry lets the one department ask the other.
func (e *entry) names(from, to string) bool {
	between := e.a == from && e.b == to || e.a == to && e.b == from
	return between && (e.requester == "" || e.requester == from)
}

// allowing returns the readings that allow the connection.
func allowing(all []reading) []reading {
	return slices.DeleteFunc(slices.Clone(all), func(r reading) bool { return !r.allows() })
}

// asks reports whether a person has to approve, by one of the readings at least.
func asks(all []reading) bool {
	return slices.ContainsFunc(all, func(r reading) bool { return r.entry.manual })
}

func everything(vpcKey) bool { return true }

func nothing(vpcKey) bool { return false }

// inCell sees the blocks of the cell's own VPCs.
func inCell(cell peering.Cell) func(vpcKey) bool {
	return func(v vpcKey) bool { return v.Cell == cell }
}

// known returns blocks of a VPC, nil where they aren't known.
func (l *ledger) known(v vpcKey, sees func(vpcKey) bool) []netip.Prefix {
	if there := l.vpcs[v]; there != nil && sees(v) {
		return there.blocks
	}
	return nil
}

// departmentsOf returns where a VPC belongs, or may belong.
func (l *ledger) departmentsOf(v vpcKey, sees func(vpcKey) bool) []string {
	var named, ranged []string
	for _, d := range l.policy.departments {
		var ranges []netip.Prefix
		for _, m := range d.members {
			switch {
			case m.Cell == v.Cell && m.vpc == v.id:
				named = append(named, d.name)
			case m.Cell == v.Cell && m.within.IsValid():
				ranges = append(ranges, m.within)
			}
		}
		if len(ranges) > 0 && allInside(l.known(v, sees), ranges) {
			ranged = append(ranged, d.name)
		}
	}
	if len(named) > 0 {
		return named
	}
	return ranged
}

func allInside(blocks, ranges []netip.Prefix) bool {
	for _, b := range blocks {
		if !inside(b, ranges) {
			return false
		}
	}
	return true
}

func inside(b netip.Prefix, ranges []netip.Prefix) bool {
	return slices.ContainsFunc(ranges, func(r netip.Prefix) bool { return r.Overlaps(b) && r.Bits() <= b.Bits() })
}

// isUndeclared reports whether a VPC that is named with its blocks has others.
func (l *ledger) isUndeclared(department string, v vpcKey, sees func(vpcKey) bool) bool {
	cidrs := l.declared(department, v)
	return len(cidrs) > 0 && !allInside(l.known(v, sees), cidrs)
}

// concerns reports whether the VPC is a department's, or may be.
func (l *ledger) concerns(v vpcKey) bool {
	return l.policy != nil && len(l.departmentsOf(v, nothing)) > 0
}

// isApproved reports whether a person has approved a request, in the accepter's cell.
func (l *ledger) isApproved(c *connection) bool {
	return l.tagsOn(c, c.accepter.Cell)[peering.TagApproved] == "true"
}

// declared returns the blocks that the file says a VPC has.
func (l *ledger) declared(department string, v vpcKey) []netip.Prefix {
	for _, d := range l.policy.departments {
		for _, m := range d.members {
			if d.name == department && m.Cell == v.Cell && m.vpc == v.id {
				return m.cidrs
			}
		}
	}
	return nil
}
