// Package sweep finds the differences from the policy that events missed: unanswered requests, sides that have drifted and
// the remains of dead connections. It only reads, and sends its findings to the other functions' queues.
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
	"github.com/autopeer/autopeer/internal/observe"
)

// Network reads the cell's EC2 resources.
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

// Queues sends messages to the functions' queues. After an error some of the messages may have been sent.
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

// grace is how long events take on average, the redeliveries for a new connection included. A finding that a second look
// after it confirms is repaired, whether its event is late or lost.
const grace = 5 * time.Minute

// Handle sweeps. After a change event, findings are sent at once, but for a living connection that the policy no longer names.
// A scheduled sweep looks again after grace, because a repair may already be in progress: only then is a difference drift.
// Removals on a connection that a peering names are sent at once. After a route or a rule was deleted, only the requests and sides that
// may have waited for that are sent: the deletion itself may be drift, which the schedule finds.
func (s *Sweeper) Handle(ctx context.Context, h hint.Hint) error {
	switch h.Kind {
	case hint.Changed, hint.Scheduled, hint.Suspected, hint.Freed:
	default:
		return nil
	}
	current, err := s.observe(ctx, h.Untagged)
	if err != nil {
		return err
	}
	found := s.find(current)
	return errors.Join(s.pass(ctx, h, found), s.announceUntagged(ctx, h, current), s.announceUnowned(ctx, h, current))
}

// pass has the findings repaired, announced or looked at again, as the reason for the sweep demands.
func (s *Sweeper) pass(ctx context.Context, h hint.Hint, found findings) error {
	switch h.Kind {
	case hint.Changed:
		return errors.Join(s.send(ctx, found.afterChange().aloud(), false), s.suspect(ctx, found.drift().patient()))
	case hint.Freed:
		return s.send(ctx, found.waitingForRoom().aloud(), false)
	case hint.Suspected:
		return errors.Join(s.confirm(ctx, found.drift().among(h.Suspects)), s.announceWaiting(ctx, found.waiting().among(h.Suspects)))
	}
	return errors.Join(s.send(ctx, found.urgent(), false), s.suspect(ctx, slices.Concat(found.drift(), found.due())))
}

// announceWaiting announces the requests that another cell hasn't answered since the first look.
func (s *Sweeper) announceWaiting(ctx context.Context, found findings) error {
	outcomes := found.outcomes()
	for i := range outcomes {
		outcomes[i] = announce.Waiting(outcomes[i])
	}
	return s.announcer.Announce(ctx, outcomes...)
}

// send puts the findings on the queues of the functions that repair them.
func (s *Sweeper) send(ctx context.Context, found findings, announced bool) error {
	messages := map[function.Name][][]byte{}
	for _, f := range found {
		message, err := hint.Found(hint.Finding{Outcome: f.Outcome, Drift: announced, Closes: f.closes, Quiet: f.quiet, Untagged: f.untagged}, s.now())
		if err != nil {
			return err
		}
		messages[f.Repair] = append(messages[f.Repair], message)
	}
	for _, f := range function.All {
		if err := s.queues.Send(ctx, f, messages[f]...); err != nil {
			return err
		}
	}
	return nil
}

// suspectsAtOnce is the number of findings in one message, far below SQS's size limit.
const suspectsAtOnce = 1000

// suspect schedules a second look at the findings.
func (s *Sweeper) suspect(ctx context.Context, found findings) error {
	var messages [][]byte
	for some := range slices.Chunk(found, suspectsAtOnce) {
		message, err := hint.Suspects(s.cell, s.now(), some.keys(), some.untagged())
		if err != nil {
			return err
		}
		messages = append(messages, message)
	}
	return s.queues.SendLater(ctx, function.Sweep, grace, messages...)
}

// confirm announces the findings of the second look and has them repaired. The announcement comes first: a finding that
// is sent twice is repaired once, and one that isn't announced is never known.
func (s *Sweeper) confirm(ctx context.Context, found findings) error {
	if err := s.announcer.Announce(ctx, found.outcomes()...); err != nil {
		return err
	}
	if err := s.send(ctx, found, true); err != nil {
		return err
	}
	if n := len(found.missed()); n > 0 {
		s.missed(n)
	}
	return nil
}
