// Package sweep finds the differences from the policy that events missed: unanswered requests, sides that have
// drifted and the remains of dead connections. It only reads, and sends its findings to the other functions'
// queues.
package sweep

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/wiring"
	"github.com/autopeer/autopeer/internal/observe"
)

// Network reads the cell's EC2 resources. Errors have a class of package fault; an error without a class is Retryable.
type Network interface {
	ConnectionsIn(ctx context.Context, states ...peering.State) ([]peering.Connection, error)
	RouteTablesWithBlackholes(ctx context.Context) ([]peering.RouteTable, error)
	OurIngressRules(ctx context.Context) ([]peering.IngressRule, error)
	VPCs(ctx context.Context, ids ...peering.VPCID) ([]peering.VPC, error)
	RouteTables(ctx context.Context, vpcs ...peering.VPCID) ([]peering.RouteTable, error)
	Subnets(ctx context.Context, vpcs ...peering.VPCID) ([]peering.Subnet, error)
	SecurityGroups(ctx context.Context, vpcs ...peering.VPCID) ([]peering.SecurityGroup, error)
	AllSecurityGroups(ctx context.Context) ([]peering.SecurityGroup, error)
	IngressRulesIn(ctx context.Context, groups ...peering.SecurityGroupID) ([]peering.IngressRule, error)
}

// Queues sends messages to the functions' queues. After an error, which is Retryable, some of the
// messages may have been sent.
type Queues interface {
	Send(ctx context.Context, to function.Name, messages ...[]byte) error
	SendLater(ctx context.Context, to function.Name, delay time.Duration, messages ...[]byte) error
}

// Sweeper sweeps one cell.
type Sweeper struct {
	cell      peering.Cell
	policy    *policy.Policy
	interval  time.Duration
	network   Network
	reader    observe.Reader
	queues    Queues
	announcer announce.Announcer
	missed    func(int)
	now       func() time.Time

	obstructed obstructed
	reported   reported
}

// Dependencies are the edges of a Sweeper.
type Dependencies struct {
	Network   Network
	Queues    Queues
	Announcer announce.Announcer
	Missed    func(events int) // counts findings that an event should have reported 15 minutes ago
	Now       func() time.Time
}

// New returns the sweeper of the cell, which is called once in the interval.
func New(cell peering.Cell, p *policy.Policy, interval time.Duration, d Dependencies) *Sweeper {
	return &Sweeper{
		cell: cell, policy: p, interval: interval, network: d.Network, reader: readerOf(d.Network, p),
		queues: d.Queues, announcer: d.Announcer, missed: d.Missed, now: d.Now,
	}
}

// grace is the average delay of events, including the redeliveries for a new connection. A finding that a second
// look after this time confirms is repaired, whether its event is late or lost.
const grace = 5 * time.Minute

// Handle sweeps, once for all the reasons of the hint.
//   - After a change, findings are sent immediately, except that for a living connection that the policy no longer
//     names. A difference where a principal has edited routes or rules is drift.
//   - After a deployment, obstacles are announced immediately as well.
//   - A scheduled sweep checks its findings again after grace, because a repair may already be in progress. A
//     difference is drift only if this second look confirms it.
//   - Removals on a connection that a peering names are sent immediately.
//
// The error joins those of all findings and of the prefix lists for which additions wait. If it has only lists, a
// redelivery to the same process sends nothing before one of them can be read. The error is Permanent if EC2 refuses a
// call for lack of a permission, and otherwise Retryable. It is never Denied.
func (s *Sweeper) Handle(ctx context.Context, h hint.Hint) error {
	if h.Kind != hint.Swept {
		return nil
	}
	due := h.Sweep
	current, err := s.observe(ctx, due)
	if err != nil {
		return err
	}
	unread, lists := s.unread(current), current.awaited()
	if unread != nil && s.reported.has(h, lists, s.now()) {
		return unread
	}
	found := s.find(current).editedBy(due, s.isOwn)
	err = errors.Join(s.pass(ctx, due, found), s.announceUntagged(ctx, due, current), s.announceUnowned(ctx, due, current),
		s.again(ctx, due, found))
	if err != nil {
		s.obstructed.remain(found.only(func(f finding) bool { return f.freed })) // the redelivery sends them
	} else if unread != nil {
		s.reported.add(h, lists, s.now())
	}
	return errors.Join(err, unread) // unread lists keep no finding from being sent
}

// isOwn reports whether the ARN is that of a function of the cell. Edits by disconnect are no drift, but may have
// ended an obstacle.
func (s *Sweeper) isOwn(arn string) bool {
	return slices.ContainsFunc(function.All,
		func(f function.Name) bool { return wiring.IsSessionOf(arn, s.policy.Installation, f, s.cell) })
}

