package accept

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// request is a hint with the state that was observed for it.
type request struct {
	hint.Hint
	current    observed
	checkedAt  time.Time          // before the first read
	connection peering.Connection // with the blocks that a message has
	decision   policy.Decision
}

// accepts is the verb of an acceptance.
const accepts = "accept"

// step is the consequence of a decision: at most one call, and the outcomes and messages to publish after it. With
// a call there is exactly one outcome.
type step struct {
	call       func(context.Context, peering.ConnectionID) error
	verb       string // of the call
	connection peering.Connection
	outcomes   []outcome.Outcome
	messages   []message.Message
}

// decide returns a Retryable error while EC2 doesn't show the connection, its final state or its blocks yet.
func (a *Accepter) decide(ctx context.Context, r request) (step, error) {
	if r.current.connection == nil {
		return a.unseen(r.Hint)
	}
	r.connection = withBlocks(r.Hint, *r.current.connection)
	r.decision = a.policy.Decide(r.connection)
	c := r.connection
	switch {
	case len(c.Roles(a.cell)) == 0 || !a.believes(r.Hint, c):
		return step{}, nil
	case c.State == peering.InitiatingRequest:
		return step{}, fmt.Errorf("%s is still %s", c.ID, c.State)
	case c.State == peering.Provisioning && a.policy.NeedsBlocks(c, r.decision):
		return step{}, fmt.Errorf("%s is still %s and doesn't show in which department its requester is", c.ID, c.State)
	case c.State.IsDead():
		return a.dead(r), nil
	case c.State.IsAccepted():
		return a.accepted(r), nil
	}
	return a.pending(ctx, r)
}

// pending handles a request that isn't accepted yet. If the hint is quiet, it announces only a change.
func (a *Accepter) pending(ctx context.Context, r request) (step, error) {
	s, err := a.answerPending(ctx, r)
	for i := range s.messages {
		s.messages[i].Repeated = r.IsRepeated()
	}
	if r.isQuiet() {
		if s.call == nil {
			s.outcomes = nil
		}
		for i := range s.messages {
			s.messages[i].Quiet = true
		}
	}
	return s, err
}

// isOnHold reports whether the request to the cell waits for the end of a hold. An approval or an answer of the
// other cell would change nothing.
func (r request) isOnHold() bool {
	return r.connection.IsHeld() && (r.decision.Verdict == policy.Accept || r.decision.Verdict == policy.Ask)
}

// proposesApproved reports whether the acceptance is only proposed, so that the proposal doesn't wait for the
// required approval.
func (r request) proposesApproved() bool {
	return r.decision.Reports && r.decision.Verdict == policy.Ask
}

func (r request) isQuiet() bool { return r.Quiet || r.Message != nil && r.Message.Quiet }

func (a *Accepter) answerPending(ctx context.Context, r request) (step, error) {
	if r.Kind == hint.Asked {
		if _, found := a.policy.Undeclared(r.connection.Accepter); found {
			return r.undeclared(), nil
		}
	}
	switch {
	case r.connection.Accepter.Cell() != a.cell:
		return a.requester(ctx, r)
	case r.isOnHold():
		return a.held(r), nil
	case r.Message == nil && a.agrees(r.connection, r.decision) && a.policy.NeedsBlocks(r.connection, r.decision):
		return a.ask(r), nil // with the blocks the decision may be another
	case r.decision.Verdict != policy.Accept && !r.proposesApproved():
		return a.deny(r), nil
	case !r.decision.Manages(peering.Accepter):
		return step{}, nil // a third party accepts
	}
	return a.accepter(ctx, r)
}

// held announces that the request waits for the end of the hold. A request on hold may still be rejected, so the
// step asks the other cell for the blocks that may be the reason.
func (a *Accepter) held(r request) step {
	s := a.one(announce.OnHold(a.outcome(outcome.Denied, r.connection, r.decision), r.connection.State))
	if r.Message == nil && a.agrees(r.connection, r.decision) && a.policy.MayReject(r.connection, r.decision) {
		s.messages = a.ask(r).messages
	}
	return s
}

// otherHalf returns the outcome of an active connection whose other side has an obstacle.
func (a *Accepter) otherHalf(r request) outcome.Outcome {
	o := a.outcome(outcome.Failed, r.connection, r.decision)
	for _, role := range r.connection.Roles(a.cell) {
		if r.current.Side(r.connection, role, r.decision, a.policy).IsConnected() || r.Message.Partly {
			return announce.HalfOpen(o, r.Message.Code, r.Origin, r.Message.Partly)
		}
	}
	return announce.NeitherSide(o, r.Message.Code, r.Origin)
}

// obstacleThere handles a message that the other side of an accepted connection has an obstacle.
func (a *Accepter) obstacleThere(r request) step {
	switch {
	case !r.Message.State.IsAccepted():
		return step{} // it is an obstacle of the acceptance, and may have ended
	case r.Message.Code == message.ReportMode && r.decision.Reports:
		return step{} // the proposal of this cell names the mode
	}
	return a.one(a.otherHalf(r))
}

