// Package lab builds networks with ordinary AWS calls, as a person in a department does: VPCs with subnets, route
// tables, security groups and servers, and peering connections between them.
package lab

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Person calls AWS in one cell. The first error stays: every later call does nothing and returns nothing,
// so that a whole network is built before Err is asked.
type Person struct {
	peering.Cell
	EC2 *ec2.Client
	ctx context.Context // a Person lives as long as one scenario
	err error
}

// NewPerson returns a person with the client's credentials.
func NewPerson(ctx context.Context, cell peering.Cell, client *ec2.Client) *Person {
	return &Person{Cell: cell, EC2: client, ctx: ctx}
}

// Err returns the first error of any call.
func (p *Person) Err() error { return p.err }

// call makes one AWS call unless an earlier one failed, and returns nil then.
func call[In, Out any](p *Person, op func(context.Context, *In, ...func(*ec2.Options)) (*Out, error), in *In) *Out {
	if p.err != nil {
		return nil
	}
	out, err := op(p.ctx, in)
	if err != nil {
		p.err = fmt.Errorf("%T in %s: %w", in, p.Cell, err)
		return nil
	}
	return out
}

// VPC is a VPC with its default parts.
type VPC struct {
	ID    peering.VPCID
	Block netip.Prefix
	Main  peering.RouteTableID
}

// VPC makes a VPC.
func (p *Person) VPC(name, block string) VPC {
	out := call(p, p.EC2.CreateVpc, &ec2.CreateVpcInput{
		CidrBlock: &block, TagSpecifications: named(types.ResourceTypeVpc, name),
	})
	if out == nil {
		return VPC{}
	}
	return p.vpc(*out.Vpc)
}

// DefaultVPC returns the cell's default VPC, which has default subnets.
func (p *Person) DefaultVPC() VPC {
	out := call(p, p.EC2.DescribeVpcs, &ec2.DescribeVpcsInput{
		Filters: []types.Filter{{Name: aws.String("is-default"), Values: []string{"true"}}},
	})
	if out == nil || len(out.Vpcs) == 0 {
		return VPC{}
	}
	return p.vpc(out.Vpcs[0])
}

// ExistingVPC returns a VPC that exists.
func (p *Person) ExistingVPC(id peering.VPCID) VPC {
	out := call(p, p.EC2.DescribeVpcs, &ec2.DescribeVpcsInput{VpcIds: []string{string(id)}})
	if out == nil {
		return VPC{}
	}
	return p.vpc(out.Vpcs[0])
}

func (p *Person) vpc(v types.Vpc) VPC {
	tables := call(p, p.EC2.DescribeRouteTables, &ec2.DescribeRouteTablesInput{Filters: []types.Filter{
		{Name: aws.String("vpc-id"), Values: []string{*v.VpcId}},
		{Name: aws.String("association.main"), Values: []string{"true"}},
	}})
	if tables == nil {
		return VPC{}
	}
	if len(tables.RouteTables) != 1 {
		p.err = fmt.Errorf("%s has %d main route tables, want one", *v.VpcId, len(tables.RouteTables))
		return VPC{}
	}
	return VPC{
		ID: peering.VPCID(*v.VpcId), Block: netip.MustParsePrefix(*v.CidrBlock),
		Main: peering.RouteTableID(*tables.RouteTables[0].RouteTableId),
	}
}

// Subnet makes a subnet. It is served by the main route table until another is associated.
func (p *Person) Subnet(v VPC, name, block string) peering.SubnetID {
	out := call(p, p.EC2.CreateSubnet, &ec2.CreateSubnetInput{
		VpcId: str(v.ID), CidrBlock: &block, TagSpecifications: named(types.ResourceTypeSubnet, name),
	})
	if out == nil {
		return ""
	}
	return peering.SubnetID(*out.Subnet.SubnetId)
}

// TaggedSubnet makes a subnet that is known by its tags.
func (p *Person) TaggedSubnet(v VPC, block string, tags map[string]string) peering.SubnetID {
	id := p.Subnet(v, "", block)
	p.tag(string(id), tags)
	return id
}

// TagTable tags a route table.
func (p *Person) TagTable(id peering.RouteTableID, tags map[string]string) { p.tag(string(id), tags) }

func (p *Person) tag(id string, tags map[string]string) {
	if len(tags) > 0 {
		call(p, p.EC2.CreateTags, &ec2.CreateTagsInput{Resources: []string{id}, Tags: sdkTags(tags)})
	}
}

