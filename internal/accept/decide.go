package accept

import (
	"context"
	"fmt"

	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// step is the consequence of a decision: at most one call, and the outcomes to publish after it. With a call there is
// exactly one outcome.
type step struct {
	call       func(context.Context, peering.ConnectionID) error
	verb       string // of the call
	connection peering.ConnectionID
	outcomes   []outcome.Outcome
}

// decide returns a Retryable error while EC2 is about to show more.
func (a *Accepter) decide(h hint.Hint, current observed) (step, error) {
	if current.connection == nil {
		return a.unseen(h)
	}
	c := *current.connection
	switch d := a.policy.Decide(c); {
	case len(c.Roles(a.cell)) == 0:
		return step{}, nil
	case c.State == peering.InitiatingRequest:
		return step{}, fmt.Errorf("%s is still %s", c.ID, c.State)
	case c.State.IsDead():
		return a.dead(c, d), nil
	case d.Verdict != policy.Accept:
		return a.deny(c, d), nil
	case c.Accepter.Cell() != a.cell || !d.Manages(peering.Accepter):
		return step{}, nil // the accepter's cell accepts and announces it, or a third party accepts
	case c.State == peering.PendingAcceptance:
		return a.accept(c, d, current.Inventory), nil
	default:
		return step{outcomes: a.outcome(outcome.Accepted, c, d)}, nil
	}
}

// unseen handles a connection that EC2 doesn't show: not yet, or never in this cell.
func (a *Accepter) unseen(h hint.Hint) (step, error) {
	if h.IsFresh(a.now()) {
		return step{}, fmt.Errorf("%s is not visible yet", h.Connection)
	}
	c := peering.Connection{ID: h.Connection, Requester: h.Requester, Accepter: h.Accepter}
	outcomes := a.outcome(outcome.Failed, c, policy.Decision{})
	outcomes[0] = outcomes[0].Because("not-visible", fmt.Sprintf("EC2 shows no %s in %s, so there is nothing to accept", c.ID, a.cell))
	return step{outcomes: outcomes}, nil
}

// dead handles a request that ended before it was accepted, or that this function rejected and could not announce. A
// failed one gets the policy's reason where there is one: AWS has one message for three causes.
func (a *Accepter) dead(c peering.Connection, d policy.Decision) step {
	if c.State == peering.Rejected && d.Verdict == policy.Reject {
		return step{outcomes: a.outcome(outcome.Denied, c, d)}
	}
	outcomes := a.outcome(outcome.Failed, c, d)
	if c.State != peering.Failed || d.Code != policy.Overlap {
		outcomes[0] = outcomes[0].Because(string(c.State), fmt.Sprintf("%s is %s: %s", c.ID, c.State, c.Message))
	}
	return step{outcomes: outcomes}
}

func (a *Accepter) deny(c peering.Connection, d policy.Decision) step {
	s := step{connection: c.ID, outcomes: a.outcome(outcome.Denied, c, d)}
	if d.Code == policy.Multipath {
		s.outcomes[0] = announce.MultipathDenied(s.outcomes[0])
	}
	switch {
	case d.Verdict == policy.Ask:
		s.outcomes[0] = announce.ApprovalRequested(s.outcomes[0])
	case d.Verdict == policy.Reject && c.State == peering.PendingAcceptance && c.Accepter.Cell() == a.cell:
		s.call, s.verb = a.network.Reject, "reject"
	}
	return s
}

// accept accepts unless an obstacle would keep one of the cell's sides from being connected.
func (a *Accepter) accept(c peering.Connection, d policy.Decision, inventory plan.Inventory) step {
	s := step{connection: c.ID, outcomes: a.outcome(outcome.Accepted, c, d)}
	if twin := inventory.Twin(c); twin != nil {
		s.outcomes[0] = announce.AlreadyConnected(s.outcomes[0], twin.ID)
		return s
	}
	if conflicts, shortages := inventory.Obstacles(a.cell, a.policy.Expected(c), d, a.policy); len(conflicts)+len(shortages) > 0 {
		s.outcomes[0] = announce.Obstructed(s.outcomes[0], conflicts, shortages)
		return s
	}
	s.call, s.verb = a.network.Accept, "accept"
	return s
}

func (a *Accepter) outcome(t outcome.Type, c peering.Connection, d policy.Decision) []outcome.Outcome {
	return []outcome.Outcome{announce.Outcome(t, a.cell, c, d, a.policy.File)}
}