// accepted handles a connection that is already accepted. A message about it has the obstacle of the other side.
func (a *Accepter) accepted(r request) step {
	c, d := r.connection, r.decision
	switch {
	case r.Kind == hint.Asked:
		return step{}
	case r.Kind == hint.Checked && r.Message.Code != message.Ready:
		return a.obstacleThere(r)
	case d.Verdict != policy.Accept:
		return a.deny(r)
	case r.Kind == hint.Checked && r.Message.State.IsAccepted() && !d.Reports:
		return a.one(announce.Complete(a.outcome(outcome.Connected, c, d), r.Origin, r.Message.CheckedAt))
	case c.Accepter.Cell() != a.cell || !d.Manages(peering.Accepter):
		return step{} // the accepter's cell announces it
	}
	return a.one(a.outcome(outcome.Accepted, c, d))
}

// unseen handles a connection that EC2 doesn't show in this cell, either not yet or never.
func (a *Accepter) unseen(h hint.Hint) (step, error) {
	switch {
	case h.IsFresh(a.now()):
		return step{}, fmt.Errorf("%s is not visible yet", h.Connection)
	case h.Message != nil:
		return step{}, nil
	}
	c := peering.Connection{ID: h.Connection, Requester: h.Requester, Accepter: h.Accepter}
	o := a.outcome(outcome.Failed, c, policy.Decision{})
	return a.one(o.Because("not-visible", fmt.Sprintf("EC2 shows no %s in %s, so there is nothing to accept",
		c.ID, a.cell))), nil
}

// dead handles a request that ended before it was accepted, or that this function rejected and could not announce. An
// end that disconnect announces as well isn't announced here, so that it is announced once. The outcome of a
// failed request has the policy's reason if there is one, because AWS has one message for three causes.
func (a *Accepter) dead(r request) step {
	c, d := r.connection, r.decision
	switch {
	case c.State == peering.Rejected && d.Verdict == policy.Reject:
		return a.one(a.denial(c, d))
	case r.Message != nil, a.isReported(c):
		return step{} // disconnect announces the end
	}
	return a.one(announce.RequestEnded(a.failure(c, d), c.State))
}

// failure returns the outcome of a request that EC2 ended. EC2 has one message for several causes, so the outcome
// names a VPC that is on both sides, or known blocks that overlap, or else all known blocks.
func (a *Accepter) failure(c peering.Connection, d policy.Decision) outcome.Outcome {
	sentence := fmt.Sprintf("%s is %s: %s", c.ID, c.State, c.Message)
	if c.State != peering.Failed {
		return a.outcome(outcome.Failed, c, d).Because(string(c.State), sentence)
	}
	d = a.policy.WithOverlap(c, d)
	o := a.outcome(outcome.Failed, c, d)
	if d.Code == policy.Overlap || d.Code == policy.SameVPC {
		return o
	}
	known, keys := a.policy.KnownBlocks(c)
	return o.Because(string(c.State), sentence+"; the known blocks: "+known, keys...)
}

// isReported reports whether an event reports the end of the connection to the cell, so that disconnect announces
// it: a deletion or a rejection in a cell of autopeer. No event reports that a request has failed or expired, or an
// end by a third party.
func (a *Accepter) isReported(c peering.Connection) bool {
	if c.State == peering.Failed || c.State == peering.Expired {
		return false
	}
	for _, v := range []peering.VPC{c.Requester, c.Accepter} {
		if v.Cell() != a.cell && !slices.Contains(a.policy.Counterparts(a.cell), v.Cell()) {
			return false
		}
	}
	return true
}

func (a *Accepter) deny(r request) step {
	c, d := r.connection, r.decision
	s := a.one(a.denial(c, d))
	s.connection = c
	switch {
	case d.Verdict == policy.Ask:
		s.outcomes[0] = announce.ApprovalRequested(s.outcomes[0])
	case d.Verdict == policy.Reject && c.State == peering.PendingAcceptance && c.Accepter.Cell() == a.cell:
		s.call, s.verb = a.network.Reject, "reject"
		if d.Reports {
			s.proposesRejection()
		}
	}
	return s
}

// denial returns the outcome of a request that the policy denies. It isn't that of a request to approve.
func (a *Accepter) denial(c peering.Connection, d policy.Decision) outcome.Outcome {
	return announce.RequestDenied(a.outcome(outcome.Denied, c, d), d, a.policy.Retires(c))
}

func (a *Accepter) outcome(t outcome.Type, c peering.Connection, d policy.Decision) outcome.Outcome {
	return announce.Outcome(t, a.cell, c, d, a.policy.File)
}

func (a *Accepter) one(o outcome.Outcome) step { return step{outcomes: []outcome.Outcome{o}} }
