package ec2_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

// create adds a route to 192.0.2.0/24 unless the input has another destination.
func (c client) create(table string, in ec2.CreateRouteInput) error {
	in.RouteTableId = &table
	if in.DestinationIpv6CidrBlock == nil && in.DestinationPrefixListId == nil && in.DestinationCidrBlock == nil {
		in.DestinationCidrBlock = aws.String("192.0.2.0/24")
	}
	_, err := c.CreateRoute(c.t.Context(), &in)
	return err
}

// last returns the last route of a table, which is the one that was added last unless some are propagated.
func (c client) last(table string) types.Route {
	c.t.Helper()
	out := must[*ec2.DescribeRouteTablesOutput](c.t)(c.DescribeRouteTables(c.t.Context(), &ec2.DescribeRouteTablesInput{
		RouteTableIds: []string{table},
	}))
	routes := out.RouteTables[0].Routes
	return routes[len(routes)-1]
}

func (c client) address() string {
	c.t.Helper()
	return *must[*ec2.AllocateAddressOutput](c.t)(c.AllocateAddress(c.t.Context(),
		&ec2.AllocateAddressInput{Domain: types.DomainTypeVpc})).AllocationId
}

func (c client) nat(subnet, address string) string {
	c.t.Helper()
	out := must[*ec2.CreateNatGatewayOutput](c.t)(c.CreateNatGateway(c.t.Context(), &ec2.CreateNatGatewayInput{
		SubnetId: &subnet, AllocationId: &address,
	}))
	if out.NatGateway.State != types.NatGatewayStatePending {
		c.t.Errorf("the new NAT gateway is %s", out.NatGateway.State)
	}
	return *out.NatGateway.NatGatewayId
}

func (c client) egressOnly(vpc string) string {
	c.t.Helper()
	out := must[*ec2.CreateEgressOnlyInternetGatewayOutput](c.t)(c.CreateEgressOnlyInternetGateway(c.t.Context(),
		&ec2.CreateEgressOnlyInternetGatewayInput{VpcId: &vpc}))
	return *out.EgressOnlyInternetGateway.EgressOnlyInternetGatewayId
}

func (c client) vpn(vpc string) string {
	c.t.Helper()
	out := must[*ec2.CreateVpnGatewayOutput](c.t)(c.CreateVpnGateway(c.t.Context(), &ec2.CreateVpnGatewayInput{
		Type: types.GatewayTypeIpsec1,
	}))
	id := out.VpnGateway.VpnGatewayId
	must[*ec2.AttachVpnGatewayOutput](c.t)(c.AttachVpnGateway(c.t.Context(), &ec2.AttachVpnGatewayInput{
		VpnGatewayId: id, VpcId: &vpc,
	}))
	return *id
}

func (c client) transit() string {
	c.t.Helper()
	out := must[*ec2.CreateTransitGatewayOutput](c.t)(c.CreateTransitGateway(c.t.Context(),
		&ec2.CreateTransitGatewayInput{}))
	return *out.TransitGateway.TransitGatewayId
}

func (c client) transitAttachment(gateway, vpc string, subnets ...string) string {
	c.t.Helper()
	out := must[*ec2.CreateTransitGatewayVpcAttachmentOutput](c.t)(c.CreateTransitGatewayVpcAttachment(c.t.Context(),
		&ec2.CreateTransitGatewayVpcAttachmentInput{
			TransitGatewayId: &gateway, VpcId: &vpc, SubnetIds: subnets,
			TagSpecifications: []types.TagSpecification{{
				ResourceType: types.ResourceTypeTransitGatewayAttachment, Tags: []types.Tag{{
					Key: aws.String("Name"), Value: aws.String("a"),
				}},
			}},
		}))
	return *out.TransitGatewayVpcAttachment.TransitGatewayAttachmentId
}

