package ec2_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

func (c client) associateGroup(group, vpc string) error {
	in := ec2.AssociateSecurityGroupVpcInput{GroupId: &group, VpcId: &vpc}
	out, err := c.AssociateSecurityGroupVpc(c.t.Context(), &in)
	if err == nil && out.State != types.SecurityGroupVpcAssociationStateAssociating {
		c.t.Errorf("the new association is %s", out.State)
	}
	return err
}

func (c client) disassociateGroup(group, vpc string) error {
	_, err := c.DisassociateSecurityGroupVpc(c.t.Context(), &ec2.DisassociateSecurityGroupVpcInput{
		GroupId: &group, VpcId: &vpc,
	})
	return err
}

func (c client) groupVPCs(filters ...types.Filter) []types.SecurityGroupVpcAssociation {
	c.t.Helper()
	in := ec2.DescribeSecurityGroupVpcAssociationsInput{Filters: filters}
	out, err := c.DescribeSecurityGroupVpcAssociations(c.t.Context(), &in)
	if err != nil {
		c.t.Fatal(err)
	}
	return out.SecurityGroupVpcAssociations
}

// groupsFor returns the names of the groups that an interface in the VPC can have.
func (c client) groupsFor(vpc string, filters ...types.Filter) []string {
	c.t.Helper()
	var names []string
	pages := ec2.NewGetSecurityGroupsForVpcPaginator(c, &ec2.GetSecurityGroupsForVpcInput{VpcId: &vpc, Filters: filters})
	for pages.HasMorePages() {
		for _, g := range must[*ec2.GetSecurityGroupsForVpcOutput](c.t)(pages.NextPage(c.t.Context())).SecurityGroupForVpcs {
			names = append(names, *g.GroupName)
		}
	}
	slices.Sort(names)
	return names
}

// https://docs.aws.amazon.com/vpc/latest/userguide/security-group-assoc.html
func TestAnAssociatedGroupIsForInterfacesOfTheOtherVPC(t *testing.T) {
	t.Parallel()
	c := in(t, sim.New(sim.Options{PageSize: 1}), marketing, virginia)
	own, other := c.vpc("10.0.0.0/16"), c.vpc("10.1.0.0/16")
	group, subnet := c.group(own, "web"), c.subnet(other, "10.1.1.0/24")
	face := ec2.CreateNetworkInterfaceInput{SubnetId: &subnet, Groups: []string{group}}
	_, err := c.CreateNetworkInterface(t.Context(), &face)
	refused(t, err, "InvalidParameter")
	refused(t, c.associateGroup(group, other), "no error")
	if got := c.groupsFor(other); !slices.Equal(got, []string{"default", "web"}) {
		t.Errorf("the groups are %v", got)
	}
	id := *c.face(face).NetworkInterfaceId
	refused(t, c.disassociateGroup(group, other), "DependencyViolation")
	must[*ec2.DeleteNetworkInterfaceOutput](t)(c.DeleteNetworkInterface(t.Context(), &ec2.DeleteNetworkInterfaceInput{
		NetworkInterfaceId: &id,
	}))
	remove := func() error {
		_, err := c.DeleteSecurityGroup(t.Context(), &ec2.DeleteSecurityGroupInput{GroupId: &group})
		return err
	}
	refused(t, remove(), "DependencyViolation")
	refused(t, c.disassociateGroup(group, other), "no error")
	if got := c.groupVPCs(); len(got) != 0 {
		t.Errorf("the associations are %v", got)
	}
	refused(t, remove(), "no error")
}

func TestAssociationsEndWithTheirVPC(t *testing.T) {
	t.Parallel()
	c := one(t)
	other := c.vpc("10.1.0.0/16")
	refused(t, c.associateGroup(c.group(c.vpc("10.0.0.0/16"), "web"), other), "no error")
	must[*ec2.DeleteVpcOutput](t)(c.DeleteVpc(t.Context(), &ec2.DeleteVpcInput{VpcId: &other}))
	if got := c.groupVPCs(); len(got) != 0 {
		t.Errorf("the associations are %v", got)
	}
}

func TestFiltersOfGroupAssociations(t *testing.T) {
	t.Parallel()
	s := sim.New(sim.Options{})
	c, owner := in(t, s, marketing, virginia), in(t, s, finance, virginia)
	own, other, shared := c.vpc("10.0.0.0/16"), c.vpc("10.1.0.0/16"), owner.vpc("10.2.0.0/16")
	s.Share(shared, marketing)
	web, db := c.group(own, "web"), c.group(own, "db")
	for group, vpc := range map[string]string{web: shared, db: other} {
		refused(t, c.associateGroup(group, vpc), "no error")
	}
	for _, tt := range []struct {
		filter types.Filter
		want   int
	}{
		{filter("group-id", web), 1},
		{filter("group-owner-id", marketing), 2},
		{filter("vpc-id", other), 1},
		{filter("vpc-owner-id", finance), 1},
		{filter("state", "associated"), 2},
	} {
		if got := c.groupVPCs(tt.filter); len(got) != tt.want {
			t.Errorf("%s finds %d, want %d", *tt.filter.Name, len(got), tt.want)
		}
	}
	for _, f := range []types.Filter{
		filter("group-id", db), filter("group-name", "db"), filter("description", "db"), filter("primary-vpc-id", own),
	} {
		if got := c.groupsFor(other, f); !slices.Equal(got, []string{"db"}) {
			t.Errorf("%s finds %v", *f.Name, got)
		}
	}
	if got := c.groupsFor(own, filter("owner-id", finance)); len(got) != 0 {
		t.Errorf("another account's groups are %v", got)
	}
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateSecurityGroupVpc.html
func TestRefusedGroupAssociations(t *testing.T) {
	t.Parallel()
	c := one(t)
	own, other := c.vpc("10.0.0.0/16"), c.vpc("10.1.0.0/16")
	in := ec2.DescribeSecurityGroupsInput{Filters: []types.Filter{filter("vpc-id", own)}}
	groups := must[*ec2.DescribeSecurityGroupsOutput](t)(c.DescribeSecurityGroups(t.Context(), &in))
	vpcs := must[*ec2.DescribeVpcsOutput](t)(c.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{
		Filters: []types.Filter{filter("is-default", "true")},
	}))
	web := c.group(own, "web")
	refused(t, c.associateGroup(*groups.SecurityGroups[0].GroupId, other), "OperationNotPermitted")
	refused(t, c.associateGroup(web, *vpcs.Vpcs[0].VpcId), "OperationNotPermitted")
	refused(t, c.associateGroup(web, own), "InvalidParameterValue")
	refused(t, c.associateGroup("sg-0123456789abcdef0", other), "InvalidGroup.NotFound")
	refused(t, c.associateGroup(web, "vpc-0123456789abcdef0"), "InvalidVpcID.NotFound")
	refused(t, c.disassociateGroup(web, other), "InvalidParameterValue")
	_, err := c.AssociateSecurityGroupVpc(t.Context(), &ec2.AssociateSecurityGroupVpcInput{
		GroupId: &web, VpcId: &other, DryRun: aws.Bool(true),
	})
	refused(t, err, "DryRunOperation")
	_, err = c.GetSecurityGroupsForVpc(t.Context(), &ec2.GetSecurityGroupsForVpcInput{
		VpcId: aws.String("vpc-0123456789abcdef0"),
	})
	refused(t, err, "InvalidVpcID.NotFound")
}
