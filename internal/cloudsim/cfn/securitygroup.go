package cfn

import (
	"fmt"
	"slices"
	"strconv"
)

type groupProperties struct {
	GroupName            string
	GroupDescription     string
	VPCID                string `json:"VpcId"`
	SecurityGroupIngress []groupRule
	SecurityGroupEgress  []groupRule
	Tags                 []tag
}

type groupRule struct {
	IPProtocol  string `json:"IpProtocol"`
	CidrIP      string `json:"CidrIp"`
	Description string
	FromPort    *int
	ToPort      *int
}

// createGroup replaces the egress rule of a new group if the template has egress rules, as CloudFormation does.
func createGroup(d *deployment, id string, p groupProperties) (made, error) {
	params := map[string]string{
		"GroupName": d.physical(p.GroupName, id), "GroupDescription": p.GroupDescription, "VpcId": p.VPCID,
	}
	answer, err := d.ec2("CreateSecurityGroup", tagged("security-group", p.Tags, params))
	if err != nil {
		return made{}, err
	}
	r := made{answer.first("groupId"), map[string]string{"GroupId": answer.first("groupId"), "VpcId": p.VPCID}}
	if len(p.SecurityGroupEgress) > 0 {
		if err := d.changeRules("RevokeSecurityGroupEgress", r.ref,
			[]groupRule{{IPProtocol: "-1", CidrIP: "0.0.0.0/0"}}); err != nil {
			return r, err
		}
	}
	return r, d.setRules(r.ref, groupProperties{}, p)
}

func updateGroup(d *deployment, id string, before, after groupProperties) (made, error) {
	r := d.resources[id]
	if err := d.retag(r.ref, before.Tags, after.Tags); err != nil {
		return made{}, err
	}
	return r, d.setRules(r.ref, before, after)
}

// setRules adds the new rules before it revokes the former ones. Rules that others have added stay.
func (d *deployment) setRules(group string, before, after groupProperties) error {
	for _, change := range []struct {
		action string
		rules  []groupRule
	}{
		{"AuthorizeSecurityGroupIngress", missing(before.SecurityGroupIngress, after.SecurityGroupIngress)},
		{"AuthorizeSecurityGroupEgress", missing(before.SecurityGroupEgress, after.SecurityGroupEgress)},
		{"RevokeSecurityGroupIngress", missing(after.SecurityGroupIngress, before.SecurityGroupIngress)},
		{"RevokeSecurityGroupEgress", missing(after.SecurityGroupEgress, before.SecurityGroupEgress)},
	} {
		if err := d.changeRules(change.action, group, change.rules); err != nil {
			return err
		}
	}
	return nil
}

// missing returns the rules of wanted that aren't in present.
func missing(present, wanted []groupRule) []groupRule {
	return slices.DeleteFunc(slices.Clone(wanted), func(w groupRule) bool {
		return slices.ContainsFunc(present, func(p groupRule) bool { return p.same(w) })
	})
}

func (g groupRule) same(o groupRule) bool {
	return g.IPProtocol == o.IPProtocol && g.CidrIP == o.CidrIP && g.Description == o.Description &&
		number(g.FromPort) == number(o.FromPort) && number(g.ToPort) == number(o.ToPort)
}

// number formats a port; empty for none.
func number(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func (d *deployment) changeRules(action, group string, rules []groupRule) error {
	if len(rules) == 0 {
		return nil
	}
	params := map[string]string{"GroupId": group}
	for i, r := range rules {
		at := fmt.Sprintf("IpPermissions.%d.", i+1)
		params[at+"IpProtocol"], params[at+"FromPort"], params[at+"ToPort"] = r.IPProtocol,
			number(r.FromPort), number(r.ToPort)
		params[at+"IpRanges.1.CidrIp"], params[at+"IpRanges.1.Description"] = r.CidrIP, r.Description
	}
	_, err := d.ec2(action, params)
	return err
}

func removeGroup(d *deployment, r made, _ groupProperties) error {
	_, err := d.ec2("DeleteSecurityGroup", map[string]string{"GroupId": r.ref})
	return err
}