// TestTargetsOfRoutes leads a route to each type of target, which must be there and belong to the table's VPC, and ends
// the target:
// https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html
func TestTargetsOfRoutes(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc, other := c.dualVPC("10.10.0.0/16"), c.vpc("10.20.0.0/16")
	subnet, foreign := c.subnet(vpc, "10.10.1.0/24"), c.mainTable(other)
	c.gateway(vpc)
	instance := c.server(subnet, "10.10.1.10", c.group(vpc, "web"))
	face := *c.face(ec2.CreateNetworkInterfaceInput{SubnetId: &subnet}).NetworkInterfaceId
	attachment := c.attach(face, c.server(subnet, "10.10.1.11", c.group(vpc, "db")))
	nat, egress, vpn, transit := c.nat(subnet, c.address()), c.egressOnly(vpc), c.vpn(vpc), c.transit()
	transitAttachment := c.transitAttachment(transit, vpc, subnet)
	ok := func(_ any, err error) { t.Helper(); refused(t, err, "no error") }
	for _, tt := range []struct {
		name    string
		to      ec2.CreateRouteInput
		shown   func(types.Route) *string
		id      string
		unknown ec2.CreateRouteInput
		code    string
		other   string // the code of a table in another VPC
		end     func()
	}{
		{
			"an instance", ec2.CreateRouteInput{InstanceId: &instance}, func(r types.Route) *string {
				return r.InstanceId
			}, instance,
			ec2.CreateRouteInput{InstanceId: aws.String("i-0123456789abcdef0")}, "InvalidInstanceID.NotFound",
			"InvalidParameterValue", func() {
				ok(c.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{instance}}))
			},
		},
		{
			"a network interface", ec2.CreateRouteInput{NetworkInterfaceId: &face}, func(r types.Route) *string {
				return r.NetworkInterfaceId
			}, face,
			ec2.CreateRouteInput{NetworkInterfaceId: aws.String("eni-0123456789abcdef0")}, "InvalidNetworkInterfaceID.NotFound",
			"InvalidParameterValue", func() {
				ok(c.DetachNetworkInterface(t.Context(), &ec2.DetachNetworkInterfaceInput{AttachmentId: &attachment}))
			},
		},
		{
			"a NAT gateway", ec2.CreateRouteInput{NatGatewayId: &nat}, func(r types.Route) *string {
				return r.NatGatewayId
			}, nat,
			ec2.CreateRouteInput{NatGatewayId: aws.String("nat-0123456789abcdef0")}, "InvalidNatGatewayID.NotFound",
			"InvalidParameterValue", func() {
				ok(c.DeleteNatGateway(t.Context(), &ec2.DeleteNatGatewayInput{NatGatewayId: &nat}))
			},
		},
		{
			"an egress-only internet gateway", ec2.CreateRouteInput{
				EgressOnlyInternetGatewayId: &egress, DestinationIpv6CidrBlock: aws.String("::/0"),
			},
			func(r types.Route) *string { return r.EgressOnlyInternetGatewayId }, egress,
			ec2.CreateRouteInput{EgressOnlyInternetGatewayId: aws.String("eigw-0123456789abcdef0")}, "InvalidGatewayID.NotFound",
			"InvalidParameterValue", func() {
				ok(c.DeleteEgressOnlyInternetGateway(t.Context(), &ec2.DeleteEgressOnlyInternetGatewayInput{
					EgressOnlyInternetGatewayId: &egress,
				}))
			},
		},
		{
			"a virtual private gateway", ec2.CreateRouteInput{GatewayId: &vpn}, func(r types.Route) *string {
				return r.GatewayId
			}, vpn,
			ec2.CreateRouteInput{GatewayId: aws.String("vgw-0123456789abcdef0")}, "InvalidGatewayID.NotFound",
			"InvalidParameterValue", func() {
				ok(c.DetachVpnGateway(t.Context(), &ec2.DetachVpnGatewayInput{VpnGatewayId: &vpn, VpcId: &vpc}))
			},
		},
		{
			"a transit gateway", ec2.CreateRouteInput{TransitGatewayId: &transit}, func(r types.Route) *string {
				return r.TransitGatewayId
			}, transit,
			ec2.CreateRouteInput{TransitGatewayId: aws.String("tgw-0123456789abcdef0")}, "InvalidTransitGatewayID.NotFound",
			"InvalidTransitGatewayID.NotFound", func() {
				ok(c.DeleteTransitGatewayVpcAttachment(t.Context(), &ec2.DeleteTransitGatewayVpcAttachmentInput{
					TransitGatewayAttachmentId: &transitAttachment,
				}))
			},
		},
	} {
		table := c.table(vpc)
		refused(t, c.create(table, tt.unknown), tt.code)
		refused(t, c.create(foreign, tt.to), tt.other)
		refused(t, c.create(table, tt.to), "no error")
		if got := c.last(table); aws.ToString(tt.shown(got)) != tt.id || got.State != types.RouteStateActive {
			t.Errorf("%s: the route is %+v", tt.name, got)
		}
		tt.end()
		if got := c.last(table); got.State != types.RouteStateBlackhole || aws.ToString(tt.shown(got)) != tt.id {
			t.Errorf("%s: the route is %+v after the target's end", tt.name, got)
		}
	}
}

