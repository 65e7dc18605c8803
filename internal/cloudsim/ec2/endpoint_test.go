package ec2_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

const s3 = "com.amazonaws.us-east-1.s3"

func (c client) endpoint(in ec2.CreateVpcEndpointInput) (types.VpcEndpoint, error) {
	out, err := c.CreateVpcEndpoint(c.t.Context(), &in)
	if err != nil {
		return types.VpcEndpoint{}, err
	}
	return *out.VpcEndpoint, nil
}

func (c client) modifyEndpoint(id *string, in ec2.ModifyVpcEndpointInput) error {
	in.VpcEndpointId = id
	_, err := c.ModifyVpcEndpoint(c.t.Context(), &in)
	return err
}

// TestGatewayEndpoint routes to the prefix list of its service, in routes that the calls for routes don't change:
// https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
func TestGatewayEndpoint(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	table, other := c.mainTable(vpc), c.table(vpc)
	e := must[types.VpcEndpoint](t)(c.endpoint(ec2.CreateVpcEndpointInput{
		VpcId: &vpc, ServiceName: aws.String(s3), RouteTableIds: []string{table},
	}))
	lists := must[*ec2.DescribePrefixListsOutput](t)(c.DescribePrefixLists(t.Context(), &ec2.DescribePrefixListsInput{
		Filters: []types.Filter{filter("prefix-list-name", s3)},
	}))
	list := lists.PrefixLists[0].PrefixListId
	got := c.last(table)
	if aws.ToString(got.GatewayId) != *e.VpcEndpointId || aws.ToString(got.DestinationPrefixListId) != *list ||
		got.State != types.RouteStateActive || got.Origin != types.RouteOriginCreateRoute {
		t.Errorf("the route is %+v", got)
	}
	if !strings.Contains(aws.ToString(e.PolicyDocument), "Allow") || e.State != "available" {
		t.Errorf("the endpoint is %+v", e)
	}
	_, err := c.DeleteRoute(t.Context(), &ec2.DeleteRouteInput{RouteTableId: &table, DestinationPrefixListId: list})
	refused(t, err, "InvalidParameterValue")
	_, err = c.ReplaceRoute(t.Context(), &ec2.ReplaceRouteInput{
		RouteTableId: &table, DestinationPrefixListId: list, GatewayId: aws.String(c.gateway(vpc)),
	})
	refused(t, err, "InvalidParameterValue")
	refused(t,
		c.modifyEndpoint(e.VpcEndpointId,
			ec2.ModifyVpcEndpointInput{AddRouteTableIds: []string{other}, RemoveRouteTableIds: []string{table}}), "no error")
	if here, there := c.routes(table), c.routes(other); len(here) != 1 || len(there) != 2 {
		t.Errorf("routes are %v and %v", here, there)
	}
	policy := `{"Version":"2012-10-17","Statement":[]}`
	refused(t, c.modifyEndpoint(e.VpcEndpointId, ec2.ModifyVpcEndpointInput{PolicyDocument: aws.String("{")}),
		"InvalidPolicyDocument")
	refused(t, c.modifyEndpoint(e.VpcEndpointId, ec2.ModifyVpcEndpointInput{PolicyDocument: &policy}), "no error")
	shown := must[*ec2.DescribeVpcEndpointsOutput](t)(c.DescribeVpcEndpoints(t.Context(),
		&ec2.DescribeVpcEndpointsInput{Filters: []types.Filter{filter("vpc-id", vpc)}})).VpcEndpoints[0]
	if aws.ToString(shown.PolicyDocument) != policy || len(shown.RouteTableIds) != 1 || shown.RouteTableIds[0] != other {
		t.Errorf("the endpoint is %+v", shown)
	}
	_, err = c.DeleteVpc(t.Context(), &ec2.DeleteVpcInput{VpcId: &vpc})
	refused(t, err, "DependencyViolation")
	out := must[*ec2.DeleteVpcEndpointsOutput](t)(c.DeleteVpcEndpoints(t.Context(), &ec2.DeleteVpcEndpointsInput{
		VpcEndpointIds: []string{*e.VpcEndpointId, "vpce-0123456789abcdef0"},
	}))
	if len(out.Unsuccessful) != 1 || aws.ToString(out.Unsuccessful[0].Error.Code) != "InvalidVpcEndpoint.NotFound" {
		t.Errorf("not deleted are %+v", out.Unsuccessful)
	}
	if there := c.routes(other); len(there) != 1 {
		t.Errorf("left are %v", there)
	}
}

