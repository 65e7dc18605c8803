package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/jsii-runtime-go"
)

// network is a department's VPC with one subnet and its route table.
type network struct {
	stack  awscdk.Stack
	vpc    awsec2.CfnVPC
	subnet awsec2.CfnSubnet
	table  awsec2.CfnRouteTable
}

// addDepartment adds the stack of a department: its network, its server, and, without an internet gateway, its
// endpoints.
func addDepartment(app awscdk.App, s settings, d department) {
	name := s.stackName(d)
	stack := awscdk.NewStack(app, &name, &awscdk.StackProps{
		StackName: &name, Description: jsii.String("The department " + d.name + " of autopeer's lab: a VPC with a server"),
		Env: &awscdk.Environment{Account: &d.account, Region: &d.region},
	})
	n := addNetwork(stack, d)
	if d.private {
		reports := n.addReports(s, d)
		n.addServer(d, reports.readBy())
		n.addEndpoints(d, reports)
		n.output("BucketName", reports.bucket.Ref())
	} else {
		route := n.addInternet(d)
		// EC2 detaches no gateway from a VPC with a public address, so the server is deleted first.
		n.addServer(d, nil).AddDependency(route)
	}
	n.output("Account", stack.Account())
	n.output("Region", stack.Region())
	n.output("VpcId", n.vpc.Ref())
	n.output("CidrBlock", n.vpc.AttrCidrBlock())
}

func addNetwork(stack awscdk.Stack, d department) network {
	n := network{stack: stack}
	n.vpc = awsec2.NewCfnVPC(stack, jsii.String("Vpc"), &awsec2.CfnVPCProps{
		CidrBlock: jsii.String(d.block.String()), EnableDnsSupport: jsii.Bool(true), EnableDnsHostnames: jsii.Bool(true),
		Tags: named(d.title()),
	})
	visibility := "Public"
	if d.private {
		visibility = "Private"
	}
	n.subnet = awsec2.NewCfnSubnet(stack, jsii.String("Subnet"), &awsec2.CfnSubnetProps{
		VpcId: n.vpc.Ref(), CidrBlock: jsii.String(d.subnet().String()), MapPublicIpOnLaunch: jsii.Bool(!d.private),
		Tags: named(d.title() + visibility + "Subnet"),
	})
	if !d.private {
		accepted(n.subnet, [2]string{
			"CKV_AWS_130", "the lab's public subnet: its server reaches Systems Manager over the internet gateway",
		})
	}
	n.table = awsec2.NewCfnRouteTable(stack, jsii.String("RouteTable"), &awsec2.CfnRouteTableProps{
		VpcId: n.vpc.Ref(), Tags: named(d.title() + visibility),
	})
	association := &awsec2.CfnSubnetRouteTableAssociationProps{SubnetId: n.subnet.Ref(), RouteTableId: n.table.Ref()}
	awsec2.NewCfnSubnetRouteTableAssociation(stack, jsii.String("Association"), association)
	return n
}

// addInternet adds a default route to an internet gateway.
func (n network) addInternet(d department) awscdk.CfnResource {
	gateway := awsec2.NewCfnInternetGateway(n.stack, jsii.String("Gateway"), &awsec2.CfnInternetGatewayProps{
		Tags: named(d.title()),
	})
	attached := &awsec2.CfnVPCGatewayAttachmentProps{VpcId: n.vpc.Ref(), InternetGatewayId: gateway.Ref()}
	attachment := awsec2.NewCfnVPCGatewayAttachment(n.stack, jsii.String("Attachment"), attached)
	route := awsec2.NewCfnRoute(n.stack, jsii.String("DefaultRoute"), &awsec2.CfnRouteProps{
		RouteTableId: n.table.Ref(), DestinationCidrBlock: jsii.String("0.0.0.0/0"), GatewayId: gateway.Ref(),
	})
	route.AddDependency(attachment) // EC2 refuses a route to a gateway that isn't attached
	return route
}

func (n network) output(name string, value *string) {
	awscdk.NewCfnOutput(n.stack, &name, &awscdk.CfnOutputProps{Value: value})
}

func named(name string) *[]*awscdk.CfnTag {
	return &[]*awscdk.CfnTag{{Key: jsii.String("Name"), Value: &name}}
}

// accepted notes beside a resource why findings of the security scanner are accepted there. Each pair is a finding and
// its reason.
func accepted(resource awscdk.CfnResource, pairs ...[2]string) {
	var skip []any
	for _, p := range pairs {
		skip = append(skip, map[string]any{"id": p[0], "comment": p[1]})
	}
	resource.AddMetadata(jsii.String("checkov"), map[string]any{"skip": skip})
}
