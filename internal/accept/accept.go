// Package accept answers requests for peering connections. In the accepter's cell it accepts those that the policy
// allows once both sides are free, and in the requester's cell it checks that side. Denials are published in every
// cell that owns a side.
package accept

import (
	"context"
	"log/slog"
	"time"

	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/logkey"
	"github.com/autopeer/autopeer/internal/observe"
	"github.com/autopeer/autopeer/internal/parallel"
)

// Network reads and changes the cell's EC2 resources. Lists hold the resources that exist; unknown ids are left out.
// Errors have a class of package fault; an error without a class is Retryable.
type Network interface {
	observe.Leftovers
	LivingConnectionsOf(ctx context.Context, vpcs ...peering.VPCID) ([]peering.Connection, error)
	VPCs(ctx context.Context, ids ...peering.VPCID) ([]peering.VPC, error)
	RouteTables(ctx context.Context, vpcs ...peering.VPCID) ([]peering.RouteTable, error)
	Subnets(ctx context.Context, vpcs ...peering.VPCID) ([]peering.Subnet, error)
	SecurityGroups(ctx context.Context, vpcs ...peering.VPCID) ([]peering.SecurityGroup, error)
	Accept(ctx context.Context, id peering.ConnectionID) error
	Reject(ctx context.Context, id peering.ConnectionID) error
}

// Accepter accepts for one cell.
type Accepter struct {
	cell    peering.Cell
	policy  *policy.Policy
	network Network
	bus     announce.Bus
	now     func() time.Time
	turns   turns
	recent  recent
}

// New returns the accepter of the cell, which decides by the policy.
func New(cell peering.Cell, p *policy.Policy, n Network, b announce.Bus, now func() time.Time) *Accepter {
	return &Accepter{cell: cell, policy: p, network: n, bus: b, now: now}
}

// Handle answers the request that the hint names. It may be called any number of times. The requests from and to
// one VPC of the cell are answered one after the other.
//
// The error is
//   - Retryable while EC2 doesn't show the request or the accepter's blocks yet, if a call fails for an unknown reason,
//     and if EventBridge doesn't take an announcement or a message;
//   - Permanent if EC2 refuses a call for lack of a permission, or if an announcement can't be encoded;
//   - never Denied: a call that EC2 denies is announced, and Handle returns nil.
func (a *Accepter) Handle(ctx context.Context, h hint.Hint) error {
	switch {
	case h.Kind == hint.Swept:
		return a.approved(ctx, h)
	case h.Kind != hint.Requested && h.Kind != hint.Checked && h.Kind != hint.Asked:
		return nil
	case h.Message != nil && !h.Message.IsFresh(h.At, a.now()):
		slog.InfoContext(ctx, "message too old", logkey.EventID, h.EventID, logkey.Connection, string(h.Connection))
		return nil
	}
	done, err := a.turns.take(ctx, a.cell.Own(h.Requester, h.Accepter)...)
	if err != nil {
		return err
	}
	defer done()
	return a.answer(ctx, h)
}

// approved answers the requests to the cell that a person has approved with a tag. If EC2 doesn't show the tag yet,
// the request is answered by the sweep that the same event starts.
func (a *Accepter) approved(ctx context.Context, h hint.Hint) error {
	if len(h.Approved) == 0 {
		return nil
	}
	found, err := a.network.Connections(ctx, h.Approved...)
	if err != nil {
		return err
	}
	var answers []parallel.Task
	for _, c := range found {
		if c.Accepter.Cell() != a.cell || c.Tags[peering.TagApproved] != "true" {
			continue
		}
		request := hint.Hint{
			Kind: hint.Requested, EventID: h.EventID, Connection: c.ID, Requester: c.Requester, Accepter: c.Accepter,
			Origin: h.Origin, At: h.At, RequestedAt: c.RequestedAt(),
		}
		request.Requester.Blocks, request.Accepter.Blocks = nil, nil
		answers = append(answers, func(ctx context.Context) error { return a.Handle(ctx, request) })
	}
	return parallel.Do(ctx, answers...)
}

func (a *Accepter) answer(ctx context.Context, h hint.Hint) error {
	checkedAt := a.now()
	current, err := a.observe(ctx, h)
	if err != nil {
		return err
	}
	next, err := a.decide(ctx, request{Hint: h, current: current, checkedAt: checkedAt})
	if err != nil {
		return err
	}
	if err := a.apply(ctx, &next, current); err != nil {
		return err
	}
	if err := announce.Publish(ctx, a.bus, h, next.outcomes...); err != nil {
		return err
	}
	return a.bus.Send(ctx, next.messages...)
}

// apply makes the step's call, if it has one. A refusal that is a decision, such as a quota, becomes the outcome.
func (a *Accepter) apply(ctx context.Context, s *step, current observed) error {
	if s.call == nil {
		return nil
	}
	err := s.call(ctx, s.connection.ID)
	if err != nil && fault.Of(err) == fault.Denied {
		s.outcomes, s.messages = []outcome.Outcome{a.refused(ctx, *s, current, err)}, nil
		return nil
	}
	s.outcomes[0].Changes = []string{s.verb + " " + string(s.connection.ID)}
	if err == nil && s.verb == accepts {
		a.recent.accept(s.connection.ID, a.now())
	}
	return err
}

// refused returns the outcome of a refused call. If another connection of the two VPCs was accepted in the
// meantime, the outcome names that connection, which EC2's error doesn't name.
func (a *Accepter) refused(ctx context.Context, s step, current observed, err error) outcome.Outcome {
	living, readErr := a.network.LivingConnectionsOf(ctx, a.cell.Own(s.connection.Requester, s.connection.Accepter)...)
	if readErr == nil {
		current.Living = living
		if twin := current.Twin(s.connection, a.policy); twin != nil {
			return announce.AlreadyConnected(s.outcomes[0], *twin)
		}
	}
	return announce.Refused(s.outcomes[0], err)
}
