package ec2_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySubnetAttribute.html
func TestSubnetsWithoutAnOutpost(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.0.0.0/16")
	subnet := c.subnet(vpc, "10.0.1.0/24")
	yes := &types.AttributeBooleanValue{Value: aws.Bool(true)}
	no := &types.AttributeBooleanValue{Value: aws.Bool(false)}
	pool := aws.String("ipv4pool-coip-0123456789abcdef0")
	for _, tt := range []struct {
		in   ec2.ModifySubnetAttributeInput
		want string
	}{
		{ec2.ModifySubnetAttributeInput{EnableLniAtDeviceIndex: aws.Int32(0)}, "InvalidParameterValue"},
		{ec2.ModifySubnetAttributeInput{EnableLniAtDeviceIndex: aws.Int32(65)}, "InvalidParameterValue"},
		{ec2.ModifySubnetAttributeInput{EnableLniAtDeviceIndex: aws.Int32(1)}, "OperationNotPermitted"},
		{ec2.ModifySubnetAttributeInput{MapCustomerOwnedIpOnLaunch: yes}, "MissingParameter"},
		{ec2.ModifySubnetAttributeInput{MapCustomerOwnedIpOnLaunch: yes, CustomerOwnedIpv4Pool: pool},
			"OperationNotPermitted"},
		{ec2.ModifySubnetAttributeInput{MapCustomerOwnedIpOnLaunch: no}, "no error"},
		{ec2.ModifySubnetAttributeInput{DisableLniAtDeviceIndex: yes}, "no error"},
		{ec2.ModifySubnetAttributeInput{DisableLniAtDeviceIndex: yes, MapPublicIpOnLaunch: yes},
			"InvalidParameterCombination"},
	} {
		tt.in.SubnetId = &subnet
		_, err := c.ModifySubnetAttribute(t.Context(), &tt.in)
		refused(t, err, tt.want)
	}
	out := must[*ec2.DescribeSubnetsOutput](t)(c.DescribeSubnets(t.Context(), &ec2.DescribeSubnetsInput{
		SubnetIds: []string{subnet},
	}))
	if got := out.Subnets[0].MapCustomerOwnedIpOnLaunch; got == nil || *got {
		t.Errorf("MapCustomerOwnedIpOnLaunch is %v, want false", got)
	}
	in := ec2.CreateSubnetInput{
		VpcId: &vpc, CidrBlock: aws.String("10.0.2.0/24"),
		OutpostArn: aws.String("arn:aws:outposts:us-east-1:111111111111:outpost/op-0123456789abcdef0"),
	}
	_, err := c.CreateSubnet(t.Context(), &in)
	refused(t, err, "MissingParameter")
	in.AvailabilityZone = aws.String("us-east-1a")
	_, err = c.CreateSubnet(t.Context(), &in)
	refused(t, err, "InvalidParameterValue")
}
