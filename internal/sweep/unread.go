package sweep

import (
	"errors"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// unread joins the errors of the prefix lists that couldn't be read and that decide about the additions to the cell's
// sides, each once. Everything else that the sweep finds is sent without waiting for them.
func (s *Sweeper) unread(current observed) error {
	texts := map[string]bool{}
	var all []error
	for _, c := range current.connections {
		c = current.WithBlocks(c)
		for _, side := range s.prospects(c, s.policy.Decide(c), current) {
			if err := side.Unread(); err != nil && !texts[err.Error()] {
				all, texts[err.Error()] = append(all, err), true
			}
		}
	}
	return errors.Join(all...)
}

// prospects returns the cell's sides of a connection whose routes and rules the policy wants.
func (s *Sweeper) prospects(c peering.Connection, d policy.Decision, current observed) []plan.Side {
	isWanted := c.State == peering.PendingAcceptance && s.isAllowed(c, d) ||
		c.State == peering.Active && s.policy.Maintains(c, d, current.Rules)
	if !isWanted || s.isForeign(c, current) {
		return nil
	}
	return current.Prospects(s.cell, c, d, s.policy)
}
