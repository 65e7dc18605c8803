package ec2_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// TestReservedRanges refuses VPCs in them:
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html#add-cidr-block-restrictions
func TestReservedRanges(t *testing.T) {
	t.Parallel()
	c := one(t)
	for cidr, code := range map[string]string{
		"169.254.7.0/24": "InvalidVpc.Range", "127.0.0.0/16": "InvalidVpc.Range", "0.1.0.0/16": "InvalidVpc.Range",
		"224.0.0.0/16": "InvalidVpc.Range", "250.0.0.0/16": "InvalidVpc.Range",
		"198.19.0.0/16": "no error", "100.64.0.0/16": "no error", "8.8.0.0/16": "no error",
	} {
		_, err := c.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: &cidr})
		refused(t, err, code)
	}
}

// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html#add-cidr-block-restrictions
func TestRestrictedAssociations(t *testing.T) {
	t.Parallel()
	c := one(t)
	for _, tt := range []struct {
		primary            string
		allowed, forbidden []string
	}{
		{
			"10.10.0.0/16", []string{"10.0.0.0/16", "100.64.0.0/16", "8.8.0.0/16"},
			[]string{"172.16.0.0/16", "192.168.0.0/24", "198.19.0.0/16", "169.254.1.0/24"},
		},
		{"10.1.0.0/16", []string{"10.2.0.0/16"}, []string{"10.0.0.0/16", "10.0.200.0/24"}},
		{"10.0.0.0/24", []string{"10.1.0.0/16"}, []string{"10.0.1.0/24"}},
		{
			"172.16.0.0/16", []string{"172.30.0.0/16", "100.64.0.0/24"},
			[]string{"172.31.0.0/16", "172.31.7.0/24", "10.0.0.0/16", "198.19.0.0/24"},
		},
		{"192.168.0.0/24", []string{"192.168.1.0/24"}, []string{"10.2.0.0/16", "172.16.0.0/16"}},
		{"198.19.0.0/24", []string{"8.8.0.0/16", "100.64.0.0/16"}, []string{"10.2.0.0/16"}},
		{"100.64.0.0/16", []string{"100.65.0.0/16", "8.8.0.0/16"}, []string{"10.2.0.0/16", "198.19.0.0/16"}},
	} {
		vpc := c.vpc(tt.primary)
		for _, cidr := range tt.forbidden {
			_, err := c.associate(vpc, cidr)
			refused(t, err, "InvalidVpc.Range")
		}
		for _, cidr := range tt.allowed {
			_, err := c.associate(vpc, cidr)
			refused(t, err, "no error")
		}
	}
	mixed := c.vpc("10.10.0.0/16")
	for _, cidr := range []string{"100.64.0.0/16", "10.11.0.0/16"} { // the primary block's range stays open
		_, err := c.associate(mixed, cidr)
		refused(t, err, "no error")
	}
}

