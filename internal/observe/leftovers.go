package observe

import (
	"context"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/parallel"
)

// Leftovers lists the routes and rules that dead connections may have left. Errors have a class of package fault; an
// error without a class is Retryable.
type Leftovers interface {
	Connections(ctx context.Context, ids ...peering.ConnectionID) ([]peering.Connection, error)
	IngressRules(ctx context.Context, of ...peering.ConnectionID) ([]peering.IngressRule, error)
	IngressRulesIn(ctx context.Context, groups ...peering.SecurityGroupID) ([]peering.IngressRule, error)
}

// WithLeftovers completes the side with the obstructing routes and rules of dead connections. It reads only if the
// side has routes or rules that may be such leftovers. Those of a connection in report mode stay. The error is that
// of the network, with its class.
func WithLeftovers(ctx context.Context, n Leftovers, p *policy.Policy, half plan.Side) (plan.Side, error) {
	others, err := othersRules(ctx, n, half)
	if err != nil {
		return half, err
	}
	ids := plan.Leftovers(half)
	for _, r := range others {
		ids = append(ids, r.Connection())
	}
	half.Dead, err = dead(ctx, n, p, half, ids)
	half.Old = slices.DeleteFunc(others, func(r peering.IngressRule) bool { return !half.Dead[r.Connection()] })
	return half, err
}

// othersRules returns the installation's rules of the side's doubtful groups that are tagged with another connection.
func othersRules(ctx context.Context, n Leftovers, half plan.Side) ([]peering.IngressRule, error) {
	groups := plan.Doubtful(half)
	if len(groups) == 0 {
		return nil, nil
	}
	rules, err := n.IngressRulesIn(ctx, groups...)
	return slices.DeleteFunc(peering.RulesOf(half.By, rules), func(r peering.IngressRule) bool {
		return r.Connection() == half.Connection.ID
	}), err
}

// dead returns those of the connections that can't carry traffic any more: in a final state, or no longer shown by
// EC2 although a rule of the installation shows that it existed. Without a rule, it may be a new request that EC2
// doesn't show yet. The leftovers of another installation's connection are not autopeer's to remove here.
func dead(ctx context.Context, n Leftovers, p *policy.Policy, half plan.Side, ids []peering.ConnectionID) (
	map[peering.ConnectionID]bool, error,
) {
	if len(ids) == 0 {
		return nil, nil
	}
	var shown []peering.Connection
	var rules []peering.IngressRule
	err := parallel.Do(ctx,
		parallel.Read(&shown, n.Connections, ids...),
		parallel.Read(&rules, n.IngressRules, ids...),
	)
	if err != nil {
		return nil, err
	}
	dead := map[peering.ConnectionID]bool{}
	for _, id := range ids {
		c := peering.Connection{ID: id}
		dead[id] = c.IsConnectedBy(half.By, rules) && !half.Spares(c, p)
	}
	for _, s := range shown {
		dead[s.ID] = s.State.IsDead() && !s.IsForeignTo(half.By, rules) && !half.Spares(s, p)
	}
	return dead, nil
}
