package cloudsim_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// TestTheTagsOfAnInstanceDecideWhoChangesIt:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
func TestTheTagsOfAnInstanceDecideWhoChangesIt(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	owner := n.client(account, "any")
	start := func(team string) string {
		out, err := owner.RunInstances(t.Context(), &ec2sdk.RunInstancesInput{
			ImageId: aws.String("ami-0123456789abcdef0"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
			TagSpecifications: []ec2types.TagSpecification{
				{ResourceType: ec2types.ResourceTypeInstance, Tags: []ec2types.Tag{{Key: aws.String("Team"), Value: &team}}},
			},
		})
		check(t, err)
		return *out.Instances[0].InstanceId
	}
	for action, call := range instanceCalls(t) {
		ours, theirs := start("us"), start("them")
		worker := n.as(t, permit(action, "instance/*", `"StringEquals":{"aws:ResourceTag/Team":"us"}`))
		if err := call(worker, theirs); status(err) != 403 {
			t.Errorf("%s of another team's instance: %v", action, err)
		}
		if err := call(worker, ours); err != nil {
			t.Errorf("%s of an own instance: %v", action, err)
		}
	}
	ours, theirs := start("us"), start("them")
	worker := n.as(t, permit("StopInstances", "instance/*", `"StringEquals":{"aws:ResourceTag/Team":"us"}`))
	_, err := worker.StopInstances(t.Context(), &ec2sdk.StopInstancesInput{InstanceIds: []string{ours, theirs}})
	if status(err) != 403 {
		t.Errorf("stopping another team's instance beside an own one: %v", err)
	}
	_, err = worker.StartInstances(t.Context(), &ec2sdk.StartInstancesInput{InstanceIds: []string{ours}})
	if status(err) != 403 {
		t.Errorf("starting without a permission: %v", err)
	}
}

// instanceCalls are the calls for one instance by their actions.
func instanceCalls(t *testing.T) map[string]func(c *ec2sdk.Client, id string) error {
	ctx := t.Context()
	return map[string]func(c *ec2sdk.Client, id string) error{
		"StopInstances": func(c *ec2sdk.Client, id string) error {
			_, err := c.StopInstances(ctx, &ec2sdk.StopInstancesInput{InstanceIds: []string{id}})
			return err
		},
		"MonitorInstances": func(c *ec2sdk.Client, id string) error {
			_, err := c.MonitorInstances(ctx, &ec2sdk.MonitorInstancesInput{InstanceIds: []string{id}})
			return err
		},
		"UnmonitorInstances": func(c *ec2sdk.Client, id string) error {
			_, err := c.UnmonitorInstances(ctx, &ec2sdk.UnmonitorInstancesInput{InstanceIds: []string{id}})
			return err
		},
		"DescribeInstanceAttribute": func(c *ec2sdk.Client, id string) error {
			_, err := c.DescribeInstanceAttribute(ctx, &ec2sdk.DescribeInstanceAttributeInput{
				InstanceId: &id, Attribute: ec2types.InstanceAttributeNameInstanceType,
			})
			return err
		},
		"ModifyInstanceAttribute": func(c *ec2sdk.Client, id string) error {
			_, err := c.ModifyInstanceAttribute(ctx, &ec2sdk.ModifyInstanceAttributeInput{
				InstanceId: &id, DisableApiStop: &ec2types.AttributeBooleanValue{Value: aws.Bool(false)},
			})
			return err
		},
		"ModifyInstanceMetadataOptions": func(c *ec2sdk.Client, id string) error {
			_, err := c.ModifyInstanceMetadataOptions(ctx, &ec2sdk.ModifyInstanceMetadataOptionsInput{
				InstanceId: &id, HttpTokens: ec2types.HttpTokensStateRequired,
			})
			return err
		},
		"TerminateInstances": func(c *ec2sdk.Client, id string) error {
			_, err := c.TerminateInstances(ctx, &ec2sdk.TerminateInstancesInput{InstanceIds: []string{id}})
			return err
		},
	}
}

// TestRunInstancesAsksForEachResource:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ExamplePolicies_EC2.html#iam-example-runinstances
func TestRunInstancesAsksForEachResource(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	owner := n.client(account, "any")
	subnet := func(block string) string {
		out, err := owner.CreateSubnet(t.Context(), &ec2sdk.CreateSubnetInput{VpcId: &n.requester, CidrBlock: &block})
		check(t, err)
		return *out.Subnet.SubnetId
	}
	ours, theirs := subnet("10.0.1.0/24"), subnet("10.0.2.0/24")
	const here = `"ArnEquals":{"ec2:Vpc":"` + ec2Here + `vpc/`
	parts := map[string]string{
		"image":          `{"Effect":"Allow","Action":"ec2:RunInstances","Resource":"arn:aws:ec2:us-east-1::image/ami-*"}`,
		"instance":       permit("RunInstances", "instance/*", `"StringEquals":{"ec2:InstanceType":"t3.micro"}`),
		"volume":         permit("RunInstances", "volume/*", ""),
		"interface":      permit("RunInstances", "network-interface/*", ""),
		"subnet":         permit("RunInstances", "subnet/"+ours, ""),
		"security group": permit("RunInstances", "security-group/*", here+n.requester+`"}`),
	}
	run := func(without, subnet string, size ec2types.InstanceType) error {
		var statements []string
		for name, statement := range parts {
			if name != without {
				statements = append(statements, statement)
			}
		}
		_, err := n.as(t, statements...).RunInstances(t.Context(), &ec2sdk.RunInstancesInput{
			ImageId: aws.String("ami-0123456789abcdef0"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1), InstanceType: size,
			NetworkInterfaces: []ec2types.InstanceNetworkInterfaceSpecification{{
				DeviceIndex: aws.Int32(0), SubnetId: &subnet, Groups: []string{n.group},
			}},
		})
		return err
	}
	check(t, run("", ours, ec2types.InstanceTypeT3Micro))
	for name := range parts {
		if err := run(name, ours, ec2types.InstanceTypeT3Micro); status(err) != 403 {
			t.Errorf("without a permission for the %s: %v", name, err)
		}
	}
	if err := run("", theirs, ec2types.InstanceTypeT3Micro); status(err) != 403 {
		t.Errorf("in another subnet: %v", err)
	}
	if err := run("", ours, ec2types.InstanceTypeT3Large); status(err) != 403 {
		t.Errorf("with another type: %v", err)
	}
}

func TestTheNameOfAKeyPairDecidesWhoMakesIt(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	const ours = ec2Here + "key-pair/us-*"
	worker := n.as(t, `{"Effect":"Allow","Action":["ec2:CreateKeyPair","ec2:DeleteKeyPair"],"Resource":"`+ours+`"}`)
	made, err := worker.CreateKeyPair(t.Context(), &ec2sdk.CreateKeyPairInput{
		KeyName: aws.String("us-1"), KeyType: "ed25519",
	})
	check(t, err)
	other, err := n.client(account, "any").CreateKeyPair(t.Context(), &ec2sdk.CreateKeyPairInput{
		KeyName: aws.String("them-1"), KeyType: "ed25519",
	})
	check(t, err)
	_, err = worker.CreateKeyPair(t.Context(), &ec2sdk.CreateKeyPairInput{KeyName: aws.String("them-2")})
	if status(err) != 403 {
		t.Errorf("creating a key pair of another team: %v", err)
	}
	_, err = worker.DeleteKeyPair(t.Context(), &ec2sdk.DeleteKeyPairInput{KeyPairId: other.KeyPairId})
	if status(err) != 403 {
		t.Errorf("deleting a key pair of another team: %v", err)
	}
	_, err = worker.DeleteKeyPair(t.Context(), &ec2sdk.DeleteKeyPairInput{KeyPairId: made.KeyPairId})
	check(t, err)
}

// TestTaggingATransitGatewaysPartsIsAPermissionOfItsOwn: these calls name their tags TagSpecifications, and other calls
// TagSpecification. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
func TestTaggingATransitGatewaysPartsIsAPermissionOfItsOwn(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	made, err := n.client(account, "any").CreateTransitGateway(t.Context(), &ec2sdk.CreateTransitGatewayInput{})
	check(t, err)
	gateway := made.TransitGateway.TransitGatewayId
	subnet, err := n.client(account, "any").CreateSubnet(t.Context(), &ec2sdk.CreateSubnetInput{
		VpcId: &n.requester, CidrBlock: aws.String("10.0.1.0/24"),
	})
	check(t, err)
	tags := func(k ec2types.ResourceType) []ec2types.TagSpecification {
		return []ec2types.TagSpecification{{
			ResourceType: k, Tags: []ec2types.Tag{{Key: aws.String("Team"), Value: aws.String("us")}},
		}}
	}
	table := &ec2sdk.CreateTransitGatewayRouteTableInput{
		TransitGatewayId: gateway, TagSpecifications: tags(ec2types.ResourceTypeTransitGatewayRouteTable),
	}
	attachment := &ec2sdk.CreateTransitGatewayVpcAttachmentInput{
		TransitGatewayId: gateway, VpcId: &n.requester, SubnetIds: []string{*subnet.Subnet.SubnetId},
		TagSpecifications: tags(ec2types.ResourceTypeTransitGatewayAttachment),
	}
	create := permit("CreateTransitGateway*", "*", "")
	without := n.as(t, create)
	_, err = without.CreateTransitGatewayRouteTable(t.Context(), table)
	if status(err) != 403 {
		t.Errorf("a tagged route table without ec2:CreateTags: %v", err)
	}
	_, err = without.CreateTransitGatewayVpcAttachment(t.Context(), attachment)
	if status(err) != 403 {
		t.Errorf("a tagged attachment without ec2:CreateTags: %v", err)
	}
	with := n.as(t, create, permit("CreateTags", "*", `"StringEquals":{"aws:RequestTag/Team":"us"}`))
	_, err = with.CreateTransitGatewayRouteTable(t.Context(), table)
	check(t, err)
	_, err = with.CreateTransitGatewayVpcAttachment(t.Context(), attachment)
	check(t, err)
}
