package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"
)

// amazonLinux is the public parameter with the current image of Amazon Linux 2023 for arm64:
// https://docs.aws.amazon.com/linux/al2023/ug/ec2.html#launch-via-aws-cli
const amazonLinux = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"

// addServer adds the department's server with its security group, which admits nothing: autopeer adds the agreed rules.
// People enter it through Session Manager, so that there are no keys. The role gets the further permissions.
func (n network) addServer(d department, permissions []any) awsec2.CfnInstance {
	group := n.addGroup(d)
	profile := awsiam.NewCfnInstanceProfile(n.stack, jsii.String("Profile"), &awsiam.CfnInstanceProfileProps{
		Roles: &[]any{n.addRole(permissions).Ref()},
	})
	image := awscdk.NewCfnParameter(n.stack, jsii.String("Image"), &awscdk.CfnParameterProps{
		Type: jsii.String("AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"), Default: jsii.String(amazonLinux),
	})
	server := awsec2.NewCfnInstance(n.stack, jsii.String("Server"), &awsec2.CfnInstanceProps{
		ImageId: image.ValueAsString(), InstanceType: jsii.String("t4g.nano"), IamInstanceProfile: profile.Ref(),
		EbsOptimized: jsii.Bool(true),
		SubnetId:     n.subnet.Ref(), SecurityGroupIds: &[]any{group.AttrGroupId()},
		MetadataOptions: &awsec2.CfnInstance_MetadataOptionsProperty{
			HttpEndpoint: jsii.String("enabled"), HttpTokens: jsii.String("required"), HttpPutResponseHopLimit: jsii.Number(1),
		},
		BlockDeviceMappings: []any{map[string]any{
			"deviceName": "/dev/xvda", "ebs": map[string]any{"encrypted": true, "volumeType": "gp3"},
		}},
		Tags: named(d.title() + "Server"),
	})
	n.output("ServerId", server.Ref())
	n.output("ServerAddress", server.AttrPrivateIp())
	return server
}

func (n network) addGroup(d department) awsec2.CfnSecurityGroup {
	return awsec2.NewCfnSecurityGroup(n.stack, jsii.String("ServerSecurityGroup"), &awsec2.CfnSecurityGroupProps{
		GroupDescription: jsii.String("The server of " + d.name), VpcId: n.vpc.Ref(),
		SecurityGroupEgress: []any{
			map[string]any{"ipProtocol": "-1", "cidrIp": "0.0.0.0/0", "description": "everything out"},
		},
		Tags: &[]*awscdk.CfnTag{
			{Key: jsii.String("Name"), Value: jsii.String(d.title() + "ServerSecurityGroup")},
			{Key: jsii.String("Role"), Value: jsii.String(d.name + "-server")},
		},
	})
}

// sessionManager are the calls of the agent on a server. Systems Manager restricts them to no resource.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
var sessionManager = statement("SessionManager", []any{
	"ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
	"ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel", "ec2messages:AcknowledgeMessage",
	"ec2messages:DeleteMessage", "ec2messages:FailMessage", "ec2messages:GetEndpoint", "ec2messages:GetMessages",
	"ec2messages:SendReply",
}, "*")

func (n network) addRole(permissions []any) awsiam.CfnRole {
	role := awsiam.NewCfnRole(n.stack, jsii.String("Role"), &awsiam.CfnRoleProps{
		Description: jsii.String("The server's agent of Systems Manager"),
		AssumeRolePolicyDocument: document(map[string]any{
			"Sid": "OnlyServers", "Effect": "Allow", "Principal": map[string]any{"Service": "ec2.amazonaws.com"},
			"Action": "sts:AssumeRole",
		}),
		Policies: []any{map[string]any{
			"policyName": "server", "policyDocument": document(append([]any{sessionManager}, permissions...)...),
		}},
	})
	accepted(role, [2]string{"CKV_AWS_111", "the agent's calls have no resources"})
	return role
}

func statement(sid string, actions, resources any) map[string]any {
	return map[string]any{"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
}

func document(statements ...any) map[string]any {
	return map[string]any{"Version": "2012-10-17", "Statement": statements}
}
