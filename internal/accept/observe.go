package accept

import (
	"context"
	"slices"

	"github.com/autopeer/autopeer/internal/peering"
	"github.com/autopeer/autopeer/internal/plan"
	"github.com/autopeer/autopeer/internal/together"
	"github.com/autopeer/autopeer/internal/trail"
)

// sight is what the cell sees of a request: the connection, with the blocks of its own VPCs, and what is around
// it. The connection is nil while EC2 doesn't show it.
type sight struct {
	connection *peering.Connection
	plan.Surroundings
}

// observe reads the connection and, at the same time, the cell's VPCs that the hint names. Where the hint
// turns out to be wrong about them it reads again, those that the connection names.
func (a *Accepter) observe(ctx context.Context, hint trail.Hint) (sight, error) {
	var found []peering.Connection
	var around plan.Surroundings
	hinted := a.cell.Own(hint.Requester, hint.Accepter)
	err := together.Do(ctx,
		together.Into(&found, func(ctx context.Context) ([]peering.Connection, error) {
			return a.network.Connections(ctx, hint.Connection)
		}),
		together.Into(&around, func(ctx context.Context) (plan.Surroundings, error) { return a.around(ctx, hinted) }),
	)
	if err != nil || len(found) == 0 {
		return sight{}, err
	}
	c := found[0]
	if named := a.cell.Own(c.Requester, c.Accepter); !slices.Equal(named, hinted) {
		if around, err = a.around(ctx, named); err != nil {
			return sight{}, err
		}
	}
	c = around.Fill(c)
	return sight{connection: &c, Surroundings: around}, nil
}

// around reads what the VPCs have, together. Subnets are read only where the policy chooses by them.
func (a *Accepter) around(ctx context.Context, vpcs []peering.VPCID) (plan.Surroundings, error) {
	var s plan.Surroundings
	if len(vpcs) == 0 {
		return s, nil
	}
	reads := []together.Task{
		together.Into(&s.VPCs, func(ctx context.Context) ([]peering.VPC, error) { return a.network.VPCs(ctx, vpcs...) }),
		together.Into(&s.Tables, func(ctx context.Context) ([]peering.RouteTable, error) { return a.network.RouteTables(ctx, vpcs...) }),
		together.Into(&s.Groups, func(ctx context.Context) ([]peering.SecurityGroup, error) {
			return a.network.SecurityGroups(ctx, vpcs...)
		}),
		together.Into(&s.Accepted, func(ctx context.Context) ([]peering.Connection, error) {
			return a.network.ConnectionsOf(ctx, vpcs, peering.Provisioning, peering.Active)
		}),
	}
	if a.policy.ChoosesSubnets() {
		reads = append(reads, together.Into(&s.Subnets, func(ctx context.Context) ([]peering.Subnet, error) { return a.network.Subnets(ctx, vpcs...) }))
	}
	return s, together.Do(ctx, reads...)
}