// TestRecordedEndpointRefusals has the codes and texts that users quote:
// https://github.com/eksctl-io/eksctl/issues/4377, https://github.com/ansible-collections/amazon.aws/issues/576 and
// https://github.com/hashicorp/terraform-provider-aws/issues/17535.
func TestRecordedEndpointRefusals(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	table, subnet := c.mainTable(vpc), c.subnet(vpc, "10.10.1.0/24")
	ssm := aws.String("com.amazonaws.us-east-1.ssm")
	gateway := ec2.CreateVpcEndpointInput{VpcId: &vpc, ServiceName: aws.String(s3), RouteTableIds: []string{table}}
	private := ec2.CreateVpcEndpointInput{
		VpcId: &vpc, ServiceName: ssm, VpcEndpointType: types.VpcEndpointTypeInterface, SubnetIds: []string{subnet},
		PrivateDnsEnabled: aws.Bool(true),
	}
	routed := private
	routed.RouteTableIds = []string{table}
	must[types.VpcEndpoint](t)(c.endpoint(gateway))
	_, twice := c.endpoint(gateway)
	_, tables := c.endpoint(routed)
	_, unnamed := c.endpoint(private)
	must[*ec2.ModifyVpcAttributeOutput](t)(c.ModifyVpcAttribute(t.Context(), &ec2.ModifyVpcAttributeInput{
		VpcId: &vpc, EnableDnsHostnames: &types.AttributeBooleanValue{Value: aws.Bool(true)},
	}))
	must[types.VpcEndpoint](t)(c.endpoint(private))
	_, conflicting := c.endpoint(private)
	_, unknown := c.endpoint(ec2.CreateVpcEndpointInput{
		VpcId: &vpc, ServiceName: aws.String("com.amazonaws.us-east-1.nothing"),
	})
	of := func(service string, kind types.VpcEndpointType, subnets ...string) error {
		service = "com.amazonaws.us-east-1." + service
		_, err := c.endpoint(ec2.CreateVpcEndpointInput{
			VpcId: &vpc, ServiceName: &service, VpcEndpointType: kind, SubnetIds: subnets,
		})
		return err
	}
	untyped, mistyped := of("ssm", ""), of("ssm", "Nothing")
	balanced := of("ssm", types.VpcEndpointTypeGatewayLoadBalancer)
	const mismatch = " does not match available service types "
	typed, placed := of("dynamodb", types.VpcEndpointTypeInterface), of("dynamodb", "", subnet)
	for _, tt := range []struct {
		name, code, text string
		err              error
	}{
		{"a second gateway endpoint in a table", "RouteAlreadyExists",
			"already has a route with destination-prefix-list-id pl-", twice},
		{"tables of an interface endpoint", "InvalidParameter",
			"Route table IDs are only supported for Gateway type VPC Endpoint.", tables},
		{"private DNS without host names", "InvalidParameter", "requires both enableDnsSupport and enableDnsHostnames",
			unnamed},
		{"private DNS twice", "InvalidParameter",
			"private-dns-enabled cannot be set because there is already a conflicting DNS domain for " +
				"ssm.us-east-1.amazonaws.com", conflicting},
		{"an unknown service", "InvalidServiceName", "does not exist", unknown},
		{"an interface endpoint without a type", "InvalidParameter", "(Gateway)" + mismatch + "([Interface]).", untyped},
		{"a Gateway Load Balancer endpoint for it", "InvalidParameter", "(GatewayLoadBalancer)" + mismatch, balanced},
		{"an interface endpoint where there is none", "InvalidParameter", "(Interface)" + mismatch + "([Gateway]).", typed},
		{"an unknown type", "InvalidVpcEndpointType", "Nothing", mistyped},
		{"subnets of a gateway endpoint", "InvalidParameter", "only supported for Interface and GatewayLoadBalancer", placed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			refused(t, tt.err, tt.code)
			if tt.err != nil && !strings.Contains(tt.err.Error(), tt.text) {
				t.Errorf("%v lacks %q", tt.err, tt.text)
			}
		})
	}
}

