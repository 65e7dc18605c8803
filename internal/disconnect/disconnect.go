// Package disconnect removes the routes and ingress rules that connect added, once a connection is dead. It needs only
// the connection's id: our routes have it as their target, and our rules as a tag.
package disconnect

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/apply"
	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/parallel"
)

// Network reads and changes the cell's EC2 resources. Connections leaves out unknown ids.
// Errors have a class of package fault; an error without a class is Retryable.
type Network interface {
	apply.Changer
	Connections(ctx context.Context, ids ...peering.ConnectionID) ([]peering.Connection, error)
	RouteTablesTo(ctx context.Context, via ...peering.ConnectionID) ([]peering.RouteTable, error)
	IngressRules(ctx context.Context, of ...peering.ConnectionID) ([]peering.IngressRule, error)
	VPCs(ctx context.Context, ids ...peering.VPCID) ([]peering.VPC, error)
}

// Disconnector disconnects the sides of one cell.
type Disconnector struct {
	cell      peering.Cell
	policy    *policy.Policy
	network   Network
	announcer announce.Announcer
	now       func() time.Time
}

// New returns the disconnector of the cell. From the policy it uses the departments, for their names and their
// VPCs, and the treatment of connections that the policy no longer allows.
func New(cell peering.Cell, p *policy.Policy, n Network, a announce.Announcer, now func() time.Time) *Disconnector {
	return &Disconnector{cell: cell, policy: p, network: n, announcer: a, now: now}
}

// Handle removes the cell's routes and rules of the connection that the hint names, if it is dead or if the policy
// requires its disconnection. It may be called any number of times. The error is
//   - Retryable while EC2 may not show the effect of the hint's call yet, after a failed call, and after ErrOutdated;
//   - Permanent if EC2 refuses a call for lack of a permission;
//   - Denied, which has the message acknowledged, if the connection lives although an old hint reports its end.
func (d *Disconnector) Handle(ctx context.Context, h hint.Hint) error {
	if h.Kind != hint.Rejected && h.Kind != hint.Deleted {
		return nil
	}
	current, err := d.observe(ctx, h)
	if err != nil {
		return err
	}
	if current.isForeignTo(d.policy.Installation) {
		return d.expel(ctx, h, current)
	}
	if err := d.alive(h, current); err != nil {
		return err
	}
	changes := plan.Disconnect(current.remains).Changes()
	if len(changes) > 0 && current.reports {
		return d.propose(ctx, h, d.outcome(h, current, nil), changes)
	}
	made, err := d.apply(ctx, current, changes)
	if err != nil || !d.concerns(h, current, changes) {
		return err
	}
	return announce.Publish(ctx, d.announcer, h, d.outcome(h, current, made))
}

// observed is the connection as the cell sees it, and its remains there. The connection is nil where EC2 doesn't
// show it, or not any more.
type observed struct {
	connection *peering.Connection
	rules      []peering.IngressRule // of the connection, made by any installation
	remains    plan.Remains          // of this installation
	reports    bool                  // nothing may be changed for the connection
}

// shown returns the connection as EC2 shows it, or a connection with only the id if EC2 shows none.
func (o observed) shown() peering.Connection {
	if o.connection == nil {
		return peering.Connection{ID: o.remains.Connection}
	}
	return *o.connection
}

func (o observed) isConnectedBy(by peering.Installation) bool {
	return o.shown().IsConnectedBy(by, o.rules)
}

// isForeignTo reports whether the connection is another installation's.
func (o observed) isForeignTo(by peering.Installation) bool {
	return o.shown().IsForeignTo(by, o.rules)
}

