package accept

import (
	"context"
	"fmt"

	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// step is what follows from a decision: at most one call, and what is announced after it.
type step struct {
	call       func(context.Context, peering.ConnectionID) error
	does       string // the call in a word
	connection peering.ConnectionID
	say        []outcome.Outcome
}

// decide waits, as a Retryable error, for what EC2 is about to show.
func (a *Accepter) decide(h hint.Hint, seen sight) (step, error) {
	if seen.connection == nil {
		return a.unseen(h)
	}
	c := *seen.connection
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
		return step{}, nil // the accepter's cell accepts and says so, or a third party accepts
	case c.State == peering.PendingAcceptance:
		return a.accept(c, d, seen.Surroundings), nil
	default:
		return step{say: a.says(outcome.Accepted, c, d)}, nil
	}
}

// unseen is about a connection that EC2 doesn't show: not yet, or never in this cell.
func (a *Accepter) unseen(h hint.Hint) (step, error) {
	if h.IsFresh(a.now()) {
		return step{}, fmt.Errorf("%s is not visible yet", h.Connection)
	}
	c := peering.Connection{ID: h.Connection, Requester: h.Requester, Accepter: h.Accepter}
	say := a.says(outcome.Failed, c, policy.Decision{})
	say[0] = say[0].Because("not-visible", fmt.Sprintf("EC2 shows no %s in %s, so there is nothing to accept", c.ID, a.cell))
	return step{say: say}, nil
}

// dead is about a request that ended before anything could be done, or that this function rejected before
// it could say so. A failed one is explained as well as the policy can: AWS has one message for three causes.
func (a *Accepter) dead(c peering.Connection, d policy.Decision) step {
	if c.State == peering.Rejected && d.Verdict == policy.Reject {
		return step{say: a.says(outcome.Denied, c, d)}
	}
	say := a.says(outcome.Failed, c, d)
	if c.State != peering.Failed || d.Code != policy.Overlap {
		say[0] = say[0].Because(string(c.State), fmt.Sprintf("%s is %s: %s", c.ID, c.State, c.Message))
	}
	return step{say: say}
}

func (a *Accepter) deny(c peering.Connection, d policy.Decision) step {
	s := step{connection: c.ID, say: a.says(outcome.Denied, c, d)}
	switch {
	case d.Verdict == policy.Ask:
		s.say[0] = s.say[0].Asking()
	case d.Verdict == policy.Reject && c.State == peering.PendingAcceptance && c.Accepter.Cell() == a.cell:
		s.call, s.does = a.network.Reject, "reject"
	}
	return s
}

// accept accepts unless something would keep a side that the cell owns from being connected.
func (a *Accepter) accept(c peering.Connection, d policy.Decision, around plan.Surroundings) step {
	s := step{connection: c.ID, say: a.says(outcome.Accepted, c, d)}
	if conflicts, shortages := around.Obstacles(a.cell, a.policy.Expected(c), d, a.policy.Limits); len(conflicts)+len(shortages) > 0 {
		s.say[0] = s.say[0].Obstructed(conflicts, shortages)
		return s
	}
	s.call, s.does = a.network.Accept, "accept"
	return s
}

func (a *Accepter) says(kind outcome.Kind, c peering.Connection, d policy.Decision) []outcome.Outcome {
	return []outcome.Outcome{outcome.Of(kind, a.cell, c, d, a.policy.File)}
}
