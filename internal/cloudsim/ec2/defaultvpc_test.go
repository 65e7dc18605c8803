package ec2_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

// defaultVPC fails the test unless the account has exactly one.
func (c client) defaultVPC() types.Vpc {
	c.t.Helper()
	out := must[*ec2.DescribeVpcsOutput](c.t)(c.DescribeVpcs(c.t.Context(), &ec2.DescribeVpcsInput{
		Filters: []types.Filter{filter("is-default", "true")},
	}))
	if len(out.Vpcs) != 1 {
		c.t.Fatalf("%d default VPCs", len(out.Vpcs))
	}
	return out.Vpcs[0]
}

func (c client) subnetsOf(vpc string) map[string]string {
	c.t.Helper()
	out := must[*ec2.DescribeSubnetsOutput](c.t)(c.DescribeSubnets(c.t.Context(), &ec2.DescribeSubnetsInput{
		Filters: []types.Filter{filter("vpc-id", vpc)},
	}))
	blocks := map[string]string{}
	for _, s := range out.Subnets {
		if !*s.DefaultForAz || !*s.MapPublicIpOnLaunch {
			c.t.Errorf("%s is no default subnet with public addresses", *s.SubnetId)
		}
		blocks[*s.AvailabilityZone] = *s.CidrBlock
	}
	return blocks
}

// https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html
func TestDefaultVPC(t *testing.T) {
	t.Parallel()
	c := in(t, sim.New(sim.Options{}), marketing, ireland)
	vpc := c.defaultVPC()
	if *vpc.CidrBlock != "172.31.0.0/16" || *vpc.DhcpOptionsId == "" {
		t.Errorf("the default VPC is %+v", vpc)
	}
	want := map[string]string{
		"eu-west-1a": "172.31.0.0/20", "eu-west-1b": "172.31.16.0/20", "eu-west-1c": "172.31.32.0/20",
	}
	if diff := cmp.Diff(want, c.subnetsOf(*vpc.VpcId)); diff != "" {
		t.Errorf("its subnets: %s", diff)
	}
	hostnames := must[*ec2.DescribeVpcAttributeOutput](t)(c.DescribeVpcAttribute(t.Context(),
		&ec2.DescribeVpcAttributeInput{
			VpcId: vpc.VpcId, Attribute: types.VpcAttributeNameEnableDnsHostnames,
		}))
	if !*hostnames.EnableDnsHostnames.Value {
		t.Error("the default VPC has no DNS hostnames")
	}
	gateways := must[*ec2.DescribeInternetGatewaysOutput](t)(c.DescribeInternetGateways(t.Context(),
		&ec2.DescribeInternetGatewaysInput{
			Filters: []types.Filter{filter("attachment.vpc-id", *vpc.VpcId)},
		}))
	if len(gateways.InternetGateways) != 1 {
		t.Fatalf("%d internet gateways", len(gateways.InternetGateways))
	}
	tables := must[*ec2.DescribeRouteTablesOutput](t)(c.DescribeRouteTables(t.Context(), &ec2.DescribeRouteTablesInput{
		Filters: []types.Filter{
			filter("association.main", "true"), filter("route.gateway-id", *gateways.InternetGateways[0].InternetGatewayId),
		},
	}))
	if len(tables.RouteTables) != 1 || *tables.RouteTables[0].VpcId != *vpc.VpcId {
		t.Errorf("tables with a route to its internet gateway: %v", tables.RouteTables)
	}
	_, err := c.CreateDefaultVpc(t.Context(), &ec2.CreateDefaultVpcInput{})
	refused(t, err, "DefaultVpcAlreadyExists")
}

func TestDefaultVPCsAreEachAccountsAndRegionsOwn(t *testing.T) {
	t.Parallel()
	s := sim.New(sim.Options{})
	seen := map[string]bool{}
	for _, c := range []client{in(t, s, marketing, virginia), in(t, s, marketing, ireland), in(t, s, finance, virginia)} {
		seen[*c.defaultVPC().VpcId] = true
	}
	if len(seen) != 3 {
		t.Errorf("the default VPCs of three accounts and Regions are %v", seen)
	}
}

func TestIDsDoNotDependOnTheDefaultVPC(t *testing.T) {
	t.Parallel()
	ids := func(first func(client)) string {
		s := sim.New(sim.Options{Seed: 7})
		first(in(t, s, finance, ireland))
		return in(t, s, marketing, virginia).vpc("10.0.0.0/16")
	}
	if a, b := ids(func(client) {}), ids(func(c client) { c.defaultVPC() }); a != b {
		t.Errorf("the VPC is %s, and %s after the first call of another account", a, b)
	}
}