func (d *Disconnector) observe(ctx context.Context, h hint.Hint) (observed, error) {
	id := h.Connection
	current := observed{remains: plan.Remains{Connection: id}}
	var found []peering.Connection
	err := parallel.Do(ctx,
		parallel.Read(&found, d.network.Connections, id),
		parallel.Read(&current.remains.Tables, d.network.RouteTablesTo, id),
		parallel.Read(&current.rules, d.network.IngressRules, id),
	)
	current.remains.Rules = peering.RulesOf(d.policy.Installation, current.rules)
	if len(found) > 0 {
		current.connection = &found[0]
		if c := h.Untagged.Restored(found[0]); !current.isForeignTo(d.policy.Installation) {
			current.connection = &c
		}
	}
	if err != nil {
		return current, err
	}
	if current.reports, err = d.reports(ctx, current); err != nil || len(current.remains.Tables) == 0 {
		return current, err
	}
	current.remains.Tables, err = d.own(ctx, current)
	return current, err
}

// own returns the tables whose routes to the connection are the installation's. With evidence that it has connected
// the connection, these are all tables but those of third parties. Without, they are those of the VPCs that the
// policy names.
func (d *Disconnector) own(ctx context.Context, current observed) ([]peering.RouteTable, error) {
	tables := current.remains.Tables
	connected := current.isConnectedBy(d.policy.Installation)
	if connected && !d.policy.HasThirdParties() {
		return tables, nil
	}
	var ids []peering.VPCID
	for _, t := range tables {
		ids = append(ids, t.VPC)
	}
	slices.Sort(ids)
	vpcs, err := d.network.VPCs(ctx, slices.Compact(ids)...)
	return slices.DeleteFunc(tables, func(t peering.RouteTable) bool {
		return !slices.ContainsFunc(vpcs, func(v peering.VPC) bool {
			return v.ID == t.VPC && (d.policy.Concerns(v) || connected && !d.policy.IsThirdParty(v))
		})
	}), err
}

// alive returns an error while the connection lives, although the hint reports its end: Retryable for a fresh hint,
// and Denied for an old one, which was forged. The state decides if EC2 shows the connection. If EC2 doesn't show
// it, a route that carries traffic proves that it lives. A fresh hint then waits before anything is removed,
// because EC2 may not show a new connection yet, whereas it shows a deleted one for hours. A sweep has waited
// before it sent the hint.
func (d *Disconnector) alive(h hint.Hint, current observed) error {
	lives := current.remains.IsLive()
	if current.connection != nil {
		lives = !current.connection.State.IsDead()
	}
	fresh := h.IsFresh(d.now())
	switch {
	case current.connection == nil && fresh && !h.Drift && len(plan.Disconnect(current.remains).Changes()) > 0:
		return fmt.Errorf("%s is not visible; it may be too new", h.Connection)
	case !lives || d.isRemoved(current):
		return nil
	}
	err := fmt.Errorf("%s is not shown as %s", h.Connection, h.Kind)
	if fresh {
		return err
	}
	return fault.As(fault.Denied, err)
}

// isRemoved reports whether the policy requires the disconnection of a living connection: autopeer connected it,
// and no peering names it any more.
func (d *Disconnector) isRemoved(current observed) bool {
	c := current.shown()
	return c.State == peering.Active && d.policy.Closes(c, d.policy.Decide(c), current.rules)
}

// apply makes the changes. If the rules may be the only evidence that the routes are the installation's, they are
// revoked last: a function that is killed in between leaves the evidence for the next one. The errors are those of
// apply.All.
func (d *Disconnector) apply(ctx context.Context, current observed, changes []plan.Change) ([]string, error) {
	first := slices.IndexFunc(changes, func(c plan.Change) bool { _, revokes := c.(plan.Revoke); return revokes })
	if first < 0 || !d.needsRules(current) {
		return apply.All(ctx, d.network, changes)
	}
	deleted, err := apply.All(ctx, d.network, changes[:first])
	if err != nil {
		return deleted, err
	}
	revoked, err := apply.All(ctx, d.network, changes[first:])
	return append(deleted, revoked...), err
}

