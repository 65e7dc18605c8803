package oracle

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
)

// interruptedRoute returns a destination that the policy wants in the table, and that the deletion of a route to the
// connection leaves without a route there. A full table is an excuse: the narrower route follows then.
func (s side) interruptedRoute(t *ledger.RouteTable, gone netip.Prefix) (dst netip.Prefix, found bool) {
	if s.isTableFull(t, gone.Addr().Is6()) {
		return dst, false
	}
	for _, dst := range s.wantedRoutes(t) {
		if !dst.Overlaps(gone) || ledger.AnyOverlap([]netip.Prefix{dst}, s.VPCs[s.own()].Blocks) {
			continue
		}
		both := narrower(dst, gone)
		for _, a := range []netip.Addr{both.Masked().Addr(), lastAddr(both)} {
			before, _ := mostSpecific(t, a, netip.Prefix{})
			after, carried := mostSpecific(t, a, gone)
			if before == gone && (!carried || t.Routes[after].Target != s.connection.ID) {
				return dst, true
			}
		}
	}
	return dst, false
}

// mostSpecific returns the route of the table that carries traffic to the address, apart from one.
func mostSpecific(t *ledger.RouteTable, a netip.Addr, apart netip.Prefix) (best netip.Prefix, found bool) {
	for dst := range t.Routes {
		if dst != apart && dst.Contains(a) && (!found || dst.Bits() > best.Bits()) {
			best, found = dst, true
		}
	}
	return best, found
}

// narrower returns the one of two overlapping blocks that is inside the other.
func narrower(a, b netip.Prefix) netip.Prefix {
	if a.Bits() > b.Bits() {
		return a
	}
	return b
}

// interruptedPermission returns a permission that the policy wants in the group, that rules of autopeer admit, and that
// no rule admits once some are revoked. A full group is an excuse: the narrower rule follows then. If a rule is
// narrowed in one respect and widened in another, its traffic may be cut beside an obstacle.
func (s side) interruptedPermission(g *ledger.SecurityGroup, revoked []string) (p ledger.Permission, found bool) {
	var ours, after []ledger.Permission
	for _, r := range s.rulesOfOurs(g.ID) {
		if !s.isStale(r) {
			ours = append(ours, r.Permission)
		}
	}
	for _, r := range s.IngressRulesOf(g.ID) {
		if !s.isStale(r) && !slices.Contains(revoked, r.ID) {
			after = append(after, r.Permission)
		}
	}
	if s.isGroupFull(g) {
		return p, false
	}
	for _, p := range s.wantedPermissions(g) {
		if isAdmittedBy(p, ours) && !isAdmittedBy(p, after) {
			return p, true
		}
	}
	return p, false
}

// isTableFull reports whether the table has no room for all missing routes that take over traffic of routes to the
// connection.
func (s side) isTableFull(t *ledger.RouteTable, ipv6 bool) bool {
	have, _ := s.countRoutes(t, ipv6)
	missing := 0
	for _, dst := range s.wantedRoutes(t) {
		if _, found := t.Routes[dst]; !found && dst.Addr().Is6() == ipv6 &&
			ledger.AnyOverlap([]netip.Prefix{dst}, s.routesTo(t)) {
			missing++
		}
	}
	return have+missing > s.routeQuota()
}

func (s side) routesTo(t *ledger.RouteTable) []netip.Prefix {
	var all []netip.Prefix
	for dst, there := range t.Routes {
		if there.Target == s.connection.ID {
			all = append(all, dst)
		}
	}
	return all
}

// isGroupFull reports whether the group has no room for all missing rules that take over traffic of autopeer's rules
// there.
func (s side) isGroupFull(g *ledger.SecurityGroup) bool {
	for _, ipv6 := range []bool{false, true} {
		have, _ := s.countRules(g, ipv6)
		missing := 0
		for _, p := range s.wantedPermissions(g) {
			if countsFor(p, ipv6) && !s.isAdmitted(g, p) && s.takesOver(p, g) {
				missing++
			}
		}
		if missing > 0 && have+missing > s.ruleQuota() {
			return true
		}
	}
	return false
}

// takesOver reports whether the permission may admit traffic of one of autopeer's rules in the group, judged by the
// sources alone.
func (s side) takesOver(p ledger.Permission, g *ledger.SecurityGroup) bool {
	return slices.ContainsFunc(s.rulesOfOurs(g.ID), func(r *ledger.Rule) bool {
		return !p.Block.IsValid() || !r.Block.IsValid() || p.Block.Overlaps(r.Block)
	})
}

// checkNarrowed checks that an addition on a side to which the policy objects, or that is on hold, keeps traffic that
// the side has already. All other additions wait until the blocks no longer overlap and the hold ends.
func (s side) checkNarrowed(addition string, isKept bool) string {
	switch {
	case isKept:
		return ""
	case s.isHeld():
		return fmt.Sprintf("%s was added, although %s is on hold", addition, s.connection.ID)
	case !s.reading.overlap:
		return ""
	}
	return fmt.Sprintf("%s was added, although the blocks of the VPCs overlap", addition)
}
