package simtest

import (
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// isFull reports whether one of the VPCs has as many connections as it may.
func (r *run) isFull(c *connection, now time.Time) bool {
	most := least(50, r.quotas.ActivePeeringsPerVPC, r.ledger.policy.limits["peerings"])
	for _, v := range []vpcKey{c.requester, c.accepter} {
		n := 0
		for _, o := range r.ledger.connections {
			if state := r.ledger.state(o, now); (o.requester == v || o.accepter == v) && (state == active || state == provisioning) {
				n++
			}
		}
		if n >= most {
			return true
		}
	}
	return false
}

func (r *run) isForeseenShort(c *connection, by reading, now time.Time) bool {
	return slices.ContainsFunc(c.roles(c.accepter.Cell), func(role peering.Role) bool {
		h := half{ledger: r.ledger, connection: c, role: role, reading: by, now: now}
		return r.isShort(h.expecting(inCell(c.accepter.Cell)))
	})
}

// isShort reports whether a table or a group has no room for what is missing, by EC2's quotas or the policy's limits.
func (r *run) isShort(h half) bool {
	limits := h.policy.limits
	for _, t := range h.tablesOf(h.own()) {
		for _, six := range []bool{false, true} {
			have, missing := h.countRoutes(t, six)
			if missing > 0 && have+missing > least(500, r.quotas.RoutesPerTable, limits["routes"]) {
				return true
			}
		}
	}
	for _, g := range h.groupsOf(h.own()) {
		for _, six := range []bool{false, true} {
			have, missing := h.countRules(g, six)
			if missing > 0 && have+missing > least(60, r.quotas.RulesPerGroup, limits["rules"]) {
				return true
			}
		}
	}
	return false
}

// countRoutes counts the routes of a family that the table has, the local ones included, and those that it lacks.
func (h half) countRoutes(t *table, six bool) (have, missing int) {
	for _, b := range h.known(h.own(), everything) {
		if b.Addr().Is6() == six {
			have++
		}
	}
	for dst := range t.routes {
		if dst.Addr().Is6() == six {
			have++
		}
	}
	for _, dst := range h.wants(t) {
		if _, found := t.routes[dst]; !found && dst.Addr().Is6() == six {
			missing++
		}
	}
	return have, missing
}

// countRules counts a rule that refers to a group for both families.
func (h half) countRules(g *group, six bool) (have, missing int) {
	counts := func(p permission) bool { return !p.block.IsValid() || p.block.Addr().Is6() == six }
	rules := h.rulesOf(g.id)
	for _, there := range rules {
		if counts(there.permission) {
			have++
		}
	}
	for _, p := range h.admits(g) {
		if counts(p) && !h.isAdmitted(g, p) {
			missing++
		}
	}
	return have, missing
}

// least is the smallest of the numbers that are given.
func least(n int, others ...int) int {
	for _, o := range others {
		if o > 0 && o < n {
			n = o
		}
	}
	return n
}

func (l *ledger) isAdmitted(g *group, p permission) bool {
	return slices.ContainsFunc(l.rulesOf(g.id), func(there *rule) bool { return there.permission == p })
}
