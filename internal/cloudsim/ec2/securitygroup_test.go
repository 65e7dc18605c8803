package ec2_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

func tcp(port int32, cidrs ...string) types.IpPermission {
	p := types.IpPermission{IpProtocol: aws.String("tcp"), FromPort: &port, ToPort: &port}
	for _, cidr := range cidrs {
		p.IpRanges = append(p.IpRanges, types.IpRange{CidrIp: &cidr})
	}
	return p
}

func fromGroup(id string) types.IpPermission {
	return fromGroupOf(aws.String(marketing), id)
}

func (c client) authorize(group string, permissions ...types.IpPermission) ([]types.SecurityGroupRule, error) {
	out, err := c.AuthorizeSecurityGroupIngress(c.t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{
		GroupId: &group, IpPermissions: permissions,
	})
	if err != nil {
		return nil, err
	}
	return out.SecurityGroupRules, nil
}

func (c client) revoke(group string, permissions ...types.IpPermission) (*ec2.RevokeSecurityGroupIngressOutput, error) {
	return c.RevokeSecurityGroupIngress(c.t.Context(), &ec2.RevokeSecurityGroupIngressInput{
		GroupId: &group, IpPermissions: permissions,
	})
}

// rules are the ingress rules of a group.
func (c client) rules(group string) []types.SecurityGroupRule {
	c.t.Helper()
	out := must[*ec2.DescribeSecurityGroupRulesOutput](c.t)(c.DescribeSecurityGroupRules(c.t.Context(),
		&ec2.DescribeSecurityGroupRulesInput{
			Filters: []types.Filter{filter("group-id", group)},
		}))
	var ingress []types.SecurityGroupRule
	for _, r := range out.SecurityGroupRules {
		if !*r.IsEgress {
			ingress = append(ingress, r)
		}
	}
	return ingress
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html
func TestRefusedRules(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	group, elsewhere := c.group(vpc, "servers"), c.group(c.vpc("10.20.0.0/16"), "others")
	must[[]types.SecurityGroupRule](t)(c.authorize(group, tcp(443, "100.68.0.0/18")))
	described := tcp(22, "10.0.0.0/8")
	described.IpRanges[0].Description = aws.String("no ünicode")
	tests := []struct {
		name       string
		permission types.IpPermission
		want       string
	}{
		{"the same rule again", tcp(443, "100.68.0.0/18"), "InvalidPermission.Duplicate"},
		{"the same rule with host bits", tcp(443, "100.68.0.18/18"), "InvalidPermission.Duplicate"},
		{"TCP without ports",
			types.IpPermission{IpProtocol: aws.String("tcp"), IpRanges: []types.IpRange{{CidrIp: aws.String("10.0.0.0/8")}}},
			"MissingParameter"},
		{"ports the wrong way round", types.IpPermission{
			IpProtocol: aws.String("tcp"), FromPort: aws.Int32(2), ToPort: aws.Int32(1),
			IpRanges: []types.IpRange{{CidrIp: aws.String("10.0.0.0/8")}},
		}, "InvalidParameterValue"},
		{"an unknown protocol",
			types.IpPermission{IpProtocol: aws.String("tpc"), IpRanges: []types.IpRange{{CidrIp: aws.String("10.0.0.0/8")}}},
			"InvalidParameterValue"},
		{"every type of ICMP but one code", types.IpPermission{
			IpProtocol: aws.String("icmp"), FromPort: aws.Int32(-1), ToPort: aws.Int32(0),
			IpRanges: []types.IpRange{{CidrIp: aws.String("10.0.0.0/8")}},
		}, "InvalidParameterValue"},
		{"a block that is none", tcp(22, "10.0.0.0/33"), "InvalidParameterValue"},
		{"a description with other letters", described, "InvalidParameterValue"},
		{"a group that does not exist", fromGroup("sg-0123456789abcdef0"), "InvalidGroup.NotFound"},
		{"a group's id that is none", fromGroup("sg-nonsense"), "InvalidGroupId.Malformed"},
		{"a group of a VPC that is no peer", fromGroup(elsewhere), "InvalidGroup.NotFound"},
		{"no source at all", tcp(22), "MissingParameter"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := c.authorize(group, tt.permission)
			refused(t, err, tt.want)
		})
	}
	if n := len(c.rules(group)); n != 1 {
		t.Errorf("the refused rules left %d rules", n)
	}
}

