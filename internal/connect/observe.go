package connect

import (
	"context"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/parallel"
)

// sight is what the cell sees of a connection and around it. The connection is nil while EC2 doesn't show it.
type sight struct {
	connection *peering.Connection
	plan.Surroundings
}

// observe reads the connection, our rules for it and, at the same time, what the VPCs have that the hint
// names. Where the hint names none, or the wrong ones, it reads again, those that the connection names.
func (c *Connector) observe(ctx context.Context, h hint.Hint) (sight, error) {
	var seen sight
	var found []peering.Connection
	var rules []peering.IngressRule
	hinted := c.cell.Own(h.Requester, h.Accepter)
	err := parallel.Do(ctx,
		parallel.Into(&found, func(ctx context.Context) ([]peering.Connection, error) {
			return c.network.Connections(ctx, h.Connection)
		}),
		parallel.Into(&rules, func(ctx context.Context) ([]peering.IngressRule, error) {
			return c.network.IngressRules(ctx, h.Connection)
		}),
		parallel.Into(&seen.Surroundings, func(ctx context.Context) (plan.Surroundings, error) { return c.around(ctx, hinted) }),
	)
	if err != nil || len(found) == 0 {
		return sight{}, err
	}
	seen.connection = &found[0]
	if named := c.cell.Own(found[0].Requester, found[0].Accepter); !slices.Equal(named, hinted) {
		seen.Surroundings, err = c.around(ctx, named)
	}
	seen.Rules = rules
	return seen, err
}

// around reads what the VPCs have, together: network ACLs only where the policy has rules whose traffic they may
// stop, and subnets for these or where the policy chooses by them.
func (c *Connector) around(ctx context.Context, vpcs []peering.VPCID) (plan.Surroundings, error) {
	var s plan.Surroundings
	if len(vpcs) == 0 {
		return s, nil
	}
	reads := []parallel.Task{
		parallel.Into(&s.Tables, func(ctx context.Context) ([]peering.RouteTable, error) { return c.network.RouteTables(ctx, vpcs...) }),
		parallel.Into(&s.Groups, func(ctx context.Context) ([]peering.SecurityGroup, error) {
			return c.network.SecurityGroups(ctx, vpcs...)
		}),
	}
	if c.policy.ChoosesSubnets() || c.policy.Admits() {
		reads = append(reads, parallel.Into(&s.Subnets, func(ctx context.Context) ([]peering.Subnet, error) { return c.network.Subnets(ctx, vpcs...) }))
	}
	if c.policy.Admits() {
		reads = append(reads, parallel.Into(&s.ACLs, func(ctx context.Context) ([]peering.NetworkACL, error) { return c.network.NetworkACLs(ctx, vpcs...) }))
	}
	return s, parallel.Do(ctx, reads...)
}

// lookCloser looks at what is rarely there: routes and rules that are in the way and may be left over from
// dead connections. It reads only where there are any.
func (c *Connector) lookCloser(ctx context.Context, half plan.Side) (plan.Side, error) {
	others, err := c.othersRules(ctx, half)
	if err != nil {
		return half, err
	}
	ids := plan.Leftovers(half)
	for _, r := range others {
		ids = append(ids, r.Connection())
	}
	half.Dead, err = c.dead(ctx, ids)
	half.Old = only(others, func(r peering.IngressRule) bool { return half.Dead[r.Connection()] })
	return half, err
}

// othersRules returns the rules of doubtful groups that are tagged with another connection.
func (c *Connector) othersRules(ctx context.Context, half plan.Side) ([]peering.IngressRule, error) {
	groups := plan.Doubtful(half)
	if len(groups) == 0 {
		return nil, nil
	}
	rules, err := c.network.IngressRulesIn(ctx, groups...)
	return only(rules, func(r peering.IngressRule) bool { return r.Connection() != "" && r.Connection() != half.Connection.ID }), err
}

func only[T any](all []T, keep func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(all), func(t T) bool { return !keep(t) })
}

// dead returns those of the connections that can carry nothing any more: in a final state, or no longer
// shown by EC2.
func (c *Connector) dead(ctx context.Context, ids []peering.ConnectionID) (map[peering.ConnectionID]bool, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	shown, err := c.network.Connections(ctx, ids...)
	if err != nil {
		return nil, err
	}
	dead := map[peering.ConnectionID]bool{}
	for _, id := range ids {
		dead[id] = true
	}
	for _, s := range shown {
		dead[s.ID] = s.State.IsDead()
	}
	return dead, nil
}
