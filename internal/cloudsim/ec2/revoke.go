package ec2

import "slices"

func revokeIngress(r *request) ([]node, error) { return r.revoke(false) }
func revokeEgress(r *request) ([]node, error)  { return r.revoke(true) }

func (r *request) revoke(egress bool) ([]node, error) {
	g, err := r.group()
	if err != nil {
		return nil, err
	}
	var revoked []*rule
	var unknown []wanted
	if ids := r.list("SecurityGroupRuleId"); len(ids) > 0 {
		revoked, err = r.rulesByID(g, ids, egress)
	} else {
		revoked, unknown, err = r.rulesByTraffic(g, egress)
	}
	if err != nil {
		return nil, err
	}
	g.rules = slices.DeleteFunc(g.rules, func(rule *rule) bool { return slices.Contains(revoked, rule) })
	for _, rule := range revoked {
		r.cell.forget(rule.id)
	}
	return append(done(), r.unknownNode(g, unknown), listOf("revokedSecurityGroupRuleSet", revoked, showRevoked)), nil
}

func (r *request) rulesByID(g *securityGroup, ids []string, egress bool) ([]*rule, error) {
	if r.has("IpPermissions") {
		return nil, combination("The parameters securityGroupRuleIds and ipPermissions may not be used together")
	}
	var found []*rule
	for _, id := range ids {
		if err := typeRule.check(id); err != nil {
			return nil, err
		}
		i := slices.IndexFunc(g.rules, func(r *rule) bool { return r.id == id && r.egress == egress })
		if i < 0 {
			return nil, typeRule.missing(id)
		}
		found = append(found, g.rules[i])
	}
	return found, nil
}

// rulesByTraffic finds the rules that a request describes. In the default VPC EC2 lists the rules that it did not
// find and revokes the rest, in any other it revokes nothing:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RevokeSecurityGroupIngress.html.
func (r *request) rulesByTraffic(g *securityGroup, egress bool) (found []*rule, unknown []wanted, err error) {
	all, err := r.wanted(g, egress)
	if err != nil {
		return nil, nil, err
	}
	for _, w := range all {
		i := g.indexOf(w.traffic)
		if i < 0 || w.described && g.rules[i].description != w.description {
			unknown = append(unknown, w)
			continue
		}
		found = append(found, g.rules[i])
	}
	if len(unknown) > 0 && !g.vpc.isDefault {
		return nil, nil, refuse("InvalidPermission.NotFound", "The specified rule does not exist in this security group")
	}
	return found, unknown, nil
}

func (r *request) unknownNode(g *securityGroup, unknown []wanted) node {
	rules := make([]*rule, len(unknown))
	for i, w := range unknown {
		rules[i] = &rule{traffic: w.traffic, group: g, description: w.description}
	}
	return r.permissionsNode("unknownIpPermissionSet", rules)
}

func showRevoked(rule *rule) []node {
	return append(rule.elements(), optional("referencedGroupId", rule.groupID)...)
}
