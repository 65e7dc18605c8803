package ec2net

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/autopeer/autopeer/internal/domain/fault"
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
		parallel.Read(&s.RouteTables, n.completeTables, vpcs...),
		parallel.Read(&s.NetworkACLs, n.NetworkACLs, vpcs...),
		parallel.Read(&s.SecurityGroups, n.SecurityGroups, vpcs...),
		parallel.Read(&s.Instances, n.Instances, vpcs...),
		parallel.Read(&s.Connections, n.ConnectionsOf, vpcs...),
		parallel.Read(&s.Endpoints, n.Endpoints, vpcs...),
	)
	return s, err
}

// completeTables returns RouteTables, or the errors of their prefix lists but for lists that EC2 doesn't show.
func (n *Network) completeTables(ctx context.Context, vpcs ...peering.VPCID) ([]peering.RouteTable, error) {
	tables, err := n.RouteTables(ctx, vpcs...)
	for _, t := range tables {
		for _, unread := range t.Unread {
			if fault.Of(unread) != fault.Denied {
				err = errors.Join(err, unread)
			}
		}
	}
	return tables, err
}

// Instances returns the running instances that have an interface in one of the VPCs. The error has the classes of
// Connections.
func (n *Network) Instances(ctx context.Context, vpcs ...peering.VPCID) ([]peering.Instance, error) {
	return byValues(ctx, "network-interface.vpc-id", vpcs,
		func(ctx context.Context, filters ...types.Filter) ([]peering.Instance, error) {
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
	out := peering.Instance{ID: peering.InstanceID(aws.ToString(i.InstanceId)), Name: tagsOf(i.Tags)[peering.TagName]}
	faces := slices.Clone(i.NetworkInterfaces) // EC2 promises no order
	slices.SortStableFunc(faces, func(a, b types.InstanceNetworkInterface) int {
		return cmp.Or(cmp.Compare(card(a), card(b)), cmp.Compare(device(a), device(b)))
	})
	for _, f := range faces {
		out.Interfaces = append(out.Interfaces, networkInterface(f))
	}
	return out
}

// card and device are the place of an interface in its instance; the primary one has both 0.
func card(i types.InstanceNetworkInterface) int32 {
	if i.Attachment == nil {
		return 0
	}
	return aws.ToInt32(i.Attachment.NetworkCardIndex)
}

func device(i types.InstanceNetworkInterface) int32 {
	if i.Attachment == nil {
		return 0
	}
	return aws.ToInt32(i.Attachment.DeviceIndex)
}

func networkInterface(i types.InstanceNetworkInterface) peering.Interface {
	out := peering.Interface{
		ID:        peering.InterfaceID(aws.ToString(i.NetworkInterfaceId)),
		VPC:       peering.VPCID(aws.ToString(i.VpcId)),
		Subnet:    peering.SubnetID(aws.ToString(i.SubnetId)),
		Addresses: addresses(i),
	}
	out.Public = i.Association != nil && i.Association.PublicIp != nil
	for _, g := range i.Groups {
		out.Groups = append(out.Groups, peering.SecurityGroupID(aws.ToString(g.GroupId)))
	}
	return out
}

// addresses returns the primary private address, the secondary ones and those of IPv6.
func addresses(i types.InstanceNetworkInterface) []netip.Addr {
	texts := []*string{i.PrivateIpAddress}
	for _, a := range i.PrivateIpAddresses {
		texts = append(texts, a.PrivateIpAddress)
	}
	for _, a := range i.Ipv6Addresses {
		texts = append(texts, a.Ipv6Address)
	}
	var all []netip.Addr
	for _, text := range texts {
		a, err := netip.ParseAddr(aws.ToString(text))
		if err == nil && !slices.Contains(all, a) { // the primary address is listed again among the others
			all = append(all, a)
		}
	}
	return all
}
