package ec2_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

func (c client) associate(vpc, cidr string) (*ec2.AssociateVpcCidrBlockOutput, error) {
	return c.AssociateVpcCidrBlock(c.t.Context(), &ec2.AssociateVpcCidrBlockInput{VpcId: &vpc, CidrBlock: &cidr})
}

// blocks are the states of a VPC's blocks.
func (c client) blocks(vpc string) map[string]types.VpcCidrBlockStateCode {
	c.t.Helper()
	all := map[string]types.VpcCidrBlockStateCode{}
	for _, a := range c.describeVPC(vpc).CidrBlockAssociationSet {
		all[*a.CidrBlock] = a.CidrBlockState.State
	}
	return all
}

// peered are the requester's blocks as each side sees them in the connection.
func (p pair) peered() [2][]string {
	p.asking.t.Helper()
	var sides [2][]string
	for i, c := range []client{p.asking, p.deciding} {
		for _, b := range c.connection(p.id).RequesterVpcInfo.CidrBlockSet {
			sides[i] = append(sides[i], *b.CidrBlock)
		}
	}
	return sides
}

// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html#vpc-resize
func TestABlockCountsOnceItIsAssociated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPairOf(t, sim.Options{Delays: sim.Delays{Associating: time.Minute}}, virginia, "10.20.0.0/16").accepted(t)
		c := p.asking
		added := must[*ec2.AssociateVpcCidrBlockOutput](t)(c.associate(p.requester, "10.11.0.0/16"))
		if got := added.CidrBlockAssociation.CidrBlockState.State; got != "associating" {
			t.Errorf("Associate answers %s", got)
		}
		subnet := func() (*ec2.CreateSubnetOutput, error) {
			return c.CreateSubnet(t.Context(), &ec2.CreateSubnetInput{
				VpcId: &p.requester, CidrBlock: aws.String("10.11.1.0/24"),
			})
		}
		expect := func(when string, state types.VpcCidrBlockStateCode, peered ...string) {
			t.Helper()
			want := map[string]types.VpcCidrBlockStateCode{"10.10.0.0/16": "associated", "10.11.0.0/16": state}
			if diff := cmp.Diff(want, c.blocks(p.requester)); diff != "" {
				t.Errorf("%s the blocks are: %s", when, diff)
			}
			if diff := cmp.Diff([2][]string{peered, peered}, p.peered()); diff != "" {
				t.Errorf("%s the sides of the connection see: %s", when, diff)
			}
			if n := len(c.routes(c.mainTable(p.requester))); n != len(peered) {
				t.Errorf("%s there are %d local routes, want %d", when, n, len(peered))
			}
		}
		wait(time.Minute - time.Second)
		expect("before", "associating", "10.10.0.0/16")
		_, err := subnet()
		refused(t, err, "InvalidSubnet.Range")
		_, err = p.deciding.associate(p.accepter, "10.11.0.0/16")
		refused(t, err, "OverlappingCidr") // no other VPC of the connection gets it meanwhile
		wait(time.Second)
		expect("afterwards", "associated", "10.10.0.0/16", "10.11.0.0/16")
		made := must[*ec2.CreateSubnetOutput](t)(subnet())
		must[*ec2.DeleteSubnetOutput](t)(c.DeleteSubnet(t.Context(), &ec2.DeleteSubnetInput{SubnetId: made.Subnet.SubnetId}))
		out := must[*ec2.DisassociateVpcCidrBlockOutput](t)(c.DisassociateVpcCidrBlock(t.Context(),
			&ec2.DisassociateVpcCidrBlockInput{
				AssociationId: added.CidrBlockAssociation.AssociationId,
			}))
		if got := out.CidrBlockAssociation.CidrBlockState.State; got != "disassociating" {
			t.Errorf("Disassociate answers %s", got)
		}
		if diff := cmp.Diff([2][]string{{"10.10.0.0/16"}, {"10.10.0.0/16"}}, p.peered()); diff != "" {
			t.Errorf("without the block the sides see: %s", diff)
		}
	})
}

func TestBlocksAreFoundByTheirState(t *testing.T) {
	t.Parallel()
	c := in(t, sim.New(sim.Options{Delays: sim.Delays{Associating: time.Hour}}), marketing, virginia)
	c.vpc("10.20.0.0/16")
	must[*ec2.AssociateVpcCidrBlockOutput](t)(c.associate(c.vpc("10.10.0.0/16"), "10.11.0.0/16"))
	for state, want := range map[string]int{"associating": 1, "associated": 3} {
		out := must[*ec2.DescribeVpcsOutput](t)(c.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{
			Filters: []types.Filter{filter("cidr-block-association.state", state)},
		}))
		if n := len(out.Vpcs); n != want {
			t.Errorf("%d VPCs have a block that is %s, want %d", n, state, want)
		}
	}
}

func TestAnIPv6BlockIsAssociatedLaterToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := in(t, sim.New(sim.Options{Delays: sim.Delays{Associating: time.Minute}}), marketing, virginia)
		vpc := c.vpc("10.10.0.0/16")
		must[*ec2.AssociateVpcCidrBlockOutput](t)(c.AssociateVpcCidrBlock(t.Context(), &ec2.AssociateVpcCidrBlockInput{
			VpcId: &vpc, AmazonProvidedIpv6CidrBlock: aws.Bool(true),
		}))
		for _, want := range []types.VpcCidrBlockStateCode{"associating", "associated"} {
			if got := c.describeVPC(vpc).Ipv6CidrBlockAssociationSet[0].Ipv6CidrBlockState.State; got != want {
				t.Errorf("the IPv6 block is %s, want %s", got, want)
			}
			wait(time.Minute)
		}
	})
}

// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html#vpc-resize
func TestABlockTakesNoRoutesDestination(t *testing.T) {
	t.Parallel()
	p := newPair(t, sim.Options{}, virginia).accepted(t)
	table := p.asking.mainTable(p.requester)
	must[*ec2.CreateRouteOutput](t)(p.asking.CreateRoute(t.Context(), &ec2.CreateRouteInput{
		RouteTableId: &table, DestinationCidrBlock: aws.String("10.50.0.0/20"), VpcPeeringConnectionId: &p.id,
	}))
	for _, taken := range []string{"10.50.0.0/20", "10.50.0.0/16"} { // while no block of the VPC's own is in the way
		_, err := p.asking.associate(p.requester, taken)
		refused(t, err, "CidrConflict")
	}
	for _, free := range []string{"10.50.0.0/21", "10.51.0.0/16"} {
		if _, err := p.asking.associate(p.requester, free); err != nil {
			t.Errorf("%s: %v", free, err)
		}
	}
}
