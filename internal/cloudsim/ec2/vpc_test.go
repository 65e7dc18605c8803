package ec2_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"
)

func (c client) describeVPC(id string) types.Vpc {
	c.t.Helper()
	out := must[*ec2.DescribeVpcsOutput](c.t)(c.DescribeVpcs(c.t.Context(), &ec2.DescribeVpcsInput{VpcIds: []string{id}}))
	return out.Vpcs[0]
}

// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html and subnet-sizing.html
func TestRefusedBlocks(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	c.subnet(vpc, "10.10.1.0/24")
	createVPC := func(cidr string) error {
		_, err := c.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: &cidr})
		return err
	}
	createSubnet := func(cidr string) error {
		_, err := c.CreateSubnet(t.Context(), &ec2.CreateSubnetInput{VpcId: &vpc, CidrBlock: &cidr})
		return err
	}
	associate := func(cidr string) error {
		_, err := c.AssociateVpcCidrBlock(t.Context(), &ec2.AssociateVpcCidrBlockInput{VpcId: &vpc, CidrBlock: &cidr})
		return err
	}
	primary := c.describeVPC(vpc).CidrBlockAssociationSet[0].AssociationId
	_, disassociate := c.DisassociateVpcCidrBlock(t.Context(), &ec2.DisassociateVpcCidrBlockInput{AssociationId: primary})
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"a VPC is no larger than /16", createVPC("10.0.0.0/8"), "InvalidVpc.Range"},
		{"a VPC is no smaller than /28", createVPC("10.0.0.0/29"), "InvalidVpc.Range"},
		{"a block is one", createVPC("ten"), "InvalidParameterValue"},
		{"a subnet lies in its VPC", createSubnet("10.11.0.0/24"), "InvalidSubnet.Range"},
		{"subnets do not overlap", createSubnet("10.10.1.128/25"), "InvalidSubnet.Conflict"},
		{"blocks of a VPC do not overlap", associate("10.10.0.0/20"), "CidrConflict"},
		{"the primary block stays", disassociate, "OperationNotPermitted"},
		{"the second block", associate("10.11.0.0/16"), "no error"},
		{"the third block", associate("10.12.0.0/16"), "no error"},
		{"the fourth block", associate("10.13.0.0/16"), "no error"},
		{"the fifth block", associate("10.14.0.0/16"), "no error"},
		{"a sixth block", associate("10.15.0.0/16"), "CidrLimitExceeded"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { refused(t, tt.err, tt.want) })
	}
	if got := c.routes(c.mainTable(vpc)); len(got) != 5 {
		t.Errorf("each block must have its local route: %v", got)
	}
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpc.html
func TestAVPCInUseIsNotDeleted(t *testing.T) {
	tests := []struct {
		name string
		use  func(c client, vpc string)
	}{
		{"by a subnet", func(c client, vpc string) { c.subnet(vpc, "10.10.1.0/24") }},
		{"by an internet gateway", func(c client, vpc string) { c.gateway(vpc) }},
		{"by a route table", func(c client, vpc string) { c.table(vpc) }},
		{"by a security group", func(c client, vpc string) { c.group(vpc, "servers") }},
		{"by a network ACL", func(c client, vpc string) { c.acl(vpc) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := one(t)
			vpc := c.vpc("10.10.0.0/16")
			tt.use(c, vpc)
			_, err := c.DeleteVpc(t.Context(), &ec2.DeleteVpcInput{VpcId: &vpc})
			refused(t, err, "DependencyViolation")
		})
	}
}

