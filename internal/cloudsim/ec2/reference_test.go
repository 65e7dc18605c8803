package ec2_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

func fromGroupOf(owner *string, id string) types.IpPermission {
	return types.IpPermission{IpProtocol: aws.String("-1"), UserIdGroupPairs: []types.UserIdGroupPair{
		{GroupId: &id, UserId: owner},
	}}
}

// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html
func TestWhichGroupsOfAPeerCanBeReferredTo(t *testing.T) {
	tests := []struct {
		name   string
		region string // of the accepter, who has the group
		owner  *string
		before func(t *testing.T, p pair)
		want   string
	}{
		{"while the connection is active", virginia, aws.String(finance), func(*testing.T, pair) {
			wait(3 * time.Second)
		}, "no error"},
		{"while it is provisioning", virginia, aws.String(finance), func(*testing.T, pair) {}, "InvalidGroup.NotFound"},
		{"once it is deleted", virginia, aws.String(finance), func(t *testing.T, p pair) {
			wait(3 * time.Second)
			refused(t, p.asking.remove(p.id), "no error")
		}, "InvalidGroup.NotFound"},
		{"of another region", ireland, aws.String(finance), func(*testing.T, pair) {
			wait(3 * time.Second)
		}, "InvalidGroup.NotFound"},
		{"of another account that isn't named", virginia, nil, func(*testing.T, pair) {
			wait(3 * time.Second)
		}, "InvalidGroup.NotFound"},
		{"of an account that doesn't have it", virginia, aws.String("333333333333"), func(*testing.T, pair) {
			wait(3 * time.Second)
		}, "InvalidGroup.NotFound"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t, sim.Options{Delays: sim.Delays{Provisioning: 3 * time.Second}}, tt.region).accepted(t)
				mine, theirs := p.asking.group(p.requester, "servers"), p.deciding.group(p.accepter, "clients")
				tt.before(t, p)
				_, err := p.asking.authorize(mine, fromGroupOf(tt.owner, theirs))
				refused(t, err, tt.want)
			})
		})
	}
}

// referring is a pair in which a group of the requester's admits one of the accepter's.
type referring struct {
	pair
	mine, theirs string
}

func newReference(t *testing.T) referring {
	t.Helper()
	r := referring{pair: newPair(t, sim.Options{}, virginia).accepted(t)}
	r.mine, r.theirs = r.asking.group(r.requester, "servers"), r.deciding.group(r.accepter, "clients")
	must[[]types.SecurityGroupRule](t)(r.asking.authorize(r.mine, fromGroupOf(aws.String(finance), r.theirs)))
	return r
}

// check compares the reference as two calls show it, and whether it is stale.
func (r referring) check(t *testing.T, when string, want types.ReferencedSecurityGroup, stale int) {
	t.Helper()
	rules := r.asking.rules(r.mine)
	if len(rules) != 1 {
		t.Fatalf("%s there are %d rules, want 1", when, len(rules))
	}
	got := *rules[0].ReferencedGroupInfo
	ignore := cmpopts.IgnoreUnexported(types.ReferencedSecurityGroup{})
	if diff := cmp.Diff(want, got, ignore); diff != "" {
		t.Errorf("%s DescribeSecurityGroupRules shows: %s", when, diff)
	}
	groups := must[*ec2.DescribeSecurityGroupsOutput](t)(r.asking.DescribeSecurityGroups(t.Context(),
		&ec2.DescribeSecurityGroupsInput{GroupIds: []string{r.mine}}))
	pair := groups.SecurityGroups[0].IpPermissions[0].UserIdGroupPairs[0]
	got = types.ReferencedSecurityGroup{
		GroupId: pair.GroupId, UserId: pair.UserId, VpcId: pair.VpcId, VpcPeeringConnectionId: pair.VpcPeeringConnectionId,
		PeeringStatus: pair.PeeringStatus,
	}
	if diff := cmp.Diff(want, got, ignore); diff != "" {
		t.Errorf("%s DescribeSecurityGroups shows: %s", when, diff)
	}
	out := must[*ec2.DescribeStaleSecurityGroupsOutput](t)(r.asking.DescribeStaleSecurityGroups(t.Context(),
		&ec2.DescribeStaleSecurityGroupsInput{VpcId: &r.requester}))
	if n := len(out.StaleSecurityGroupSet); n != stale {
		t.Errorf("%s %d groups are stale, want %d", when, n, stale)
	}
	if stale == 1 && *out.StaleSecurityGroupSet[0].StaleIpPermissions[0].UserIdGroupPairs[0].GroupId != r.theirs {
		t.Errorf("%s the stale permissions are %v", when, out.StaleSecurityGroupSet[0].StaleIpPermissions)
	}
}

