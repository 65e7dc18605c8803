package ec2net

import (
	"context"
	"net/netip"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/reach"
	"github.com/autopeer/autopeer/internal/parallel"
)

// Snapshot reads the resources of the cell that decide whether one instance of the VPCs reaches another. The error
// has the classes of Connections.
func (n *Network) Snapshot(ctx context.Context, vpcs ...peering.VPCID) (reach.Network, error) {
	var s reach.Network
	err := parallel.Do(ctx,
		parallel.Read(&s.VPCs, n.VPCs, vpcs...),
		parallel.Read(&s.Subnets, n.Subnets, vpcs...),
		parallel.Read(&s.RouteTables, n.RouteTables, vpcs...),
		parallel.Read(&s.NetworkACLs, n.NetworkACLs, vpcs...),
		parallel.Read(&s.SecurityGroups, n.SecurityGroups, vpcs...),
		parallel.Read(&s.Instances, n.Instances, vpcs...),
		parallel.Read(&s.Connections, n.ConnectionsOf, vpcs...),
	)
	return s, err
}

// Instances returns the running instances of the VPCs. The error has the classes of Connections.
func (n *Network) Instances(ctx context.Context, vpcs ...peering.VPCID) ([]peering.Instance, error) {
	return byValues(ctx, "vpc-id", vpcs, func(ctx context.Context, filters ...types.Filter) ([]peering.Instance, error) {
		pages := ec2.NewDescribeInstancesPaginator(n.client, &ec2.DescribeInstancesInput{
			Filters: append(filters, filter("instance-state-name", "pending", "running")), MaxResults: aws.Int32(pageSize),
		})
		return collect(ctx, "describe instances", pages, instancesOf, instance)
	})
}

func instancesOf(o *ec2.DescribeInstancesOutput) []types.Instance {
	var all []types.Instance
	for _, r := range o.Reservations {
		all = append(all, r.Instances...)
	}
	return all
}

func instance(i types.Instance) peering.Instance {
	out := peering.Instance{
		ID:        peering.InstanceID(aws.ToString(i.InstanceId)),
		Name:      tagsOf(i.Tags)[peering.TagName],
		VPC:       peering.VPCID(aws.ToString(i.VpcId)),
		Subnet:    peering.SubnetID(aws.ToString(i.SubnetId)),
		Addresses: addresses(i),
	}
	for _, g := range i.SecurityGroups {
		out.Groups = append(out.Groups, peering.SecurityGroupID(aws.ToString(g.GroupId)))
	}
	return out
}

func addresses(i types.Instance) []netip.Addr {
	texts := []string{aws.ToString(i.PrivateIpAddress)}
	for _, nic := range i.NetworkInterfaces {
		for _, a := range nic.Ipv6Addresses {
			texts = append(texts, aws.ToString(a.Ipv6Address))
		}
	}
	var all []netip.Addr
	for _, text := range texts {
		if a, err := netip.ParseAddr(text); err == nil {
			all = append(all, a)
		}
	}
	return all
}