func TestIPv6(t *testing.T) {
	t.Parallel()
	c := one(t)
	made := must[*ec2.CreateVpcOutput](t)(c.CreateVpc(t.Context(), &ec2.CreateVpcInput{
		CidrBlock: aws.String("10.10.0.0/16"), AmazonProvidedIpv6CidrBlock: aws.Bool(true),
	})).Vpc
	six := *made.Ipv6CidrBlockAssociationSet[0].Ipv6CidrBlock
	if six != "2600:1f18:0:100::/56" {
		t.Errorf("Amazon's block is %s", six)
	}
	subnet := must[*ec2.CreateSubnetOutput](t)(c.CreateSubnet(t.Context(), &ec2.CreateSubnetInput{
		VpcId: made.VpcId, CidrBlock: aws.String("10.10.1.0/24"), Ipv6CidrBlock: aws.String("2600:1f18:0:100::/64"),
	})).Subnet
	run := func(in ec2.RunInstancesInput) []string {
		t.Helper()
		in.ImageId = aws.String("ami-1")
		in.SubnetId, in.MinCount, in.MaxCount = subnet.SubnetId, aws.Int32(1), aws.Int32(1)
		i := must[*ec2.RunInstancesOutput](t)(c.RunInstances(t.Context(), &in)).Instances[0]
		var all []string
		for _, a := range i.NetworkInterfaces[0].Ipv6Addresses {
			all = append(all, *a.Ipv6Address)
		}
		return all
	}
	want := func(when string, got []string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s an instance has other IPv6 addresses: %s", when, diff)
		}
	}
	want("without the subnet's attribute", run(ec2.RunInstancesInput{}))
	two := run(ec2.RunInstancesInput{Ipv6AddressCount: aws.Int32(2)})
	want("that asks for two", two, "2600:1f18:0:100::4", "2600:1f18:0:100::5")
	want("that names one", run(ec2.RunInstancesInput{
		Ipv6Addresses: []types.InstanceIpv6Address{{Ipv6Address: aws.String("2600:1f18:0:100::99")}},
	}), "2600:1f18:0:100::99")
	c.assignsIPv6(*subnet.SubnetId, true)
	want("with the subnet's attribute", run(ec2.RunInstancesInput{}), "2600:1f18:0:100::a0a:107")
	want("that asks for none", run(ec2.RunInstancesInput{Ipv6AddressCount: aws.Int32(0)}))
	face := c.face(ec2.CreateNetworkInterfaceInput{SubnetId: subnet.SubnetId})
	if got := face.Ipv6Addresses; len(got) != 1 {
		t.Errorf("an interface has the IPv6 addresses %v, want one", got)
	}
	_, err := c.CreateNetworkInterface(t.Context(), &ec2.CreateNetworkInterfaceInput{
		SubnetId:      subnet.SubnetId,
		Ipv6Addresses: []types.InstanceIpv6Address{{Ipv6Address: aws.String("2600:1f18:0:100::3")}},
	})
	refused(t, err, "InvalidParameterValue")
}

func TestInstances(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	subnet, group := c.subnet(vpc, "10.10.1.0/24"), c.group(vpc, "servers")
	run := func(address *string, count int32) ([]types.Instance, error) {
		out, err := c.RunInstances(t.Context(), &ec2.RunInstancesInput{
			ImageId: aws.String("ami-1"), SubnetId: &subnet, PrivateIpAddress: address, SecurityGroupIds: []string{group},
			MinCount: &count, MaxCount: &count,
		})
		if err != nil {
			return nil, err
		}
		return out.Instances, nil
	}
	started := must[[]types.Instance](t)(run(nil, 2))
	if a, b := *started[0].PrivateIpAddress, *started[1].PrivateIpAddress; a != "10.10.1.4" || b != "10.10.1.5" {
		t.Errorf("addresses are %s and %s", a, b)
	}
	_, err := run(aws.String("10.10.1.4"), 1)
	refused(t, err, "InvalidIPAddress.InUse")
	for _, outside := range []string{"10.10.2.4", "10.10.1.0", "10.10.1.3", "10.10.1.255"} { // or the subnet's own
		_, err = run(&outside, 1)
		refused(t, err, "InvalidParameterValue")
	}
	_, err = c.DeleteSubnet(t.Context(), &ec2.DeleteSubnetInput{SubnetId: &subnet})
	refused(t, err, "DependencyViolation")
	_, err = c.DeleteSecurityGroup(t.Context(), &ec2.DeleteSecurityGroupInput{GroupId: &group})
	refused(t, err, "DependencyViolation")
	must[*ec2.TerminateInstancesOutput](t)(c.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{
		InstanceIds: []string{*started[0].InstanceId, *started[1].InstanceId},
	}))
	out := must[*ec2.DescribeInstancesOutput](t)(c.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{
		Filters: []types.Filter{filter("instance-state-name", "terminated")},
	}))
	if len(out.Reservations) != 1 || len(out.Reservations[0].Instances) != 2 {
		t.Errorf("%+v are terminated, want both instances in one reservation", out.Reservations)
	}
	_, err = c.DeleteSubnet(t.Context(), &ec2.DeleteSubnetInput{SubnetId: &subnet})
	refused(t, err, "no error")
}

