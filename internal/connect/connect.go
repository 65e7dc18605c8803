// Package connect brings the cell's sides of an active connection to the state that the policy asks for: routes,
// ingress rules, DNS option and tags, for the blocks that EC2 shows on the active connection.
package connect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/apply"
	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/observe"
)

// Network reads and changes the cell's EC2 resources. Lists hold the resources that exist; unknown ids are left out.
// Errors have a class of package fault; an error without a class is Retryable.
type Network interface {
	apply.Changer
	Connections(ctx context.Context, ids ...peering.ConnectionID) ([]peering.Connection, error)
	RouteTables(ctx context.Context, vpcs ...peering.VPCID) ([]peering.RouteTable, error)
	RouteTablesTo(ctx context.Context, via ...peering.ConnectionID) ([]peering.RouteTable, error)
	Subnets(ctx context.Context, vpcs ...peering.VPCID) ([]peering.Subnet, error)
	NetworkACLs(ctx context.Context, vpcs ...peering.VPCID) ([]peering.NetworkACL, error)
	SecurityGroups(ctx context.Context, vpcs ...peering.VPCID) ([]peering.SecurityGroup, error)
	IngressRules(ctx context.Context, of ...peering.ConnectionID) ([]peering.IngressRule, error)
	DNSAttributes(ctx context.Context, vpc peering.VPCID) (peering.DNSAttributes, error)
	IngressRulesIn(ctx context.Context, groups ...peering.SecurityGroupID) ([]peering.IngressRule, error)
}

// Connector connects the sides of one cell.
type Connector struct {
	cell    peering.Cell
	policy  *policy.Policy
	network Network
	reader  observe.Reader
	bus     announce.Bus
	now     func() time.Time

	unfinished unfinished
	obstructed obstructed
	latest     latest
}

// New returns the connector of the cell, which decides by the policy.
func New(cell peering.Cell, p *policy.Policy, n Network, b announce.Bus, now func() time.Time) *Connector {
	return &Connector{cell: cell, policy: p, network: n, reader: readerOf(n, p), bus: b, now: now}
}

// Handle connects the connection that the hint names. It may be called any number of times. The error joins those
// of all sides:
//   - Retryable while EC2 doesn't show the connection, its blocks or its final state yet, after a failed call, and
//     if another process changed the same resources twice;
//   - Permanent if EC2 refuses a call for lack of a permission, or if a person has to correct something first;
//   - Denied only if the hint is too old for a connection that EC2 still doesn't show as active. A Denied change is
//     announced instead.
func (c *Connector) Handle(ctx context.Context, h hint.Hint) error {
	if h.Kind != hint.Accepted {
		return nil
	}
	err := c.attempt(ctx, h, true)
	if errors.Is(err, fault.ErrOutdated) {
		err = c.attempt(ctx, h, false) // immediately, because usually another process has just made the same change
	}
	return err
}

func (c *Connector) attempt(ctx context.Context, h hint.Hint, isFirst bool) error {
	checkedAt := c.now()
	current, err := c.observe(ctx, h)
	if err != nil {
		return err
	}
	sides, outcomes, err := c.decide(ctx, h, current)
	if err != nil {
		return err
	}
	if isFirst && slices.ContainsFunc(sides, hasShortage) {
		return fmt.Errorf("%s: a quota seems to be reached: %w", h.Connection, fault.ErrOutdated)
	}
	c.unfinished.arrange(sides, h.Drift)
	done, faults := c.apply(ctx, current.connection, sides, h.IsFresh(c.now()))
	outcomes = append(outcomes, done...)
	return errors.Join(faults, c.publish(ctx, h, checkedAt, outcomes),
		c.inform(ctx, h, current.connection, sides, checkedAt))
}

// hasShortage reports whether a quota doesn't suffice for the side. A group and the connection's rules in it are read
// by two calls. If another process replaces a rule between them, only a second look shows that the quota suffices.
func hasShortage(s side) bool { return len(s.Shortages) > 0 }