// TestPoolsOfBlocks: an account has no pool of the IP Address Manager, and an own pool if it names a block of it.
func TestPoolsOfBlocks(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	pool, unknown := aws.String("ipv6pool-ec2-0123456789abcdef0"), aws.String("ipam-pool-0123456789abcdef0")
	six, on := aws.String("2001:db8:1200::/44"), aws.Bool(true)
	here, there := aws.String(virginia), aws.String(ireland)
	type input = ec2.AssociateVpcCidrBlockInput
	for _, tt := range []struct {
		in   input
		code string
	}{
		{input{Ipv4IpamPoolId: unknown, Ipv4NetmaskLength: aws.Int32(20)}, "InvalidIpamPoolId.NotFound"},
		{input{Ipv4IpamPoolId: aws.String("pool")}, "InvalidIpamPoolId.Malformed"},
		{input{Ipv4NetmaskLength: aws.Int32(20)}, "InvalidParameterCombination"},
		{input{Ipv6IpamPoolId: unknown}, "InvalidIpamPoolId.NotFound"},
		{input{Ipv6Pool: pool}, "InvalidIpv6PoolID.NotFound"},
		{input{Ipv6CidrBlock: six}, "MissingParameter"},
		{input{Ipv6CidrBlock: six, Ipv6Pool: pool, AmazonProvidedIpv6CidrBlock: on}, "InvalidParameterCombination"},
		{input{CidrBlock: aws.String("10.11.0.0/16"), AmazonProvidedIpv6CidrBlock: on}, "InvalidParameterCombination"},
		{input{Ipv6CidrBlockNetworkBorderGroup: here}, "InvalidParameterCombination"},
		{input{Ipv6CidrBlockNetworkBorderGroup: there, AmazonProvidedIpv6CidrBlock: on}, "InvalidParameterValue"},
		{input{Ipv6CidrBlock: aws.String("2001:db8::/62"), Ipv6Pool: pool}, "InvalidVpc.Range"},
		{input{Ipv6CidrBlockNetworkBorderGroup: here, AmazonProvidedIpv6CidrBlock: on}, "no error"},
		{input{}, "MissingParameter"},
	} {
		tt.in.VpcId = &vpc
		_, err := c.AssociateVpcCidrBlock(t.Context(), &tt.in)
		refused(t, err, tt.code)
	}
	_, err := c.CreateVpc(t.Context(), &ec2.CreateVpcInput{Ipv4IpamPoolId: unknown})
	refused(t, err, "InvalidIpamPoolId.NotFound")
	second := aws.String("10.20.0.0/16")
	_, err = c.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: second, Ipv6IpamPoolId: unknown})
	refused(t, err, "InvalidIpamPoolId.NotFound")
	_, err = c.CreateSubnet(t.Context(), &ec2.CreateSubnetInput{VpcId: &vpc, Ipv4IpamPoolId: unknown})
	refused(t, err, "InvalidIpamPoolId.NotFound")
	made := must[*ec2.CreateVpcOutput](t)(c.CreateVpc(t.Context(), &ec2.CreateVpcInput{
		CidrBlock: second, Ipv6CidrBlock: six, Ipv6Pool: pool,
	})).Vpc
	got := made.Ipv6CidrBlockAssociationSet
	if len(got) != 1 || *got[0].Ipv6CidrBlock != *six || *got[0].Ipv6Pool != *pool {
		t.Errorf("the VPC has the IPv6 blocks %+v", got)
	}
}

// TestPoolsOfAddresses has Amazon's only:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AllocateAddress.html
func TestPoolsOfAddresses(t *testing.T) {
	t.Parallel()
	c := one(t)
	for code, in := range map[string]ec2.AllocateAddressInput{
		"InvalidPublicIpv4PoolID.NotFound": {PublicIpv4Pool: aws.String("ipv4pool-ec2-0123456789abcdef0")},
		"InvalidIpamPoolId.NotFound":       {IpamPoolId: aws.String("ipam-pool-0123456789abcdef0")},
		"InvalidParameterValue":            {NetworkBorderGroup: aws.String(ireland)},
		"InvalidAddress.NotFound":          {Address: aws.String("198.51.100.1")},
		"no error":                         {PublicIpv4Pool: aws.String("amazon"), NetworkBorderGroup: aws.String(virginia)},
	} {
		_, err := c.AllocateAddress(t.Context(), &in)
		refused(t, err, code)
	}
}

func TestConnectivityOfNATGateways(t *testing.T) {
	t.Parallel()
	c := one(t)
	subnet := c.subnet(c.vpc("10.10.0.0/16"), "10.10.1.0/24")
	for kind, code := range map[types.ConnectivityType]string{"private": "no error", "Private": "InvalidParameterValue"} {
		_, err := c.CreateNatGateway(t.Context(), &ec2.CreateNatGatewayInput{SubnetId: &subnet, ConnectivityType: kind})
		refused(t, err, code)
	}
}

// TestDNSHostnames need DNS support:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcAttribute.html
func TestDNSHostnames(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	modify := func(in ec2.ModifyVpcAttributeInput) error {
		in.VpcId = &vpc
		_, err := c.ModifyVpcAttribute(t.Context(), &in)
		return err
	}
	on, off := &types.AttributeBooleanValue{Value: aws.Bool(true)}, &types.AttributeBooleanValue{Value: aws.Bool(false)}
	refused(t, modify(ec2.ModifyVpcAttributeInput{EnableDnsSupport: off}), "no error")
	refused(t, modify(ec2.ModifyVpcAttributeInput{EnableDnsHostnames: on}), "InvalidParameterValue")
	refused(t, modify(ec2.ModifyVpcAttributeInput{EnableDnsHostnames: off}), "no error")
	refused(t, modify(ec2.ModifyVpcAttributeInput{EnableDnsSupport: on}), "no error")
	refused(t, modify(ec2.ModifyVpcAttributeInput{EnableDnsHostnames: on}), "no error")
}
