package ec2_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_UpdateSecurityGroupRuleDescriptionsIngress.html
func TestDescriptionsOfRules(t *testing.T) {
	t.Parallel()
	c := one(t)
	group := c.group(c.vpc("10.0.0.0/16"), "web")
	id := must[[]types.SecurityGroupRule](t)(c.authorize(group, tcp(443, "10.1.0.0/16")))[0].SecurityGroupRuleId
	update := func(in ec2.UpdateSecurityGroupRuleDescriptionsIngressInput) error {
		in.GroupId = &group
		_, err := c.UpdateSecurityGroupRuleDescriptionsIngress(t.Context(), &in)
		return err
	}
	byID := func(id, text string) []types.SecurityGroupRuleDescription {
		return []types.SecurityGroupRuleDescription{{SecurityGroupRuleId: &id, Description: &text}}
	}
	described := tcp(443, "10.1.0.0/16")
	described.IpRanges[0].Description = aws.String("by traffic")
	refused(t, update(ec2.UpdateSecurityGroupRuleDescriptionsIngressInput{}), "InvalidParameterCombination")
	refused(t,
		update(ec2.UpdateSecurityGroupRuleDescriptionsIngressInput{SecurityGroupRuleDescriptions: byID(
			"sgr-0123456789abcdef0", "x")}), "InvalidSecurityGroupRuleId.NotFound")
	refused(t,
		update(ec2.UpdateSecurityGroupRuleDescriptionsIngressInput{SecurityGroupRuleDescriptions: byID(*id, "<x>")}),
		"InvalidParameterValue")
	refused(t,
		update(ec2.UpdateSecurityGroupRuleDescriptionsIngressInput{IpPermissions: []types.IpPermission{tcp(80,
			"10.1.0.0/16")}}), "InvalidPermission.NotFound")
	text := func() string { return aws.ToString(c.rules(group)[0].Description) }
	for want, in := range map[string]ec2.UpdateSecurityGroupRuleDescriptionsIngressInput{
		"by id":      {SecurityGroupRuleDescriptions: byID(*id, "by id")},
		"by traffic": {IpPermissions: []types.IpPermission{described}},
	} {
		refused(t, update(in), "no error")
		if got := text(); got != want {
			t.Errorf("the description is %q, want %q", got, want)
		}
	}
	_, err := c.UpdateSecurityGroupRuleDescriptionsEgress(t.Context(), &ec2.UpdateSecurityGroupRuleDescriptionsEgressInput{
		GroupId: &group, SecurityGroupRuleDescriptions: byID(*id, "egress"),
	})
	refused(t, err, "InvalidSecurityGroupRuleId.NotFound")
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroups.html
func TestFiltersOfGroups(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.0.0.0/16")
	servers, clients := c.group(vpc, "servers"), c.group(vpc, "clients")
	c.permits(servers, false, "tcp", 443, 444, "10.1.0.0/16")
	must[[]types.SecurityGroupRule](t)(c.authorize(servers, fromGroupOf(nil, clients)))
	c.permits(clients, true, "udp", 53, 54, "2001:db8::/56")
	for _, tt := range []struct{ name, value, want string }{
		{"ip-permission.cidr", "10.1.0.0/16", servers},
		{"ip-permission.from-port", "443", servers},
		{"ip-permission.to-port", "444", servers},
		{"ip-permission.protocol", "tcp", servers},
		{"ip-permission.group-id", clients, servers},
		{"ip-permission.group-name", "clients", servers},
		{"egress.ip-permission.ipv6-cidr", "2001:db8::/56", clients},
		{"egress.ip-permission.from-port", "53", clients},
		{"egress.ip-permission.to-port", "54", clients},
		{"egress.ip-permission.protocol", "udp", clients},
		{"ip-permission.ipv6-cidr", "2001:db8::/56", ""},
		{"egress.ip-permission.cidr", "10.1.0.0/16", ""},
		{"egress.ip-permission.group-id", clients, ""},
		{"egress.ip-permission.user-id", "*", ""},
		{"egress.ip-permission.prefix-list-id", "*", ""},
	} {
		var got []string
		for _, g := range must[*ec2.DescribeSecurityGroupsOutput](t)(c.DescribeSecurityGroups(t.Context(),
			&ec2.DescribeSecurityGroupsInput{
				Filters: []types.Filter{filter(tt.name, tt.value), filter("vpc-id", vpc), filter("group-id", servers, clients)},
			})).SecurityGroups {
			got = append(got, *g.GroupId)
		}
		want := slices.DeleteFunc([]string{tt.want}, func(s string) bool { return s == "" })
		if !slices.Equal(got, want) {
			t.Errorf("%s = %s finds %v, want %v", tt.name, tt.value, got, want)
		}
	}
}

// TestGroupsByName: names stand for groups of the default VPC alone.
func TestGroupsByName(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := *c.defaultVPC().VpcId
	group, other := c.group(vpc, "web"), c.group(c.vpc("10.0.0.0/16"), "other")
	find := func(name string) ([]types.SecurityGroup, error) {
		out, err := c.DescribeSecurityGroups(t.Context(), &ec2.DescribeSecurityGroupsInput{GroupNames: []string{name}})
		if err != nil {
			return nil, err
		}
		return out.SecurityGroups, nil
	}
	if found := must[[]types.SecurityGroup](t)(find("web")); len(found) != 1 || *found[0].GroupId != group {
		t.Errorf("found %v", found)
	}
	_, err := find("other")
	refused(t, err, "InvalidGroup.NotFound")
	authorize := func(name string) error {
		_, err := c.AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{
			GroupName: &name, IpProtocol: aws.String("tcp"), FromPort: aws.Int32(22), ToPort: aws.Int32(22),
			CidrIp: aws.String("192.0.2.0/24"),
		})
		return err
	}
	refused(t, authorize("web"), "no error")
	refused(t, authorize("other"), "InvalidGroup.NotFound")
	if len(c.rules(group)) != 1 || len(c.rules(other)) != 0 {
		t.Errorf("rules: %v, %v", c.rules(group), c.rules(other))
	}
	_, err = c.DeleteSecurityGroup(t.Context(), &ec2.DeleteSecurityGroupInput{GroupName: aws.String("web")})
	refused(t, err, "no error")
}

func TestTextsOfMalformedIDs(t *testing.T) {
	t.Parallel()
	c := one(t)
	for id, text := range map[string]string{
		"web":    `Invalid id: "web" (expecting "sg-...")`,      // genevieve/leftovers#7
		"sg-xyz": "The security-group ID 'sg-xyz' is malformed", // its shape: systeminit/si#3042
	} {
		_, err := c.DescribeSecurityGroups(t.Context(), &ec2.DescribeSecurityGroupsInput{GroupIds: []string{id}})
		refusedWith(t, err, "InvalidGroupId.Malformed", text)
	}
}
