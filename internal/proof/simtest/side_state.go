package simtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

func (r *run) isForeseenShort(c *connection, by reading, now time.Time) bool {
	return slices.ContainsFunc(c.roles(c.accepter.Cell), func(role peering.Role) bool {
		h := half{ledger: r.ledger, connection: c, role: role, reading: by, now: now}
		return r.isShort(h.expecting(inCell(c.accepter.Cell)))
	})
}

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

// least is the smallest of the numbers that are given.
func least(n int, others ...int) int {
	for _, o := range others {
		if o > 0 && o < n {
			n = o
		}
	}
	return n
}

// halfWrong says what is wrong with a half that the policy allows: it is exactly as the policy says, or somebody has
// been told lately why it isn't.
func (r *run) halfWrong(h half) string {
	if in, found := h.obstacle(); found {
		return r.unlessSaid(h, in+" is in the way, and nobody is told", outcome.Conflicting, r.calmed)
	}
	why := h.contentsWrong()
	switch {
	case r.isShort(h) && why == "": // but for rules that refer to groups, which are tried once a day
		return r.unlessSaid(h, "there is no room, and nobody is told", outcome.Failed, r.deployed)
	case r.isShort(h):
		return r.unlessSaid(h, "there is no room, and nobody is told", outcome.Failed, r.calmed)
	case why != "":
		return why
	}
	tags := h.tagsOn(h.connection, h.own().Cell)
	if tags[peering.TagManaged] != "true" || tags[peering.TagName] == "" {
		return "it isn't tagged"
	}
	if h.reading.entry.dns && !h.connection.dns[h.role] && r.wasConnected(h) {
		return "its DNS option isn't set"
	}
	return ""
}

// contentsWrong says what is wrong with the tables and groups of the half.
func (h half) contentsWrong() string {
	for _, t := range h.tablesOf(h.own()) {
		if why := h.tableWrong(t); why != "" {
			return why
		}
	}
	for _, g := range h.groupsOf(h.own()) {
		if why := h.groupWrong(g); why != "" {
			return why
		}
	}
	return ""
}

// wasConnected reports whether the half has been announced as connected under the policy that is deployed. A DNS
// option that is missing alone, because EC2 refused it or a new policy asks for it, is tried once a day.
func (r *run) wasConnected(h half) bool {
	return slices.ContainsFunc(r.heard, func(o heard) bool {
		return o.Kind == outcome.Connected && string(o.Connection) == h.connection.id && o.Side == h.role && o.at.After(r.deployed)
	})
}

func (r *run) unlessSaid(h half, why string, kind outcome.Kind, since time.Time) string {
	for _, o := range r.heard {
		if o.Kind == kind && string(o.Connection) == h.connection.id && o.Cell == h.own().Cell && o.at.After(since) {
			return ""
		}
	}
	return why
}

func (h half) tableWrong(t *table) string {
	want := h.wants(t)
	for _, dst := range want {
		if t.routes[dst].target != h.connection.id {
			return fmt.Sprintf("%s doesn't route %s", t.id, dst)
		}
	}
	for dst, there := range t.routes {
		if there.target == h.connection.id && !slices.Contains(want, dst) {
			return fmt.Sprintf("%s routes %s, which the policy doesn't say", t.id, dst)
		}
	}
	return ""
}

// groupWrong leaves out rules that refer to groups: one that is missing alone, since EC2 may refuse it, is tried once a
// day.
func (h half) groupWrong(g *group) string {
	want := h.admits(g)
	for _, p := range want {
		if p.group == "" && !h.isAdmitted(g, p) {
			return fmt.Sprintf("%s doesn't admit %v", g.id, p)
		}
	}
	for _, there := range h.rulesOf(g.id) {
		if h.tags[there.id][peering.TagConnection] == h.connection.id && !slices.Contains(want, there.permission) {
			return fmt.Sprintf("%s admits %v, which the policy doesn't say", g.id, there.permission)
		}
	}
	return ""
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

func (l *ledger) isAdmitted(g *group, p permission) bool {
	return slices.ContainsFunc(l.rulesOf(g.id), func(there *rule) bool { return there.permission == p })
}