// DNSHostnames gives the instances of the VPC public host names, which DNS between peers needs.
func (p *Person) DNSHostnames(v VPC) {
	call(p, p.EC2.ModifyVpcAttribute, &ec2.ModifyVpcAttributeInput{
		VpcId: str(v.ID), EnableDnsHostnames: &types.AttributeBooleanValue{Value: aws.Bool(true)},
	})
}

// DNSSupport turns the Amazon-provided DNS server of the VPC on or off, which DNS between peers needs.
func (p *Person) DNSSupport(v VPC, on bool) {
	call(p, p.EC2.ModifyVpcAttribute, &ec2.ModifyVpcAttributeInput{
		VpcId: str(v.ID), EnableDnsSupport: &types.AttributeBooleanValue{Value: &on},
	})
}

// UnusedRouteTable makes a route table that serves no subnet.
func (p *Person) UnusedRouteTable(v VPC) peering.RouteTableID {
	out := call(p, p.EC2.CreateRouteTable, &ec2.CreateRouteTableInput{VpcId: str(v.ID)})
	if out == nil {
		return ""
	}
	return peering.RouteTableID(*out.RouteTable.RouteTableId)
}

// RouteTable makes a route table and associates the subnet with it.
func (p *Person) RouteTable(v VPC, name string, subnet peering.SubnetID) peering.RouteTableID {
	out := call(p, p.EC2.CreateRouteTable, &ec2.CreateRouteTableInput{
		VpcId: str(v.ID), TagSpecifications: named(types.ResourceTypeRouteTable, name),
	})
	if out == nil {
		return ""
	}
	id := peering.RouteTableID(*out.RouteTable.RouteTableId)
	p.Associate(id, subnet)
	return id
}

// Associate makes the table serve one more subnet.
func (p *Person) Associate(table peering.RouteTableID, subnet peering.SubnetID) {
	call(p, p.EC2.AssociateRouteTable, &ec2.AssociateRouteTableInput{RouteTableId: str(table), SubnetId: str(subnet)})
}

// MoveSubnet makes a new table serve the subnet, which another one serves.
func (p *Person) MoveSubnet(v VPC, subnet peering.SubnetID) peering.RouteTableID {
	made := call(p, p.EC2.CreateRouteTable, &ec2.CreateRouteTableInput{VpcId: str(v.ID)})
	tables := call(p, p.EC2.DescribeRouteTables, &ec2.DescribeRouteTablesInput{
		Filters: []types.Filter{{Name: aws.String("association.subnet-id"), Values: []string{string(subnet)}}},
	})
	if made == nil || tables == nil {
		return ""
	}
	for _, a := range tables.RouteTables[0].Associations {
		if aws.ToString(a.SubnetId) == string(subnet) {
			call(p, p.EC2.ReplaceRouteTableAssociation, &ec2.ReplaceRouteTableAssociationInput{
				AssociationId: a.RouteTableAssociationId, RouteTableId: made.RouteTable.RouteTableId,
			})
		}
	}
	return peering.RouteTableID(*made.RouteTable.RouteTableId)
}

// ToInternet gives the VPC an internet gateway and the table a default route to it.
func (p *Person) ToInternet(v VPC, table peering.RouteTableID) {
	gateway := call(p, p.EC2.CreateInternetGateway, &ec2.CreateInternetGatewayInput{})
	if gateway == nil {
		return
	}
	id := gateway.InternetGateway.InternetGatewayId
	call(p, p.EC2.AttachInternetGateway, &ec2.AttachInternetGatewayInput{InternetGatewayId: id, VpcId: str(v.ID)})
	call(p, p.EC2.CreateRoute, &ec2.CreateRouteInput{
		RouteTableId: str(table), DestinationCidrBlock: aws.String("0.0.0.0/0"), GatewayId: id,
	})
}

// RouteToGateway routes the destination to the VPC's internet gateway.
func (p *Person) RouteToGateway(v VPC, table peering.RouteTableID, destination string) {
	call(p, p.EC2.CreateRoute, &ec2.CreateRouteInput{
		RouteTableId: str(table), DestinationCidrBlock: &destination, GatewayId: p.gateway(v),
	})
}

