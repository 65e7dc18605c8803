package connect

import (
	"context"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/observe"
	"github.com/autopeer/autopeer/internal/parallel"
)

// observed is the connection as the cell sees it, and the resources of the cell's VPCs. The connection is nil while EC2
// doesn't show it.
type observed struct {
	connection *peering.Connection
	plan.Inventory
}

// observe reads the connection, our rules for it and, at the same time, the resources of the VPCs that the hint names.
// It reads again where the connection turns out to have others.
func (c *Connector) observe(ctx context.Context, h hint.Hint) (observed, error) {
	var current observed
	var found []peering.Connection
	var rules []peering.IngressRule
	hinted := c.cell.Own(h.Requester, h.Accepter)
	err := parallel.Do(ctx,
		parallel.Read(&found, c.network.Connections, h.Connection),
		parallel.Read(&rules, c.network.IngressRules, h.Connection),
		parallel.Read(&current.Inventory, c.reader.Read, hinted...),
	)
	if err != nil || len(found) == 0 {
		return observed{}, err
	}
	current.connection = &found[0]
	if named := c.cell.Own(found[0].Requester, found[0].Accepter); !slices.Equal(named, hinted) {
		current.Inventory, err = c.reader.Read(ctx, named...)
	}
	current.Rules = peering.RulesOf(c.policy.Installation, rules)
	return current, err
}

// readerOf reads network ACLs only where the policy has rules whose traffic they may deny, and subnets for these or
// where the policy chooses route tables by them.
func readerOf(n Network, p *policy.Policy) observe.Reader {
	r := observe.ReaderOf(n, p)
	if p.Admits() {
		r.ACLs, r.Subnets = n.NetworkACLs, n.Subnets
	}
	return r
}

// withLeftovers completes the side with the routes and rules in its way that dead connections have left. It reads only
// where there are any that may be such leftovers.
func (c *Connector) withLeftovers(ctx context.Context, half plan.Side) (plan.Side, error) {
	others, err := c.othersRules(ctx, half)
	if err != nil {
		return half, err
	}
	ids := plan.Leftovers(half)
	for _, r := range others {
		ids = append(ids, r.Connection())
	}
	half.Dead, err = c.dead(ctx, ids)
	half.Old = slices.DeleteFunc(others, func(r peering.IngressRule) bool { return !half.Dead[r.Connection()] })
	return half, err
}

// othersRules returns the installation's rules of the side's doubtful groups that are tagged with another connection.
func (c *Connector) othersRules(ctx context.Context, half plan.Side) ([]peering.IngressRule, error) {
	groups := plan.Doubtful(half)
	if len(groups) == 0 {
		return nil, nil
	}
	rules, err := c.network.IngressRulesIn(ctx, groups...)
	return slices.DeleteFunc(peering.RulesOf(half.By, rules), func(r peering.IngressRule) bool {
		return r.Connection() == half.Connection.ID
	}), err
}

// dead returns those of the connections that can't carry traffic any more: in a final state, or no longer shown by EC2.
// The leftovers of another installation's connection are left to it.
func (c *Connector) dead(ctx context.Context, ids []peering.ConnectionID) (map[peering.ConnectionID]bool, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var shown []peering.Connection
	var rules []peering.IngressRule
	err := parallel.Do(ctx, parallel.Read(&shown, c.network.Connections, ids...), parallel.Read(&rules, c.network.IngressRules, ids...))
	if err != nil {
		return nil, err
	}
	others := peering.OthersAlone(c.policy.Installation, rules)
	dead := map[peering.ConnectionID]bool{}
	for _, id := range ids {
		dead[id] = !others[id]
	}
	for _, s := range shown {
		dead[s.ID] = s.State.IsDead() && !s.IsOfAnother(c.policy.Installation, others)
	}
	return dead, nil
}
