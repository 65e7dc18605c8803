// Package accept answers requests for peering connections: it accepts those that the policy allows, as
// seen by the accepter's cell, and announces what became of every one.
package accept

import (
	"context"
	"time"

	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// Network is what accept reads and does in its cell. Lists hold what exists; an unknown id is left out.
type Network interface {
	Connections(ctx context.Context, ids ...peering.ConnectionID) ([]peering.Connection, error)
	ConnectionsOf(ctx context.Context, vpcs []peering.VPCID, states ...peering.State) ([]peering.Connection, error)
	VPCs(ctx context.Context, ids ...peering.VPCID) ([]peering.VPC, error)
	RouteTables(ctx context.Context, vpcs ...peering.VPCID) ([]peering.RouteTable, error)
	Subnets(ctx context.Context, vpcs ...peering.VPCID) ([]peering.Subnet, error)
	SecurityGroups(ctx context.Context, vpcs ...peering.VPCID) ([]peering.SecurityGroup, error)
	Accept(ctx context.Context, id peering.ConnectionID) error
	Reject(ctx context.Context, id peering.ConnectionID) error
}

// Announcer tells the world.
type Announcer interface {
	Announce(ctx context.Context, outcomes ...outcome.Outcome) error
}

// Accepter accepts for one cell.
type Accepter struct {
	cell      peering.Cell
	policy    *policy.Policy
	network   Network
	announcer Announcer
	now       func() time.Time
}

// New returns the accepter of the cell, which decides by the policy.
func New(cell peering.Cell, p *policy.Policy, n Network, a Announcer, now func() time.Time) *Accepter {
	return &Accepter{cell: cell, policy: p, network: n, announcer: a, now: now}
}

// Handle answers the request that the hint points to. It may be called any number of times.
func (a *Accepter) Handle(ctx context.Context, h hint.Hint) error {
	if h.Kind != hint.Requested {
		return nil
	}
	seen, err := a.observe(ctx, h)
	if err != nil {
		return err
	}
	next, err := a.decide(h, seen)
	if err != nil {
		return err
	}
	said, err := a.apply(ctx, next)
	if err != nil {
		return err
	}
	if h.Drift {
		said = append(said, outcome.Repairs(said, h.Side)...)
	}
	for i := range said {
		said[i].RequestedAt = h.RequestedAt
	}
	return a.announcer.Announce(ctx, said...)
}

// apply makes the step's call, if it has one. A refusal that is a decision, a quota say, is announced.
func (a *Accepter) apply(ctx context.Context, s step) ([]outcome.Outcome, error) {
	if s.call == nil {
		return s.say, nil
	}
	err := s.call(ctx, s.connection)
	if err != nil && fault.Of(err) == fault.Denied {
		return []outcome.Outcome{s.say[0].Refused(err)}, nil
	}
	s.say[0].Changes = []string{s.does + " " + string(s.connection)}
	return s.say, err
}
