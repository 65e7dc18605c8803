package accept

import (
	"context"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/parallel"
)

// sight is what the cell sees of a request: the connection, with the blocks of its own VPCs, and what is around
// it. The connection is nil while EC2 doesn't show it.
type sight struct {
	connection *peering.Connection
	plan.Surroundings
}

// observe reads the connection and, at the same time, what the cell has of the VPCs that the hint names. Where the
// hint turns out to be wrong about them it reads again, for those that the connection names.
func (a *Accepter) observe(ctx context.Context, h hint.Hint) (sight, error) {
	var found []peering.Connection
	var around plan.Surroundings
	hinted := a.scope(h.Requester, h.Accepter)
	err := parallel.Do(ctx,
		parallel.Into(&found, func(ctx context.Context) ([]peering.Connection, error) {
			return a.network.Connections(ctx, h.Connection)
		}),
		parallel.Into(&around, func(ctx context.Context) (plan.Surroundings, error) { return a.around(ctx, hinted) }),
	)
	if err != nil || len(found) == 0 {
		return sight{}, err
	}
	c := found[0]
	if named := a.scope(c.Requester, c.Accepter); !named.isIn(hinted) {
		if around, err = a.around(ctx, named); err != nil {
			return sight{}, err
		}
	}
	c = around.Fill(c)
	return sight{connection: &c, Surroundings: around}, nil
}

// scope is what is read around a request: the cell's VPCs, and what these have only where the cell decides.
type scope struct {
	vpcs    []peering.VPCID
	decides bool
}

func (a *Accepter) scope(requester, accepter peering.VPC) scope {
	return scope{a.cell.Own(requester, accepter), accepter.Cell() == a.cell}
}

func (s scope) isIn(o scope) bool { return slices.Equal(s.vpcs, o.vpcs) && (o.decides || !s.decides) }

// around reads what the VPCs have, together. Subnets are read only where the policy chooses by them.
func (a *Accepter) around(ctx context.Context, of scope) (plan.Surroundings, error) {
	var s plan.Surroundings
	if len(of.vpcs) == 0 {
		return s, nil
	}
	reads := []parallel.Task{
		parallel.Into(&s.VPCs, func(ctx context.Context) ([]peering.VPC, error) { return a.network.VPCs(ctx, of.vpcs...) }),
	}
	if of.decides {
		reads = append(reads,
			parallel.Into(&s.Tables, func(ctx context.Context) ([]peering.RouteTable, error) { return a.network.RouteTables(ctx, of.vpcs...) }),
			parallel.Into(&s.Groups, func(ctx context.Context) ([]peering.SecurityGroup, error) {
				return a.network.SecurityGroups(ctx, of.vpcs...)
			}),
			parallel.Into(&s.Accepted, func(ctx context.Context) ([]peering.Connection, error) {
				return a.network.ConnectionsOf(ctx, of.vpcs, peering.Provisioning, peering.Active)
			}),
		)
	}
	if of.decides && a.policy.ChoosesSubnets() {
		reads = append(reads, parallel.Into(&s.Subnets, func(ctx context.Context) ([]peering.Subnet, error) { return a.network.Subnets(ctx, of.vpcs...) }))
	}
	return s, parallel.Do(ctx, reads...)
}
