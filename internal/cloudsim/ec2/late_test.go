package ec2_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

const lateBy = 20 * time.Second

// latePair shows the edits of marketing late.
func latePair(t *testing.T) pair {
	t.Helper()
	return newPair(t, sim.Options{ShowLate: func(c apicall.Call) time.Duration {
		if c.Account != marketing {
			return 0
		}
		return lateBy
	}}, virginia).accepted(t)
}

// ruleNames returns the values of the tags of a group's rules.
func (c client) ruleNames(group string) []string {
	c.t.Helper()
	var names []string
	for _, r := range c.rules(group) {
		for _, tag := range r.Tags {
			names = append(names, *tag.Value)
		}
	}
	slices.Sort(names)
	return names
}

func (c client) permissions(group string) int {
	c.t.Helper()
	out := must[*ec2.DescribeSecurityGroupsOutput](c.t)(c.DescribeSecurityGroups(c.t.Context(),
		&ec2.DescribeSecurityGroupsInput{GroupIds: []string{group}}))
	return len(out.SecurityGroups[0].IpPermissions)
}

// named authorizes a port with a Name tag.
func (c client) named(group, name string, port int32) string {
	c.t.Helper()
	out := must[*ec2.AuthorizeSecurityGroupIngressOutput](c.t)(c.AuthorizeSecurityGroupIngress(c.t.Context(),
		&ec2.AuthorizeSecurityGroupIngressInput{
			GroupId: &group,
			IpPermissions: []types.IpPermission{{
				IpProtocol: aws.String("tcp"), FromPort: &port, ToPort: &port,
				IpRanges: []types.IpRange{{CidrIp: aws.String("172.31.0.0/16")}},
			}},
			TagSpecifications: []types.TagSpecification{
				{ResourceType: types.ResourceTypeSecurityGroupRule, Tags: []types.Tag{{Key: aws.String("Name"), Value: &name}}},
			},
		}))
	return *out.SecurityGroupRules[0].SecurityGroupRuleId
}

func TestRoutesAreShownLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := latePair(t)
		table := p.asking.mainTable(p.requester)
		shows := func(when string, want ...string) {
			t.Helper()
			if diff := cmp.Diff(append([]string{"10.10.0.0/16 local active"}, want...), p.asking.routes(table)); diff != "" {
				t.Errorf("%s the routes are (-want +got):\n%s", when, diff)
			}
		}
		first, second := "172.31.0.0/16 "+p.id+" active", "172.31.1.0/24 "+p.id+" active"
		refused(t, p.asking.route(table, "172.31.0.0/16", p.id), "no error")
		shows("right after CreateRoute")
		refused(t, p.asking.route(table, "172.31.0.0/16", p.id), "RouteAlreadyExists") // mutating calls see it
		wait(lateBy - time.Second)
		shows("a second before it is visible")
		refused(t, p.asking.route(table, "172.31.1.0/24", p.id), "no error")
		wait(time.Second)
		shows("when the first route is visible", first)
		wait(lateBy)
		shows("when both are visible", first, second)
		must[*ec2.DeleteRouteOutput](t)(p.asking.DeleteRoute(t.Context(), &ec2.DeleteRouteInput{
			RouteTableId: &table, DestinationCidrBlock: aws.String("172.31.1.0/24"),
		}))
		shows("right after DeleteRoute", first, second)
		wait(lateBy)
		shows("later", first)
		gateway := p.asking.gateway(p.requester)
		must[*ec2.ReplaceRouteOutput](t)(p.asking.ReplaceRoute(t.Context(), &ec2.ReplaceRouteInput{
			RouteTableId: &table, DestinationCidrBlock: aws.String("172.31.0.0/16"), GatewayId: &gateway,
		}))
		shows("right after ReplaceRoute", first)
		wait(lateBy)
		shows("later", "172.31.0.0/16 "+gateway+" active")
	})
}

func TestRulesAndTheirTagsAreShownLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := latePair(t)
		group := p.asking.group(p.requester, "servers")
		shows := func(when string, want ...string) {
			t.Helper()
			if got := p.asking.ruleNames(group); !slices.Equal(got, want) || p.asking.permissions(group) != len(want) {
				t.Errorf("%s the rules are %v and %d permissions, want %v", when, got, p.asking.permissions(group), want)
			}
		}
		id := p.asking.named(group, "one", 22)
		shows("right after Authorize")
		wait(lateBy)
		shows("later", "one")
		must[*ec2.RevokeSecurityGroupIngressOutput](t)(p.asking.RevokeSecurityGroupIngress(t.Context(),
			&ec2.RevokeSecurityGroupIngressInput{
				GroupId: &group, SecurityGroupRuleIds: []string{id},
			}))
		shows("right after Revoke", "one")
		p.asking.named(group, "two", 22) // the same permission again, which the group really lacks
		shows("while both are late", "one")
		wait(lateBy)
		shows("later", "two")
	})
}

func TestTagsAreShownLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := latePair(t)
		wait(lateBy) // until the connection is shown
		hold := []types.Tag{{Key: aws.String("hold"), Value: aws.String("true")}}
		must[*ec2.CreateTagsOutput](t)(p.asking.CreateTags(t.Context(), &ec2.CreateTagsInput{
			Resources: []string{p.id}, Tags: hold,
		}))
		shows := func(when string, want int) {
			t.Helper()
			if got := len(p.asking.connection(p.id).Tags); got != want {
				t.Errorf("%s there are %d tags, want %d", when, got, want)
			}
		}
		shows("right after CreateTags", 0)
		wait(lateBy)
		shows("later", 1)
		must[*ec2.DeleteTagsOutput](t)(p.asking.DeleteTags(t.Context(), &ec2.DeleteTagsInput{
			Resources: []string{p.id}, Tags: hold,
		}))
		shows("right after DeleteTags", 1)
		wait(lateBy)
		shows("later", 0)
	})
}

// TestOnlyTheChosenCallsAreShownLate: each call of the function is visible at once, beside an edit that isn't yet.
func TestOnlyTheChosenCallsAreShownLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		late := true
		s := sim.New(sim.Options{ShowLate: func(apicall.Call) time.Duration {
			if late {
				return lateBy
			}
			return 0
		}})
		c := in(t, s, marketing, virginia)
		group := c.group(c.vpc("10.10.0.0/16"), "servers")
		c.named(group, "person", 22)
		late = false
		c.named(group, "function", 80)
		if got := c.ruleNames(group); !slices.Equal(got, []string{"function"}) {
			t.Errorf("rules = %v, want the function's only", got)
		}
		wait(lateBy)
		if got := c.ruleNames(group); !slices.Equal(got, []string{"function", "person"}) {
			t.Errorf("rules = %v, want both", got)
		}
	})
}
