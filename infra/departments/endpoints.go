package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/jsii-runtime-go"
)

// managers are the services that a server's agent of Systems Manager calls.
var managers = []string{"ssm", "ssmmessages", "ec2messages"}

// addEndpoints adds the private ways out of a subnet without an internet gateway. One leads to S3 by a route, limited
// to the reports. The other leads to Systems Manager by network interfaces, which take the services' public names
// inside the VPC.
func (n network) addEndpoints(d department, r reports) {
	group := awsec2.NewCfnSecurityGroup(n.stack, jsii.String("EndpointSecurityGroup"), &awsec2.CfnSecurityGroupProps{
		GroupDescription: jsii.String("The endpoints of Systems Manager"), VpcId: n.vpc.Ref(),
		Tags: named(d.title() + "EndpointSecurityGroup"),
		SecurityGroupIngress: []any{map[string]any{
			"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIp": d.block.String(), "description": "HTTPS from the VPC",
		}},
		SecurityGroupEgress: []any{map[string]any{
			"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIp": d.block.String(), "description": "HTTPS to the VPC",
		}},
	})
	for _, name := range managers {
		awsec2.NewCfnVPCEndpoint(n.stack, jsii.String("Endpoint-"+name), &awsec2.CfnVPCEndpointProps{
			ServiceName: n.service(name), VpcId: n.vpc.Ref(), VpcEndpointType: jsii.String("Interface"),
			PrivateDnsEnabled: jsii.Bool(true),
			SubnetIds:         &[]any{n.subnet.Ref()}, SecurityGroupIds: &[]any{group.AttrGroupId()},
		})
	}
	awsec2.NewCfnVPCEndpoint(n.stack, jsii.String(storageID), &awsec2.CfnVPCEndpointProps{
		ServiceName: n.service("s3"), VpcId: n.vpc.Ref(), VpcEndpointType: jsii.String("Gateway"),
		RouteTableIds: &[]any{n.table.Ref()},
		PolicyDocument: document(map[string]any{
			"Sid": "OnlyTheReports", "Effect": "Allow", "Principal": "*", "Action": []any{"s3:GetObject", "s3:ListBucket"},
			"Resource": r.arns(),
		}),
	})
}

func (n network) service(name string) *string {
	return jsii.String("com.amazonaws." + *n.stack.Region() + "." + name)
}
