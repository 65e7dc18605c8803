package ec2_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

func (c client) replace(table string, in ec2.ReplaceRouteInput) error {
	in.RouteTableId = &table
	_, err := c.ReplaceRoute(c.t.Context(), &in)
	return err
}

// localRoute returns the route of a table for a block of the VPC.
func (c client) localRoute(table, block string) types.Route {
	c.t.Helper()
	out := must[*ec2.DescribeRouteTablesOutput](c.t)(c.DescribeRouteTables(c.t.Context(), &ec2.DescribeRouteTablesInput{
		RouteTableIds: []string{table},
	}))
	routes := out.RouteTables[0].Routes
	i := slices.IndexFunc(routes, func(r types.Route) bool { return aws.ToString(r.DestinationCidrBlock) == block })
	return routes[i]
}

// TestLocalRouteWithAnotherTarget replaces and restores the target:
// https://docs.aws.amazon.com/vpc/latest/userguide/replace-local-route-target.html.
func TestLocalRouteWithAnotherTarget(t *testing.T) {
	t.Parallel()
	s := sim.New(sim.Options{})
	c := in(t, s, marketing, virginia)
	block := aws.String("10.10.0.0/16")
	vpc := c.vpc(*block)
	table, gateway := c.mainTable(vpc), c.gateway(vpc)
	group := c.group(vpc, "web")
	sender := c.server(c.subnet(vpc, "10.10.1.0/24"), "10.10.1.10", group)
	subnet := c.subnet(vpc, "10.10.3.0/24")
	face := c.face(ec2.CreateNetworkInterfaceInput{SubnetId: &subnet}).NetworkInterfaceId
	route := func() types.Route { return c.localRoute(table, *block) }

	replace := func(in ec2.ReplaceRouteInput) error {
		in.DestinationCidrBlock = block
		return c.replace(table, in)
	}
	local := aws.Bool(true)
	refused(t, replace(ec2.ReplaceRouteInput{GatewayId: &gateway}), "InvalidParameterValue")
	refused(t, replace(ec2.ReplaceRouteInput{NetworkInterfaceId: face, LocalTarget: local}), "InvalidParameterCombination")
	refused(t, replace(ec2.ReplaceRouteInput{NetworkInterfaceId: face}), "no error")
	if got := route(); aws.ToString(got.NetworkInterfaceId) != *face || got.GatewayId != nil || got.State != "blackhole" {
		t.Errorf("the local route is %+v, want the idle interface as its target", got)
	}
	ping := sim.Packet{From: sender, To: netip.MustParseAddr("10.10.2.10"), Protocol: "icmp"}
	if _, stoppedBy := s.Walk(ping); stoppedBy != "blackhole" {
		t.Errorf("a packet inside the VPC is stopped by %q, want the route's target", stoppedBy)
	}
	_, err := c.DeleteRoute(t.Context(), &ec2.DeleteRouteInput{RouteTableId: &table, DestinationCidrBlock: block})
	refused(t, err, "InvalidParameterValue")
	refused(t, replace(ec2.ReplaceRouteInput{LocalTarget: local}), "no error")
	if got := route(); aws.ToString(got.GatewayId) != "local" || got.State != types.RouteStateActive {
		t.Errorf("the restored route is %+v", got)
	}
	refused(t, c.create(table, ec2.CreateRouteInput{GatewayId: &gateway}), "no error")
	refused(t, c.replace(table, ec2.ReplaceRouteInput{
		DestinationCidrBlock: aws.String("192.0.2.0/24"), LocalTarget: local,
	}), "InvalidParameterValue") // no local route
}

// TestALocalRouteEndsWithItsBlock and starts again as any other if the block comes back.
func TestALocalRouteEndsWithItsBlock(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc, block := c.vpc("10.10.0.0/16"), aws.String("10.11.0.0/16")
	table := c.mainTable(vpc)
	subnet := c.subnet(vpc, "10.10.1.0/24")
	face := c.face(ec2.CreateNetworkInterfaceInput{SubnetId: &subnet}).NetworkInterfaceId
	associate := func() *string {
		out := must[*ec2.AssociateVpcCidrBlockOutput](t)(c.associate(vpc, *block))
		return out.CidrBlockAssociation.AssociationId
	}
	id := associate()
	refused(t, c.replace(table, ec2.ReplaceRouteInput{DestinationCidrBlock: block, NetworkInterfaceId: face}), "no error")
	_, err := c.DisassociateVpcCidrBlock(t.Context(), &ec2.DisassociateVpcCidrBlockInput{AssociationId: id})
	refused(t, err, "no error")
	associate()
	if got := c.localRoute(table, *block); aws.ToString(got.GatewayId) != "local" {
		t.Errorf("the route of the new block is %+v", got)
	}
}

// TestTargetsThatNoAccountHas are known parameters with a refusal of their own.
func TestTargetsThatNoAccountHas(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	table := c.mainTable(vpc)
	e := must[types.VpcEndpoint](t)(c.endpoint(ec2.CreateVpcEndpointInput{VpcId: &vpc, ServiceName: aws.String(s3)}))
	arn := aws.String("arn:aws:networkmanager::111111111111:core-network/core-network-0123456789abcdef0")
	for code, in := range map[string]ec2.CreateRouteInput{
		"InvalidVpcEndpointId.NotFound":          {VpcEndpointId: aws.String("vpce-0123456789abcdef0")},
		"InvalidVpcEndpointId.Malformed":         {VpcEndpointId: aws.String("endpoint")},
		"InvalidParameterValue":                  {VpcEndpointId: e.VpcEndpointId}, // not of a Gateway Load Balancer
		"InvalidCarrierGatewayID.NotFound":       {CarrierGatewayId: aws.String("cagw-0123456789abcdef0")},
		"InvalidLocalGatewayID.NotFound":         {LocalGatewayId: aws.String("lgw-0123456789abcdef0")},
		"InvalidCoreNetworkArn.NotFound":         {CoreNetworkArn: arn},
		"InvalidParameterCombination":            {CoreNetworkArn: arn, GatewayId: aws.String(c.gateway(vpc))},
		"InvalidVpcPeeringConnectionID.NotFound": {VpcPeeringConnectionId: aws.String("pcx-0123456789abcdef0")},
	} {
		refused(t, c.create(table, in), code)
	}
}
