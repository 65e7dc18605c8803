package oracle

import (
	"fmt"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
)

// mayRemoveRoutes reports whether autopeer may delete routes of the living connection in the cell: there is evidence
// that it connected the connection, or the policy or a person in the cell consents.
func (j judge) mayRemoveRoutes(c *ledger.Connection, cell peering.Cell, by reading) bool {
	return j.hasEvidence(c.ID, cell) || by.peering.Adopt || j.TagsOn(c, cell)[peering.TagAdopt] == "true"
}

// waitsForConsent reports whether autopeer may change nothing of the connection in the cell, since it would have to
// delete a route of the connection without being allowed to.
func (j judge) waitsForConsent(id string, cell peering.Cell) bool {
	return slices.ContainsFunc(j.allowedSides(id, cell), func(s side) bool {
		return !j.mayRemoveRoutes(s.connection, cell, s.reading) && s.hasSurplusRoute()
	})
}

// hasSurplusRoute reports whether the policy doesn't want a route of the connection, also if it stays while additions
// wait.
func (s side) hasSurplusRoute() bool {
	for _, t := range s.RouteTablesOf(s.own()) {
		wanted := s.wantedRoutes(t)
		for dst, there := range t.Routes {
			if there.Target == s.connection.ID && !slices.Contains(wanted, dst) {
				return true
			}
		}
	}
	return false
}

// checkProposed checks that the removal of the routes that autopeer hasn't made was proposed. If an event was lost or a
// sweep failed, the first sweep of the next day proposes it. While additions wait for something else, that may be all
// that is announced.
func (e End) checkProposed(s side) string {
	if _, conflicts := s.conflict(); conflicts || s.isHeld() || s.isShort() {
		return ""
	}
	if e.LostEvents[s.connection.ID] || e.FailedSweeps[s.own().Cell] {
		return ""
	}
	return e.unlessAnnounced(s, proposed, time.Time{},
		"it has routes that autopeer hasn't made, and their removal wasn't proposed")
}

// checkConsent returns the reason why the change of the connection has to wait for consent; "" if it hasn't.
func (j judge) checkConsent(change, id string, cell peering.Cell) string {
	if !j.waitsForConsent(id, cell) {
		return ""
	}
	return fmt.Sprintf("%s, but %s has routes that autopeer hasn't made, and no person consented to their removal",
		change, id)
}
