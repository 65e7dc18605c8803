package simtest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/infra/lab"
	"github.com/autopeer/autopeer/internal/outcome"
	"github.com/autopeer/autopeer/internal/peering"
)

// conclude holds what there is in the end against the policy.
func (r *run) conclude() {
	buried, err := r.DeadLetters(r.ctx)
	if err != nil {
		r.fail("dead letters can't be counted: %v", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for _, id := range r.ledger.requests {
		c := r.ledger.connections[id]
		if why := r.complaint(c, buried > 0, now); why != "" {
			r.violated(r.ledger.around(c), "%s", why)
		}
	}
	for _, p := range r.promises {
		if buried == 0 && p.since.After(r.deployed) {
			r.violated([]string{p.about()}, "autopeer-%s in %s hasn't looked at %s again after %s %s", p.function, p.cell, p.about(), p.action, p.what)
		}
	}
	r.checkIDs()
}

// verify holds the ledger itself against what EC2 shows. It costs as much as a run, so that some must do.
func (r *run) verify() {
	if r.seed%verified != 0 {
		return
	}
	var sites []lab.Site
	for _, s := range r.sites {
		sites = append(sites, s.site())
	}
	shown, err := r.State(r.ctx, sites...)
	if err != nil {
		r.fail("what there is can't be read: %v", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.ledger.words()
	for _, line := range shown {
		if strings.Contains(line, " routes ") && !slices.Contains(known, line) {
			r.violated(nil, "EC2 shows what the ledger doesn't have: %s", line)
		}
	}
	for _, line := range known {
		if !slices.Contains(shown, line) && !strings.Contains(line, " to igw-") {
			r.violated(nil, "the ledger has what EC2 doesn't show: %s", line)
		}
	}
}

// verified is how many seeds there are to one after which the ledger is verified.
const verified = 20

// words are the routes, as bench.State has them.
func (l *ledger) words() []string {
	var words []string
	for _, t := range l.tables {
		for dst, there := range t.routes {
			words = append(words, fmt.Sprintf("%s routes %s to %s", t.id, dst, there.target))
		}
	}
	return words
}

// around returns the ids of the connection and of what is in its VPCs.
func (l *ledger) around(c *connection) []string {
	ids := []string{c.id}
	for _, v := range []vpcKey{c.requester, c.accepter} {
		ids = append(ids, v.id)
		for _, t := range l.tablesOf(v) {
			ids = append(ids, t.id)
		}
		for _, g := range l.groupsOf(v) {
			ids = append(ids, g.id)
		}
	}
	return ids
}

// complaint says in a sentence what is wrong with a connection, "" if nothing is.
func (r *run) complaint(c *connection, buried bool, now time.Time) string {
	if why := r.unheard(c, now); why != "" && !buried {
		return why
	}
	switch state := r.ledger.state(c, now); state {
	case dead:
		return r.ledger.leftOf(c, r.cells)
	case pending:
		return r.waiting(c, now)
	case active:
		return r.connected(c, now)
	default:
		return fmt.Sprintf("%s is still %s", c.id, state)
	}
}

// leftOf says what the connection has left in these cells.
func (l *ledger) leftOf(c *connection, cells []peering.Cell) string {
	for _, cell := range cells {
		if !l.policy.isDeployed(cell) {
			continue
		}
		if why := l.routeLeft(c, cell); why != "" {
			return why
		}
		for _, rule := range sorted(l.rules, func(*rule) bool { return true }) {
			if g := l.groups[rule.group]; g != nil && g.cell == cell && l.tags[rule.id][peering.TagConnection] == c.id {
				return fmt.Sprintf("%s is gone, and %s still has its rule %s", c.id, rule.group, rule.id)
			}
		}
	}
	return ""
}

func (l *ledger) routeLeft(c *connection, cell peering.Cell) string {
	for _, t := range sorted(l.tables, func(t *table) bool { return t.cell == cell && l.concerns(vpcKey{cell, t.vpc}) }) {
		for dst, there := range t.routes {
			if there.target == c.id {
				return fmt.Sprintf("%s is gone, and %s still routes %s to it", c.id, t.id, dst)
			}
		}
	}
	return ""
}

// waiting says why a request shouldn't be waiting.
func (r *run) waiting(c *connection, now time.Time) string {
	l, cell := r.ledger, c.accepter.Cell
	if !l.policy.isDeployed(cell) {
		return ""
	}
	readings := l.readings(c, inCell(cell))
	allowed := allowing(readings)
	switch {
	case len(readings) == 0 && l.policy.reject:
		return c.id + " waits, and the policy has it rejected"
	case len(allowed) == 0 || asks(allowed) && !l.isApproved(c) || r.isFull(c, now):
		return ""
	}
	for _, reading := range allowed {
		if _, found := l.foreseen(c, reading, cell, now); found || r.isForeseenShort(c, reading, now) {
			return ""
		}
	}
	return c.id + " waits, and the policy has it accepted"
}

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

// connected says what is wrong with an active connection.
func (r *run) connected(c *connection, now time.Time) string {
	l := r.ledger
	reading := l.read(c)
	for _, role := range []peering.Role{peering.Requester, peering.Accepter} {
		h := half{ledger: l, connection: c, role: role, reading: reading, now: now}
		cell := h.own().Cell
		why := ""
		switch {
		case !l.policy.isDeployed(cell):
		case reading.allows():
			why = r.halfWrong(h)
		case l.isRemoved(c, cell, now):
			why = l.leftOf(c, []peering.Cell{cell})
		}
		if why != "" {
			return fmt.Sprintf("the %s's half of %s: %s", role, c.id, why)
		}
	}
	return ""
}

// halfWrong says what is wrong with a half that the policy allows: it is exactly as the policy says, or somebody has
// been told lately why it isn't.
func (r *run) halfWrong(h half) string {
	if in, found := h.obstacle(); found {
		return r.unlessSaid(h, in+" is in the way, and nobody is told", outcome.Conflicting)
	}
	if r.isShort(h) {
		return r.unlessSaid(h, "there is no room, and nobody is told", outcome.Failed)
	}
	if why := h.contentsWrong(); why != "" {
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

func (r *run) unlessSaid(h half, why string, kind outcome.Kind) string {
	for _, o := range r.heard {
		if o.Kind == kind && string(o.Connection) == h.connection.id && o.Cell == h.own().Cell && o.at.After(r.calmed) {
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

// unheard says that nobody was told what became of a request that somebody could see. A request that was over soon,
// or whose events were lost before a sweep could remind anybody, is excused.
func (r *run) unheard(c *connection, now time.Time) string {
	final := []outcome.Kind{outcome.Accepted, outcome.Connected, outcome.Denied, outcome.Conflicting, outcome.Failed, outcome.Disconnected, outcome.AskApproval}
	for _, o := range r.heard {
		if string(o.Connection) == c.id && slices.Contains(final, o.Kind) {
			return ""
		}
	}
	heardOf, isAsked := r.ledger.policy.isDeployed(c.requester.Cell), r.ledger.policy.isDeployed(c.accepter.Cell)
	waited := r.ledger.state(c, now) == pending && c.created.Add(reminded).Before(now)
	switch {
	case !heardOf && !isAsked, r.deployed.After(c.created), (r.lost[c.id] || !heardOf) && !waited:
		return ""
	}
	return "nobody was told what became of " + c.id
}

// reminded is how long after a request the last sweep comes that reminds of it.
const reminded = 35 * time.Minute

// checkIDs holds that announcements that say the same have one id, and others another.
func (r *run) checkIDs() {
	byWords, byID := map[string]string{}, map[string]string{}
	for _, o := range r.heard {
		words := fmt.Sprint(o.Kind, o.Connection, o.Cell, o.Side, o.Reason, o.State, o.Conflicts, o.Obstructions, o.Wanted)
		if id, again := byWords[words]; again && id != o.ID {
			r.violated([]string{string(o.Connection)}, "%s of %s was announced twice with two ids", o.Kind, o.Connection)
		}
		if before, again := byID[o.ID]; again && before != words {
			r.violated([]string{string(o.Connection)}, "two announcements of %s have one id", o.Connection)
		}
		byWords[words], byID[o.ID] = o.ID, words
	}
}