// RouteListToGateway routes the blocks of a new prefix list to the VPC's internet gateway, and returns the list.
func (p *Person) RouteListToGateway(v VPC, table peering.RouteTableID, blocks ...string) peering.PrefixListID {
	var entries []types.AddPrefixListEntry
	for _, b := range blocks {
		entries = append(entries, types.AddPrefixListEntry{Cidr: &b})
	}
	made := call(p, p.EC2.CreateManagedPrefixList, &ec2.CreateManagedPrefixListInput{
		PrefixListName: aws.String("routed"), AddressFamily: aws.String("IPv4"), MaxEntries: aws.Int32(10), Entries: entries,
	})
	if made == nil {
		return ""
	}
	list := made.PrefixList.PrefixListId
	call(p, p.EC2.CreateRoute, &ec2.CreateRouteInput{
		RouteTableId: str(table), DestinationPrefixListId: list, GatewayId: p.gateway(v),
	})
	return peering.PrefixListID(*list)
}

// RouteToServer routes the destination to a server of the VPC.
func (p *Person) RouteToServer(table peering.RouteTableID, destination string, server peering.InstanceID) {
	call(p, p.EC2.CreateRoute, &ec2.CreateRouteInput{
		RouteTableId: str(table), DestinationCidrBlock: &destination, InstanceId: str(server),
	})
}

// ReplaceByGateway makes an existing route lead to the VPC's internet gateway.
func (p *Person) ReplaceByGateway(v VPC, table peering.RouteTableID, destination string) {
	call(p, p.EC2.ReplaceRoute, &ec2.ReplaceRouteInput{
		RouteTableId: str(table), DestinationCidrBlock: &destination, GatewayId: p.gateway(v),
	})
}

func (p *Person) gateway(v VPC) *string {
	found := call(p, p.EC2.DescribeInternetGateways, &ec2.DescribeInternetGatewaysInput{
		Filters: []types.Filter{{Name: aws.String("attachment.vpc-id"), Values: []string{string(v.ID)}}},
	})
	if found == nil || len(found.InternetGateways) == 0 {
		return nil
	}
	return found.InternetGateways[0].InternetGatewayId
}

// Group makes a security group that admits nothing.
func (p *Person) Group(v VPC, name string, tags map[string]string) peering.SecurityGroupID {
	spec := named(types.ResourceTypeSecurityGroup, name)
	spec[0].Tags = append(spec[0].Tags, sdkTags(tags)...)
	out := call(p, p.EC2.CreateSecurityGroup, &ec2.CreateSecurityGroupInput{
		GroupName: &name, Description: aws.String(name), VpcId: str(v.ID), TagSpecifications: spec,
	})
	if out == nil {
		return ""
	}
	return peering.SecurityGroupID(*out.GroupId)
}

// DeleteGroup deletes a security group that no instance has.
func (p *Person) DeleteGroup(id peering.SecurityGroupID) {
	call(p, p.EC2.DeleteSecurityGroup, &ec2.DeleteSecurityGroupInput{GroupId: str(id)})
}

// PrefixList makes a prefix list of IPv4 blocks.
func (p *Person) PrefixList(name string, blocks ...string) peering.PrefixListID {
	in := &ec2.CreateManagedPrefixListInput{
		PrefixListName: &name, AddressFamily: aws.String("IPv4"), MaxEntries: aws.Int32(int32(len(blocks))),
	}
	for _, b := range blocks {
		in.Entries = append(in.Entries, types.AddPrefixListEntry{Cidr: &b})
	}
	out := call(p, p.EC2.CreateManagedPrefixList, in)
	if out == nil {
		return ""
	}
	return peering.PrefixListID(*out.PrefixList.PrefixListId)
}

// Admit adds an ingress rule by hand.
func (p *Person) Admit(group peering.SecurityGroupID, protocol string, from, to int32, source string) {
	call(p, p.EC2.AuthorizeSecurityGroupIngress,
		&ec2.AuthorizeSecurityGroupIngressInput{GroupId: str(group), IpPermissions: []types.IpPermission{{
			IpProtocol: &protocol, FromPort: &from, ToPort: &to, IpRanges: []types.IpRange{{CidrIp: &source}},
		}}})
}