// decide returns the sides to connect, or else the outcomes of the connection. It returns a Retryable error while
// EC2 may still show a later state, and a Denied one for a hint that is too old for that.
func (c *Connector) decide(ctx context.Context, h hint.Hint, current observed) ([]side, []outcome.Outcome, error) {
	if current.connection == nil {
		if c.isOthers(h) {
			return nil, nil, nil
		}
		return nil, nil, c.wait(h, fmt.Errorf("%s is not visible yet", h.Connection))
	}
	pcx := *current.connection
	if len(pcx.Roles(c.cell)) == 0 || pcx.State.IsDead() {
		return nil, nil, nil // disconnect announces dead connections
	}
	if err := c.untilActive(h, pcx); err != nil {
		return nil, nil, err
	}
	d := c.policy.Decide(pcx)
	switch {
	case pcx.IsForeignTo(c.policy.Installation, current.Rules):
		return nil, c.ofAnother(pcx, d, current.Rules), nil
	case c.policy.Maintains(pcx, d, current.Rules):
	case d.Provisional:
		return nil, nil, withoutBlocks(pcx)
	default:
		o := announce.Outcome(outcome.Denied, c.cell, pcx, d, c.policy.File)
		return nil, []outcome.Outcome{announce.ActiveDenied(o, pcx.IsConnectedBy(c.policy.Installation, current.Rules),
			c.routes(current))}, nil
	}
	sides, err := c.sides(ctx, current, d)
	return sides, nil, err
}

// isOthers reports whether the hint names VPCs of other cells alone. A cell forwards its acceptances to all its
// counterparts, and EC2 never shows the connection to those without a side of it.
func (c *Connector) isOthers(h hint.Hint) bool {
	isOther := func(v peering.VPC) bool { return v.ID != "" && v.Owner != "" && v.Region != "" && v.Cell() != c.cell }
	return isOther(h.Requester) && isOther(h.Accepter)
}

// routes returns the deletions of the routes to the connection in the cell, but for those of third parties.
func (c *Connector) routes(current observed) []plan.Change {
	tables := slices.DeleteFunc(slices.Clone(current.Tables), func(t peering.RouteTable) bool {
		return c.policy.IsThirdParty(peering.VPC{Owner: c.cell.Account, Region: c.cell.Region, ID: t.VPC})
	})
	return plan.Disconnect(plan.Remains{Connection: current.connection.ID, Tables: tables}).Changes()
}

func withoutBlocks(pcx peering.Connection) error {
	return fmt.Errorf("%s is %s and doesn't show its blocks yet", pcx.ID, pcx.State)
}

// untilActive returns an error unless the connection is active, Retryable while it may still become so.
func (c *Connector) untilActive(h hint.Hint, pcx peering.Connection) error {
	err := fmt.Errorf("%s is still %s", pcx.ID, pcx.State)
	switch pcx.State {
	case peering.Active:
		return nil
	case peering.Provisioning: // for longer than any other state
		return err
	default:
		return c.wait(h, err)
	}
}

// ofAnother returns the conflict about a connection that another installation manages, if this policy also allows it.
func (c *Connector) ofAnother(
	pcx peering.Connection, d policy.Decision, rules []peering.IngressRule,
) []outcome.Outcome {
	if d.Verdict != policy.Accept || d.Provisional {
		return nil
	}
	o := announce.Outcome(outcome.Conflicting, c.cell, pcx, d, c.policy.File)
	return []outcome.Outcome{announce.OfAnotherInstallation(o, pcx.ConnectedBy(rules)[0])}
}

// wait returns err as it is while EC2 may not show the effect of the hint's call yet, and later as Denied, which has
// the message acknowledged. The hint was forged or is out of date.
func (c *Connector) wait(h hint.Hint, err error) error {
	if h.IsFresh(c.now()) {
		return err
	}
	return fault.As(fault.Denied, err)
}

// side is a side of a connection that the cell owns, with its plan and the outcome after the plan is carried out. The
// rest is the error about the additions that the plan lacks, or may lack, because EC2 doesn't show the blocks for them
// or a prefix list couldn't be read, or about the network ACLs or subnets that the outcome lacks.
type side struct {
	plan.Plan
	half    plan.Side       // that was planned
	refused outcome.Outcome // for a refusal: without the routes and rules that were planned
	outcome outcome.Outcome
	rest    error
	code    message.Code // of the obstacle that keeps the side from being connected, empty without one
	reports bool         // the plan is only proposed
	// complete means that nothing was missing after the plan was carried out.
	complete bool
}

func (c *Connector) sides(ctx context.Context, current observed, d policy.Decision) ([]side, error) {
	var halves []plan.Side
	for _, role := range current.connection.Roles(c.cell) {
		if !d.Manages(role) {
			continue
		}
		half, err := observe.WithLeftovers(ctx, c.network, c.policy, current.Side(*current.connection, role, d, c.policy))
		if err != nil {
			return nil, err
		}
		halves = append(halves, half)
	}
	sides := make([]side, len(halves))
	for i, p := range plan.ConnectSides(halves...) {
		sides[i] = c.side(p, halves[i], d, current)
		if d.Reports {
			sides[i].report()
		}
	}
	return sides, nil
}

