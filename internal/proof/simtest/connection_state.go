package simtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// conclude holds what there is in the end against the policy.
func (r *run) conclude() {
	buried, err := r.DeadLetters(r.ctx)
	if err != nil {
		r.report.Fail(nil, "dead letters can't be counted: %v", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for _, id := range r.ledger.requests {
		c := r.ledger.connections[id]
		if why := r.complaint(c, buried > 0, now); why != "" {
			r.report.Fail(r.ledger.around(c), "%s", why)
		}
	}
	for _, p := range r.promises {
		if buried == 0 && p.since.After(r.deployed) {
			r.report.Fail([]string{p.about()}, "autopeer-%s in %s hasn't looked at %s again after %s %s", p.function, p.cell, p.about(), p.action, p.what)
		}
	}
	r.checkIDs()
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
	if r.isObstructed(c, allowed, now) {
		return ""
	}
	return c.id + " waits, and the policy has it accepted"
}

// isObstructed reports whether routes or quotas speak against accepting a request, by one of the readings at least.
func (r *run) isObstructed(c *connection, allowed []reading, now time.Time) bool {
	return slices.ContainsFunc(allowed, func(by reading) bool {
		_, found := r.ledger.foreseen(c, by, c.accepter.Cell, now)
		return found || r.isForeseenShort(c, by, now)
	})
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

// unheard says that nobody was told what became of a request that somebody could see. A request that was over soon, or
// whose events were lost, is excused unless a sweep must have told of it.
func (r *run) unheard(c *connection, now time.Time) string {
	final := []outcome.Kind{outcome.Accepted, outcome.Connected, outcome.Denied, outcome.Conflicting, outcome.Failed, outcome.Disconnected, outcome.AskApproval}
	for _, o := range r.heard {
		if string(o.Connection) == c.id && slices.Contains(final, o.Kind) {
			return ""
		}
	}
	heardOf, isAsked := r.ledger.policy.isDeployed(c.requester.Cell), r.ledger.policy.isDeployed(c.accepter.Cell)
	switch {
	case !heardOf && !isAsked, r.deployed.After(c.created), (r.lost[c.id] || !heardOf) && !r.isReminded(c, now):
		return ""
	}
	return "nobody was told what became of " + c.id
}

// isReminded reports whether a sweep must have told of a waiting request. Where that sweep failed, or something has got in
// the way after it, the next one to do so comes after midnight.
func (r *run) isReminded(c *connection, now time.Time) bool {
	waits := r.ledger.state(c, now) == pending && c.created.Add(reminded).Before(now)
	swept := !r.unswept[c.requester.Cell] && !r.unswept[c.accepter.Cell]
	return waits && swept && !r.isObstructed(c, allowing(r.ledger.readings(c, inCell(c.accepter.Cell))), now)
}

// reminded is how long after a request the last sweep comes that reminds of it.
const reminded = 35 * time.Minute

// checkIDs holds that announcements that say the same have one id, and others another.
func (r *run) checkIDs() {
	byWords, byID := map[string]string{}, map[string]string{}
	for _, o := range r.heard {
		words := fmt.Sprint(o.Kind, o.Connection, o.Cell, o.Side, o.Reason, o.State, o.Conflicts, o.Obstructions, o.Wanted)
		if id, again := byWords[words]; again && id != o.ID {
			r.report.Fail([]string{string(o.Connection)}, "%s of %s was announced twice with two ids", o.Kind, o.Connection)
		}
		if before, again := byID[o.ID]; again && before != words {
			r.report.Fail([]string{string(o.Connection)}, "two announcements of %s have one id", o.Connection)
		}
		byWords[words], byID[o.ID] = o.ID, words
	}
}