// https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
func TestInterfaceEndpoint(t *testing.T) {
	t.Parallel()
	c := in(t, sim.New(sim.Options{}), marketing, virginia)
	vpc := c.vpc("10.10.0.0/16")
	subnet, group, second := c.subnet(vpc, "10.10.1.0/24"), c.group(vpc, "endpoint"), c.group(vpc, "second")
	e := must[types.VpcEndpoint](t)(c.endpoint(ec2.CreateVpcEndpointInput{
		VpcId: &vpc, ServiceName: aws.String("com.amazonaws.us-east-1.ssm"), VpcEndpointType: types.VpcEndpointTypeInterface,
		SubnetIds: []string{subnet}, SecurityGroupIds: []string{group}, PrivateDnsEnabled: aws.Bool(false),
	}))
	if len(e.NetworkInterfaceIds) != 1 || aws.ToBool(e.PrivateDnsEnabled) {
		t.Fatalf("the endpoint is %+v", e)
	}
	face := c.described(e.NetworkInterfaceIds[0])
	if face.InterfaceType != types.NetworkInterfaceTypeVpcEndpoint || !*face.RequesterManaged ||
		*face.Groups[0].GroupId != group {
		t.Errorf("its interface is %+v", face)
	}
	refused(t, c.modifyEndpoint(e.VpcEndpointId, ec2.ModifyVpcEndpointInput{RemoveSecurityGroupIds: []string{group}}),
		"InvalidParameter")
	refused(t,
		c.modifyEndpoint(e.VpcEndpointId,
			ec2.ModifyVpcEndpointInput{AddSecurityGroupIds: []string{second}, RemoveSecurityGroupIds: []string{group}}),
		"no error")
	if got := c.described(e.NetworkInterfaceIds[0]).Groups; len(got) != 1 || *got[0].GroupId != second {
		t.Errorf("its interface has %+v", got)
	}
	refused(t, c.modifyEndpoint(e.VpcEndpointId, ec2.ModifyVpcEndpointInput{PrivateDnsEnabled: aws.Bool(true)}),
		"InvalidParameter")
	private := ec2.CreateVpcEndpointInput{ // with private DNS by default
		VpcId: &vpc, ServiceName: aws.String("com.amazonaws.us-east-1.sqs"), VpcEndpointType: types.VpcEndpointTypeInterface,
	}
	_, err := c.endpoint(private)
	refused(t, err, "InvalidParameter")
	must[*ec2.ModifyVpcAttributeOutput](t)(c.ModifyVpcAttribute(t.Context(), &ec2.ModifyVpcAttributeInput{
		VpcId: &vpc, EnableDnsHostnames: &types.AttributeBooleanValue{Value: aws.Bool(true)},
	}))
	if named := must[types.VpcEndpoint](t)(c.endpoint(private)); !aws.ToBool(named.PrivateDnsEnabled) {
		t.Error("an interface endpoint has no private DNS by default")
	}
	must[*ec2.DeleteVpcEndpointsOutput](t)(c.DeleteVpcEndpoints(t.Context(), &ec2.DeleteVpcEndpointsInput{
		VpcEndpointIds: []string{*e.VpcEndpointId},
	}))
	_, err = c.DescribeNetworkInterfaces(t.Context(), &ec2.DescribeNetworkInterfacesInput{
		NetworkInterfaceIds: e.NetworkInterfaceIds,
	})
	refused(t, err, "InvalidNetworkInterfaceID.NotFound")
}