func (r referring) reference(connection, status string, owner *string) types.ReferencedSecurityGroup {
	return types.ReferencedSecurityGroup{
		GroupId: &r.theirs, UserId: owner, VpcId: &r.accepter, VpcPeeringConnectionId: &connection, PeeringStatus: &status,
	}
}

func TestAReferenceIsStaleWhileItsConnectionIsGone(t *testing.T) {
	t.Parallel()
	r := newReference(t)
	owner := aws.String(finance)
	r.check(t, "at first", r.reference(r.id, "active", owner), 0)
	refused(t, r.deciding.remove(r.id), "no error")
	r.check(t, "without a connection", r.reference(r.id, "deleted", owner), 1)
	again := *must[types.VpcPeeringConnection](t)(r.deciding.request(r.accepter, r.requester, marketing,
		virginia)).VpcPeeringConnectionId
	r.check(t, "while a new connection is pending", r.reference(again, "pending-acceptance", owner), 1)
	refused(t, r.asking.accept(again), "no error")
	r.check(t, "with the new connection", r.reference(again, "active", owner), 0)
}

func TestAFailedRequestChangesNoReference(t *testing.T) {
	t.Parallel()
	r := newReference(t)
	refused(t, r.asking.remove(r.id), "no error")
	must[*ec2.AssociateVpcCidrBlockOutput](t)(r.asking.associate(r.requester, "100.64.0.0/16"))
	must[*ec2.AssociateVpcCidrBlockOutput](t)(r.deciding.associate(r.accepter, "100.64.0.0/24")) // overlaps it
	again := *must[types.VpcPeeringConnection](t)(r.asking.request(r.requester, r.accepter, finance,
		virginia)).VpcPeeringConnectionId
	if got := r.asking.state(again); got != "failed" {
		t.Fatalf("the second request is %s, want failed", got)
	}
	r.check(t, "after a failed request", r.reference(r.id, "deleted", aws.String(finance)), 1)
}

func TestARequestInTheOppositeDirectionChangesNoReference(t *testing.T) {
	t.Parallel()
	r := newReference(t)
	must[types.VpcPeeringConnection](t)(r.deciding.request(r.accepter, r.requester, marketing, virginia))
	r.check(t, "beside a request in the opposite direction", r.reference(r.id, "active", aws.String(finance)), 0)
}

func TestAReferenceToADeletedGroupIsStale(t *testing.T) {
	t.Parallel()
	r := newReference(t)
	_, err := r.deciding.DeleteSecurityGroup(t.Context(), &ec2.DeleteSecurityGroupInput{GroupId: &r.theirs})
	refused(t, err, "no error")
	r.check(t, "without the group", r.reference(r.id, "active", nil), 1)
	revoked := must[*ec2.RevokeSecurityGroupIngressOutput](t)(r.asking.revoke(r.mine,
		fromGroupOf(aws.String(finance), r.theirs)))
	if len(revoked.RevokedSecurityGroupRules) != 1 {
		t.Errorf("a stale rule can be revoked by its former permission: %+v", revoked)
	}
}

func TestAReferenceOutlivesThePeersVPC(t *testing.T) {
	t.Parallel()
	r := newReference(t)
	_, err := r.deciding.DeleteSecurityGroup(t.Context(), &ec2.DeleteSecurityGroupInput{GroupId: &r.theirs})
	refused(t, err, "no error")
	_, err = r.deciding.DeleteVpc(t.Context(), &ec2.DeleteVpcInput{VpcId: &r.accepter})
	refused(t, err, "no error")
	r.check(t, "without the VPC", r.reference(r.id, "deleted", nil), 1)
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroupReferences.html
func TestReferencesToAGroupOfAPeer(t *testing.T) {
	t.Parallel()
	r := newReference(t)
	references := func() []types.SecurityGroupReference {
		in := ec2.DescribeSecurityGroupReferencesInput{GroupId: []string{r.theirs}}
		out, err := r.deciding.DescribeSecurityGroupReferences(t.Context(), &in)
		refused(t, err, "no error")
		return out.SecurityGroupReferenceSet
	}
	want := []types.SecurityGroupReference{{
		GroupId: &r.theirs, ReferencingVpcId: &r.requester, VpcPeeringConnectionId: &r.id,
	}}
	if diff := cmp.Diff(want, references(), cmpopts.IgnoreUnexported(types.SecurityGroupReference{})); diff != "" {
		t.Errorf("the references differ (-want +got):\n%s", diff)
	}
	refused(t, r.deciding.remove(r.id), "no error")
	if got := references(); len(got) != 0 {
		t.Errorf("without the connection, there are %d references", len(got))
	}
	_, err := r.asking.DescribeSecurityGroupReferences(t.Context(), &ec2.DescribeSecurityGroupReferencesInput{
		GroupId: []string{r.theirs},
	})
	refused(t, err, "InvalidGroup.NotFound")
}
