// Package accept answers requests for peering connections. In the accepter's cell it accepts those that the policy
// allows and publishes the acceptance. Denials are published in every cell that owns a side.
package accept

import (
	"context"
	"time"

	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// Network reads and changes the cell's EC2 resources. Lists hold the resources that exist; unknown ids are left out.
type Network interface {
	Connections(ctx context.Context, ids ...peering.ConnectionID) ([]peering.Connection, error)
	AcceptedConnectionsOf(ctx context.Context, vpcs ...peering.VPCID) ([]peering.Connection, error)
	VPCs(ctx context.Context, ids ...peering.VPCID) ([]peering.VPC, error)
	RouteTables(ctx context.Context, vpcs ...peering.VPCID) ([]peering.RouteTable, error)
	Subnets(ctx context.Context, vpcs ...peering.VPCID) ([]peering.Subnet, error)
	SecurityGroups(ctx context.Context, vpcs ...peering.VPCID) ([]peering.SecurityGroup, error)
	Accept(ctx context.Context, id peering.ConnectionID) error
	Reject(ctx context.Context, id peering.ConnectionID) error
}

// Accepter accepts for one cell.
type Accepter struct {
	cell      peering.Cell
	policy    *policy.Policy
	network   Network
	announcer announce.Announcer
	now       func() time.Time
}

// New returns the accepter of the cell, which decides by the policy.
func New(cell peering.Cell, p *policy.Policy, n Network, a announce.Announcer, now func() time.Time) *Accepter {
	return &Accepter{cell: cell, policy: p, network: n, announcer: a, now: now}
}

// Handle answers the request that the hint names. It may be called any number of times.
func (a *Accepter) Handle(ctx context.Context, h hint.Hint) error {
	if h.Kind != hint.Requested {
		return nil
	}
	current, err := a.observe(ctx, h)
	if err != nil {
		return err
	}
	next, err := a.decide(h, current)
	if err != nil {
		return err
	}
	outcomes, err := a.apply(ctx, next)
	if err != nil {
		return err
	}
	return announce.Publish(ctx, a.announcer, h, outcomes...)
}

// apply makes the step's call, if it has one. A refusal that is a decision, such as a quota, becomes the outcome.
func (a *Accepter) apply(ctx context.Context, s step) ([]outcome.Outcome, error) {
	if s.call == nil {
		return s.outcomes, nil
	}
	err := s.call(ctx, s.connection)
	if err != nil && fault.Of(err) == fault.Denied {
		return []outcome.Outcome{announce.Refused(s.outcomes[0], err)}, nil
	}
	s.outcomes[0].Changes = []string{s.verb + " " + string(s.connection)}
	return s.outcomes, err
}
