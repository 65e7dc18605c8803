package ec2_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func (c client) modify(group string, updates ...types.SecurityGroupRuleUpdate) error {
	_, err := c.ModifySecurityGroupRules(c.t.Context(), &ec2.ModifySecurityGroupRulesInput{
		GroupId: &group, SecurityGroupRules: updates,
	})
	return err
}

// updated changes the rule with the id to SSH from a block.
func updated(id *string, cidr string) types.SecurityGroupRuleUpdate {
	return types.SecurityGroupRuleUpdate{SecurityGroupRuleId: id, SecurityGroupRule: &types.SecurityGroupRuleRequest{
		IpProtocol: aws.String("tcp"), FromPort: aws.Int32(22), ToPort: aws.Int32(22), CidrIpv4: &cidr,
		Description: aws.String("new"),
	}}
}

func TestModifiedRulesKeepTheirIDsAndTags(t *testing.T) {
	t.Parallel()
	c := one(t)
	group := c.group(c.vpc("10.10.0.0/16"), "servers")
	added := must[[]types.SecurityGroupRule](t)(c.authorize(group, tcp(443, "10.1.0.0/16"), tcp(80, "10.1.0.0/16")))
	must[*ec2.CreateTagsOutput](t)(c.CreateTags(t.Context(), &ec2.CreateTagsInput{
		Resources: []string{*added[0].SecurityGroupRuleId}, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}},
	}))
	if err := c.modify(group, updated(added[0].SecurityGroupRuleId, "0.0.0.0/0")); err != nil {
		t.Fatal(err)
	}
	for _, r := range c.rules(group) {
		changed := *r.SecurityGroupRuleId == *added[0].SecurityGroupRuleId
		if changed && (*r.FromPort != 22 || *r.CidrIpv4 != "0.0.0.0/0" || *r.Description != "new" || len(r.Tags) != 1) {
			t.Errorf("the rule is %+v, want port 22 from everywhere, with its tag", r)
		}
		if !changed && *r.FromPort != 80 {
			t.Errorf("another rule is changed: %+v", r)
		}
	}
}

func TestRefusedModifications(t *testing.T) {
	t.Parallel()
	c := one(t)
	group := c.group(c.vpc("10.10.0.0/16"), "servers")
	added := must[[]types.SecurityGroupRule](t)(c.authorize(group, tcp(443, "10.1.0.0/16"), tcp(80, "10.1.0.0/16")))
	first := added[0].SecurityGroupRuleId
	for name, tt := range map[string]struct {
		code    string
		updates []types.SecurityGroupRuleUpdate
	}{
		"as another rule, after one that is fine": {"InvalidPermission.Duplicate", []types.SecurityGroupRuleUpdate{
			updated(first, "10.1.0.0/16"), updated(added[1].SecurityGroupRuleId, "10.1.0.0/16"),
		}},
		"a rule that doesn't exist": {"InvalidSecurityGroupRuleId.NotFound", []types.SecurityGroupRuleUpdate{
			updated(aws.String("sgr-00000000000000000"), "10.1.0.0/16"),
		}},
		"a malformed id": {"InvalidSecurityGroupRuleId.Malformed", []types.SecurityGroupRuleUpdate{
			updated(aws.String("sg-1"), "10.1.0.0/16"),
		}},
		"a malformed block": {"InvalidParameterValue", []types.SecurityGroupRuleUpdate{updated(first, "10.1.0.0")}},
		"no source": {"InvalidParameterValue",
			[]types.SecurityGroupRuleUpdate{{SecurityGroupRuleId: first, SecurityGroupRule: &types.SecurityGroupRuleRequest{
				IpProtocol: aws.String("-1"),
			}}}},
	} {
		t.Run(name, func(t *testing.T) { refused(t, c.modify(group, tt.updates...), tt.code) })
	}
	if ports := c.rules(group); *ports[0].FromPort == 22 || *ports[1].FromPort == 22 {
		t.Errorf("a refused call has changed %+v", ports)
	}
}
