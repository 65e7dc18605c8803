// Package sweep finds what events missed: requests that nobody answered, sides that aren't as the policy says,
// and what dead connections have left. It only reads, and tells the other functions where to look.
package sweep

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// Network is what a sweep reads in its cell.
type Network interface {
	ConnectionsIn(ctx context.Context, states ...peering.State) ([]peering.Connection, error)
	RouteTablesWithBlackholes(ctx context.Context) ([]peering.RouteTable, error)
	OurIngressRules(ctx context.Context) ([]peering.IngressRule, error)
	VPCs(ctx context.Context, ids ...peering.VPCID) ([]peering.VPC, error)
	RouteTables(ctx context.Context, vpcs ...peering.VPCID) ([]peering.RouteTable, error)
	Subnets(ctx context.Context, vpcs ...peering.VPCID) ([]peering.Subnet, error)
	SecurityGroups(ctx context.Context, vpcs ...peering.VPCID) ([]peering.SecurityGroup, error)
}

// Queues takes messages to the functions.
type Queues interface {
	Tell(ctx context.Context, who function.Name, messages ...[]byte) error
	TellMyself(ctx context.Context, after time.Duration, messages ...[]byte) error
}

// Announcer tells the world.
type Announcer interface {
	Announce(ctx context.Context, outcomes ...outcome.Outcome) error
}

// Sweeper sweeps one cell.
type Sweeper struct {
	cell      peering.Cell
	policy    *policy.Policy
	interval  time.Duration
	network   Network
	queues    Queues
	announcer Announcer
	missed    func(int)
	now       func() time.Time
}

// Parts is what a Sweeper works with.
type Parts struct {
	Network   Network
	Queues    Queues
	Announcer Announcer
	Missed    func(events int) // counts what an event should have told long ago
	Now       func() time.Time
}

// New returns the sweeper of the cell, which is called once in the interval.
func New(cell peering.Cell, p *policy.Policy, interval time.Duration, parts Parts) *Sweeper {
	return &Sweeper{
		cell: cell, policy: p, interval: interval,
		network: parts.Network, queues: parts.Queues, announcer: parts.Announcer, missed: parts.Missed, now: parts.Now,
	}
}

// grace is how long events may take, the redeliveries of a new connection's included. What a second look after
// it still finds, no event has told.
const grace = 5 * time.Minute

// Handle sweeps. What is found when something has changed is told at once; what is found when it is time to
// look may be on its way, so it is looked at again.
func (s *Sweeper) Handle(ctx context.Context, h hint.Hint) error {
	switch h.Kind {
	case hint.Changed, hint.Scheduled, hint.Suspected:
	default:
		return nil
	}
	seen, err := s.observe(ctx)
	if err != nil {
		return err
	}
	found := s.find(seen)
	switch h.Kind {
	case hint.Changed:
		return s.tell(ctx, found.drift(), false)
	case hint.Suspected:
		return s.confirm(ctx, found.drift().among(h.Suspects))
	}
	return errors.Join(s.tell(ctx, found.reminders(), false), s.suspect(ctx, found.drift()))
}

// tell puts the findings on the queues of those who repair them.
func (s *Sweeper) tell(ctx context.Context, found findings, announced bool) error {
	messages := map[function.Name][][]byte{}
	for _, f := range found {
		message, err := hint.Found(f.Outcome, s.now(), announced)
		if err != nil {
			return err
		}
		messages[f.Repair] = append(messages[f.Repair], message)
	}
	for _, who := range []function.Name{function.Accept, function.Connect, function.Disconnect} {
		if err := s.queues.Tell(ctx, who, messages[who]...); err != nil {
			return err
		}
	}
	return nil
}

// atOnce is how many suspects one message has room for, and more than one message is worth.
const atOnce = 1000

// suspect arranges for a second look.
func (s *Sweeper) suspect(ctx context.Context, found findings) error {
	var messages [][]byte
	for keys := range slices.Chunk(found.keys(), atOnce) {
		message, err := hint.Suspects(s.cell, s.now(), keys)
		if err != nil {
			return err
		}
		messages = append(messages, message)
	}
	return s.queues.TellMyself(ctx, grace, messages...)
}

// confirm announces what the second look still finds, and has it repaired. The announcement comes first: what is
// told twice is repaired once, and what isn't announced is never known.
func (s *Sweeper) confirm(ctx context.Context, found findings) error {
	if err := s.announcer.Announce(ctx, found.outcomes()...); err != nil {
		return err
	}
	if err := s.tell(ctx, found, true); err != nil {
		return err
	}
	if n := len(found.missed()); n > 0 {
		s.missed(n)
	}
	return nil
}
