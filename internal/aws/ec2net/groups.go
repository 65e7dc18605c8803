package ec2net

import (
	"cmp"
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// SecurityGroups returns the security groups of the VPCs with all their rules. The error has the classes of
// Connections.
func (n *Network) SecurityGroups(ctx context.Context, vpcs ...peering.VPCID) ([]peering.SecurityGroup, error) {
	return byValues(ctx, "vpc-id", vpcs, n.securityGroups)
}

func (n *Network) securityGroups(ctx context.Context, filters ...types.Filter) ([]peering.SecurityGroup, error) {
	pages := ec2.NewDescribeSecurityGroupsPaginator(n.client,
		&ec2.DescribeSecurityGroupsInput{Filters: filters, MaxResults: aws.Int32(pageSize)})
	return collect(ctx, "describe security groups", pages,
		func(o *ec2.DescribeSecurityGroupsOutput) []types.SecurityGroup { return o.SecurityGroups }, securityGroup)
}

// AllSecurityGroups returns the security groups of the cell with all their rules. The error has the classes of
// Connections.
func (n *Network) AllSecurityGroups(ctx context.Context) ([]peering.SecurityGroup, error) {
	return n.securityGroups(ctx)
}

// IngressRules returns the ingress rules of the cell that have the tag of one of the connections. The error has the
// classes of Connections.
func (n *Network) IngressRules(ctx context.Context, of ...peering.ConnectionID) ([]peering.IngressRule, error) {
	return byValues(ctx, "tag:"+peering.TagConnection, of, n.ingressRules)
}

// OurIngressRules returns the ingress rules of the cell that have the tag of any connection. The error has the
// classes of Connections. The asterisk matches any text:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
func (n *Network) OurIngressRules(ctx context.Context) ([]peering.IngressRule, error) {
	return n.ingressRules(ctx, filter("tag:"+peering.TagConnection, "pcx-*"))
}

// IngressRulesIn returns all ingress rules of the groups, including those of other principals. The error has the
// classes of Connections.
func (n *Network) IngressRulesIn(ctx context.Context, groups ...peering.SecurityGroupID) (
	[]peering.IngressRule, error,
) {
	return byValues(ctx, "group-id", groups, n.ingressRules)
}

func (n *Network) ingressRules(ctx context.Context, filters ...types.Filter) ([]peering.IngressRule, error) {
	pages := ec2.NewDescribeSecurityGroupRulesPaginator(n.client, &ec2.DescribeSecurityGroupRulesInput{
		Filters: filters, MaxResults: aws.Int32(pageSize),
	})
	return collect(ctx, "describe security group rules", pages, ingressOnly, ingressRule)
}

func securityGroup(g types.SecurityGroup) peering.SecurityGroup {
	return peering.SecurityGroup{
		ID:      peering.SecurityGroupID(aws.ToString(g.GroupId)),
		VPC:     peering.VPCID(aws.ToString(g.VpcId)),
		Owner:   peering.AccountID(aws.ToString(g.OwnerId)),
		Name:    aws.ToString(g.GroupName),
		Ingress: permissions(g.IpPermissions), Described: described(g.IpPermissions), Peered: peered(g.IpPermissions),
		Egress: permissions(g.IpPermissionsEgress),
		Tags:   tagsOf(g.Tags),
	}
}

func permissions(merged []types.IpPermission) []peering.Permission {
	var all []peering.Permission
	eachOf(merged, func(p peering.Permission, _ *string) { all = append(all, p) })
	return all
}

// described returns the permissions whose description autopeer wrote, with the connection that it names.
func described(merged []types.IpPermission) map[peering.Permission]peering.ConnectionID {
	var ours map[peering.Permission]peering.ConnectionID
	eachOf(merged, func(p peering.Permission, description *string) {
		if c := peering.Described(aws.ToString(description)); c != "" {
			if ours == nil {
				ours = map[peering.Permission]peering.ConnectionID{}
			}
			ours[p] = c
		}
	})
	return ours
}

// peered returns the connection of each referenced group of a peered VPC, as long as it is active: a group may be
// referenced by a new connection after the first one was deleted.
func peered(merged []types.IpPermission) map[peering.SecurityGroupID]peering.ConnectionID {
	var connections map[peering.SecurityGroupID]peering.ConnectionID
	for _, m := range merged {
		for _, g := range m.UserIdGroupPairs {
			if c := aws.ToString(g.VpcPeeringConnectionId); c != "" &&
				peering.State(aws.ToString(g.PeeringStatus)) == peering.Active {
				if connections == nil {
					connections = map[peering.SecurityGroupID]peering.ConnectionID{}
				}
				connections[peering.SecurityGroupID(aws.ToString(g.GroupId))] = peering.ConnectionID(c)
			}
		}
	}
	return connections
}

// eachOf calls do with one permission for each source, and its description; EC2 merges sources with the same
// protocol and ports.
func eachOf(merged []types.IpPermission, do func(p peering.Permission, description *string)) {
	for _, m := range merged {
		each := permission(m.IpProtocol, m.FromPort, m.ToPort)
		for _, r := range m.IpRanges {
			do(withSource(each, r.CidrIp, nil, nil, nil), r.Description)
		}
		for _, r := range m.Ipv6Ranges {
			do(withSource(each, nil, r.CidrIpv6, nil, nil), r.Description)
		}
		for _, g := range m.UserIdGroupPairs {
			do(withSource(each, nil, nil, g.GroupId, nil), g.Description)
		}
		for _, l := range m.PrefixListIds {
			do(withSource(each, nil, nil, nil, l.PrefixListId), l.Description)
		}
	}
}

// permission leaves out the ports of all traffic, which one describe call returns as -1 and the other omits.
func permission(protocol *string, from, to *int32) peering.Permission {
	p := peering.Permission{Protocol: peering.Protocol(aws.ToString(protocol)), From: -1, To: -1}
	if p.Protocol != peering.AllProtocols && from != nil && to != nil {
		p.From, p.To = *from, *to
	}
	return p
}

func withSource(p peering.Permission, v4, v6, group, list *string) peering.Permission {
	p.Source = prefix(cmp.Or(v4, v6))
	p.Group = peering.SecurityGroupID(aws.ToString(group))
	p.PrefixList = peering.PrefixListID(aws.ToString(list))
	return p
}

func ingressOnly(o *ec2.DescribeSecurityGroupRulesOutput) []types.SecurityGroupRule {
	var rules []types.SecurityGroupRule
	for _, r := range o.SecurityGroupRules {
		if !aws.ToBool(r.IsEgress) {
			rules = append(rules, r)
		}
	}
	return rules
}

func ingressRule(r types.SecurityGroupRule) peering.IngressRule {
	out := peering.IngressRule{
		ID:          peering.RuleID(aws.ToString(r.SecurityGroupRuleId)),
		Group:       peering.SecurityGroupID(aws.ToString(r.GroupId)),
		Description: aws.ToString(r.Description),
		Tags:        tagsOf(r.Tags),
	}
	var group *string
	if reference := r.ReferencedGroupInfo; reference != nil {
		group, out.Stale = reference.GroupId, isStale(*reference)
	}
	out.Permission = withSource(permission(r.IpProtocol, r.FromPort, r.ToPort), r.CidrIpv4, r.CidrIpv6,
		group, r.PrefixListId)
	return out
}

// isStale reports whether the referenced group, or the connection by which it was referenced, was deleted. For a
// deleted group of a peer, EC2 shows the connection and no owner. References inside one VPC have no connection, and
// valid ones may lack the owner.
func isStale(reference types.ReferencedSecurityGroup) bool {
	ofPeer := reference.VpcPeeringConnectionId != nil
	return ofPeer && reference.UserId == nil || peering.State(aws.ToString(reference.PeeringStatus)).IsDead()
}
