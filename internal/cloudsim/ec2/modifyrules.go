package ec2

import "slices"

// modifyRules changes rules in place, all or none: they keep their ids, directions and tags.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySecurityGroupRules.html
func modifyRules(r *request) ([]node, error) {
	g, err := r.group()
	if err != nil {
		return nil, err
	}
	updates := r.items("SecurityGroupRule")
	if len(updates) == 0 {
		return nil, missing("SecurityGroupRule")
	}
	before := g.rules
	g.rules = slices.Clone(g.rules)
	for _, update := range updates {
		if err := r.modifyRule(g, update); err != nil {
			g.rules = before
			return nil, err
		}
	}
	return done(), nil
}

func (r *request) modifyRule(g *securityGroup, update params) error {
	id, err := update.must("SecurityGroupRuleId")
	if err != nil {
		return err
	}
	if err := typeRule.check(id); err != nil {
		return err
	}
	at := slices.IndexFunc(g.rules, func(r *rule) bool { return r.id == id })
	if at < 0 {
		return typeRule.missing(id)
	}
	old := g.rules[at]
	w, err := modified(update.within("SecurityGroupRule"), g)
	if err != nil {
		return err
	}
	w.egress = old.egress
	g.rules = slices.Delete(g.rules, at, at+1)
	if err := r.addRule(g, w); err != nil {
		return err
	}
	g.rules[len(g.rules)-1].id = id
	return nil
}

// modified reads a rule whose source is in fields of its own.
func modified(fields params, g *securityGroup) (wanted, error) {
	t, err := portsOf(fields)
	if err != nil {
		return wanted{}, err
	}
	switch {
	case fields.has("CidrIpv4"):
		t.source, err = blockSource(fields, "CidrIpv4")
	case fields.has("CidrIpv6"):
		t.source, err = blockSource(fields, "CidrIpv6")
	case fields.has("PrefixListId"):
		t.source, err = listSource(fields)
	case fields.has("ReferencedGroupId"):
		t.source, err = groupSource(params{"GroupId": fields["ReferencedGroupId"]}, g)
	default:
		err = invalidValue("Each rule must name a CIDR block, a prefix list or a security group")
	}
	if err == nil {
		err = checkDescription(fields["Description"])
	}
	return wanted{traffic: t, description: fields["Description"]}, err
}