// AWS documents no order for a call with several rules if one is refused.
func TestAuthorizeIsAtomic(t *testing.T) {
	tests := []struct {
		name    string
		partial bool
		want    int
	}{
		{"nothing stays of a refused call", false, 1},
		{"unless the switch is set", true, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := in(t, sim.New(sim.Options{Switches: sim.Switches{PartialAuthorize: tt.partial}}), marketing, virginia)
			group := c.group(c.vpc("10.10.0.0/16"), "servers")
			must[[]types.SecurityGroupRule](t)(c.authorize(group, tcp(443, "10.0.0.0/8")))
			_, err := c.authorize(group, tcp(80, "10.0.0.0/8"), tcp(443, "10.0.0.0/8"))
			refused(t, err, "InvalidPermission.Duplicate")
			if got := len(c.rules(group)); got != tt.want {
				t.Errorf("there are %d rules, want %d", got, tt.want)
			}
		})
	}
}

// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
func TestQuotaOfRules(t *testing.T) {
	t.Parallel()
	c := in(t, sim.New(sim.Options{Quotas: sim.Quotas{RulesPerGroup: 2}}), marketing, virginia)
	group := c.group(c.vpc("10.10.0.0/16"), "servers")
	must[[]types.SecurityGroupRule](t)(c.authorize(group, tcp(443, "10.0.0.0/8", "11.0.0.0/8")))
	_, err := c.authorize(group, tcp(443, "12.0.0.0/8"))
	refused(t, err, "RulesPerSecurityGroupLimitExceeded")
	six := types.IpPermission{IpProtocol: aws.String("icmpv6"), Ipv6Ranges: []types.Ipv6Range{
		{CidrIpv6: aws.String("::/0")},
	}}
	if _, err := c.authorize(group, six); err != nil {
		t.Errorf("IPv6 counts by itself: %v", err)
	}
}

