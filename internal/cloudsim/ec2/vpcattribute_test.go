package ec2_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpc.html
func TestTenancy(t *testing.T) {
	t.Parallel()
	c := one(t)
	create := func(tenancy types.Tenancy) (string, error) {
		out, err := c.CreateVpc(t.Context(), &ec2.CreateVpcInput{
			CidrBlock: aws.String("10.0.0.0/16"), InstanceTenancy: tenancy,
		})
		if err != nil {
			return "", err
		}
		return *out.Vpc.VpcId, nil
	}
	_, err := create(types.TenancyHost)
	refused(t, err, "InvalidParameterValue")
	for given, want := range map[types.Tenancy]types.Tenancy{
		"": types.TenancyDefault, types.TenancyDefault: types.TenancyDefault, types.TenancyDedicated: types.TenancyDedicated,
	} {
		vpc, err := create(given)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.describeVPC(vpc).InstanceTenancy; got != want {
			t.Errorf("%q makes a VPC of tenancy %s, want %s", given, got, want)
		}
	}
	vpc, _ := create(types.TenancyDedicated)
	modify := func(tenancy types.VpcTenancy) error {
		_, err := c.ModifyVpcTenancy(t.Context(), &ec2.ModifyVpcTenancyInput{VpcId: &vpc, InstanceTenancy: tenancy})
		return err
	}
	refused(t, modify("dedicated"), "InvalidParameterValue")
	refused(t, modify(types.VpcTenancyDefault), "no error")
	if got := c.describeVPC(vpc).InstanceTenancy; got != types.TenancyDefault {
		t.Errorf("the VPC has tenancy %s", got)
	}
}

