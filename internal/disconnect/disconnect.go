// Package disconnect takes back what connect added, once a connection is dead. It needs nothing but the
// connection's id: the targets of the routes and the tags of the rules tell what was ours.
package disconnect

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/apply"
	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/parallel"
)

// Network is what disconnect reads and changes in its cell. Connections leaves out an unknown id.
type Network interface {
	apply.Changer
	Connections(ctx context.Context, ids ...peering.ConnectionID) ([]peering.Connection, error)
	RouteTablesTo(ctx context.Context, via peering.ConnectionID) ([]peering.RouteTable, error)
	IngressRules(ctx context.Context, of peering.ConnectionID) ([]peering.IngressRule, error)
}

// Announcer tells the world.
type Announcer interface {
	Announce(ctx context.Context, outcomes ...outcome.Outcome) error
}

// Disconnector disconnects the sides of one cell.
type Disconnector struct {
	cell      peering.Cell
	policy    *policy.Policy
	network   Network
	announcer Announcer
	now       func() time.Time
}

// New returns the disconnector of the cell. The policy gives it the departments' names, and no say.
func New(cell peering.Cell, p *policy.Policy, n Network, a Announcer, now func() time.Time) *Disconnector {
	return &Disconnector{cell: cell, policy: p, network: n, announcer: a, now: now}
}

// Handle takes back what the cell has of the connection that the hint points to, if that is dead, or if the
// policy wants nothing of it any more. It may be called any number of times.
func (d *Disconnector) Handle(ctx context.Context, h hint.Hint) error {
	if h.Kind != hint.Rejected && h.Kind != hint.Deleted {
		return nil
	}
	seen, err := d.observe(ctx, h.Connection)
	if err != nil {
		return err
	}
	if err := d.alive(h, seen); err != nil {
		return err
	}
	changes := plan.Disconnect(seen.remains).Changes
	made, err := apply.All(ctx, d.network, changes)
	if err != nil || !d.concerns(h, seen, changes) {
		return err
	}
	said := []outcome.Outcome{d.says(h, seen, made)}
	if h.Drift {
		said = append(said, outcome.Repairs(said, h.Side)...)
	}
	return d.announcer.Announce(ctx, said...)
}

// sight is what the cell sees. The connection is nil where EC2 doesn't show it, or not any more.
type sight struct {
	connection *peering.Connection
	remains    plan.Remains
}

func (d *Disconnector) observe(ctx context.Context, id peering.ConnectionID) (sight, error) {
	seen := sight{remains: plan.Remains{Connection: id}}
	var found []peering.Connection
	err := parallel.Do(ctx,
		parallel.Into(&found, func(ctx context.Context) ([]peering.Connection, error) { return d.network.Connections(ctx, id) }),
		parallel.Into(&seen.remains.Tables, func(ctx context.Context) ([]peering.RouteTable, error) { return d.network.RouteTablesTo(ctx, id) }),
		parallel.Into(&seen.remains.Rules, func(ctx context.Context) ([]peering.IngressRule, error) { return d.network.IngressRules(ctx, id) }),
	)
	seen.remains.Tables = slices.DeleteFunc(seen.remains.Tables, func(t peering.RouteTable) bool { return !d.isOurs(t.VPC) })
	if len(found) > 0 {
		seen.connection = &found[0]
	}
	return seen, err
}

// isOurs reports whether the cell's VPC is a department's. A route in any other is none of autopeer's.
func (d *Disconnector) isOurs(vpc peering.VPCID) bool {
	return d.policy.Concerns(peering.VPC{Owner: d.cell.Account, Region: d.cell.Region, ID: vpc})
}

// alive returns an error while the connection still lives, whatever the hint says. While EC2 shows the
// connection its state decides. Where it shows none, a route that carries traffic is proof enough; and with
// anything here that is to go, a fresh hint must wait, since EC2 may not show the connection yet: it shows a deleted
// one for hours. A sweep has waited already. A hint that stays wrong was forged, and the message is done with.
func (d *Disconnector) alive(h hint.Hint, seen sight) error {
	lives := seen.remains.IsLive()
	if seen.connection != nil {
		lives = !seen.connection.State.IsDead()
	}
	fresh := h.IsFresh(d.now())
	switch {
	case seen.connection == nil && fresh && !h.Drift && len(plan.Disconnect(seen.remains).Changes) > 0:
		return fmt.Errorf("%s is not visible, or not yet", h.Connection)
	case !lives || d.isRemoved(seen):
		return nil
	}
	err := fmt.Errorf("%s is not shown as %s", h.Connection, h.Kind)
	if fresh {
		return err
	}
	return fault.As(fault.Denied, err)
}

// isRemoved reports whether the policy asks to take back a connection that lives: autopeer has connected it, and
// no peering names it any more.
func (d *Disconnector) isRemoved(seen sight) bool {
	c := seen.connection
	return c != nil && c.State == peering.Active && d.policy.Removed == policy.DisconnectRemoved &&
		c.IsManaged() && d.policy.Decide(*c).IsUnlisted()
}

// concerns reports whether anything of the connection was ever the cell's. A deletion names no VPC, so
// every counterpart hears of every one.
func (d *Disconnector) concerns(h hint.Hint, seen sight, changes []plan.Change) bool {
	if seen.connection != nil {
		return len(seen.connection.Roles(d.cell)) > 0
	}
	return len(changes) > 0 || h.Origin == d.cell
}

func (d *Disconnector) says(h hint.Hint, seen sight, made []string) outcome.Outcome {
	o := outcome.Outcome{Kind: outcome.Disconnected, Cell: d.cell, Connection: h.Connection}
	o = o.Because("not-visible", fmt.Sprintf("EC2 no longer shows %s", h.Connection))
	if c := seen.connection; c != nil {
		o = outcome.Of(outcome.Disconnected, d.cell, *c, d.policy.Decide(*c), d.policy.File)
		o = o.Because(string(c.State), fmt.Sprintf("%s is %s", c.ID, c.State))
		if !c.State.IsDead() {
			o = o.Because("removed", fmt.Sprintf("%s is %s, and %s no longer allows it", c.ID, c.State, d.policy.File))
		}
	}
	o.Changes = made
	return o
}
