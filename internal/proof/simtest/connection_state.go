package simtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

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