// pass sends the findings to repairs, announces them, or schedules the second look, depending on the reasons for
// the sweep.
func (s *Sweeper) pass(ctx context.Context, due hint.Sweep, found findings) error {
	var errs []error
	if due.IsChange() {
		errs = append(errs, s.send(ctx, found.afterChange(due).aloud(), isEdit))
		if due.Repeats { // the first sweep may have seen the state before the change
			errs = append(errs, s.suspect(ctx, found.drift().patient(), due.Deployed))
		}
	}
	if due.Scheduled {
		errs = append(errs, s.send(ctx, found.urgent().repeated(), never),
			s.suspect(ctx, slices.Concat(found.drift(), found.due()), false))
	}
	if len(due.Suspects) > 0 {
		errs = append(errs, s.send(ctx, found.freed(), never)) // no later sweep finds them again
		errs = append(errs, s.confirm(ctx, found.drift().among(due.Suspects), due.Intended),
			s.announceWaiting(ctx, found.waiting().among(due.Suspects)))
	}
	return errors.Join(errs...)
}

// Predicates for the findings that are sent as drift.
func isEdit(f finding) bool { return len(f.edit.By) > 0 }
func never(finding) bool    { return false }

// again schedules one more sweep after a change: EC2 may have shown the state before it, and functions of the
// previous deployment may still have been running. The delay, including the queue's window, is as long as such a
// function may run.
func (s *Sweeper) again(ctx context.Context, due hint.Sweep, found findings) error {
	if !due.New.IsChange() {
		return nil
	}
	next := due.New
	next.Released = found.stillHeld(next, s.now())
	message, err := hint.Again(s.cell, s.now(), next)
	if err != nil {
		return err
	}
	return s.queues.SendLater(ctx, function.Sweep, wiring.FunctionTimeout-wiring.Window(function.Sweep), message)
}

// announceWaiting announces the requests that another cell hasn't answered since the first look.
func (s *Sweeper) announceWaiting(ctx context.Context, found findings) error {
	outcomes := found.outcomes()
	for i := range outcomes {
		outcomes[i] = announce.Waiting(outcomes[i], found[i].known)
		outcomes[i].Repeated = !found[i].news
	}
	return s.announcer.Announce(ctx, outcomes...)
}

// send puts the findings on the queues of the functions that repair them. An error of one queue keeps no finding from
// another.
func (s *Sweeper) send(ctx context.Context, found findings, isDrift func(finding) bool) error {
	messages := map[function.Name][][]byte{}
	for _, f := range found {
		finding := hint.Finding{Outcome: f.Outcome, Drift: isDrift(f), Closes: f.closes, Quiet: f.quiet, Untagged: f.untagged}
		finding.EditedBy, finding.EditedAt, finding.FreedAt = f.edit.By, f.edit.At, f.freedAt
		message, err := hint.Found(finding, s.now())
		if err != nil {
			return err
		}
		messages[f.Repair] = append(messages[f.Repair], message)
	}
	var errs []error
	for _, f := range function.All {
		errs = append(errs, s.queues.Send(ctx, f, messages[f]...))
	}
	return errors.Join(errs...)
}

// suspectsAtOnce is the number of findings in one message, far below SQS's size limit.
const suspectsAtOnce = 1000

// suspect schedules a second look at the findings. Intended ones follow from a deployment.
func (s *Sweeper) suspect(ctx context.Context, found findings, intended bool) error {
	var messages [][]byte
	for some := range slices.Chunk(found, suspectsAtOnce) {
		message, err := hint.Suspects(s.cell, s.now(), some.keys(), intended, some.untagged())
		if err != nil {
			return err
		}
		messages = append(messages, message)
	}
	return s.queues.SendLater(ctx, function.Sweep, grace, messages...)
}

// confirm announces the findings of the second look and sends them to repairs. The announcement comes first: a
// finding that is sent twice is repaired once, but one that isn't announced remains unknown. Intended ones are no
// drift.
func (s *Sweeper) confirm(ctx context.Context, found findings, intended []string) error {
	isDrift := func(f finding) bool { return !slices.Contains(intended, f.key()) }
	if err := s.announcer.Announce(ctx, found.only(isDrift).outcomes()...); err != nil {
		return err
	}
	if err := s.send(ctx, found, isDrift); err != nil {
		return err
	}
	if n := len(found.missed()); n > 0 {
		s.missed(n)
	}
	return nil
}
