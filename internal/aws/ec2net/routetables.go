package ec2net

import (
	"cmp"
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// RouteTables returns the route tables of the VPCs. A route to a prefix list is returned once for each block of the
// list. The error of a list that can't be read is in the table's field Unread, and no error of RouteTables. An error of
// RouteTables means that the tables can't be read, and has the classes of Connections.
func (n *Network) RouteTables(ctx context.Context, vpcs ...peering.VPCID) ([]peering.RouteTable, error) {
	tables, err := byValues(ctx, "vpc-id", vpcs, n.routeTables)
	if err != nil {
		return nil, err
	}
	return n.withPrefixLists(ctx, tables), nil
}

// RouteTablesTo returns the route tables of the cell that have a route to one of the connections. The error has the
// classes of Connections.
func (n *Network) RouteTablesTo(ctx context.Context, via ...peering.ConnectionID) ([]peering.RouteTable, error) {
	return byValues(ctx, "route.vpc-peering-connection-id", via, n.routeTables)
}

// RouteTablesWithBlackholes returns the route tables of the cell that have a route without an available target. The
// error has the classes of Connections.
func (n *Network) RouteTablesWithBlackholes(ctx context.Context) ([]peering.RouteTable, error) {
	return n.routeTables(ctx, filter("route.state", string(types.RouteStateBlackhole)))
}

func (n *Network) routeTables(ctx context.Context, filters ...types.Filter) ([]peering.RouteTable, error) {
	pages := ec2.NewDescribeRouteTablesPaginator(n.client, &ec2.DescribeRouteTablesInput{
		Filters: filters, MaxResults: aws.Int32(tablePageSize),
	})
	return collect(ctx, "describe route tables", pages,
		func(o *ec2.DescribeRouteTablesOutput) []types.RouteTable { return o.RouteTables }, routeTable)
}

func routeTable(t types.RouteTable) peering.RouteTable {
	out := peering.RouteTable{
		ID:   peering.RouteTableID(aws.ToString(t.RouteTableId)),
		VPC:  peering.VPCID(aws.ToString(t.VpcId)),
		Tags: tagsOf(t.Tags),
	}
	for _, a := range t.Associations {
		out.Main = out.Main || aws.ToBool(a.Main)
		out.Gateway = out.Gateway || a.GatewayId != nil
		if a.SubnetId != nil {
			out.Subnets = append(out.Subnets, peering.SubnetID(*a.SubnetId))
		}
	}
	for _, r := range t.Routes {
		out.Routes = append(out.Routes, route(r))
	}
	return out
}

func route(r types.Route) peering.Route {
	out := peering.Route{
		Destination: prefix(cmp.Or(r.DestinationCidrBlock, r.DestinationIpv6CidrBlock)),
		PrefixList:  peering.PrefixListID(aws.ToString(r.DestinationPrefixListId)),
		Target:      target(r),
		Blackhole:   r.State == types.RouteStateBlackhole,
		Propagated:  r.Origin == types.RouteOriginEnableVgwRoutePropagation || r.Origin == types.RouteOriginAdvertisement,
	}
	if r.InstanceId != nil {
		out.Interface = peering.InterfaceID(aws.ToString(r.NetworkInterfaceId))
	}
	return out
}

// target returns the value of the first set field of EC2's fields for targets. An instance's route also names its
// interface.
func target(r types.Route) peering.Target {
	return peering.Target(aws.ToString(cmp.Or(
		r.VpcPeeringConnectionId, r.GatewayId, r.NatGatewayId, r.TransitGatewayId, r.InstanceId, r.NetworkInterfaceId,
		r.EgressOnlyInternetGatewayId, r.LocalGatewayId, r.CarrierGatewayId, r.CoreNetworkArn, r.OdbNetworkArn,
	)))
}