func TestRulesOfAGroup(t *testing.T) {
	t.Parallel()
	c := one(t)
	group := c.group(c.vpc("10.10.0.0/16"), "servers")
	out := must[*ec2.AuthorizeSecurityGroupIngressOutput](t)(c.AuthorizeSecurityGroupIngress(t.Context(),
		&ec2.AuthorizeSecurityGroupIngressInput{
			GroupId:       &group,
			IpPermissions: []types.IpPermission{tcp(443, "10.1.0.0/16"), tcp(22, "10.1.0.0/16"), tcp(443, "10.2.0.0/16")},
			TagSpecifications: []types.TagSpecification{{
				ResourceType: types.ResourceTypeSecurityGroupRule, Tags: []types.Tag{{
					Key: aws.String("k"), Value: aws.String("v"),
				}},
			}},
		}))
	if len(out.SecurityGroupRules) != 3 || *out.SecurityGroupRules[0].Tags[0].Value != "v" {
		t.Errorf("Authorize answers %v", out.SecurityGroupRules)
	}
	groups := must[*ec2.DescribeSecurityGroupsOutput](t)(c.DescribeSecurityGroups(t.Context(),
		&ec2.DescribeSecurityGroupsInput{GroupIds: []string{group}}))
	got := groups.SecurityGroups[0]
	want := []types.IpPermission{tcp(443, "10.1.0.0/16", "10.2.0.0/16"), tcp(22, "10.1.0.0/16")}
	ignore := cmpopts.IgnoreUnexported(types.IpPermission{}, types.IpRange{})
	if diff := cmp.Diff(want, got.IpPermissions, ignore, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("sources of the same ports must be merged: %s", diff)
	}
	if egress := got.IpPermissionsEgress; len(egress) != 1 || egress[0].FromPort != nil {
		t.Errorf("a new group lets everything out, without ports: %v", egress)
	}
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RevokeSecurityGroupIngress.html
func TestRevoke(t *testing.T) {
	t.Parallel()
	c := one(t)
	group := c.group(c.vpc("10.10.0.0/16"), "servers")
	added := must[[]types.SecurityGroupRule](t)(c.authorize(group, tcp(443, "10.1.0.0/16"), tcp(22, "10.1.0.0/16")))
	_, err := c.revoke(group, tcp(443, "10.1.0.0/16"), tcp(80, "10.1.0.0/16"))
	refused(t, err, "InvalidPermission.NotFound")
	if n := len(c.rules(group)); n != 2 {
		t.Errorf("a refused Revoke left %d rules, want 2", n)
	}
	must[*ec2.RevokeSecurityGroupIngressOutput](t)(c.revoke(group, tcp(443, "10.1.0.0/16")))
	byID := &ec2.RevokeSecurityGroupIngressInput{GroupId: &group, SecurityGroupRuleIds: []string{
		*added[1].SecurityGroupRuleId,
	}}
	out := must[*ec2.RevokeSecurityGroupIngressOutput](t)(c.RevokeSecurityGroupIngress(t.Context(), byID))
	if len(out.RevokedSecurityGroupRules) != 1 || *out.RevokedSecurityGroupRules[0].CidrIpv4 != "10.1.0.0/16" {
		t.Errorf("Revoke answers %v", out.RevokedSecurityGroupRules)
	}
	_, err = c.RevokeSecurityGroupIngress(t.Context(), byID)
	refused(t, err, "InvalidSecurityGroupRuleId.NotFound")
}

func TestRevokeInTheDefaultVPC(t *testing.T) {
	t.Parallel()
	c := one(t)
	group := c.group(*c.defaultVPC().VpcId, "servers")
	must[[]types.SecurityGroupRule](t)(c.authorize(group, tcp(443, "10.1.0.0/16")))
	out := must[*ec2.RevokeSecurityGroupIngressOutput](t)(c.revoke(group, tcp(443, "10.1.0.0/16"), tcp(80, "10.1.0.0/16")))
	if len(out.UnknownIpPermissions) != 1 || len(c.rules(group)) != 0 {
		t.Errorf("unknown %v, left %v", out.UnknownIpPermissions, c.rules(group))
	}
}

func TestDescribingRules(t *testing.T) {
	t.Parallel()
	c := one(t)
	describe := func(in ec2.DescribeSecurityGroupRulesInput) error {
		_, err := c.DescribeSecurityGroupRules(t.Context(), &in)
		return err
	}
	refused(t, describe(ec2.DescribeSecurityGroupRulesInput{Filters: []types.Filter{filter("group-id", "foobar")}}),
		"InvalidGroupId.Malformed")
	refused(t,
		describe(ec2.DescribeSecurityGroupRulesInput{Filters: []types.Filter{filter("group-id", "sg-0123456789abcdef0")}}),
		"no error")
	refused(t, describe(ec2.DescribeSecurityGroupRulesInput{Filters: []types.Filter{filter("vpc-id", "vpc-1")}}),
		"InvalidParameterValue")
	refused(t, describe(ec2.DescribeSecurityGroupRulesInput{SecurityGroupRuleIds: []string{"sgr-0123456789abcdef0"}}),
		"InvalidSecurityGroupRuleId.NotFound")
}

// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html
func TestGroupsOfAPeer(t *testing.T) {
	t.Parallel()
	p := newPair(t, sim.Options{}, virginia)
	mine, theirs := p.asking.group(p.requester, "clients"), p.deciding.group(p.accepter, "servers")
	_, err := p.deciding.authorize(theirs, fromGroup(mine))
	refused(t, err, "InvalidGroup.NotFound") // not active yet
	p.accepted(t)
	rules := must[[]types.SecurityGroupRule](t)(p.deciding.authorize(theirs, fromGroup(mine)))
	if got := rules[0].ReferencedGroupInfo; *got.VpcPeeringConnectionId != p.id || *got.PeeringStatus != "active" {
		t.Errorf("the reference is %+v", got)
	}
	stale := func() int {
		out := must[*ec2.DescribeStaleSecurityGroupsOutput](t)(p.deciding.DescribeStaleSecurityGroups(t.Context(),
			&ec2.DescribeStaleSecurityGroupsInput{VpcId: &p.accepter}))
		return len(out.StaleSecurityGroupSet)
	}
	if n := stale(); n != 0 {
		t.Errorf("%d groups are stale while the connection is active", n)
	}
	if err := p.asking.remove(p.id); err != nil {
		t.Fatal(err)
	}
	if n := stale(); n != 1 {
		t.Errorf("%d groups are stale once the connection is deleted", n)
	}
	if got := p.deciding.rules(theirs)[0].ReferencedGroupInfo; *got.PeeringStatus != "deleted" {
		t.Errorf("the reference is %+v", got)
	}
}

func TestDeletingAGroup(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	servers, clients := c.group(vpc, "servers"), c.group(vpc, "clients")
	must[[]types.SecurityGroupRule](t)(c.authorize(servers, fromGroup(clients)))
	remove := func(id string) error {
		_, err := c.DeleteSecurityGroup(t.Context(), &ec2.DeleteSecurityGroupInput{GroupId: &id})
		return err
	}
	refused(t, remove(clients), "DependencyViolation")
	refused(t, remove(servers), "no error")
	refused(t, remove(clients), "no error")
	groups := must[*ec2.DescribeSecurityGroupsOutput](t)(c.DescribeSecurityGroups(t.Context(),
		&ec2.DescribeSecurityGroupsInput{
			Filters: []types.Filter{filter("vpc-id", vpc), filter("group-name", "default")},
		}))
	refused(t, remove(*groups.SecurityGroups[0].GroupId), "CannotDelete")
}

// TestNamesOfGroups holds names and descriptions to
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html.
func TestNamesOfGroups(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc, other := c.vpc("10.10.0.0/16"), c.vpc("10.20.0.0/16")
	long := strings.Repeat("x", 255)
	for _, tt := range []struct{ vpc, name, description, code, message string }{
		{vpc, "web servers", "Port 443 (HTTPS), for #1", "no error", ""},
		{vpc, "WEB servers", "d", "InvalidGroup.Duplicate", "already exists for VPC"},
		{other, "web servers", "d", "no error", ""},
		{vpc, "default", "d", "InvalidParameterValue", "Cannot use reserved security group name: default"},
		{
			vpc, "sg-web", "d", "InvalidParameterValue",
			"Value (sg-web) for parameter GroupName is invalid. Group names may not be in the format sg-*.",
		},
		{vpc, long, long, "no error", ""},
		{other, long + "x", "d", "InvalidParameterValue", "GroupName"},
		{other, "x", long + "x", "InvalidParameterValue", "GroupDescription"},
		{
			vpc, "db", "servers → db", "InvalidParameterValue",
			"Value (servers → db) for parameter GroupDescription is invalid. Character sets beyond ASCII are not supported.",
		},
		{vpc, "db<1>", "d", "InvalidParameterValue", "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"},
	} {
		_, err := c.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{
			VpcId: &tt.vpc, GroupName: &tt.name, Description: &tt.description,
		})
		refused(t, err, tt.code)
		if err != nil && !strings.Contains(err.Error(), tt.message) {
			t.Errorf("the message for %q is %v", tt.name, err)
		}
	}
}

