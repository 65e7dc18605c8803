package ec2net

import (
	"context"
	"net/netip"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Endpoints returns the available VPC endpoints of the VPCs, with their network interfaces. The error has the
// classes of Connections.
func (n *Network) Endpoints(ctx context.Context, vpcs ...peering.VPCID) ([]peering.Endpoint, error) {
	endpoints, err := byValues(ctx, "vpc-id", vpcs,
		func(ctx context.Context, filters ...types.Filter) ([]types.VpcEndpoint, error) {
			pages := ec2.NewDescribeVpcEndpointsPaginator(n.client, &ec2.DescribeVpcEndpointsInput{
				Filters: append(filters, filter("vpc-endpoint-state", "available")), MaxResults: aws.Int32(pageSize),
			})
			of := func(o *ec2.DescribeVpcEndpointsOutput) []types.VpcEndpoint { return o.VpcEndpoints }
			return collect(ctx, "describe VPC endpoints", pages, of, func(e types.VpcEndpoint) types.VpcEndpoint { return e })
		})
	if err != nil {
		return nil, err
	}
	interfaces, err := n.endpointInterfaces(ctx, endpoints)
	if err != nil {
		return nil, err
	}
	var all []peering.Endpoint
	for _, e := range endpoints {
		out := peering.Endpoint{
			ID: peering.EndpointID(aws.ToString(e.VpcEndpointId)), VPC: peering.VPCID(aws.ToString(e.VpcId)),
			Gateway: e.VpcEndpointType == types.VpcEndpointTypeGateway, PrivateDNS: aws.ToBool(e.PrivateDnsEnabled),
		}
		name := aws.ToString(e.ServiceName)
		out.Service = name[strings.LastIndex(name, ".")+1:]
		for _, id := range e.NetworkInterfaceIds {
			if i, found := interfaces[id]; found {
				out.Interfaces = append(out.Interfaces, i)
			}
		}
		all = append(all, out)
	}
	return all, nil
}

// endpointInterfaces returns the interfaces of the endpoints by their ids.
func (n *Network) endpointInterfaces(ctx context.Context,
	endpoints []types.VpcEndpoint) (map[string]peering.Interface, error) {
	var ids []string
	for _, e := range endpoints {
		ids = append(ids, e.NetworkInterfaceIds...)
	}
	all, err := byValues(ctx, "network-interface-id", ids,
		func(ctx context.Context, filters ...types.Filter) ([]types.NetworkInterface, error) {
			pages := ec2.NewDescribeNetworkInterfacesPaginator(n.client, &ec2.DescribeNetworkInterfacesInput{
				Filters: filters, MaxResults: aws.Int32(pageSize),
			})
			of := func(o *ec2.DescribeNetworkInterfacesOutput) []types.NetworkInterface { return o.NetworkInterfaces }
			return collect(ctx, "describe network interfaces", pages, of, func(i types.NetworkInterface) types.NetworkInterface {
				return i
			})
		})
	if err != nil {
		return nil, err
	}
	byID := map[string]peering.Interface{}
	for _, i := range all {
		byID[aws.ToString(i.NetworkInterfaceId)] = endpointInterface(i)
	}
	return byID, nil
}

func endpointInterface(i types.NetworkInterface) peering.Interface {
	out := peering.Interface{
		ID: peering.InterfaceID(aws.ToString(i.NetworkInterfaceId)), VPC: peering.VPCID(aws.ToString(i.VpcId)),
		Subnet: peering.SubnetID(aws.ToString(i.SubnetId)),
	}
	if a, err := netip.ParseAddr(aws.ToString(i.PrivateIpAddress)); err == nil {
		out.Addresses = append(out.Addresses, a)
	}
	for _, g := range i.Groups {
		out.Groups = append(out.Groups, peering.SecurityGroupID(aws.ToString(g.GroupId)))
	}
	return out
}
