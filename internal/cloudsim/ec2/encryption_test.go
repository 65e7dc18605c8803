package ec2_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEncryptionControlConfiguration.html
func TestEncryptionControlOfAVPC(t *testing.T) {
	t.Parallel()
	c := one(t)
	create := func(o *types.VpcEncryptionControlConfiguration) (*ec2.CreateVpcOutput, error) {
		return c.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16"), VpcEncryptionControl: o})
	}
	id := must[*ec2.CreateVpcOutput](t)(create(&types.VpcEncryptionControlConfiguration{
		Mode: "enforce", NatGatewayExclusion: "enable", LambdaExclusion: "disable",
	})).Vpc.VpcId
	out := must[*ec2.DescribeVpcsOutput](t)(c.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{VpcIds: []string{*id}}))
	got := out.Vpcs[0].EncryptionControl
	if got == nil || got.Mode != "enforce" || *got.VpcId != *id || got.State != "available" ||
		got.ResourceExclusions.NatGateway.State != "enabled" || got.ResourceExclusions.Lambda.State != "disabled" {
		t.Errorf("the encryption control is %+v", got)
	}
	if got := must[*ec2.CreateVpcOutput](t)(create(nil)).Vpc.EncryptionControl; got != nil {
		t.Errorf("a VPC without encryption control shows %+v", got)
	}
	for _, wrong := range []types.VpcEncryptionControlConfiguration{
		{Mode: "strict"}, {Mode: "enforce", LambdaExclusion: "yes"},
	} {
		_, err := create(&wrong)
		refused(t, err, "InvalidParameterValue")
	}
}
