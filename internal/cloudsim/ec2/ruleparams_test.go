package ec2_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// TestEgressRulesAreInPermissionsAlone: the code and the text are quoted in
// https://github.com/boto/boto3/issues/526 and https://github.com/boto/boto3/issues/790, of a call with a protocol,
// ports and CidrIp. EC2's API reference has all of these parameters as "Not supported".
func TestEgressRulesAreInPermissionsAlone(t *testing.T) {
	t.Parallel()
	c := one(t)
	group := c.group(c.vpc("10.0.0.0/16"), "servers")
	_, err := c.AuthorizeSecurityGroupEgress(t.Context(), &ec2.AuthorizeSecurityGroupEgressInput{
		GroupId: &group, IpProtocol: aws.String("tcp"), FromPort: aws.Int32(443), ToPort: aws.Int32(443),
		CidrIp: aws.String("10.1.0.0/16"),
	})
	refusedWith(t, err, "UnknownParameter", "The parameter CidrIp is not recognized")
	_, err = c.RevokeSecurityGroupEgress(t.Context(), &ec2.RevokeSecurityGroupEgressInput{
		GroupId: &group, IpProtocol: aws.String("-1"), CidrIp: aws.String("0.0.0.0/0"),
	})
	refusedWith(t, err, "UnknownParameter", "The parameter CidrIp is not recognized")
	_, err = c.AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{
		GroupId: &group, IpProtocol: aws.String("tcp"), FromPort: aws.Int32(443), ToPort: aws.Int32(443),
		CidrIp: aws.String("10.1.0.0/16"),
	})
	refused(t, err, "no error")
}

// TestARuleNeedsASource has codes and texts that are quoted in
// https://github.com/crossplane-contrib/provider-aws/issues/1496, https://github.com/boto/boto3/issues/1078 and
// https://github.com/aws/aws-sdk-js/issues/417.
func TestARuleNeedsASource(t *testing.T) {
	t.Parallel()
	c := one(t)
	group := c.group(c.vpc("10.0.0.0/16"), "servers")
	const nothing = "Missing source specification: include source security group or CIDR information"
	for _, tt := range []struct {
		name string
		in   ec2.AuthorizeSecurityGroupIngressInput
		text string
	}{
		{"in a permission", ec2.AuthorizeSecurityGroupIngressInput{IpPermissions: []types.IpPermission{tcp(443)}}, nothing},
		{"beside a permission", ec2.AuthorizeSecurityGroupIngressInput{
			IpPermissions: []types.IpPermission{tcp(443, "10.1.0.0/16"), tcp(80)},
		}, nothing},
		{"in parameters", ec2.AuthorizeSecurityGroupIngressInput{
			IpProtocol: aws.String("tcp"), FromPort: aws.Int32(443), ToPort: aws.Int32(443),
		}, nothing},
		{"only its owner", ec2.AuthorizeSecurityGroupIngressInput{SourceSecurityGroupOwnerId: aws.String(marketing)},
			"Source group ID missing."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.in.GroupId = &group
			_, err := c.AuthorizeSecurityGroupIngress(t.Context(), &tt.in)
			refusedWith(t, err, "MissingParameter", tt.text)
		})
	}
	if left := c.rules(group); len(left) != 0 {
		t.Errorf("the group has %v", left)
	}
}
