package oracle

import (
	"fmt"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
)

// End is the state of a run in which nothing is in progress, and the past that its judgement depends on.
type End struct {
	Ledger *ledger.Ledger
	Now    time.Time
	Quotas Quotas

	Announcements []Announcement
	DeadLetters   bool      // there are messages that autopeer gave up, so announcements may be missing
	Deployed      time.Time // the policy
	Calmed        time.Time // the last instant of a fault

	LostEvents   map[string]bool       // ids of connections that a lost event names
	FailedSweeps map[peering.Cell]bool // cells in which a call of a sweep failed, or a sweep was killed
}

func (e End) judge() judge { return judge{e.Ledger, e.Now, e.Quotas} }

// CheckConnection returns the rule that the connection breaks in the end, in a sentence; "" if it is as the policy
// wants it, or an announcement explains why not.
func (e End) CheckConnection(id string) string {
	c := e.Ledger.Connections[id]
	if why := e.checkAnnounced(c); why != "" {
		return why
	}
	j := e.judge()
	switch state := j.stateOf(c); state {
	case ledger.Dead:
		return j.checkLeftovers(c, j.Policy.Cells())
	case ledger.Pending:
		return e.checkPending(c)
	case ledger.Active:
		return e.checkActive(c)
	default:
		return fmt.Sprintf("%s is still %s", c.ID, state)
	}
}

// checkLeftovers checks that a dead connection has no rules in the cells unless it is in report mode, and no routes in
// the VPCs that the policy names. The evidence for routes in other VPCs may end with the connection.
func (j judge) checkLeftovers(c *ledger.Connection, cells []peering.Cell) string {
	for _, cell := range cells {
		if j.isReported(c, cell) {
			continue
		}
		if why := j.checkLeftRoutes(c, cell, j.isNamed); why != "" {
			return why
		}
		if why := j.checkLeftRules(c, cell); why != "" {
			return why
		}
	}
	return ""
}

// checkRemoved checks that a connection that no peering names any more has no routes and rules in the cell, even if the
// policy still names its VPCs.
func (j judge) checkRemoved(c *ledger.Connection, cell peering.Cell) string {
	if why := j.checkLeftRoutes(c, cell, func(ledger.VPCKey) bool { return true }); why != "" {
		return why
	}
	return j.checkLeftRules(c, cell)
}

func (j judge) checkLeftRules(c *ledger.Connection, cell peering.Cell) string {
	for _, rule := range ledger.Sorted(j.Rules, func(*ledger.Rule) bool { return true }) {
		if g := j.SecurityGroups[rule.Group]; g.VPC.Cell == cell && j.Tags[rule.ID][peering.TagConnection] == c.ID {
			return fmt.Sprintf("the rule %s in %s remains of %s", rule.ID, rule.Group, c.ID)
		}
	}
	return ""
}

func (j judge) checkLeftRoutes(c *ledger.Connection, cell peering.Cell, in func(ledger.VPCKey) bool) string {
	tables := ledger.Sorted(j.RouteTables, func(t *ledger.RouteTable) bool { return t.VPC.Cell == cell && in(t.VPC) })
	for _, t := range tables {
		for dst, there := range t.Routes {
			if there.Target == c.ID {
				return fmt.Sprintf("the route %s in %s remains of %s", dst, t.ID, c.ID)
			}
		}
	}
	return ""
}

// checkPending checks that there is a reason for a request to be neither accepted nor rejected.
func (e End) checkPending(c *ledger.Connection) string {
	j, cell := e.judge(), c.Accepter.Cell
	if !j.Policy.Answers(cell) || j.isReported(c, cell) {
		return ""
	}
	readings := j.readings(c)
	allowed := allowing(readings)
	switch {
	case len(readings) == 0 && j.Policy.Reject:
		return c.ID + " is pending, but the policy rejects it"
	case len(allowed) == 0, needApproval(allowed) && !j.isApproved(c), e.isFull(c), j.isObstructed(c, allowed):
		return ""
	}
	return c.ID + " is pending, but the policy accepts it"
}

// isObstructed reports whether, by one of the readings, a route conflicts or a quota doesn't suffice on a side that has
// to be free, such a side is on hold, or another connection has the same VPCs.
func (j judge) isObstructed(c *ledger.Connection, allowed []reading) bool {
	return j.hasRival(c) || slices.ContainsFunc(allowed, func(by reading) bool {
		return slices.ContainsFunc(j.answering(c), func(role peering.Role) bool {
			s := j.side(c, role, by)
			_, found := s.conflict()
			return found || s.isShort() || s.isHeld()
		})
	})
}

// checkActive checks both sides of an active connection.
func (e End) checkActive(c *ledger.Connection) string {
	j := e.judge()
	by := j.read(c)
	for _, role := range roles {
		s := j.side(c, role, by)
		cell := s.own().Cell
		why := ""
		switch {
		case !j.Policy.IsDeployed(cell), j.isReported(c, cell):
		case j.waitsForConsent(c.ID, cell):
			why = e.checkProposed(s)
		case j.isMaintained(c, by, cell):
			if why = s.checkForbidden(); why == "" && by.allows() && !s.isHeld() {
				why = e.checkSide(s)
			}
		case j.isRemoved(c, cell):
			why = j.checkRemoved(c, cell)
		}
		if why != "" {
			return fmt.Sprintf("the %s side of %s: %s", role, c.ID, why)
		}
	}
	return ""
}