func TestVPCAttributes(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.0.0.0/16")
	metrics := func() bool {
		out := must[*ec2.DescribeVpcAttributeOutput](t)(c.DescribeVpcAttribute(t.Context(), &ec2.DescribeVpcAttributeInput{
			VpcId: &vpc, Attribute: types.VpcAttributeNameEnableNetworkAddressUsageMetrics,
		}))
		return *out.EnableNetworkAddressUsageMetrics.Value
	}
	if metrics() {
		t.Error("a new VPC has network address usage metrics")
	}
	on := &types.AttributeBooleanValue{Value: aws.Bool(true)}
	_, err := c.ModifyVpcAttribute(t.Context(), &ec2.ModifyVpcAttributeInput{
		VpcId: &vpc, EnableNetworkAddressUsageMetrics: on, EnableDnsHostnames: on,
	})
	refused(t, err, "InvalidParameterCombination")
	_, err = c.ModifyVpcAttribute(t.Context(), &ec2.ModifyVpcAttributeInput{VpcId: &vpc})
	refused(t, err, "MissingParameter")
	must[*ec2.ModifyVpcAttributeOutput](t)(c.ModifyVpcAttribute(t.Context(), &ec2.ModifyVpcAttributeInput{
		VpcId: &vpc, EnableNetworkAddressUsageMetrics: on,
	}))
	if !metrics() {
		t.Error("the attribute isn't kept")
	}
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcs.html
func TestFiltersOfVPCs(t *testing.T) {
	t.Parallel()
	c := one(t)
	made := must[*ec2.CreateVpcOutput](t)(c.CreateVpc(t.Context(), &ec2.CreateVpcInput{
		CidrBlock: aws.String("10.0.0.0/16"), AmazonProvidedIpv6CidrBlock: aws.Bool(true),
	})).Vpc
	six := made.Ipv6CidrBlockAssociationSet[0]
	if *six.Ipv6Pool != "Amazon" || *six.NetworkBorderGroup != "us-east-1" {
		t.Errorf("the IPv6 block is %+v", six)
	}
	for _, f := range []types.Filter{
		filter("cidr", "10.0.0.0/16"), filter("cidr-block", "10.0.0.0/16"), filter("cidrBlock", "10.0.0.0/16"),
		filter("cidr-block-association.association-id", *made.CidrBlockAssociationSet[0].AssociationId),
		filter("ipv6-cidr-block-association.association-id", *six.AssociationId),
		filter("ipv6-cidr-block-association.ipv6-pool", "Amazon"),
		filter("isDefault", "false"), filter("is-default", "false"),
	} {
		if got := c.vpcsBy(f); !slices.Equal(got, []string{*made.VpcId}) {
			t.Errorf("%s finds %v, want %s", *f.Name, got, *made.VpcId)
		}
	}
	for _, f := range []types.Filter{
		filter("dhcp-options-id", *made.DhcpOptionsId), filter("dhcpOptionsId", *made.DhcpOptionsId),
	} {
		if got := c.vpcsBy(f); len(got) != 2 {
			t.Errorf("%s finds %v, want both VPCs", *f.Name, got)
		}
	}
}

func (c client) vpcsBy(f types.Filter) []string {
	c.t.Helper()
	var ids []string
	for _, v := range must[*ec2.DescribeVpcsOutput](c.t)(c.DescribeVpcs(c.t.Context(),
		&ec2.DescribeVpcsInput{Filters: []types.Filter{f}})).Vpcs {
		ids = append(ids, *v.VpcId)
	}
	return ids
}

func (c client) addIPv6(vpc string) {
	c.t.Helper()
	must[*ec2.AssociateVpcCidrBlockOutput](c.t)(c.AssociateVpcCidrBlock(c.t.Context(), &ec2.AssociateVpcCidrBlockInput{
		VpcId: &vpc, AmazonProvidedIpv6CidrBlock: aws.Bool(true),
	}))
}

// destinations are those of the egress rules of a group.
func (c client) destinations(group string) []string {
	c.t.Helper()
	out := must[*ec2.DescribeSecurityGroupRulesOutput](c.t)(c.DescribeSecurityGroupRules(c.t.Context(),
		&ec2.DescribeSecurityGroupRulesInput{
			Filters: []types.Filter{filter("group-id", group)},
		}))
	var all []string
	for _, r := range out.SecurityGroupRules {
		if *r.IsEgress {
			all = append(all, aws.ToString(r.CidrIpv4)+aws.ToString(r.CidrIpv6))
		}
	}
	slices.Sort(all)
	return all
}

// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-migrate-ipv6.html: groups with other egress rules don't get the
// one of IPv6.
func TestEgressOfGroupsInAnIPv6VPC(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.0.0.0/16")
	untouched, changed := c.group(vpc, "untouched"), c.group(vpc, "changed")
	c.permits(changed, true, "tcp", 443, 443, "10.1.0.0/16")
	c.addIPv6(vpc)
	both := []string{"0.0.0.0/0", "::/0"}
	for name, tt := range map[string]struct {
		group string
		want  []string
	}{
		"untouched": {untouched, both},
		"changed":   {changed, []string{"0.0.0.0/0", "10.1.0.0/16"}},
		"new":       {c.group(vpc, "new"), both},
	} {
		if diff := cmp.Diff(tt.want, c.destinations(tt.group)); diff != "" {
			t.Errorf("the %s group lets out to: %s", name, diff)
		}
	}
	c.addIPv6(vpc)
	if diff := cmp.Diff(both, c.destinations(untouched)); diff != "" {
		t.Errorf("after a second IPv6 block: %s", diff)
	}
}

// https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html
func TestADefaultNetworkACLThatWasChangedDoesNotAllowIPv6(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.0.0.0/16")
	acls := func(more ...types.Filter) []types.NetworkAcl {
		return must[*ec2.DescribeNetworkAclsOutput](t)(c.DescribeNetworkAcls(t.Context(), &ec2.DescribeNetworkAclsInput{
			Filters: append(more, filter("vpc-id", vpc)),
		})).NetworkAcls
	}
	must[*ec2.CreateNetworkAclEntryOutput](t)(c.CreateNetworkAclEntry(t.Context(), &ec2.CreateNetworkAclEntryInput{
		NetworkAclId: acls()[0].NetworkAclId, RuleNumber: aws.Int32(90), Egress: aws.Bool(false), Protocol: aws.String("6"),
		RuleAction: types.RuleActionDeny,
		CidrBlock:  aws.String("192.0.2.0/24"), PortRange: &types.PortRange{From: aws.Int32(22), To: aws.Int32(23)},
	}))
	c.addIPv6(vpc)
	var egress []bool
	for _, e := range acls()[0].Entries {
		if *e.RuleNumber == 101 {
			egress = append(egress, *e.Egress)
		}
	}
	if !slices.Equal(egress, []bool{true}) {
		t.Errorf("IPv6 is allowed in the directions %v (egress is true)", egress)
	}
	for _, f := range []types.Filter{
		filter("entry.rule-number", "90"), filter("entry.cidr", "192.0.2.0/24"), filter("entry.port-range.from", "22"),
		filter("entry.port-range.to", "23"),
		filter("entry.protocol", "6"), filter("entry.ipv6-cidr", "::/0"), filter("entry.rule-action", "deny"),
		filter("entry.egress", "false"),
	} {
		if n := len(acls(f)); n != 1 {
			t.Errorf("%s finds %d network ACLs", *f.Name, n)
		}
	}
	for _, f := range []types.Filter{filter("entry.rule-number", "91"), filter("entry.icmp.type", "*"),
		filter("entry.icmp.code", "*"), filter("association.network-acl-id", "*")} {
		if n := len(acls(f)); n != 0 {
			t.Errorf("%s finds %d network ACLs, want none", *f.Name, n)
		}
	}
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySubnetAttribute.html
func TestSubnetAttributes(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.0.0.0/16")
	c.addIPv6(vpc)
	id := c.subnet(vpc, "10.0.1.0/24")
	on := &types.AttributeBooleanValue{Value: aws.Bool(true)}
	modify := func(in ec2.ModifySubnetAttributeInput) error {
		in.SubnetId = &id
		_, err := c.ModifySubnetAttribute(t.Context(), &in)
		return err
	}
	refused(t, modify(ec2.ModifySubnetAttributeInput{}), "MissingParameter")
	refused(t, modify(ec2.ModifySubnetAttributeInput{MapPublicIpOnLaunch: on, EnableDns64: on}),
		"InvalidParameterCombination")
	refused(t,
		modify(ec2.ModifySubnetAttributeInput{MapPublicIpOnLaunch: on,
			PrivateDnsHostnameTypeOnLaunch: types.HostnameTypeIpName}), "InvalidParameterCombination")
	refused(t, modify(ec2.ModifySubnetAttributeInput{AssignIpv6AddressOnCreation: on}), "InvalidParameterValue")
	refused(t, modify(ec2.ModifySubnetAttributeInput{PrivateDnsHostnameTypeOnLaunch: "other"}), "InvalidParameterValue")
	block := *c.describeVPC(vpc).Ipv6CidrBlockAssociationSet[0].Ipv6CidrBlock
	associate := func(six string) (*ec2.AssociateSubnetCidrBlockOutput, error) {
		return c.AssociateSubnetCidrBlock(t.Context(), &ec2.AssociateSubnetCidrBlockInput{SubnetId: &id, Ipv6CidrBlock: &six})
	}
	_, err := associate("2001:db8::/64")
	refused(t, err, "InvalidSubnet.Range")
	association := *must[*ec2.AssociateSubnetCidrBlockOutput](t)(associate(block[:len(block)-len("/56")] +
		"/64")).Ipv6CidrBlockAssociation.AssociationId
	_, err = associate(block[:len(block)-len("/56")] + "/64")
	refused(t, err, "SubnetCidrLimitExceeded")
	for _, in := range []ec2.ModifySubnetAttributeInput{
		{MapPublicIpOnLaunch: on}, {AssignIpv6AddressOnCreation: on}, {EnableDns64: on},
		{EnableResourceNameDnsARecordOnLaunch: on},
		{EnableResourceNameDnsAAAARecordOnLaunch: on}, {PrivateDnsHostnameTypeOnLaunch: types.HostnameTypeResourceName},
	} {
		refused(t, modify(in), "no error")
	}
	for _, f := range []types.Filter{
		filter("map-public-ip-on-launch", "true"), filter("enable-dns64", "true"), filter("ipv6-native", "false"),
		filter("cidr", "10.0.1.0/24"),
		filter("private-dns-name-options-on-launch.hostname-type", "resource-name"),
		filter("available-ip-address-count", "251"),
		filter("ipv6-cidr-block-association.association-id", association),
		filter("private-dns-name-options-on-launch.enable-resource-name-dns-a-record", "true"),
		filter("private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record", "true"),
	} {
		found := must[*ec2.DescribeSubnetsOutput](t)(c.DescribeSubnets(t.Context(),
			&ec2.DescribeSubnetsInput{Filters: []types.Filter{f, filter("vpc-id", vpc)}})).Subnets
		if len(found) != 1 || !*found[0].AssignIpv6AddressOnCreation {
			t.Errorf("%s finds %d subnets", *f.Name, len(found))
		}
	}
	must[*ec2.DisassociateSubnetCidrBlockOutput](t)(c.DisassociateSubnetCidrBlock(t.Context(),
		&ec2.DisassociateSubnetCidrBlockInput{AssociationId: &association}))
	_, err = c.DisassociateSubnetCidrBlock(t.Context(), &ec2.DisassociateSubnetCidrBlockInput{AssociationId: &association})
	refused(t, err, "InvalidSubnetCidrBlockAssociationID.NotFound")
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html
func TestCreateSubnet(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.0.0.0/16")
	c.addIPv6(vpc)
	six := *c.describeVPC(vpc).Ipv6CidrBlockAssociationSet[0].Ipv6CidrBlock
	six = six[:len(six)-len("/56")]
	create := func(in ec2.CreateSubnetInput) (types.Subnet, error) {
		in.VpcId = &vpc
		out, err := c.CreateSubnet(t.Context(), &in)
		if err != nil {
			return types.Subnet{}, err
		}
		return *out.Subnet, nil
	}
	for code, in := range map[string]ec2.CreateSubnetInput{
		"InvalidParameterValue": {CidrBlock: aws.String("10.0.9.0/24"), AvailabilityZone: aws.String("us-east-1z")},
		"InvalidParameterCombination": {
			CidrBlock: aws.String("10.0.9.0/24"), Ipv6CidrBlock: aws.String(six + "/64"), Ipv6Native: aws.Bool(true),
		},
		"MissingParameter":    {Ipv6Native: aws.Bool(true)},
		"InvalidSubnet.Range": {CidrBlock: aws.String("10.0.9.0/24"), Ipv6CidrBlock: aws.String(six + "/62")},
	} {
		_, err := create(in)
		refused(t, err, code)
	}
	_, err := create(ec2.CreateSubnetInput{
		CidrBlock:        aws.String("10.0.9.0/24"),
		AvailabilityZone: aws.String("us-east-1a"), AvailabilityZoneId: aws.String("use1-az1"),
	})
	refused(t, err, "InvalidParameterCombination")
	byID := must[types.Subnet](t)(create(ec2.CreateSubnetInput{
		CidrBlock: aws.String("10.0.1.0/24"), AvailabilityZoneId: aws.String("use1-az2"),
	}))
	if *byID.AvailabilityZone != "us-east-1b" || *byID.AvailabilityZoneId != "use1-az2" {
		t.Errorf("the subnet is in %s", *byID.AvailabilityZone)
	}
	native := must[types.Subnet](t)(create(ec2.CreateSubnetInput{
		Ipv6CidrBlock: aws.String(six + "/64"), Ipv6Native: aws.Bool(true),
	}))
	if !*native.Ipv6Native || native.CidrBlock != nil || !*native.AssignIpv6AddressOnCreation ||
		*native.AvailableIpAddressCount != 0 {
		t.Errorf("the subnet for IPv6 alone is %+v", native)
	}
}

func TestZonesAndRegions(t *testing.T) {
	t.Parallel()
	c := in(t, sim.New(sim.Options{}), marketing, ireland)
	zones := must[*ec2.DescribeAvailabilityZonesOutput](t)(c.DescribeAvailabilityZones(t.Context(),
		&ec2.DescribeAvailabilityZonesInput{
			Filters: []types.Filter{filter("state", "available"), filter("zone-type", "availability-zone")},
		})).AvailabilityZones
	var got []string
	for _, z := range zones {
		got = append(got, *z.ZoneName+" "+*z.ZoneId)
	}
	if diff := cmp.Diff([]string{"eu-west-1a euw1-az1", "eu-west-1b euw1-az2", "eu-west-1c euw1-az3"}, got); diff != "" {
		t.Errorf("zones: %s", diff)
	}
	one := must[*ec2.DescribeAvailabilityZonesOutput](t)(c.DescribeAvailabilityZones(t.Context(),
		&ec2.DescribeAvailabilityZonesInput{ZoneIds: []string{"euw1-az2"}}))
	if len(one.AvailabilityZones) != 1 || *one.AvailabilityZones[0].ZoneName != "eu-west-1b" {
		t.Errorf("by id: %v", one.AvailabilityZones)
	}
	for _, name := range []string{"message", "parent-zone-id", "parent-zone-name"} {
		none := must[*ec2.DescribeAvailabilityZonesOutput](t)(c.DescribeAvailabilityZones(t.Context(),
			&ec2.DescribeAvailabilityZonesInput{Filters: []types.Filter{filter(name, "*")}}))
		if len(none.AvailabilityZones) != 0 {
			t.Errorf("%s=* finds %v", name, none.AvailabilityZones)
		}
	}
	_, err := c.DescribeAvailabilityZones(t.Context(), &ec2.DescribeAvailabilityZonesInput{
		ZoneNames: []string{"us-east-1a"},
	})
	refused(t, err, "InvalidParameterValue")
	_, err = c.DescribeAvailabilityZones(t.Context(), &ec2.DescribeAvailabilityZonesInput{ZoneIds: []string{"use1-az1"}})
	refused(t, err, "InvalidParameterValue")
	regions := func(every bool) int {
		return len(must[*ec2.DescribeRegionsOutput](t)(c.DescribeRegions(t.Context(),
			&ec2.DescribeRegionsInput{AllRegions: &every})).Regions)
	}
	if some, all := regions(false), regions(true); some != 17 || all <= some {
		t.Errorf("%d Regions of %d", some, all)
	}
	named := must[*ec2.DescribeRegionsOutput](t)(c.DescribeRegions(t.Context(),
		&ec2.DescribeRegionsInput{RegionNames: []string{"eu-west-1"}})).Regions
	if *named[0].Endpoint != "ec2.eu-west-1.amazonaws.com" || *named[0].OptInStatus != "opt-in-not-required" {
		t.Errorf("the Region is %+v", named[0])
	}
	_, err = c.DescribeRegions(t.Context(), &ec2.DescribeRegionsInput{RegionNames: []string{"eu-west-9"}})
	refused(t, err, "InvalidParameterValue")
}

func TestAccountAttributes(t *testing.T) {
	t.Parallel()
	c := one(t)
	out := must[*ec2.DescribeAccountAttributesOutput](t)(c.DescribeAccountAttributes(t.Context(),
		&ec2.DescribeAccountAttributesInput{
			AttributeNames: []types.AccountAttributeName{types.AccountAttributeNameDefaultVpc},
		}))
	if len(out.AccountAttributes) != 1 ||
		*out.AccountAttributes[0].AttributeValues[0].AttributeValue != *c.defaultVPC().VpcId {
		t.Errorf("the attributes are %+v", out.AccountAttributes)
	}
	_, err := c.DescribeAccountAttributes(t.Context(), &ec2.DescribeAccountAttributesInput{
		AttributeNames: []types.AccountAttributeName{"flavor"},
	})
	refused(t, err, "InvalidParameterValue")
}

// https://docs.aws.amazon.com/vpc/latest/userguide/VPC_DHCP_Options.html
func TestDHCPOptions(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.0.0.0/16")
	standard := *c.describeVPC(vpc).DhcpOptionsId
	all := func(f ...types.Filter) []types.DhcpOptions {
		return must[*ec2.DescribeDhcpOptionsOutput](t)(c.DescribeDhcpOptions(t.Context(),
			&ec2.DescribeDhcpOptionsInput{Filters: f})).DhcpOptions
	}
	if found := all(filter("value", "ec2.internal")); len(found) != 1 || *found[0].DhcpOptionsId != standard {
		t.Errorf("the default options are %v", found)
	}
	create := func(key string, values ...string) (*ec2.CreateDhcpOptionsOutput, error) {
		return c.CreateDhcpOptions(t.Context(), &ec2.CreateDhcpOptionsInput{
			DhcpConfigurations: []types.NewDhcpConfiguration{{Key: &key, Values: values}},
		})
	}
	_, err := create("flavor", "red")
	refused(t, err, "InvalidParameterValue")
	_, err = create("ntp-servers", "10.2.5.1", "10.2.5.2", "10.2.5.3", "10.2.5.4", "10.2.5.5")
	refused(t, err, "InvalidParameterValue")
	_, err = create("netbios-node-type", "3")
	refused(t, err, "InvalidParameterValue")
	id := *must[*ec2.CreateDhcpOptionsOutput](t)(create("domain-name-servers", "10.2.5.1",
		"10.2.5.2")).DhcpOptions.DhcpOptionsId
	associate := func(id string) error {
		_, err := c.AssociateDhcpOptions(t.Context(), &ec2.AssociateDhcpOptionsInput{VpcId: &vpc, DhcpOptionsId: &id})
		return err
	}
	remove := func(id string) error {
		_, err := c.DeleteDhcpOptions(t.Context(), &ec2.DeleteDhcpOptionsInput{DhcpOptionsId: &id})
		return err
	}
	refused(t, associate("dopt-0123456789abcdef0"), "InvalidDhcpOptionID.NotFound")
	refused(t, associate(id), "no error")
	refused(t, remove(id), "DependencyViolation")
	refused(t, associate("default"), "no error")
	if got := *c.describeVPC(vpc).DhcpOptionsId; got != "default" {
		t.Errorf("the VPC has the options %s", got)
	}
	refused(t, remove(id), "no error")
	if found := all(filter("key", "domain-name-servers")); len(found) != 1 {
		t.Errorf("left are %v", found)
	}
}