func TestDuplicateMessage(t *testing.T) {
	t.Parallel()
	c := one(t)
	group := c.group(c.vpc("10.10.0.0/16"), "servers")
	must[[]types.SecurityGroupRule](t)(c.authorize(group, tcp(443, "0.0.0.0/0")))
	_, err := c.authorize(group, tcp(443, "0.0.0.0/0"))
	const want = `the specified rule "peer: 0.0.0.0/0, TCP, from port: 443, to port: 443, ALLOW" already exists`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("message is %v, want %s", err, want)
	}
}

// The rule of the peer becomes stale, see
// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html.
func TestAGroupThatAPeerRefersToCanBeDeleted(t *testing.T) {
	t.Parallel()
	c := one(t)
	here, there := c.vpc("10.10.0.0/16"), c.vpc("10.20.0.0/16")
	p := must[types.VpcPeeringConnection](t)(c.request(here, there, marketing, virginia))
	refused(t, c.accept(*p.VpcPeeringConnectionId), "no error")
	clients, servers := c.group(here, "clients"), c.group(there, "servers")
	must[[]types.SecurityGroupRule](t)(c.authorize(servers, fromGroup(clients)))
	_, err := c.DeleteSecurityGroup(t.Context(), &ec2.DeleteSecurityGroupInput{GroupId: &clients})
	refused(t, err, "no error")
	out := must[*ec2.DescribeStaleSecurityGroupsOutput](t)(c.DescribeStaleSecurityGroups(t.Context(),
		&ec2.DescribeStaleSecurityGroupsInput{VpcId: &there}))
	if len(out.StaleSecurityGroupSet) != 1 {
		t.Errorf("stale groups are %v", out.StaleSecurityGroupSet)
	}
}
