// Package connect makes the cell's sides of an active connection right: routes, ingress rules, DNS option
// and tags, exactly as the policy says for the blocks that the connection really has.
package connect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/autopeer/autopeer/internal/apply"
	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// Network is what connect reads and changes in its cell. Lists hold what exists; an unknown id is left out.
type Network interface {
	apply.Changer
	Connections(ctx context.Context, ids ...peering.ConnectionID) ([]peering.Connection, error)
	RouteTables(ctx context.Context, vpcs ...peering.VPCID) ([]peering.RouteTable, error)
	Subnets(ctx context.Context, vpcs ...peering.VPCID) ([]peering.Subnet, error)
	NetworkACLs(ctx context.Context, vpcs ...peering.VPCID) ([]peering.NetworkACL, error)
	SecurityGroups(ctx context.Context, vpcs ...peering.VPCID) ([]peering.SecurityGroup, error)
	IngressRules(ctx context.Context, of peering.ConnectionID) ([]peering.IngressRule, error)
	IngressRulesIn(ctx context.Context, groups ...peering.SecurityGroupID) ([]peering.IngressRule, error)
}

// Announcer tells the world.
type Announcer interface {
	Announce(ctx context.Context, outcomes ...outcome.Outcome) error
}

// Connector connects the sides of one cell.
type Connector struct {
	cell      peering.Cell
	policy    *policy.Policy
	network   Network
	announcer Announcer
	now       func() time.Time
}

// New returns the connector of the cell, which decides by the policy.
func New(cell peering.Cell, p *policy.Policy, n Network, a Announcer, now func() time.Time) *Connector {
	return &Connector{cell: cell, policy: p, network: n, announcer: a, now: now}
}

// Handle connects what the hint points to. It may be called any number of times.
func (c *Connector) Handle(ctx context.Context, h hint.Hint) error {
	if h.Kind != hint.Accepted {
		return nil
	}
	err := c.attempt(ctx, h)
	if errors.Is(err, fault.ErrOutdated) {
		err = c.attempt(ctx, h) // now, and not after a wait: most often another process has just done the same
	}
	return err
}

func (c *Connector) attempt(ctx context.Context, h hint.Hint) error {
	seen, err := c.observe(ctx, h)
	if err != nil {
		return err
	}
	sides, said, err := c.decide(ctx, h, seen)
	if err != nil {
		return err
	}
	done, faults := c.connect(ctx, sides)
	said = append(said, done...)
	if h.Drift {
		said = append(said, outcome.Repairs(said, h.Side)...)
	}
	for i := range said {
		said[i].RequestedAt = h.RequestedAt
	}
	return errors.Join(faults, c.announcer.Announce(ctx, said...))
}

// decide returns the sides to connect, each with what is to be said of it, or else what is to be said of
// the connection. It waits, as a Retryable error, for what EC2 is about to show.
func (c *Connector) decide(ctx context.Context, h hint.Hint, seen sight) ([]side, []outcome.Outcome, error) {
	if seen.connection == nil {
		return nil, nil, c.wait(h, fmt.Errorf("%s is not visible yet", h.Connection))
	}
	pcx := *seen.connection
	switch {
	case len(pcx.Roles(c.cell)) == 0 || pcx.State.IsDead():
		return nil, nil, nil // disconnect speaks of the dead
	case pcx.State == peering.Provisioning:
		return nil, nil, fmt.Errorf("%s is still %s", pcx.ID, pcx.State)
	case pcx.State != peering.Active:
		return nil, nil, c.wait(h, fmt.Errorf("%s is still %s", pcx.ID, pcx.State))
	}
	d := c.policy.Decide(pcx)
	switch {
	case d.Provisional: // nothing is opened for blocks that aren't known
		return nil, nil, fmt.Errorf("%s is %s and doesn't show its blocks yet", pcx.ID, pcx.State)
	case d.Verdict != policy.Accept:
		return nil, []outcome.Outcome{outcome.Of(outcome.Denied, c.cell, pcx, d, c.policy.File)}, nil
	}
	sides, err := c.sides(ctx, seen, d)
	return sides, nil, err
}

// wait returns err while EC2 may still be about to show what the hint says. A hint that stays wrong was
// forged or is out of date: there is nothing to do, and the message is done with.
func (c *Connector) wait(h hint.Hint, err error) error {
	if h.IsFresh(c.now()) {
		return err
	}
	return fault.As(fault.Denied, err)
}

// side is one half that the cell owns, with its plan and what is to be said once that is carried out.
type side struct {
	plan.Plan
	say outcome.Outcome
}

func (c *Connector) sides(ctx context.Context, seen sight, d policy.Decision) ([]side, error) {
	var sides []side
	for _, role := range seen.connection.Roles(c.cell) {
		if !d.Manages(role) {
			continue
		}
		half, err := c.lookCloser(ctx, seen.Side(*seen.connection, role, d, c.policy.Limits))
		if err != nil {
			return nil, err
		}
		next := c.side(half, d, seen.ACLs)
		for _, before := range sides { // tags are the connection's: one call for both sides
			next.Changes = without(next.Changes, before.Changes)
		}
		sides = append(sides, next)
	}
	return sides, nil
}

func without(changes, others []plan.Change) []plan.Change {
	return slices.DeleteFunc(changes, func(c plan.Change) bool {
		return slices.ContainsFunc(others, func(o plan.Change) bool { return o.String() == c.String() })
	})
}

func (c *Connector) side(half plan.Side, d policy.Decision, acls []peering.NetworkACL) side {
	s := side{Plan: plan.Connect(half)}
	s.say = outcome.Of(outcome.Connected, c.cell, half.Connection, d, c.policy.File)
	s.say.Side = half.Role
	if s.IsObstructed() {
		s.say = s.say.Obstructed(s.Conflicts, s.Shortages)
		return s
	}
	s.say.State, s.say.Notes, s.say.Obstructions = s.State, s.Notes, obstructions(half, acls)
	return s
}

// carryOut makes the changes. A plan that only makes room is followed by another.
func (s *side) carryOut(ctx context.Context, network Network) (err error) {
	s.say.Changes, err = apply.All(ctx, network, s.Changes)
	if err == nil && s.MakesRoom {
		err = fmt.Errorf("room was made on the %s side of %s: %w", s.say.Side, s.say.Connection, fault.ErrOutdated)
	}
	return err
}

// connect carries the plans out, all sides together, and returns what is to be said of those that came to
// an end. A refusal that is a decision, a quota say, is told in the side's place; every other fault is
// returned, and its side is announced when it is done.
func (c *Connector) connect(ctx context.Context, sides []side) ([]outcome.Outcome, error) {
	faults := make([]error, len(sides))
	var working sync.WaitGroup
	for i := range sides {
		working.Go(func() { faults[i] = sides[i].carryOut(ctx, c.network) })
	}
	working.Wait()
	var said []outcome.Outcome
	for i, err := range faults {
		switch {
		case err == nil:
			said = append(said, sides[i].say)
		case fault.Of(err) == fault.Denied:
			said, faults[i] = append(said, sides[i].say.Refused(err)), nil
		}
	}
	return said, errors.Join(faults...)
}
