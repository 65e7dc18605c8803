package ec2net

import (
	"cmp"
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// NetworkACLs returns the network ACLs of the VPCs. The error has the classes of Connections.
func (n *Network) NetworkACLs(ctx context.Context, vpcs ...peering.VPCID) ([]peering.NetworkACL, error) {
	return byValues(ctx, "vpc-id", vpcs, func(ctx context.Context, filters ...types.Filter) ([]peering.NetworkACL, error) {
		pages := ec2.NewDescribeNetworkAclsPaginator(n.client,
			&ec2.DescribeNetworkAclsInput{Filters: filters, MaxResults: aws.Int32(pageSize)})
		return collect(ctx, "describe network ACLs", pages,
			func(o *ec2.DescribeNetworkAclsOutput) []types.NetworkAcl { return o.NetworkAcls }, networkACL)
	})
}

func networkACL(a types.NetworkAcl) peering.NetworkACL {
	out := peering.NetworkACL{ID: peering.NetworkACLID(aws.ToString(a.NetworkAclId)),
		VPC: peering.VPCID(aws.ToString(a.VpcId))}
	for _, s := range a.Associations {
		out.Subnets = append(out.Subnets, peering.SubnetID(aws.ToString(s.SubnetId)))
	}
	for _, e := range a.Entries {
		out.Entries = append(out.Entries, aclEntry(e))
	}
	return out
}

func aclEntry(e types.NetworkAclEntry) peering.ACLEntry {
	out := peering.ACLEntry{
		Number:   aws.ToInt32(e.RuleNumber),
		Egress:   aws.ToBool(e.Egress),
		Allow:    e.RuleAction == types.RuleActionAllow,
		Protocol: peering.Protocol(aws.ToString(e.Protocol)),
		From:     -1, To: -1,
		Block: prefix(cmp.Or(e.CidrBlock, e.Ipv6CidrBlock)),
	}
	switch {
	case e.PortRange != nil:
		out.From, out.To = aws.ToInt32(e.PortRange.From), aws.ToInt32(e.PortRange.To)
	case e.IcmpTypeCode != nil:
		out.From, out.To = aws.ToInt32(e.IcmpTypeCode.Type), aws.ToInt32(e.IcmpTypeCode.Code)
	}
	return out
}
