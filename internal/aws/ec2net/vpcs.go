package ec2net

import (
	"context"
	"net/netip"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/parallel"
)

// VPCs returns those of the VPCs that the cell has, with their associated blocks. The error has the classes of
// Connections.
func (n *Network) VPCs(ctx context.Context, ids ...peering.VPCID) ([]peering.VPC, error) {
	return byValues(ctx, "vpc-id", ids, func(ctx context.Context, filters ...types.Filter) ([]peering.VPC, error) {
		pages := ec2.NewDescribeVpcsPaginator(n.client,
			&ec2.DescribeVpcsInput{Filters: filters, MaxResults: aws.Int32(pageSize)})
		return collect(ctx, "describe VPCs", pages, func(o *ec2.DescribeVpcsOutput) []types.Vpc { return o.Vpcs }, n.vpc)
	})
}

// vpc fills in the Region of the client, because EC2's answer has none.
func (n *Network) vpc(v types.Vpc) peering.VPC {
	return peering.VPC{
		Owner:  peering.AccountID(aws.ToString(v.OwnerId)),
		Region: peering.Region(n.client.Options().Region),
		ID:     peering.VPCID(aws.ToString(v.VpcId)),
		Blocks: vpcBlocks(v),
	}
}

// DNSAttributes returns the attributes of the VPC that decide about the DNS option of its connections, in two
// concurrent calls. The error has the classes of Connections.
func (n *Network) DNSAttributes(ctx context.Context, id peering.VPCID) (peering.DNSAttributes, error) {
	var found peering.DNSAttributes
	err := parallel.Do(ctx,
		func(ctx context.Context) (err error) {
			found.Support, err = n.attribute(ctx, id, types.VpcAttributeNameEnableDnsSupport)
			return err
		},
		func(ctx context.Context) (err error) {
			found.HostNames, err = n.attribute(ctx, id, types.VpcAttributeNameEnableDnsHostnames)
			return err
		},
	)
	return found, err
}

// attribute reads one attribute, because EC2 has no call for several.
func (n *Network) attribute(ctx context.Context, id peering.VPCID, name types.VpcAttributeName) (bool, error) {
	out, err := n.client.DescribeVpcAttribute(ctx,
		&ec2.DescribeVpcAttributeInput{VpcId: aws.String(string(id)), Attribute: name})
	if err != nil {
		return false, classify(action{description: "describe " + string(name) + " of " + string(id)}, err)
	}
	for _, value := range []*types.AttributeBooleanValue{out.EnableDnsSupport, out.EnableDnsHostnames} {
		if value != nil {
			return aws.ToBool(value.Value), nil
		}
	}
	return false, nil
}

func vpcBlocks(v types.Vpc) []netip.Prefix {
	var blocks []netip.Prefix
	for _, a := range v.CidrBlockAssociationSet {
		if a.CidrBlockState != nil && a.CidrBlockState.State == types.VpcCidrBlockStateCodeAssociated {
			blocks = append(blocks, prefix(a.CidrBlock))
		}
	}
	for _, a := range v.Ipv6CidrBlockAssociationSet {
		if a.Ipv6CidrBlockState != nil && a.Ipv6CidrBlockState.State == types.VpcCidrBlockStateCodeAssociated {
			blocks = append(blocks, prefix(a.Ipv6CidrBlock))
		}
	}
	return primaryFirst(prefix(v.CidrBlock), blocks)
}

// Subnets returns the subnets of the VPCs. The error has the classes of Connections.
func (n *Network) Subnets(ctx context.Context, vpcs ...peering.VPCID) ([]peering.Subnet, error) {
	return byValues(ctx, "vpc-id", vpcs, func(ctx context.Context, filters ...types.Filter) ([]peering.Subnet, error) {
		pages := ec2.NewDescribeSubnetsPaginator(n.client,
			&ec2.DescribeSubnetsInput{Filters: filters, MaxResults: aws.Int32(pageSize)})
		return collect(ctx, "describe subnets", pages,
			func(o *ec2.DescribeSubnetsOutput) []types.Subnet { return o.Subnets }, subnet)
	})
}

func subnet(s types.Subnet) peering.Subnet {
	blocks := []netip.Prefix{prefix(s.CidrBlock)}
	for _, a := range s.Ipv6CidrBlockAssociationSet {
		if a.Ipv6CidrBlockState != nil && a.Ipv6CidrBlockState.State == types.SubnetCidrBlockStateCodeAssociated {
			blocks = append(blocks, prefix(a.Ipv6CidrBlock))
		}
	}
	return peering.Subnet{
		ID:     peering.SubnetID(aws.ToString(s.SubnetId)),
		VPC:    peering.VPCID(aws.ToString(s.VpcId)),
		Blocks: cidr.Sorted(blocks),
		Tags:   tagsOf(s.Tags),
	}
}
