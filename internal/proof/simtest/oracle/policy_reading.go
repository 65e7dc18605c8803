package oracle

import (
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
)

// reading is one way to read the policy for a connection: a peering that names both departments in this direction.
type reading struct {
	peering             *plainpolicy.Peering // nil if the policy has none
	requester, accepter string               // departments
	undeclared          bool                 // before acceptance: a VPC has blocks beside its cidrs that aren't permitted
	overlap             bool                 // the blocks of the VPCs overlap; after acceptance, the permitted ones
}

// allows reports whether the policy allows the connection, approval apart.
func (r reading) allows() bool { return r.peering != nil && !r.undeclared && !r.overlap }

// read returns the reading for a connection whose blocks are all known: a VPC is of one department at most, so there
// is only one.
func (j judge) read(c *ledger.Connection) reading {
	for _, r := range j.readings(c) {
		return r
	}
	return reading{}
}

// readings returns the readings for a connection. EC2 shows a cell no blocks of another cell's VPC before acceptance,
// but the requester's cell sends them.
func (j judge) readings(c *ledger.Connection) []reading {
	if j.Policy == nil || c.Requester == c.Accepter {
		return nil
	}
	var all []reading
	for _, from := range j.departmentsOf(c.Requester, everything) {
		for _, to := range j.departmentsOf(c.Accepter, everything) {
			for _, p := range peeringsOf(j.Policy, from, to) {
				by := reading{peering: p, requester: from, accepter: to}
				if c.Accepted.IsZero() {
					by.undeclared = j.isUndeclared(from, c.Requester, everything) || j.isUndeclared(to, c.Accepter, everything)
					by.overlap = ledger.AnyOverlap(j.known(c.Requester, everything), j.known(c.Accepter, everything))
				} else {
					by.overlap = ledger.AnyOverlap(j.permitted(from, c.Requester, everything), j.permitted(to, c.Accepter, everything))
				}
				all = append(all, by)
			}
		}
	}
	return all
}

// peeringsOf returns the peerings that let the one department request a connection to the other.
func peeringsOf(p *plainpolicy.Policy, from, to string) []*plainpolicy.Peering {
	var all []*plainpolicy.Peering
	for i := range p.Peerings {
		e := &p.Peerings[i]
		between := e.A == from && e.B == to || e.A == to && e.B == from
		if between && (e.Requester == "" || e.Requester == from) {
			all = append(all, e)
		}
	}
	return all
}

// allowing returns the readings that allow the connection.
func allowing(all []reading) []reading {
	return slices.DeleteFunc(slices.Clone(all), func(r reading) bool { return !r.allows() })
}

// needApproval reports whether a person has to approve the request by one of the readings.
func needApproval(all []reading) bool {
	return slices.ContainsFunc(all, func(r reading) bool { return r.peering.Manual })
}

// isApproved reports whether a person has approved a request. Only a tag in the accepter's cell counts.
func (j judge) isApproved(c *ledger.Connection) bool {
	return j.TagsOn(c, c.Accepter.Cell)[peering.TagApproved] == "true"
}

// view reports whether the blocks of a VPC are known.
type view func(ledger.VPCKey) bool

func everything(ledger.VPCKey) bool { return true }

func nothing(ledger.VPCKey) bool { return false }

// known returns the blocks of a VPC; nil if they are not in view.
func (j judge) known(v ledger.VPCKey, in view) []netip.Prefix {
	if there := j.VPCs[v]; there != nil && in(v) {
		return there.Blocks
	}
	return nil
}

// departmentsOf returns the departments that a VPC may belong to. One that names the VPC by id goes before ranges,
// which count for the primary block.
func (j judge) departmentsOf(v ledger.VPCKey, in view) []string {
	var named, ranged []string
	for _, d := range j.Policy.Departments {
		for _, m := range d.Members {
			switch {
			case m.Cell == v.Cell && m.VPC == v.ID:
				named = append(named, d.Name)
			case m.Cell == v.Cell && m.Within.IsValid() && m.Within.Addr().Is4() &&
				allInside(j.primary(v, in), []netip.Prefix{m.Within}):
				ranged = append(ranged, d.Name)
			}
		}
	}
	if len(named) > 0 {
		return named
	}
	slices.Sort(ranged)
	return slices.Compact(ranged)
}

// primary returns the block that a VPC was made with; nil if it is not in view.
func (j judge) primary(v ledger.VPCKey, in view) []netip.Prefix {
	blocks := j.known(v, in)
	return blocks[:min(1, len(blocks))]
}

// permitted returns the blocks of a VPC that may be routed and admitted. They are all blocks of a VPC that the policy
// names without listing its blocks. Of any other VPC they are those in its listed blocks and in the ranges of its
// department there.
func (j judge) permitted(department string, v ledger.VPCKey, in view) []netip.Prefix {
	ranges, isNamed := j.declared(department, v), false
	for _, d := range j.Policy.Departments {
		for _, m := range d.Members {
			if d.Name != department || m.Cell != v.Cell {
				continue
			}
			isNamed = isNamed || m.VPC == v.ID
			ranges = append(slices.Clip(ranges), m.Also...)
			if m.Within.IsValid() {
				ranges = append(ranges, m.Within)
			}
		}
	}
	if isNamed && len(j.declared(department, v)) == 0 {
		return j.known(v, in)
	}
	return slices.DeleteFunc(slices.Clone(j.known(v, in)), func(b netip.Prefix) bool { return !isInside(b, ranges) })
}

// isDepartments reports whether the VPC may belong to a department.
func (j judge) isDepartments(v ledger.VPCKey) bool {
	return j.Policy != nil && len(j.departmentsOf(v, nothing)) > 0
}

// isNamed reports whether the VPC belongs to a department, by its id or by its primary block.
func (j judge) isNamed(v ledger.VPCKey) bool {
	return j.Policy != nil && len(j.departmentsOf(v, everything)) > 0
}

// isUndeclared reports whether the policy lists the blocks of a VPC and the VPC has others that aren't permitted
// either.
func (j judge) isUndeclared(department string, v ledger.VPCKey, in view) bool {
	return len(j.declared(department, v)) > 0 && len(j.permitted(department, v, in)) < len(j.known(v, in))
}

// declared returns the blocks that the policy lists for a VPC; nil if it lists none.
func (j judge) declared(department string, v ledger.VPCKey) []netip.Prefix {
	for _, d := range j.Policy.Departments {
		for _, m := range d.Members {
			if d.Name == department && m.Cell == v.Cell && m.VPC == v.ID {
				return m.CIDRs
			}
		}
	}
	return nil
}

func allInside(blocks, ranges []netip.Prefix) bool {
	return !slices.ContainsFunc(blocks, func(b netip.Prefix) bool { return !isInside(b, ranges) })
}

// isInside reports whether one of the ranges contains the whole block.
func isInside(b netip.Prefix, ranges []netip.Prefix) bool {
	return slices.ContainsFunc(ranges, func(r netip.Prefix) bool { return r.Overlaps(b) && r.Bits() <= b.Bits() })
}
