package lab

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// AddBlock gives the VPC a secondary IPv4 block.
func (p *Person) AddBlock(v VPC, block string) {
	call(p, p.EC2.AssociateVpcCidrBlock, &ec2.AssociateVpcCidrBlockInput{VpcId: str(v.ID), CidrBlock: &block})
}

// RemoveBlock takes a secondary IPv4 block from the VPC.
func (p *Person) RemoveBlock(v VPC, block string) {
	vpcs := call(p, p.EC2.DescribeVpcs, &ec2.DescribeVpcsInput{VpcIds: []string{string(v.ID)}})
	if vpcs == nil {
		return
	}
	for _, a := range vpcs.Vpcs[0].CidrBlockAssociationSet {
		if aws.ToString(a.CidrBlock) == block {
			call(p, p.EC2.DisassociateVpcCidrBlock, &ec2.DisassociateVpcCidrBlockInput{AssociationId: a.AssociationId})
		}
	}
}

// AddIPv6Block gives the VPC an IPv6 block of Amazon's choice, which DescribeVpcs shows.
func (p *Person) AddIPv6Block(v VPC) {
	call(p, p.EC2.AssociateVpcCidrBlock, &ec2.AssociateVpcCidrBlockInput{
		VpcId: str(v.ID), AmazonProvidedIpv6CidrBlock: aws.Bool(true),
	})
}

// ChooseIPv6Block gives the VPC an IPv6 block of an own pool.
func (p *Person) ChooseIPv6Block(v VPC, block string) {
	call(p, p.EC2.AssociateVpcCidrBlock, &ec2.AssociateVpcCidrBlockInput{
		VpcId: str(v.ID), Ipv6CidrBlock: &block, Ipv6Pool: aws.String("ipv6pool-ec2-012345678901234ab"),
	})
}
