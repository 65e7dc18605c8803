package ec2

func describeIngress(r *request) ([]node, error) { return r.describeRulesAnew(false) }
func describeEgress(r *request) ([]node, error)  { return r.describeRulesAnew(true) }

// describeRulesAnew changes the descriptions of rules, all or none, which the request names by their ids or by their
// traffic. A rule without a new description loses its own.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_UpdateSecurityGroupRuleDescriptionsIngress.html
func (r *request) describeRulesAnew(egress bool) ([]node, error) {
	g, err := r.group()
	if err != nil {
		return nil, err
	}
	byID := r.items("SecurityGroupRuleDescription")
	if len(byID) > 0 == r.has("IpPermissions") {
		return nil, combination("The request must contain exactly one of ipPermissions, securityGroupRuleDescriptions")
	}
	var found []*rule
	var texts []string
	if len(byID) > 0 {
		found, texts, err = r.describedByID(g, byID, egress)
	} else {
		found, texts, err = r.describedByTraffic(g, egress)
	}
	if err != nil {
		return nil, err
	}
	for n, rule := range found {
		rule.description = texts[n]
	}
	return done(), nil
}

func (r *request) describedByID(g *securityGroup, members []params,
	egress bool) (found []*rule, texts []string, err error) {
	var ids []string
	for _, m := range members {
		if err := checkDescription(m["Description"]); err != nil {
			return nil, nil, err
		}
		ids, texts = append(ids, m["SecurityGroupRuleId"]), append(texts, m["Description"])
	}
	found, err = r.rulesByID(g, ids, egress)
	return found, texts, err
}

func (r *request) describedByTraffic(g *securityGroup, egress bool) (found []*rule, texts []string, err error) {
	all, err := r.wanted(g, egress)
	if err != nil {
		return nil, nil, err
	}
	for _, w := range all {
		i := g.indexOf(w.traffic)
		if i < 0 {
			return nil, nil, refuse("InvalidPermission.NotFound", "The specified rule does not exist in this security group")
		}
		found, texts = append(found, g.rules[i]), append(texts, w.description)
	}
	return found, texts, nil
}
