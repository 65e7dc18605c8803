package ec2_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func (c client) transitWith(o *types.TransitGatewayRequestOptions) (*types.TransitGateway, error) {
	out, err := c.CreateTransitGateway(c.t.Context(), &ec2.CreateTransitGatewayInput{Options: o})
	if err != nil {
		return nil, err
	}
	return out.TransitGateway, nil
}

func (c client) transitOptions(id string) types.TransitGatewayOptions {
	c.t.Helper()
	in := ec2.DescribeTransitGatewaysInput{TransitGatewayIds: []string{id}}
	out := must[*ec2.DescribeTransitGatewaysOutput](c.t)(c.DescribeTransitGateways(c.t.Context(), &in))
	return *out.TransitGateways[0].Options
}

func (c client) modifyTransit(id string, o types.ModifyTransitGatewayOptions) error {
	in := ec2.ModifyTransitGatewayInput{TransitGatewayId: &id, Options: &o}
	_, err := c.ModifyTransitGateway(c.t.Context(), &in)
	return err
}

var unlike = types.TransitGatewayRequestOptions{
	AmazonSideAsn: aws.Int64(4200000001), AutoAcceptSharedAttachments: "enable", DefaultRouteTableAssociation: "disable",
	DefaultRouteTablePropagation: "disable", DnsSupport: "disable", VpnEcmpSupport: "disable", MulticastSupport: "enable",
	SecurityGroupReferencingSupport: "enable", TransitGatewayCidrBlocks: []string{"10.99.0.0/24", "fd00:1::/64"},
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGatewayRequestOptions.html
func TestOptionsOfTransitGateways(t *testing.T) {
	t.Parallel()
	c := one(t)
	c.transit()
	g := must[*types.TransitGateway](t)(c.transitWith(&unlike))
	want := types.TransitGatewayOptions{
		AmazonSideAsn: aws.Int64(4200000001), AutoAcceptSharedAttachments: "enable", DefaultRouteTableAssociation: "disable",
		DefaultRouteTablePropagation: "disable", DnsSupport: "disable", VpnEcmpSupport: "disable", MulticastSupport: "enable",
		SecurityGroupReferencingSupport: "enable", TransitGatewayCidrBlocks: []string{"10.99.0.0/24", "fd00:1::/64"},
	}
	got := c.transitOptions(*g.TransitGatewayId)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(want)); diff != "" {
		t.Errorf("the options differ (-want +got):\n%s", diff)
	}
	for name, value := range map[string]string{
		"amazon-side-asn": "4200000001", "auto-accept-shared-attachments": "enable", "dns-support": "disable",
		"default-route-table-association": "disable", "default-route-table-propagation": "disable",
		"vpn-ecmp-support": "disable",
	} {
		in := ec2.DescribeTransitGatewaysInput{Filters: []types.Filter{filter("options."+name, value)}}
		out := must[*ec2.DescribeTransitGatewaysOutput](t)(c.DescribeTransitGateways(t.Context(), &in))
		if all := out.TransitGateways; len(all) != 1 || *all[0].TransitGatewayId != *g.TransitGatewayId {
			t.Errorf("options.%s finds %d transit gateways", name, len(all))
		}
	}
	for _, wrong := range []types.TransitGatewayRequestOptions{
		{AmazonSideAsn: aws.Int64(65535)}, {AmazonSideAsn: aws.Int64(4294967295)}, {DnsSupport: "yes"},
		{DefaultRouteTableAssociation: "true"}, {TransitGatewayCidrBlocks: []string{"10.0.0.0/25"}},
		{TransitGatewayCidrBlocks: []string{"fd00::/65"}}, {TransitGatewayCidrBlocks: []string{"169.254.0.0/24"}},
	} {
		_, err := c.transitWith(&wrong)
		refused(t, err, "InvalidParameterValue")
	}
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyTransitGateway.html
func TestModifyTransitGateway(t *testing.T) {
	t.Parallel()
	c := one(t)
	id := *must[*types.TransitGateway](t)(c.transitWith(&unlike)).TransitGatewayId
	if err := c.modifyTransit(id, types.ModifyTransitGatewayOptions{
		AmazonSideAsn: aws.Int64(64600), DnsSupport: "enable", DefaultRouteTableAssociation: "enable",
		AddTransitGatewayCidrBlocks: []string{"10.98.0.0/24"}, RemoveTransitGatewayCidrBlocks: []string{"fd00:1::/64"},
	}); err != nil {
		t.Fatal(err)
	}
	got := c.transitOptions(id)
	if *got.AmazonSideAsn != 64600 || got.DnsSupport != "enable" || got.VpnEcmpSupport != "disable" ||
		!slices.Equal(got.TransitGatewayCidrBlocks, []string{"10.99.0.0/24", "10.98.0.0/24"}) {
		t.Errorf("the options are %+v", got)
	}
	if got.AssociationDefaultRouteTableId == nil || got.PropagationDefaultRouteTableId != nil {
		t.Errorf("the default tables are %v and %v", got.AssociationDefaultRouteTableId, got.PropagationDefaultRouteTableId)
	}
	own := c.transitTable(id)
	if err := c.modifyTransit(id, types.ModifyTransitGatewayOptions{AssociationDefaultRouteTableId: &own}); err != nil {
		t.Fatal(err)
	}
	if got := c.defaultTable(id); got != own {
		t.Errorf("the default table is %s, want %s", got, own)
	}
	foreign := c.transitTable(c.transit())
	err := c.modifyTransit(id, types.ModifyTransitGatewayOptions{PropagationDefaultRouteTableId: &foreign})
	refused(t, err, "InvalidRouteTableID.NotFound")
	refused(t, c.modifyTransit(id, types.ModifyTransitGatewayOptions{DnsSupport: "on"}), "InvalidParameterValue")
	in := ec2.ModifyTransitGatewayInput{TransitGatewayId: &id, Description: aws.String("d")}
	out := must[*ec2.ModifyTransitGatewayOutput](t)(c.ModifyTransitGateway(t.Context(), &in))
	if *out.TransitGateway.Description != "d" || out.TransitGateway.State != types.TransitGatewayStateModifying {
		t.Errorf("the modified transit gateway is %+v", out.TransitGateway)
	}
}

func (c client) subnetIn(vpc, cidr, zone string) string {
	c.t.Helper()
	in := ec2.CreateSubnetInput{VpcId: &vpc, CidrBlock: &cidr, AvailabilityZone: &zone}
	return *must[*ec2.CreateSubnetOutput](c.t)(c.CreateSubnet(c.t.Context(), &in)).Subnet.SubnetId
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyTransitGatewayVpcAttachment.html
func TestOptionsOfTransitGatewayAttachments(t *testing.T) {
	t.Parallel()
	c := one(t)
	gateway, vpc := c.transit(), c.vpc("10.0.0.0/16")
	first, second := c.subnetIn(vpc, "10.0.1.0/24", "us-east-1a"), c.subnetIn(vpc, "10.0.2.0/24", "us-east-1b")
	third := c.subnetIn(vpc, "10.0.3.0/24", "us-east-1b")
	in := ec2.CreateTransitGatewayVpcAttachmentInput{
		TransitGatewayId: &gateway, VpcId: &vpc, SubnetIds: []string{first},
		Options: &types.CreateTransitGatewayVpcAttachmentRequestOptions{DnsSupport: "off"},
	}
	_, err := c.CreateTransitGatewayVpcAttachment(t.Context(), &in)
	refused(t, err, "InvalidParameterValue")
	in.Options.DnsSupport, in.Options.ApplianceModeSupport = "disable", "enable"
	out := must[*ec2.CreateTransitGatewayVpcAttachmentOutput](t)(c.CreateTransitGatewayVpcAttachment(t.Context(), &in))
	o := out.TransitGatewayVpcAttachment.Options
	if o.DnsSupport != "disable" || o.ApplianceModeSupport != "enable" || o.Ipv6Support != "disable" ||
		o.SecurityGroupReferencingSupport != "enable" {
		t.Errorf("the options of the new attachment are %+v", o)
	}
	id := *out.TransitGatewayVpcAttachment.TransitGatewayAttachmentId
	modify := func(add, remove []string, ipv6 types.Ipv6SupportValue) error {
		_, err := c.ModifyTransitGatewayVpcAttachment(t.Context(), &ec2.ModifyTransitGatewayVpcAttachmentInput{
			TransitGatewayAttachmentId: &id, AddSubnetIds: add, RemoveSubnetIds: remove,
			Options: &types.ModifyTransitGatewayVpcAttachmentRequestOptions{Ipv6Support: ipv6},
		})
		return err
	}
	refused(t, modify([]string{second, third}, nil, "enable"), "DuplicateSubnetsInSameZone")
	refused(t, modify(nil, []string{first}, "enable"), "InsufficientSubnetsException")
	refused(t, modify(nil, []string{second}, "enable"), "InvalidSubnetID.NotFound")
	if err := modify([]string{second}, nil, "enable"); err != nil {
		t.Fatal(err)
	}
	refused(t, modify([]string{third}, nil, "enable"), "DuplicateSubnetsInSameZone")
	if err := modify([]string{third}, []string{second}, "enable"); err != nil {
		t.Fatal(err)
	}
	shown := must[*ec2.DescribeTransitGatewayVpcAttachmentsOutput](t)(c.DescribeTransitGatewayVpcAttachments(t.Context(),
		&ec2.DescribeTransitGatewayVpcAttachmentsInput{})).TransitGatewayVpcAttachments[0]
	if !slices.Equal(shown.SubnetIds, []string{first, third}) || shown.Options.Ipv6Support != "enable" ||
		shown.Options.ApplianceModeSupport != "enable" {
		t.Errorf("the attachment is in %v with %+v", shown.SubnetIds, shown.Options)
	}
	must[*ec2.DeleteTransitGatewayVpcAttachmentOutput](t)(c.DeleteTransitGatewayVpcAttachment(t.Context(),
		&ec2.DeleteTransitGatewayVpcAttachmentInput{TransitGatewayAttachmentId: &id}))
	gone := must[*ec2.DescribeTransitGatewayVpcAttachmentsOutput](t)(c.DescribeTransitGatewayVpcAttachments(t.Context(),
		&ec2.DescribeTransitGatewayVpcAttachmentsInput{TransitGatewayAttachmentIds: []string{id}}))
	if got := gone.TransitGatewayVpcAttachments[0].State; got != types.TransitGatewayAttachmentStateDeleted {
		t.Errorf("the deleted attachment is %s", got)
	}
}
