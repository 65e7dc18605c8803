package connect

import (
	"context"
	"slices"

	"github.com/autopeer/autopeer/internal/peering"
	"github.com/autopeer/autopeer/internal/plan"
	"github.com/autopeer/autopeer/internal/policy"
	"github.com/autopeer/autopeer/internal/together"
	"github.com/autopeer/autopeer/internal/trail"
)

// sight is what the cell sees of a connection and around it. The connection is nil while EC2 doesn't show it.
type sight struct {
	connection *peering.Connection
	rules      []peering.IngressRule // tagged with the connection
	surroundings
}

// surroundings is what the cell's VPCs of the connection have.
type surroundings struct {
	tables  []peering.RouteTable
	groups  []peering.SecurityGroup
	subnets []peering.Subnet
}

// observe reads the connection, our rules for it and, at the same time, what the VPCs have that the hint
// names. Where the hint names none, or the wrong ones, it reads again, those that the connection names.
func (c *Connector) observe(ctx context.Context, hint trail.Hint) (sight, error) {
	var seen sight
	var found []peering.Connection
	hinted := c.cell.Own(hint.Requester, hint.Accepter)
	err := together.Do(ctx,
		together.Into(&found, func(ctx context.Context) ([]peering.Connection, error) {
			return c.network.Connections(ctx, hint.Connection)
		}),
		together.Into(&seen.rules, func(ctx context.Context) ([]peering.IngressRule, error) {
			return c.network.IngressRules(ctx, hint.Connection)
		}),
		together.Into(&seen.surroundings, func(ctx context.Context) (surroundings, error) { return c.around(ctx, hinted) }),
	)
	if err != nil || len(found) == 0 {
		return sight{}, err
	}
	seen.connection = &found[0]
	if named := c.cell.Own(found[0].Requester, found[0].Accepter); !slices.Equal(named, hinted) {
		seen.surroundings, err = c.around(ctx, named)
	}
	return seen, err
}

// around reads what the VPCs have, together. Subnets are read only where the policy chooses by them.
func (c *Connector) around(ctx context.Context, vpcs []peering.VPCID) (surroundings, error) {
	var s surroundings
	if len(vpcs) == 0 {
		return s, nil
	}
	reads := []together.Task{
		together.Into(&s.tables, func(ctx context.Context) ([]peering.RouteTable, error) { return c.network.RouteTables(ctx, vpcs...) }),
		together.Into(&s.groups, func(ctx context.Context) ([]peering.SecurityGroup, error) {
			return c.network.SecurityGroups(ctx, vpcs...)
		}),
	}
	if c.policy.ChoosesSubnets() {
		reads = append(reads, together.Into(&s.subnets, func(ctx context.Context) ([]peering.Subnet, error) { return c.network.Subnets(ctx, vpcs...) }))
	}
	return s, together.Do(ctx, reads...)
}

// half returns what concerns one side alone.
func (s sight) half(role peering.Role, d policy.Decision) plan.Side {
	vpc := s.connection.VPC(role).ID
	half := plan.Side{
		Connection: *s.connection, Role: role, Terms: d.Terms(role),
		Own: d.Requester, Peer: d.Accepter,
		Tables:  only(s.tables, func(t peering.RouteTable) bool { return t.VPC == vpc }),
		Subnets: only(s.subnets, func(n peering.Subnet) bool { return n.VPC == vpc }),
		Groups:  only(s.groups, func(g peering.SecurityGroup) bool { return g.VPC == vpc }),
	}
	if role == peering.Accepter {
		half.Own, half.Peer = half.Peer, half.Own
	}
	half.Ours = only(s.rules, func(r peering.IngressRule) bool {
		return slices.ContainsFunc(half.Groups, func(g peering.SecurityGroup) bool { return g.ID == r.Group })
	})
	return half
}

func only[T any](all []T, keep func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(all), func(t T) bool { return !keep(t) })
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
		ids = append(ids, tagged(r))
	}
	half.Dead, err = c.dead(ctx, ids)
	half.Old = only(others, func(r peering.IngressRule) bool { return half.Dead[tagged(r)] })
	return half, err
}

// othersRules returns the rules of doubtful groups that are tagged with another connection.
func (c *Connector) othersRules(ctx context.Context, half plan.Side) ([]peering.IngressRule, error) {
	groups := plan.Doubtful(half)
	if len(groups) == 0 {
		return nil, nil
	}
	rules, err := c.network.IngressRulesIn(ctx, groups...)
	return only(rules, func(r peering.IngressRule) bool { return tagged(r) != "" && tagged(r) != half.Connection.ID }), err
}

func tagged(r peering.IngressRule) peering.ConnectionID {
	return peering.ConnectionID(r.Tags[peering.TagConnection])
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