// TestRecordedGatewayTargets refuses other ids in the place of a gateway's as users quote it:
// https://github.com/ansible-collections/amazon.aws/issues/2631
func TestRecordedGatewayTargets(t *testing.T) {
	t.Parallel()
	c := one(t)
	err := c.create(c.mainTable(c.vpc("10.10.0.0/16")), ec2.CreateRouteInput{
		GatewayId: aws.String("nat-02263ac47dfedea97"),
	})
	refused(t, err, "InvalidParameterValue")
	if !strings.Contains(err.Error(), "invalid value for parameter gateway-id: nat-02263ac47dfedea97") {
		t.Error(err)
	}
}

func TestRoutesInsideTheVPC(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	subnet, table := c.subnet(vpc, "10.10.1.0/24"), c.mainTable(vpc)
	inside := aws.String("10.10.1.0/24")
	refused(t, c.create(table, ec2.CreateRouteInput{DestinationCidrBlock: inside, GatewayId: aws.String(c.vpn(vpc))}),
		"InvalidParameterValue")
	face := c.face(ec2.CreateNetworkInterfaceInput{SubnetId: &subnet}).NetworkInterfaceId
	refused(t, c.create(table, ec2.CreateRouteInput{DestinationCidrBlock: inside, NetworkInterfaceId: face}), "no error")
	// IPv4
	refused(t, c.create(table, ec2.CreateRouteInput{EgressOnlyInternetGatewayId: aws.String(c.egressOnly(vpc))}),
		"InvalidParameterValue")
}

func TestAnInstanceWithTwoInterfacesIsNoTarget(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	subnet := c.subnet(vpc, "10.10.1.0/24")
	instance := c.server(subnet, "10.10.1.10", c.group(vpc, "web"))
	face := *c.face(ec2.CreateNetworkInterfaceInput{SubnetId: &subnet}).NetworkInterfaceId
	c.attach(face, instance)
	table := c.mainTable(vpc)
	refused(t, c.create(table, ec2.CreateRouteInput{InstanceId: &instance}), "InvalidInstanceID")
	refused(t, c.create(table, ec2.CreateRouteInput{NetworkInterfaceId: &face}), "no error")
	if got := c.last(table); aws.ToString(got.InstanceId) != instance || aws.ToString(got.InstanceOwnerId) != marketing {
		t.Errorf("the route is %+v", got)
	}
}