// AdmitTagged adds an ingress rule with tags.
func (p *Person) AdmitTagged(group peering.SecurityGroupID, protocol string, from, to int32, source string,
	tags map[string]string) {
	call(p, p.EC2.AuthorizeSecurityGroupIngress, &ec2.AuthorizeSecurityGroupIngressInput{
		GroupId: str(group), IpPermissions: []types.IpPermission{{
			IpProtocol: &protocol, FromPort: &from, ToPort: &to, IpRanges: []types.IpRange{{CidrIp: &source}},
		}},
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeSecurityGroupRule, Tags: sdkTags(tags)}},
	})
}

// Expel revokes the ingress rule with this protocol, ports and source.
func (p *Person) Expel(group peering.SecurityGroupID, protocol string, from, to int32, source string) {
	call(p, p.EC2.RevokeSecurityGroupIngress,
		&ec2.RevokeSecurityGroupIngressInput{GroupId: str(group), IpPermissions: []types.IpPermission{{
			IpProtocol: &protocol, FromPort: &from, ToPort: &to, IpRanges: []types.IpRange{{CidrIp: &source}},
		}}})
}

// Server starts an instance.
func (p *Person) Server(name string, subnet peering.SubnetID, address string,
	groups ...peering.SecurityGroupID) peering.InstanceID {
	return p.ServerAs(nil, name, subnet, address, groups...)
}

// ServerAs starts an instance with an instance profile; nil is none.
func (p *Person) ServerAs(
	profile *string, name string, subnet peering.SubnetID, address string, groups ...peering.SecurityGroupID,
) peering.InstanceID {
	in := &ec2.RunInstancesInput{
		ImageId: aws.String("ami-0123456789abcdef0"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1), SubnetId: str(subnet),
		PrivateIpAddress: &address, SecurityGroupIds: strs(groups),
		TagSpecifications: named(types.ResourceTypeInstance, name),
	}
	if profile != nil {
		in.IamInstanceProfile = &types.IamInstanceProfileSpecification{Name: profile}
	}
	out := call(p, p.EC2.RunInstances, in)
	if out == nil {
		return ""
	}
	return peering.InstanceID(*out.Instances[0].InstanceId)
}

// DenyPing puts a network ACL on the subnet that lets everything through but ICMP.
func (p *Person) DenyPing(v VPC, subnet peering.SubnetID) {
	acl := call(p, p.EC2.CreateNetworkAcl, &ec2.CreateNetworkAclInput{VpcId: str(v.ID)})
	acls := call(p, p.EC2.DescribeNetworkAcls, &ec2.DescribeNetworkAclsInput{
		Filters: []types.Filter{{Name: aws.String("association.subnet-id"), Values: []string{string(subnet)}}},
	})
	if acl == nil || acls == nil {
		return
	}
	id := acl.NetworkAcl.NetworkAclId
	for _, egress := range []bool{false, true} {
		call(p, p.EC2.CreateNetworkAclEntry, &ec2.CreateNetworkAclEntryInput{
			NetworkAclId: id, RuleNumber: aws.Int32(90), Protocol: aws.String("1"),
			IcmpTypeCode: &types.IcmpTypeCode{Type: aws.Int32(-1), Code: aws.Int32(-1)},
			RuleAction:   types.RuleActionDeny, Egress: aws.Bool(egress), CidrBlock: aws.String("0.0.0.0/0"),
		})
		call(p, p.EC2.CreateNetworkAclEntry, &ec2.CreateNetworkAclEntryInput{
			NetworkAclId: id, RuleNumber: aws.Int32(100), Protocol: aws.String("-1"), RuleAction: types.RuleActionAllow,
			Egress: aws.Bool(egress), CidrBlock: aws.String("0.0.0.0/0"),
		})
	}
	for _, a := range acls.NetworkAcls[0].Associations {
		if *a.SubnetId == string(subnet) {
			call(p, p.EC2.ReplaceNetworkAclAssociation, &ec2.ReplaceNetworkAclAssociationInput{
				AssociationId: a.NetworkAclAssociationId, NetworkAclId: id,
			})
		}
	}
}

// Request asks for a peering connection, as `aws ec2 create-vpc-peering-connection` does.
func (p *Person) Request(own VPC, peer peering.Cell, peerVPC VPC, name string) peering.ConnectionID {
	return p.request(p.EC2, own, peer, peerVPC, name)
}