// https://docs.aws.amazon.com/vpc/latest/userguide/work-with-default-vpc.html
func TestADefaultVPCThatIsDeletedCanBeMadeAgain(t *testing.T) {
	t.Parallel()
	c := in(t, sim.New(sim.Options{}), marketing, ireland)
	vpc := *c.defaultVPC().VpcId
	c.empty(vpc)
	must[*ec2.DeleteVpcOutput](t)(c.DeleteVpc(t.Context(), &ec2.DeleteVpcInput{VpcId: &vpc}))
	_, err := c.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{
		GroupName: aws.String("web"), Description: aws.String("web"),
	})
	refused(t, err, "VPCIdNotSpecified")
	_, err = c.CreateDefaultSubnet(t.Context(), &ec2.CreateDefaultSubnetInput{AvailabilityZone: aws.String("eu-west-1a")})
	refused(t, err, "DefaultVpcDoesNotExist")
	again := must[*ec2.CreateDefaultVpcOutput](t)(c.CreateDefaultVpc(t.Context(), &ec2.CreateDefaultVpcInput{})).Vpc
	if *again.VpcId == vpc || *again.VpcId != *c.defaultVPC().VpcId {
		t.Errorf("the new default VPC is %s, the old one was %s", *again.VpcId, vpc)
	}
	if n := len(c.subnetsOf(*again.VpcId)); n != 3 {
		t.Errorf("it has %d subnets", n)
	}
}

// empty removes the resources that prevent the deletion of a VPC.
func (c client) empty(vpc string) {
	c.t.Helper()
	subnets := must[*ec2.DescribeSubnetsOutput](c.t)(c.DescribeSubnets(c.t.Context(), &ec2.DescribeSubnetsInput{
		Filters: []types.Filter{filter("vpc-id", vpc)},
	}))
	for _, s := range subnets.Subnets {
		must[*ec2.DeleteSubnetOutput](c.t)(c.DeleteSubnet(c.t.Context(), &ec2.DeleteSubnetInput{SubnetId: s.SubnetId}))
	}
	gateways := must[*ec2.DescribeInternetGatewaysOutput](c.t)(c.DescribeInternetGateways(c.t.Context(),
		&ec2.DescribeInternetGatewaysInput{
			Filters: []types.Filter{filter("attachment.vpc-id", vpc)},
		}))
	for _, g := range gateways.InternetGateways {
		must[*ec2.DetachInternetGatewayOutput](c.t)(c.DetachInternetGateway(c.t.Context(), &ec2.DetachInternetGatewayInput{
			VpcId: &vpc, InternetGatewayId: g.InternetGatewayId,
		}))
	}
}

func TestCreateDefaultSubnet(t *testing.T) {
	t.Parallel()
	c := in(t, sim.New(sim.Options{}), marketing, ireland)
	vpc := *c.defaultVPC().VpcId
	create := func(zone string) error {
		_, err := c.CreateDefaultSubnet(t.Context(), &ec2.CreateDefaultSubnetInput{AvailabilityZone: &zone})
		return err
	}
	refused(t, create("eu-west-1b"), "DefaultSubnetAlreadyExistsInAvailabilityZone")
	refused(t, create("eu-west-1x"), "InvalidParameterValue")
	old := must[*ec2.DescribeSubnetsOutput](t)(c.DescribeSubnets(t.Context(), &ec2.DescribeSubnetsInput{
		Filters: []types.Filter{filter("defaultForAz", "true"), filter("availabilityZone", "eu-west-1b")},
	})).Subnets
	c.subnet(vpc, "172.31.64.0/20")
	must[*ec2.DeleteSubnetOutput](t)(c.DeleteSubnet(t.Context(), &ec2.DeleteSubnetInput{SubnetId: old[0].SubnetId}))
	c.subnet(vpc, "172.31.16.0/24")
	refused(t, create("eu-west-1b"), "no error")
	found := must[*ec2.DescribeSubnetsOutput](t)(c.DescribeSubnets(t.Context(), &ec2.DescribeSubnetsInput{
		Filters: []types.Filter{filter("default-for-az", "true"), filter("availability-zone", "eu-west-1b")},
	})).Subnets
	if len(found) != 1 || *found[0].CidrBlock != "172.31.48.0/20" {
		t.Errorf("the default subnet of the zone is %+v", found)
	}
}

func TestGroupsAndInstancesGoToTheDefaultVPC(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := *c.defaultVPC().VpcId
	group := must[*ec2.CreateSecurityGroupOutput](t)(c.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{
		GroupName: aws.String("web"), Description: aws.String("web"),
	})).GroupId
	groups := must[*ec2.DescribeSecurityGroupsOutput](t)(c.DescribeSecurityGroups(t.Context(),
		&ec2.DescribeSecurityGroupsInput{GroupIds: []string{*group}}))
	if got := *groups.SecurityGroups[0].VpcId; got != vpc {
		t.Errorf("the group is in %s, want %s", got, vpc)
	}
	started := must[*ec2.RunInstancesOutput](t)(c.RunInstances(t.Context(), &ec2.RunInstancesInput{
		ImageId: aws.String("ami-0123456789abcdef0"), InstanceType: types.InstanceTypeT3Micro, MinCount: aws.Int32(1),
		MaxCount:         aws.Int32(1),
		SecurityGroupIds: []string{*group}, Placement: &types.Placement{AvailabilityZone: aws.String("us-east-1b")},
	})).Instances[0]
	if *started.VpcId != vpc || *started.Placement.AvailabilityZone != "us-east-1b" || started.PublicIpAddress == nil {
		t.Errorf("the instance is %+v", started)
	}
}