// TestPropagatedRoutes has routes that no call deletes or replaces, beside static ones of the same destination, which
// win: https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html and
// https://github.com/ansible/ansible/issues/43415.
func TestPropagatedRoutes(t *testing.T) {
	t.Parallel()
	s := sim.New(sim.Options{Quotas: sim.Quotas{RoutesPerTable: 2}})
	c := in(t, s, marketing, virginia)
	vpc := c.vpc("10.10.0.0/16")
	table, vpn, internet := c.mainTable(vpc), c.vpn(vpc), c.gateway(vpc)
	propagate := func() error {
		_, err := c.EnableVgwRoutePropagation(t.Context(), &ec2.EnableVgwRoutePropagationInput{
			RouteTableId: &table, GatewayId: &vpn,
		})
		return err
	}
	destination := "172.31.0.0/16"
	remove := func() error {
		_, err := c.DeleteRoute(t.Context(), &ec2.DeleteRouteInput{RouteTableId: &table, DestinationCidrBlock: &destination})
		return err
	}
	s.Advertise(vpn, netip.MustParsePrefix(destination), netip.MustParsePrefix("192.168.0.0/16"))
	refused(t, propagate(), "no error")
	if got := c.last(table); got.Origin != types.RouteOriginEnableVgwRoutePropagation ||
		aws.ToString(got.GatewayId) != vpn {
		t.Errorf("the route is %+v", got)
	}
	_, err := c.ReplaceRoute(t.Context(), &ec2.ReplaceRouteInput{
		RouteTableId: &table, DestinationCidrBlock: &destination, GatewayId: &internet,
	})
	refused(t, err, "InvalidParameterValue")
	refused(t, remove(), "InvalidRoute.NotFound")
	// the quota leaves propagated ones out
	refused(t, c.create(table, ec2.CreateRouteInput{DestinationCidrBlock: &destination, GatewayId: &internet}), "no error")
	want := []string{
		"10.10.0.0/16 local active", destination + " " + internet + " active",
		destination + " " + vpn + " active", "192.168.0.0/16 " + vpn + " active",
	}
	if diff := cmp.Diff(want, c.routes(table)); diff != "" {
		t.Error(diff)
	}
	refused(t, remove(), "no error") // the static one
	if got := c.routes(table); slices.Contains(got, want[1]) || !slices.Contains(got, want[2]) {
		t.Errorf("routes are %v", got)
	}
	must[*ec2.DetachVpnGatewayOutput](t)(c.DetachVpnGateway(t.Context(), &ec2.DetachVpnGatewayInput{
		VpnGatewayId: &vpn, VpcId: &vpc,
	}))
	if diff := cmp.Diff(want[:1], c.routes(table)); diff != "" {
		t.Error(diff)
	}
	refused(t, propagate(), "Gateway.NotAttached")
}

// https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-working-with.html
func TestNatGateways(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	subnet, address := c.subnet(vpc, "10.10.1.0/24"), c.address()
	create := func(in ec2.CreateNatGatewayInput) error {
		in.SubnetId = &subnet
		_, err := c.CreateNatGateway(t.Context(), &in)
		return err
	}
	refused(t, create(ec2.CreateNatGatewayInput{}), "MissingParameter")
	refused(t, create(ec2.CreateNatGatewayInput{AllocationId: &address, ConnectivityType: types.ConnectivityTypePrivate}),
		"InvalidParameterCombination")
	refused(t, create(ec2.CreateNatGatewayInput{AllocationId: &address}), "Gateway.NotAttached")
	c.gateway(vpc)
	nat := c.nat(subnet, address)
	refused(t, create(ec2.CreateNatGatewayInput{AllocationId: &address}), "Resource.AlreadyAssociated")
	_, err := c.ReleaseAddress(t.Context(), &ec2.ReleaseAddressInput{AllocationId: &address})
	refused(t, err, "InvalidIPAddress.InUse")
	shown := func() types.NatGateway {
		t.Helper()
		return must[*ec2.DescribeNatGatewaysOutput](t)(c.DescribeNatGateways(t.Context(),
			&ec2.DescribeNatGatewaysInput{NatGatewayIds: []string{nat}})).NatGateways[0]
	}
	first := shown()
	if first.State != types.NatGatewayStateAvailable ||
		aws.ToString(first.NatGatewayAddresses[0].AllocationId) != address {
		t.Errorf("the NAT gateway is %+v", first)
	}
	face := *first.NatGatewayAddresses[0].NetworkInterfaceId
	if got := c.described(face); got.InterfaceType != "nat_gateway" ||
		aws.ToString(got.Association.AllocationId) != address {
		t.Errorf("its interface is %+v", got)
	}
	_, err = c.DeleteNetworkInterface(t.Context(), &ec2.DeleteNetworkInterfaceInput{NetworkInterfaceId: &face})
	refused(t, err, "OperationNotPermitted")
	must[*ec2.DeleteNatGatewayOutput](t)(c.DeleteNatGateway(t.Context(), &ec2.DeleteNatGatewayInput{NatGatewayId: &nat}))
	if got := shown(); got.State != types.NatGatewayStateDeleted || got.DeleteTime == nil {
		t.Errorf("the NAT gateway is %+v", got)
	}
	_, err = c.ReleaseAddress(t.Context(), &ec2.ReleaseAddressInput{AllocationId: &address})
	refused(t, err, "no error")
	refused(t, create(ec2.CreateNatGatewayInput{ConnectivityType: types.ConnectivityTypePrivate}), "no error")
}