func (c client) acl(vpc string) string {
	c.t.Helper()
	out := must[*ec2.CreateNetworkAclOutput](c.t)(c.CreateNetworkAcl(c.t.Context(),
		&ec2.CreateNetworkAclInput{VpcId: &vpc}))
	return *out.NetworkAcl.NetworkAclId
}

// https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html
func TestNetworkACLs(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	subnet, own := c.subnet(vpc, "10.10.1.0/24"), c.acl(vpc)
	of := func() types.NetworkAcl {
		t.Helper()
		out := must[*ec2.DescribeNetworkAclsOutput](t)(c.DescribeNetworkAcls(t.Context(), &ec2.DescribeNetworkAclsInput{
			Filters: []types.Filter{filter("association.subnet-id", subnet)},
		}))
		return out.NetworkAcls[0]
	}
	standard := of()
	if !*standard.IsDefault || len(standard.Entries) != 4 {
		t.Errorf("a new subnet has %+v", standard)
	}
	deny := func(number int32) error {
		_, err := c.CreateNetworkAclEntry(t.Context(), &ec2.CreateNetworkAclEntryInput{
			NetworkAclId: &own, RuleNumber: &number, Egress: aws.Bool(false), Protocol: aws.String("1"),
			RuleAction: types.RuleActionDeny,
			CidrBlock:  aws.String("10.20.0.0/16"), IcmpTypeCode: &types.IcmpTypeCode{Type: aws.Int32(-1), Code: aws.Int32(-1)},
		})
		return err
	}
	refused(t, deny(90), "no error")
	refused(t, deny(90), "NetworkAclEntryAlreadyExists")
	refused(t, deny(32767), "InvalidParameterValue")
	must[*ec2.ReplaceNetworkAclAssociationOutput](t)(c.ReplaceNetworkAclAssociation(t.Context(),
		&ec2.ReplaceNetworkAclAssociationInput{
			AssociationId: standard.Associations[0].NetworkAclAssociationId, NetworkAclId: &own,
		}))
	got := of()
	if *got.NetworkAclId != own || len(got.Entries) != 3 {
		t.Errorf("the subnet has %+v, want %s", got, own)
	}
	_, err := c.DeleteNetworkAcl(t.Context(), &ec2.DeleteNetworkAclInput{NetworkAclId: &own})
	refused(t, err, "DependencyViolation")
	_, err = c.DeleteNetworkAclEntry(t.Context(), &ec2.DeleteNetworkAclEntryInput{
		NetworkAclId: &own, RuleNumber: aws.Int32(80), Egress: aws.Bool(false),
	})
	refused(t, err, "InvalidNetworkAclEntry.NotFound")
}

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html
func TestTags(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	put := func(id, key, value string) error {
		_, err := c.CreateTags(t.Context(), &ec2.CreateTagsInput{
			Resources: []string{id}, Tags: []types.Tag{{Key: &key, Value: &value}},
		})
		return err
	}
	drop := func(tag types.Tag) int {
		t.Helper()
		must[*ec2.DeleteTagsOutput](t)(c.DeleteTags(t.Context(), &ec2.DeleteTagsInput{
			Resources: []string{vpc}, Tags: []types.Tag{tag},
		}))
		out := must[*ec2.DescribeTagsOutput](t)(c.DescribeTags(t.Context(), &ec2.DescribeTagsInput{
			Filters: []types.Filter{filter("resource-id", vpc)},
		}))
		return len(out.Tags)
	}
	refused(t, put(vpc, "aws:mine", "x"), "InvalidParameterValue")
	refused(t, put("nonsense", "k", "x"), "InvalidID")
	refused(t, put("sg-0123456789abcdef0", "k", "x"), "InvalidGroup.NotFound")
	refused(t, put(vpc, "k", "x"), "no error")
	if n := drop(types.Tag{Key: aws.String("k"), Value: aws.String("other")}); n != 1 {
		t.Errorf("a tag with another value is deleted, %d are left", n)
	}
	if n := drop(types.Tag{Key: aws.String("k")}); n != 0 {
		t.Errorf("a tag without a value is not deleted, %d are left", n)
	}
}

