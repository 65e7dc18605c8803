package ec2_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

// fromNamed admits HTTPS from a group by its name; an empty owner is left out.
func fromNamed(name, owner string) types.IpPermission {
	pair := types.UserIdGroupPair{GroupName: &name}
	if owner != "" {
		pair.UserId = &owner
	}
	p := tcp(443)
	p.UserIdGroupPairs = []types.UserIdGroupPair{pair}
	return p
}

func TestARuleOfTheDefaultVPCNamesItsSource(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := *c.defaultVPC().VpcId
	servers, clients := c.group(vpc, "servers"), c.group(vpc, "clients")
	for _, owner := range []string{"", marketing} {
		rule := must[[]types.SecurityGroupRule](t)(c.authorize(servers, fromNamed("clients", owner)))[0]
		if got := *rule.ReferencedGroupInfo; *got.GroupId != clients || *got.UserId != marketing {
			t.Errorf("the rule refers to %s of %s", *got.GroupId, *got.UserId)
		}
		must[*ec2.RevokeSecurityGroupIngressOutput](t)(c.revoke(servers, fromNamed("clients", owner)))
		if left := c.rules(servers); len(left) != 0 {
			t.Errorf("%v is left", left)
		}
	}
	must[*ec2.AuthorizeSecurityGroupEgressOutput](t)(c.AuthorizeSecurityGroupEgress(t.Context(),
		&ec2.AuthorizeSecurityGroupEgressInput{
			GroupId: &servers, IpPermissions: []types.IpPermission{fromNamed("clients", "")},
		}))
	must[*ec2.RevokeSecurityGroupEgressOutput](t)(c.RevokeSecurityGroupEgress(t.Context(),
		&ec2.RevokeSecurityGroupEgressInput{
			GroupId: &servers, IpPermissions: []types.IpPermission{fromNamed("clients", "")},
		}))
}

func TestRefusedNamesOfSources(t *testing.T) {
	t.Parallel()
	s := sim.New(sim.Options{})
	c := in(t, s, marketing, virginia)
	in(t, s, finance, virginia).group(*in(t, s, finance, virginia).defaultVPC().VpcId, "theirs")
	vpc := c.vpc("10.0.0.0/16")
	servers, other := c.group(*c.defaultVPC().VpcId, "servers"), c.group(vpc, "servers")
	c.group(vpc, "only")
	ofDefault := "does not exist in default VPC '" + *c.defaultVPC().VpcId + "'"
	for _, refusal := range []struct{ group, name, owner, text string }{
		{servers, "nobody", "", ofDefault},
		{servers, "theirs", finance, ofDefault},
		{servers, "servers", finance, ofDefault},
		{other, "only", "", ofDefault}, // https://github.com/boto/boto3/issues/158
		// https://github.com/boto/boto3/issues/569
		{other, "servers", "", "You have specified two resources that belong to different networks."},
	} {
		_, err := c.authorize(refusal.group, fromNamed(refusal.name, refusal.owner))
		refusedWith(t, err, "InvalidGroup.NotFound", refusal.text)
	}
}

// TestTheVPCOfAPairHasNoEffect: https://github.com/boto/boto3/issues/569.
func TestTheVPCOfAPairHasNoEffect(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc, other := c.vpc("10.0.0.0/16"), c.vpc("10.1.0.0/16")
	servers, clients := c.group(vpc, "servers"), c.group(vpc, "clients")
	named := fromNamed("clients", "")
	named.UserIdGroupPairs[0].VpcId = &vpc
	_, err := c.authorize(servers, named)
	refusedWith(t, err, "InvalidGroup.NotFound", "does not exist in default VPC")
	p := fromGroup(clients)
	p.UserIdGroupPairs[0].VpcId = &other
	rule := must[[]types.SecurityGroupRule](t)(c.authorize(servers, p))[0]
	if got := rule.ReferencedGroupInfo; *got.GroupId != clients || got.VpcId != nil {
		t.Errorf("the rule refers to %s of %s", *got.GroupId, aws.ToString(got.VpcId))
	}
}

// https://github.com/boto/boto/issues/561
func TestNoGroupGoesByItsNameWithoutADefaultVPC(t *testing.T) {
	t.Parallel()
	c := one(t)
	servers := c.group(c.vpc("10.0.0.0/16"), "servers")
	vpc := *c.defaultVPC().VpcId
	c.empty(vpc)
	must[*ec2.DeleteVpcOutput](t)(c.DeleteVpc(t.Context(), &ec2.DeleteVpcInput{VpcId: &vpc}))
	_, err := c.authorize(servers, fromNamed("servers", ""))
	refusedWith(t, err, "InvalidParameterValue", "You may not reference Amazon VPC security groups by name.")
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RevokeSecurityGroupIngress.html
func TestASourceInParametersOfItsOwnHasAllPorts(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := *c.defaultVPC().VpcId
	servers := c.group(vpc, "servers")
	c.group(vpc, "clients")
	_, err := c.AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{
		GroupName: aws.String("servers"), SourceSecurityGroupName: aws.String("clients"),
		SourceSecurityGroupOwnerId: aws.String(marketing),
	})
	refused(t, err, "no error")
	var got []string
	for _, r := range c.rules(servers) {
		got = append(got, fmt.Sprint(*r.IpProtocol, " ", *r.FromPort, " ", *r.ToPort))
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"icmp -1 -1", "tcp 0 65535", "udp 0 65535"}, got); diff != "" {
		t.Error(diff)
	}
	_, err = c.AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{
		GroupId: &servers, SourceSecurityGroupName: aws.String("clients"), IpProtocol: aws.String("tcp"),
	})
	refused(t, err, "InvalidParameterCombination")
	_, err = c.AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{
		GroupId: &servers, SourceSecurityGroupOwnerId: aws.String(marketing),
	})
	refused(t, err, "MissingParameter")
	_, err = c.RevokeSecurityGroupIngress(t.Context(), &ec2.RevokeSecurityGroupIngressInput{
		GroupName: aws.String("servers"), SourceSecurityGroupName: aws.String("clients"),
	})
	refused(t, err, "no error")
	if left := c.rules(servers); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}

// Terraform would plan a change of ports for ever: https://github.com/hashicorp/terraform/issues/10143.
func TestPortsOfOtherProtocolsAreLeftOutOfAGroup(t *testing.T) {
	t.Parallel()
	c := one(t)
	group := c.group(c.vpc("10.0.0.0/16"), "servers")
	esp := tcp(0, "10.1.0.0/16")
	esp.IpProtocol = aws.String("50")
	must[[]types.SecurityGroupRule](t)(c.authorize(group, esp))
	shown := must[*ec2.DescribeSecurityGroupsOutput](t)(c.DescribeSecurityGroups(t.Context(),
		&ec2.DescribeSecurityGroupsInput{GroupIds: []string{group}})).SecurityGroups[0].IpPermissions[0]
	if *shown.IpProtocol != "50" || shown.FromPort != nil || shown.ToPort != nil {
		t.Errorf("the group shows protocol %s, ports %v to %v", *shown.IpProtocol, shown.FromPort, shown.ToPort)
	}
	if r := c.rules(group)[0]; *r.FromPort != -1 || *r.ToPort != -1 {
		t.Errorf("the rule has ports %d to %d", *r.FromPort, *r.ToPort)
	}
}
