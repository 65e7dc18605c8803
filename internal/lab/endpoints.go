package lab

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// GatewayEndpoint creates the endpoint of the service in the VPC, with a route in the table.
func (p *Person) GatewayEndpoint(v VPC, service string, table peering.RouteTableID) {
	call(p, p.EC2.CreateVpcEndpoint, &ec2.CreateVpcEndpointInput{
		VpcId: str(v.ID), VpcEndpointType: types.VpcEndpointTypeGateway, RouteTableIds: []string{string(table)},
		ServiceName: aws.String("com.amazonaws." + string(p.Region) + "." + service),
	})
}

// RouteToEndpoint adds a gateway endpoint's route to the table.
func (p *Person) RouteToEndpoint(table peering.RouteTableID, id peering.EndpointID) {
	call(p, p.EC2.ModifyVpcEndpoint, &ec2.ModifyVpcEndpointInput{
		VpcEndpointId: str(id), AddRouteTableIds: []string{string(table)},
	})
}

// UnrouteEndpoint removes a gateway endpoint's route from the table.
func (p *Person) UnrouteEndpoint(table peering.RouteTableID, id peering.EndpointID) {
	call(p, p.EC2.ModifyVpcEndpoint, &ec2.ModifyVpcEndpointInput{
		VpcEndpointId: str(id), RemoveRouteTableIds: []string{string(table)},
	})
}

// EndpointPolicy sets the policy of an endpoint and returns the one before.
func (p *Person) EndpointPolicy(id peering.EndpointID, document string) (before string) {
	out := call(p, p.EC2.DescribeVpcEndpoints, &ec2.DescribeVpcEndpointsInput{VpcEndpointIds: []string{string(id)}})
	call(p, p.EC2.ModifyVpcEndpoint, &ec2.ModifyVpcEndpointInput{VpcEndpointId: str(id), PolicyDocument: &document})
	if out == nil {
		return ""
	}
	return aws.ToString(out.VpcEndpoints[0].PolicyDocument)
}

// EndpointDNS turns private DNS of an interface endpoint on or off.
func (p *Person) EndpointDNS(id peering.EndpointID, on bool) {
	call(p, p.EC2.ModifyVpcEndpoint, &ec2.ModifyVpcEndpointInput{VpcEndpointId: str(id), PrivateDnsEnabled: &on})
}

// EndpointRoutes lists the table's routes to endpoints, as pl-… → vpce-….
func (p *Person) EndpointRoutes(table peering.RouteTableID) []string {
	out := call(p, p.EC2.DescribeRouteTables, &ec2.DescribeRouteTablesInput{RouteTableIds: []string{string(table)}})
	if out == nil {
		return nil
	}
	var all []string
	for _, r := range out.RouteTables[0].Routes {
		if r.DestinationPrefixListId != nil && r.State == types.RouteStateActive {
			all = append(all, *r.DestinationPrefixListId+" → "+aws.ToString(r.GatewayId))
		}
	}
	return all
}