// needsRules reports whether the rules may become the only evidence. They may for a living connection without the tag,
// and for the routes of a dead one in VPCs that the policy doesn't name, because the tag may end with the connection.
func (d *Disconnector) needsRules(current observed) bool {
	c := current.shown()
	if c.State.IsAccepted() {
		return c.ManagedBy() == ""
	}
	return slices.ContainsFunc(current.remains.Tables,
		func(t peering.RouteTable) bool { return !d.policy.Concerns(d.vpc(t.VPC)) })
}

// vpc returns a VPC of the cell whose blocks aren't known.
func (d *Disconnector) vpc(id peering.VPCID) peering.VPC {
	return peering.VPC{Owner: d.cell.Account, Region: d.cell.Region, ID: id}
}

// expel revokes the installation's own rules of a connection that is another installation's: both had begun to
// connect it. The routes belong to the other installation.
func (d *Disconnector) expel(ctx context.Context, h hint.Hint, current observed) error {
	changes := plan.Disconnect(plan.Remains{Connection: h.Connection, Rules: current.remains.Rules}).Changes()
	if len(changes) == 0 {
		return nil
	}
	c := *current.connection // a connection that isn't shown is foreign only where the installation has no rule
	o := announce.Outcome(outcome.Disconnected, d.cell, c, d.policy.Decide(c), d.policy.File)
	o = o.Because("other-installation", fmt.Sprintf("%s is managed by the installation %s", c.ID, c.ManagedBy()),
		string(c.ManagedBy()))
	if current.reports {
		return d.propose(ctx, h, o, changes)
	}
	made, err := apply.All(ctx, d.network, changes)
	if err != nil {
		return err
	}
	o.Changes = made
	return announce.Publish(ctx, d.announcer, h, o)
}

// concerns reports whether the cell ever had a side of the connection. A deletion names no VPC, so it is forwarded to
// every counterpart.
func (d *Disconnector) concerns(h hint.Hint, current observed, changes []plan.Change) bool {
	if current.connection != nil {
		return len(current.connection.Roles(d.cell)) > 0
	}
	return len(changes) > 0 || h.Origin == d.cell
}

func (d *Disconnector) outcome(h hint.Hint, current observed, made []string) outcome.Outcome {
	o := outcome.Outcome{Type: outcome.Disconnected, Cell: d.cell, Connection: h.Connection}
	o = o.Because("not-visible", fmt.Sprintf("EC2 no longer shows %s", h.Connection))
	if c := current.connection; c != nil {
		o = announce.Outcome(outcome.Disconnected, d.cell, *c, d.policy.Decide(*c), d.policy.File)
		o = o.Because(string(c.State), fmt.Sprintf("%s is %s", c.ID, c.State))
		if !c.State.IsDead() {
			o = d.whileAlive(o, *c)
		}
	}
	o.Changes = made
	return o
}

// whileAlive returns o with the reason why a living connection was disconnected, and the next step.
func (d *Disconnector) whileAlive(o outcome.Outcome, c peering.Connection) outcome.Outcome {
	decision := d.policy.Decide(c)
	o.Next = fmt.Sprintf("delete %s, which carries no traffic any more%s", c.ID, d.elsewhere(c))
	if !d.policy.Retires(c) {
		return o.Because("removed", fmt.Sprintf("%s is %s, and %s no longer allows it", c.ID, c.State, d.policy.File))
	}
	return o.Because("retired", fmt.Sprintf("%s is %s, and %s", c.ID, c.State, decision.Reason), decision.Key())
}

// elsewhere returns the remark about a side in another cell that is neither in a department nor retired, "" if
// there is none.
func (d *Disconnector) elsewhere(c peering.Connection) string {
	for _, v := range []peering.VPC{c.Requester, c.Accepter} {
		if v.Cell() != d.cell && !d.policy.Names(v.Cell()) {
			return fmt.Sprintf("; the routes and rules in %s remain, because no department has a member there any more: list "+
				"that cell under retired", v.Cell())
		}
	}
	return ""
}
