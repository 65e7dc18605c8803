package accept

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// believes reports whether the hint is no message, or a message of the cell that owns the other side. EventBridge
// sets the account and Region of the sender.
func (a *Accepter) believes(h hint.Hint, c peering.Connection) bool {
	if h.Message == nil {
		return true
	}
	sender, own := peering.Requester, peering.Accepter
	if h.Kind == hint.Asked || c.State.IsAccepted() && c.Accepter.Cell() == h.Origin {
		sender, own = own, sender
	}
	same := c.Requester.Same(h.Requester) && c.Accepter.Same(h.Accepter)
	return same && c.VPC(sender).Cell() == h.Origin && c.VPC(own).Cell() == a.cell && h.Origin != a.cell
}

// withBlocks returns c with the blocks of the other side that the message has: the accepter's blocks of a
// CheckSide, or the requester's blocks unless EC2 shows them.
func withBlocks(h hint.Hint, c peering.Connection) peering.Connection {
	switch {
	case h.Kind == hint.Checked && len(c.Requester.Blocks) == 0:
		c.Requester.Blocks = h.Message.Blocks
	case h.Kind == hint.Asked && !c.State.IsAccepted():
		c.Accepter.Blocks = h.Message.Blocks
	}
	return c
}

// agrees reports whether the sides are two cells of autopeer, which have to agree before the connection is accepted.
func (a *Accepter) agrees(c peering.Connection, d policy.Decision) bool {
	return c.Requester.Cell() != c.Accepter.Cell() && d.Manages(peering.Requester) && d.Manages(peering.Accepter)
}

// requester checks the requester's side of a request to another cell, announces an obstacle, and sends the
// result to that cell.
func (a *Accepter) requester(ctx context.Context, r request) (step, error) {
	r.connection = a.policy.Expected(r.connection)
	code, s := codes[r.decision.Code], a.deny(r)
	if r.Kind == hint.Asked {
		s.outcomes = nil // the denial was announced when the connection was requested, and sweeps repeat it
	}
	if code == message.Ready {
		var err error
		if code, s.outcomes, err = a.offer(ctx, r, s.outcomes); err != nil {
			return step{}, err
		}
	}
	a.recent.promise(r.connection, code == message.Ready, a.now())
	if a.informs(r) {
		s.messages = append(s.messages, r.sideChecked(code))
	}
	return s, nil
}

// informs reports whether the cell of the accepter gets the result: a counterpart that has to agree, or a cell that
// rejects the request and learns of it only here.
func (a *Accepter) informs(r request) bool {
	to := r.connection.Accepter.Cell()
	agrees := slices.Contains(a.policy.Counterparts(a.cell), to) && a.agrees(r.connection, r.decision)
	return agrees || r.decision.Verdict == policy.Reject && slices.Contains(a.policy.RejectingCells, to)
}

// offer checks the requester's side of a request that the policy allows, and returns the result and the outcomes:
// those of a request that waits for an approval, unless there is an obstacle.
func (a *Accepter) offer(ctx context.Context, r request, waiting []outcome.Outcome) (
	message.Code, []outcome.Outcome, error,
) {
	code, o, halves, err := a.check(ctx, r)
	switch {
	case err != nil:
		return "", nil, err
	case code != message.Ready:
		return code, []outcome.Outcome{o}, nil
	case r.decision.Reports && len(r.connection.Accepter.Blocks) == 0 && a.agrees(r.connection, r.decision):
		return message.ReportMode, nil, nil // the accepter's cell asks with its blocks, on which the changes depend
	case r.decision.Reports:
		return message.ReportMode, []outcome.Outcome{a.proposal(r, o, halves)}, nil
	case r.decision.Verdict == policy.Accept:
		return code, nil, nil // the accepter's cell announces the acceptance
	}
	return code, waiting, nil
}

// undeclared answers a CheckSide with blocks that the policy doesn't permit for the asking VPC. It checks nothing,
// so that the answer doesn't reveal where this VPC's routes lead.
func (r request) undeclared() step {
	return step{messages: []message.Message{r.sideChecked(message.CIDRMismatch)}}
}