// TestLimitsOfTags: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Tag.html
func TestLimitsOfTags(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	tag := func(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }
	for _, tt := range []struct {
		tags []types.Tag
		want string
	}{
		{[]types.Tag{tag("a", "1"), tag("a", "2")}, "InvalidParameterValue"},
		{[]types.Tag{tag("a", "1"), tag("A", "2")}, "no error"},
		{[]types.Tag{tag("a", "3")}, "no error"}, // replaces it
		{[]types.Tag{tag("long", strings.Repeat("ü", 256))}, "no error"},
		{[]types.Tag{tag("long", strings.Repeat("ü", 257))}, "InvalidParameterValue"},
		{[]types.Tag{tag(strings.Repeat("ü", 127), "1")}, "no error"},
		{[]types.Tag{tag(strings.Repeat("ü", 128), "1")}, "InvalidTagKey.Malformed"},
	} {
		_, err := c.CreateTags(t.Context(), &ec2.CreateTagsInput{Resources: []string{vpc}, Tags: tt.tags})
		refused(t, err, tt.want)
	}
	_, err := c.CreateVpc(t.Context(), &ec2.CreateVpcInput{
		CidrBlock:         aws.String("10.20.0.0/16"),
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeVpc}},
	})
	refused(t, err, "InvalidParameterValue")
}

// TestRefusedEntries: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html
func TestRefusedEntries(t *testing.T) {
	t.Parallel()
	c := one(t)
	own := c.acl(c.vpc("10.10.0.0/16"))
	type input = ec2.CreateNetworkAclEntryInput
	ports := func(from, to int32) *types.PortRange { return &types.PortRange{From: &from, To: &to} }
	icmp := func(kind, code int32) *types.IcmpTypeCode { return &types.IcmpTypeCode{Type: &kind, Code: &code} }
	for i, tt := range []struct {
		protocol string
		in       input
		want     string
	}{
		{"6", input{PortRange: ports(22, 22)}, "no error"},
		{"6", input{PortRange: ports(23, 22)}, "InvalidParameterValue"},
		{"17", input{PortRange: ports(0, 65536)}, "InvalidParameterValue"},
		{"1", input{IcmpTypeCode: icmp(256, -1)}, "InvalidParameterValue"},
		{"-1", input{Ipv6CidrBlock: aws.String("::/0")}, "InvalidParameterCombination"},
	} {
		tt.in.NetworkAclId, tt.in.RuleNumber, tt.in.Egress = &own, aws.Int32(int32(i+1)), aws.Bool(false)
		tt.in.Protocol, tt.in.RuleAction, tt.in.CidrBlock = &tt.protocol, types.RuleActionAllow, aws.String("10.20.0.0/16")
		_, err := c.CreateNetworkAclEntry(t.Context(), &tt.in)
		refused(t, err, tt.want)
	}
}

// TestTheDefaultNetworkACLAllowsIPv6 from the first block of it on.
// https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html
func TestTheDefaultNetworkACLAllowsIPv6(t *testing.T) {
	c := one(t)
	v := must[*ec2.CreateVpcOutput](t)(c.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")}))
	entries := func() int {
		out := must[*ec2.DescribeNetworkAclsOutput](t)(c.DescribeNetworkAcls(t.Context(), &ec2.DescribeNetworkAclsInput{
			Filters: []types.Filter{filter("vpc-id", *v.Vpc.VpcId)},
		}))
		n := 0
		for _, e := range out.NetworkAcls[0].Entries {
			if aws.ToString(e.Ipv6CidrBlock) == "::/0" && (*e.RuleNumber == 101) == (e.RuleAction == types.RuleActionAllow) {
				n++
			}
		}
		return n
	}
	if n := entries(); n != 0 {
		t.Errorf("%d entries for IPv6 without a block of it, want none", n)
	}
	for range 2 {
		must[*ec2.AssociateVpcCidrBlockOutput](t)(c.AssociateVpcCidrBlock(t.Context(), &ec2.AssociateVpcCidrBlockInput{
			VpcId: v.Vpc.VpcId, AmazonProvidedIpv6CidrBlock: aws.Bool(true),
		}))
		if n := entries(); n != 4 {
			t.Errorf("%d entries for IPv6, want rules 101 and * in both directions", n)
		}
	}
}