func TestElasticIPOfAnInstance(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	c.gateway(vpc)
	instance, address := c.server(c.subnet(vpc, "10.10.1.0/24"), "10.10.1.10", c.group(vpc, "web")), c.address()
	bound := must[*ec2.AssociateAddressOutput](t)(c.AssociateAddress(t.Context(), &ec2.AssociateAddressInput{
		AllocationId: &address, InstanceId: &instance,
	}))
	shown := func(filters ...types.Filter) []types.Address {
		t.Helper()
		return must[*ec2.DescribeAddressesOutput](t)(c.DescribeAddresses(t.Context(),
			&ec2.DescribeAddressesInput{Filters: filters})).Addresses
	}
	got := shown(filter("instance-id", instance))
	if len(got) != 1 || aws.ToString(got[0].AssociationId) != *bound.AssociationId ||
		aws.ToString(got[0].PrivateIpAddress) != "10.10.1.10" {
		t.Errorf("addresses of the instance are %+v", got)
	}
	must[*ec2.DisassociateAddressOutput](t)(c.DisassociateAddress(t.Context(), &ec2.DisassociateAddressInput{
		AssociationId: bound.AssociationId,
	}))
	if got := shown(); got[0].AssociationId != nil {
		t.Errorf("the address is %+v", got)
	}
	must[*ec2.AssociateAddressOutput](t)(c.AssociateAddress(t.Context(), &ec2.AssociateAddressInput{
		AllocationId: &address, InstanceId: &instance,
	}))
	must[*ec2.TerminateInstancesOutput](t)(c.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{
		InstanceIds: []string{instance},
	}))
	if got := shown(); got[0].AssociationId != nil {
		t.Errorf("the address is %+v after the end of its instance", got)
	}
}

func TestTransitGateways(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	subnet, gateway := c.subnet(vpc, "10.10.1.0/24"), c.transit()
	attachment := c.transitAttachment(gateway, vpc, subnet)
	_, err := c.CreateTransitGatewayVpcAttachment(t.Context(), &ec2.CreateTransitGatewayVpcAttachmentInput{
		TransitGatewayId: &gateway, VpcId: &vpc, SubnetIds: []string{subnet},
	})
	refused(t, err, "DuplicateTransitGatewayAttachment")
	_, err = c.DeleteTransitGateway(t.Context(), &ec2.DeleteTransitGatewayInput{TransitGatewayId: &gateway})
	refused(t, err, "IncorrectState")
	_, err = c.DeleteSubnet(t.Context(), &ec2.DeleteSubnetInput{SubnetId: &subnet})
	refused(t, err, "DependencyViolation")
	out := must[*ec2.DescribeTransitGatewayVpcAttachmentsOutput](t)(c.DescribeTransitGatewayVpcAttachments(t.Context(),
		&ec2.DescribeTransitGatewayVpcAttachmentsInput{
			Filters: []types.Filter{filter("transit-gateway-id", gateway), filter("tag:Name", "a")},
		}))
	if len(out.TransitGatewayVpcAttachments) != 1 || out.TransitGatewayVpcAttachments[0].SubnetIds[0] != subnet {
		t.Errorf("attachments are %+v", out.TransitGatewayVpcAttachments)
	}
	_, err = c.DeleteTransitGatewayVpcAttachment(t.Context(), &ec2.DeleteTransitGatewayVpcAttachmentInput{
		TransitGatewayAttachmentId: &attachment,
	})
	refused(t, err, "no error")
	_, err = c.DeleteTransitGateway(t.Context(), &ec2.DeleteTransitGatewayInput{TransitGatewayId: &gateway})
	refused(t, err, "no error")
}