func (r request) sideChecked(code message.Code) message.Message {
	m := message.New(message.SideChecked, r.connection, peering.Accepter, r.checkedAt)
	m.Code, m.Blocks, m.Assumed = code, r.connection.Requester.Blocks, r.connection.Accepter.Blocks
	m.RequestedAt = r.connection.RequestedAt()
	if r.Kind == hint.Asked {
		m.Answers = r.Message.ID
	}
	return m
}

// accepter accepts a request to the cell once both sides are free: its own, and the one that the other cell has
// checked. Without a recent answer that covers all permitted blocks, it sends a CheckSide. It never sends one
// because of an answer.
func (a *Accepter) accepter(ctx context.Context, r request) (step, error) {
	if len(r.connection.Accepter.Blocks) == 0 {
		return step{}, fmt.Errorf("EC2 doesn't show the blocks of %s yet", r.connection.Accepter.ID)
	}
	code, o, halves, err := a.check(ctx, r)
	if err != nil {
		return step{}, err
	}
	s := step{connection: r.connection, outcomes: []outcome.Outcome{o}}
	switch {
	case code != message.Ready:
		return s, nil
	case !a.agrees(r.connection, r.decision):
		return a.accepts(r, s, halves), nil
	}
	switch {
	case r.Kind == hint.Checked && r.rests(a.permitted(r)):
		return a.answered(r, s, halves), nil
	case r.Kind == hint.Checked && r.Message.Answers != "":
		s.outcomes = nil
	default:
		return a.ask(r), nil
	}
	return s, nil
}

// answered returns s, the step for a request to a free side, as the consequence of the other cell's result.
func (a *Accepter) answered(r request, s step, halves []plan.Side) step {
	switch code := r.Message.Code; {
	case r.decision.Reports && code == message.ReportMode:
		return a.accepts(r, s, halves)
	case code != message.Ready:
		s.outcomes = []outcome.Outcome{announce.OtherSide(s.outcomes[0], code)}
		return s
	}
	if s = a.accepts(r, s, halves); s.call != nil {
		told := message.New(message.Accepted, r.connection, peering.Requester, r.checkedAt)
		told.RequestedAt = r.connection.RequestedAt()
		s.messages = []message.Message{told}
	}
	return s
}

// ask has the requester's cell check its side for the blocks that would be routed or admitted.
func (a *Accepter) ask(r request) step {
	question := message.New(message.CheckSide, r.connection, peering.Requester, r.checkedAt)
	question.Blocks = a.permitted(r)
	return step{messages: []message.Message{question}}
}

// permitted returns the blocks of the cell's VPC that the requester's side routes or admits. It may admit blocks
// that it doesn't route, and each of these counts against the quota of its security groups.
func (a *Accepter) permitted(r request) []netip.Prefix {
	return r.current.Side(r.connection, peering.Accepter, r.decision, a.policy).Permitted(peering.Accepter)
}

// rests reports whether the result of the check holds for the permitted blocks. A side that is free for more blocks
// is free for these as well; a side that isn't may still be free for these. Several blocks inside one range need
// more routes and rules than the range.
func (r request) rests(permitted []netip.Prefix) bool {
	assumed := r.Message.Assumed
	if !coversAll(assumed, permitted) {
		return false
	}
	if r.Message.Code == message.Ready {
		return !slices.ContainsFunc(assumed, func(a netip.Prefix) bool { return countInside(a, permitted) > 1 })
	}
	return coversAll(permitted, assumed)
}

func countInside(ranged netip.Prefix, blocks []netip.Prefix) (n int) {
	for _, b := range blocks {
		if cidr.Covers([]netip.Prefix{ranged}, b) {
			n++
		}
	}
	return n
}

func coversAll(ranges, blocks []netip.Prefix) bool {
	return !slices.ContainsFunc(blocks, func(b netip.Prefix) bool { return !cidr.Covers(ranges, b) })
}