func without(changes, others []plan.Change) []plan.Change {
	return slices.DeleteFunc(changes, func(c plan.Change) bool {
		return slices.ContainsFunc(others, func(o plan.Change) bool { return o.Key() == c.Key() })
	})
}

// side returns the side with the outcome that it has once the plan is carried out.
func (c *Connector) side(p plan.Plan, half plan.Side, d policy.Decision, current observed) side {
	s := side{Plan: p, half: half, outcome: announce.Outcome(outcome.Connected, c.cell, half.Connection, d, c.policy.File)}
	s.outcome.Side = half.Role
	s.outcome = announce.WithLeftOut(s.outcome, d.LeftOut)
	s.outcome.Notes = append(s.outcome.Notes, s.Notes...)
	s.refused = s.outcome
	for _, fact := range s.State {
		s.outcome.State = append(s.outcome.State, fact.Sentence)
		s.outcome.Keys = append(s.outcome.Keys, fact.Key)
	}
	switch {
	case d.Provisional:
		s.rest = withoutBlocks(half.Connection)
		return s
	case s.awaited() != nil:
		s.rest = s.awaited()
		return s
	case s.NeedsConsent():
		s.propose()
		return s
	case half.Connection.IsHeld():
		s.hold()
		return s
	case half.Closing:
		s.outcome, s.code = announce.Objected(s.outcome), message.Overlap
		return s
	case s.IsObstructed():
		s.outcome, s.code = announce.Obstructed(s.outcome, s.Conflicts, s.Shortages), message.Quota
		if len(s.Conflicts) > 0 {
			s.code = message.RouteConflict
		}
		s.outcome = announce.WithHalfOpen(s.outcome, half)
		return s
	}
	s.rest = current.unread.fault()
	s.outcome.Notes = append(s.outcome.Notes, half.Notes()...)
	for _, o := range obstructions(half, current.ACLs) {
		s.outcome.Obstructions = append(s.outcome.Obstructions,
			outcome.Obstruction{NetworkACL: o.ACL, Rule: o.Rule, Sentence: o.Sentence, Remedy: o.Remedy})
		s.outcome.Keys = append(s.outcome.Keys, o.Key)
	}
	return s
}

// awaited returns the error of the prefix lists for which the announcement of the side waits, nil for none. A proposal
// doesn't wait for a permission: it describes the wait, and a person gives both.
func (s *side) awaited() error {
	err := s.half.Unread()
	if s.HasObstacle() || s.NeedsConsent() && fault.Of(err) == fault.Permanent {
		return nil
	}
	return err
}

// hold makes the outcome that of a side on hold. The other cell is informed while something is missing. Without a
// change, the id doesn't depend on the remaining routes and rules.
func (s *side) hold() {
	s.outcome = announce.OnHold(s.outcome, s.half.Connection.State)
	if len(s.Changes()) == 0 {
		s.outcome.State, s.outcome.Keys = nil, s.refused.Keys
	}
	if s.Waits {
		s.code, s.outcome = message.Hold, announce.WithHalfOpen(s.outcome, s.half)
	}
}

// propose makes the outcome that of a side whose changes wait for consent. The other cell is informed while routes
// or rules are missing.
func (s *side) propose() {
	s.outcome = announce.NeedsAdoption(s.refused, s.Plan)
	if s.Lacks() {
		s.code = message.NeedsAdoption
	}
}

// refusal returns the outcome of a side whose changes EC2 refused.
func (s *side) refusal(err error) outcome.Outcome {
	o := s.refused
	o.Changes = s.outcome.Changes
	if s.code == message.Refused {
		o = announce.WithHalfOpen(o, s.half)
	}
	return announce.Refused(o, err)
}

// apply returns the proposals of sides in report mode. Otherwise it claims the connection, carries out the plans of
// all sides and returns the outcomes of those that finished. A Denied side, for a quota for example, yields a
// failure outcome. All other errors are returned, and their sides are announced after a later attempt.
func (c *Connector) apply(ctx context.Context, pcx *peering.Connection, sides []side, patient bool) (
	[]outcome.Outcome, error,
) {
	if slices.ContainsFunc(sides, func(s side) bool { return s.reports }) {
		return proposals(sides)
	}
	if err := c.claim(ctx, pcx, sides); err != nil {
		unclaimed(sides, err)
	}
	faults := c.carryOutAll(ctx, sides, patient)
	var outcomes []outcome.Outcome
	for i, err := range faults {
		switch {
		case err == nil:
			outcomes = append(outcomes, sides[i].outcome)
		case fault.Of(err) == fault.Denied:
			outcomes, faults[i] = append(outcomes, sides[i].refusal(err)), nil
		}
	}
	return outcomes, errors.Join(faults...)
}
