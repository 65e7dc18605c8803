package sweep

import (
	"context"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/parallel"
)

// sight is what a cell has of connections, and what its VPCs of the living ones have.
type sight struct {
	connections []peering.Connection // alive, and expired
	blackholes  []peering.RouteTable // the tables of departments' VPCs that have any
	plan.Surroundings
}

// valuesAtOnce is how many values EC2 takes in a filter.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
const valuesAtOnce = 200

// observe takes two rounds of list calls, whatever the number of connections.
func (s *Sweeper) observe(ctx context.Context) (sight, error) {
	var seen sight
	err := parallel.Do(ctx,
		parallel.Into(&seen.connections, func(ctx context.Context) ([]peering.Connection, error) {
			return s.network.ConnectionsIn(ctx, peering.PendingAcceptance, peering.Provisioning, peering.Active, peering.Expired)
		}),
		parallel.Into(&seen.blackholes, s.network.RouteTablesWithBlackholes),
		parallel.Into(&seen.Rules, s.network.OurIngressRules),
	)
	if err != nil {
		return seen, err
	}
	seen.blackholes = slices.DeleteFunc(seen.blackholes, func(t peering.RouteTable) bool { return !s.concerns(t.VPC) })
	for ids := range slices.Chunk(s.vpcs(seen.connections), valuesAtOnce) {
		around, err := s.around(ctx, ids)
		if err != nil {
			return seen, err
		}
		seen.VPCs, seen.Tables = append(seen.VPCs, around.VPCs...), append(seen.Tables, around.Tables...)
		seen.Groups, seen.Subnets = append(seen.Groups, around.Groups...), append(seen.Subnets, around.Subnets...)
	}
	for _, c := range seen.connections {
		if c.State.IsAccepted() {
			seen.Accepted = append(seen.Accepted, c)
		}
	}
	return seen, nil
}

func (s *Sweeper) concerns(vpc peering.VPCID) bool {
	return s.policy.Concerns(peering.VPC{Owner: s.cell.Account, Region: s.cell.Region, ID: vpc})
}

// vpcs returns those of the cell's departments that have a connection.
func (s *Sweeper) vpcs(connections []peering.Connection) []peering.VPCID {
	var ids []peering.VPCID
	for _, c := range connections {
		ids = append(ids, s.cell.Own(c.Requester, c.Accepter)...)
	}
	slices.Sort(ids)
	return slices.DeleteFunc(slices.Compact(ids), func(id peering.VPCID) bool { return !s.concerns(id) })
}

func (s *Sweeper) around(ctx context.Context, vpcs []peering.VPCID) (plan.Surroundings, error) {
	var around plan.Surroundings
	reads := []parallel.Task{
		parallel.Into(&around.VPCs, func(ctx context.Context) ([]peering.VPC, error) { return s.network.VPCs(ctx, vpcs...) }),
		parallel.Into(&around.Tables, func(ctx context.Context) ([]peering.RouteTable, error) { return s.network.RouteTables(ctx, vpcs...) }),
		parallel.Into(&around.Groups, func(ctx context.Context) ([]peering.SecurityGroup, error) {
			return s.network.SecurityGroups(ctx, vpcs...)
		}),
	}
	if s.policy.ChoosesSubnets() {
		reads = append(reads, parallel.Into(&around.Subnets, func(ctx context.Context) ([]peering.Subnet, error) { return s.network.Subnets(ctx, vpcs...) }))
	}
	return around, parallel.Do(ctx, reads...)
}