func (p *Person) request(client *ec2.Client, own VPC, peer peering.Cell, peerVPC VPC,
	name string) peering.ConnectionID {
	in := &ec2.CreateVpcPeeringConnectionInput{VpcId: str(own.ID), PeerVpcId: str(peerVPC.ID)}
	if peer.Account != p.Account {
		in.PeerOwnerId = str(peer.Account)
	}
	if peer.Region != p.Region {
		in.PeerRegion = str(peer.Region)
	}
	if name != "" {
		in.TagSpecifications = named(types.ResourceTypeVpcPeeringConnection, name)
	}
	out := call(p, client.CreateVpcPeeringConnection, in)
	if out == nil {
		return ""
	}
	return peering.ConnectionID(*out.VpcPeeringConnection.VpcPeeringConnectionId)
}

// Accept accepts a peering connection by hand.
func (p *Person) Accept(id peering.ConnectionID) {
	call(p, p.EC2.AcceptVpcPeeringConnection, &ec2.AcceptVpcPeeringConnectionInput{VpcPeeringConnectionId: str(id)})
}

// Reject rejects a peering connection.
func (p *Person) Reject(id peering.ConnectionID) {
	call(p, p.EC2.RejectVpcPeeringConnection, &ec2.RejectVpcPeeringConnectionInput{VpcPeeringConnectionId: str(id)})
}

// RouteTo routes a destination to a peering connection by hand.
func (p *Person) RouteTo(table peering.RouteTableID, destination string, via peering.ConnectionID) {
	call(p, p.EC2.CreateRoute, &ec2.CreateRouteInput{
		RouteTableId: str(table), DestinationCidrBlock: &destination, VpcPeeringConnectionId: str(via),
	})
}

// DeleteRoute deletes a route, wherever it leads.
func (p *Person) DeleteRoute(table peering.RouteTableID, destination string) {
	call(p, p.EC2.DeleteRoute, &ec2.DeleteRouteInput{RouteTableId: str(table), DestinationCidrBlock: &destination})
}

// Tag tags anything.
func (p *Person) Tag(id string, tags map[string]string) { p.tag(id, tags) }

// Untag removes a tag, regardless of its value.
func (p *Person) Untag(id, key string) {
	call(p, p.EC2.DeleteTags, &ec2.DeleteTagsInput{Resources: []string{id}, Tags: []types.Tag{{Key: &key}}})
}

// UntagValue deletes a tag if it has the value, as the console does.
func (p *Person) UntagValue(id, key, value string) {
	call(p, p.EC2.DeleteTags, &ec2.DeleteTagsInput{Resources: []string{id}, Tags: []types.Tag{{Key: &key, Value: &value}}})
}

// Terminate ends an instance.
func (p *Person) Terminate(id peering.InstanceID) {
	call(p, p.EC2.TerminateInstances, &ec2.TerminateInstancesInput{InstanceIds: []string{string(id)}})
}

// Delete deletes a peering connection.
func (p *Person) Delete(id peering.ConnectionID) {
	call(p, p.EC2.DeleteVpcPeeringConnection, &ec2.DeleteVpcPeeringConnectionInput{VpcPeeringConnectionId: str(id)})
}

func sdkTags(tags map[string]string) []types.Tag {
	var all []types.Tag
	for k, v := range tags {
		all = append(all, types.Tag{Key: aws.String(k), Value: aws.String(v)})
	}
	return all
}

func named(kind types.ResourceType, name string) []types.TagSpecification {
	return []types.TagSpecification{{ResourceType: kind, Tags: []types.Tag{
		{Key: aws.String(peering.TagName), Value: &name},
	}}}
}

func strs[S ~string](all []S) []string {
	var texts []string
	for _, s := range all {
		texts = append(texts, string(s))
	}
	return texts
}

func str[S ~string](s S) *string { return aws.String(string(s)) }

// FirstSubnet returns one that the VPC came with, as a default VPC does: that with the lowest block.
func (p *Person) FirstSubnet(v VPC) peering.SubnetID {
	out := call(p, p.EC2.DescribeSubnets, &ec2.DescribeSubnetsInput{
		Filters: []types.Filter{{Name: aws.String("vpc-id"), Values: []string{string(v.ID)}}},
	})
	if out == nil {
		return ""
	}
	if len(out.Subnets) == 0 {
		p.err = fmt.Errorf("%s has no subnet", v.ID)
		return ""
	}
	first := slices.MinFunc(out.Subnets, func(a, b types.Subnet) int {
		return netip.MustParsePrefix(*a.CidrBlock).Compare(netip.MustParsePrefix(*b.CidrBlock))
	})
	return peering.SubnetID(*first.SubnetId)
}
