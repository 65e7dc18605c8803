package lab

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// AddBlock gives the VPC a secondary IPv4 block.
func (p *Person) AddBlock(v VPC, block string) {
	call(p, p.EC2.AssociateVpcCidrBlock, &ec2.AssociateVpcCidrBlockInput{VpcId: str(v.ID), CidrBlock: &block})
}

// AddIPv6Block gives the VPC an IPv6 block of Amazon's choice, which DescribeVpcs shows.
func (p *Person) AddIPv6Block(v VPC) {
	call(p, p.EC2.AssociateVpcCidrBlock, &ec2.AssociateVpcCidrBlockInput{VpcId: str(v.ID), AmazonProvidedIpv6CidrBlock: aws.Bool(true)})
}
