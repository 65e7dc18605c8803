package ec2_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

// TestAParticipantsGroup: the owner of the VPC describes it, without its tags, and can't add a rule. An account without
// a share makes none.
func TestAParticipantsGroup(t *testing.T) {
	t.Parallel()
	s := sim.New(sim.Options{})
	owner, participant := in(t, s, marketing, virginia), in(t, s, finance, virginia)
	vpc, kept := owner.vpc("10.10.0.0/16"), owner.vpc("10.11.0.0/16")
	s.Share(vpc, finance)
	group := participant.group(vpc, "theirs")
	_, err := participant.CreateTags(t.Context(), &ec2.CreateTagsInput{
		Resources: []string{group}, Tags: []types.Tag{{Key: aws.String("Role"), Value: aws.String("server")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []client{owner, participant} {
		out := must[*ec2.DescribeSecurityGroupsOutput](t)(c.DescribeSecurityGroups(t.Context(),
			&ec2.DescribeSecurityGroupsInput{GroupIds: []string{group}}))
		g := out.SecurityGroups[0]
		if *g.OwnerId != finance || *g.VpcId != vpc || (len(g.Tags) > 0) != (c == participant) {
			t.Errorf("described as %+v", g)
		}
	}
	_, err = owner.authorize(group, tcp(443, "192.0.2.0/24"))
	refused(t, err, "InvalidGroup.NotFound")
	if _, err = participant.authorize(group, tcp(443, "192.0.2.0/24")); err != nil {
		t.Error(err)
	}
	name := "theirs"
	for _, c := range []client{participant, in(t, s, finance, ireland), in(t, s, "333333333333", virginia)} {
		of := vpc
		if c == participant {
			of = kept
		}
		_, err = c.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{
			VpcId: &of, GroupName: &name, Description: &name,
		})
		refused(t, err, "InvalidVpcID.NotFound")
	}
	if out := must[*ec2.DescribeSecurityGroupsOutput](t)(participant.DescribeSecurityGroups(t.Context(),
		&ec2.DescribeSecurityGroupsInput{
			Filters: []types.Filter{filter("vpc-id", vpc)},
		})); len(out.SecurityGroups) != 1 {
		t.Errorf("the participant sees %d groups, want its own alone", len(out.SecurityGroups))
	}
}
