package ec2

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

type securityGroup struct {
	*cell
	vpc         *vpc
	id          string
	name        string
	description string
	rules       []*rule
	associated  []*vpc // beside its own
}

const defaultGroupName = "default"

// addDefaultGroup adds the group that every VPC has: it admits its own members and lets everything out.
func (r *request) addDefaultGroup(v *vpc) {
	g := r.addGroup(v, defaultGroupName, "default VPC security group")
	own := source{groupID: g.id, owner: g.account}
	g.rules = append(g.rules, &rule{group: g, id: r.newID(typeRule.prefix), traffic: everything(own), peerVPC: v.id})
}

func (r *request) addGroup(v *vpc, name, description string) *securityGroup {
	g := &securityGroup{cell: r.cell, vpc: v, id: r.newID(typeGroup.prefix), name: name, description: description}
	r.letOut(g, anywhere)
	if len(v.family(true)) > 0 {
		r.letOut(g, anywhereIPv6)
	}
	r.cell.groups[g.id] = g
	return g
}

// letOut adds the egress rule that a new group has for the addresses of a family.
func (r *request) letOut(g *securityGroup, family netip.Prefix) {
	out := everything(source{cidr: family})
	out.egress = true
	g.rules = append(g.rules, &rule{group: g, id: r.newID(typeRule.prefix), traffic: out})
}

// hasDefaultEgress reports whether the only egress rule is the one that the group was made with.
func (g *securityGroup) hasDefaultEgress() bool {
	out := everything(source{cidr: anywhere})
	out.egress = true
	return len(g.direction(true)) == 1 && g.indexOf(out) >= 0
}

func createGroup(r *request) ([]node, error) {
	name, err := r.groupText("GroupName")
	if err != nil {
		return nil, err
	}
	description, err := r.groupText("GroupDescription")
	if err != nil {
		return nil, err
	}
	v, err := r.vpcOrDefault(r.withShared())
	if err != nil {
		return nil, err
	}
	if v.hasGroup(name) {
		return nil, refuse("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", name, v.id)
	}
	tags, err := r.specified(typeGroup)
	if err != nil {
		return nil, err
	}
	g := r.addGroup(v, name, description)
	r.cell.tag(g.id, tags)
	return append(done(), leaf("groupId", g.id), g.taggedNode(g.id), leaf("securityGroupArn", g.arn(typeGroup, g.id))), nil
}

// groupText reads a name or a description. The texts of the refusals are those that users quote.
func (r *request) groupText(parameter string) (string, error) {
	text, err := r.must(parameter)
	switch {
	case err != nil:
	case parameter == "GroupName" && strings.HasPrefix(text, typeGroup.prefix):
		err = invalidValue("Value (%s) for parameter GroupName is invalid. Group names may not be in the format sg-*.", text)
	case parameter == "GroupName" && strings.EqualFold(text, defaultGroupName):
		err = invalidValue("Cannot use reserved security group name: %s", text)
	case strings.ContainsFunc(text, func(c rune) bool { return c > unicode.MaxASCII }):
		err = invalidValue("Value (%s) for parameter %s is invalid. Character sets beyond ASCII are not supported.",
			text, parameter)
	case !isDescription(text):
		err = invalidValue("Invalid value for parameter %s. Valid values are strings less than 256 characters from the "+
			"following set: %s", parameter, descriptionSet)
	}
	return text, err
}

// hasGroup ignores case: names that differ in nothing else are the same to EC2.
func (v *vpc) hasGroup(name string) bool {
	return slices.ContainsFunc(sorted(v.groups), func(g *securityGroup) bool {
		return g.vpc == v && strings.EqualFold(g.name, name)
	})
}

// deleteGroup refuses a group that another group here refers to, but not one that a group of a peer VPC refers to: that
// rule becomes stale. See https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html.
func deleteGroup(r *request) ([]node, error) {
	g, err := r.group()
	if err != nil {
		return nil, err
	}
	switch {
	case g.name == defaultGroupName:
		return nil, refuse("CannotDelete", "the specified group: %q name: %q cannot be deleted by a user", g.id, g.name)
	case g.hasMembers() || g.isReferenced() || len(g.associated) > 0:
		return nil, dependency("resource %s has a dependent object", g.id)
	}
	g.remove()
	delete(r.cell.groups, g.id)
	return done(), nil
}

func (g *securityGroup) hasMembers() bool {
	for _, f := range g.faces {
		if slices.Contains(f.groups, g) {
			return true
		}
	}
	return false
}

func (g *securityGroup) isReferenced() bool {
	for _, other := range g.groups {
		for _, rule := range other.rules {
			if other != g && other.vpc == g.vpc && rule.groupID == g.id {
				return true
			}
		}
	}
	return false
}

// remove drops the tags of the group and of its rules.
func (g *securityGroup) remove() {
	g.forget(g.id)
	for _, rule := range g.rules {
		g.forget(rule.id)
	}
}

// group returns the group that the request names by its id or, in the default VPC, by its name.
func (r *request) group() (*securityGroup, error) {
	if r.has("GroupId") || !r.has("GroupName") {
		return find(typeGroup, r.params, "GroupId", r.cell.groups)
	}
	v, err := r.vpcOrDefault(r.cell.vpcs)
	if err != nil {
		return nil, err
	}
	if g := v.groupNamed(r.params["GroupName"]); g != nil {
		return g, nil
	}
	return nil, v.noGroupNamed(r.params["GroupName"])
}

// noGroupNamed is about the default VPC, the one with groups that go by their names.
func (v *vpc) noGroupNamed(name string) *refusal {
	return refuse(typeGroup.notFound, "The security group '%s' does not exist in default VPC '%s'", name, v.id)
}

// direction returns the rules of one direction.
func (g *securityGroup) direction(egress bool) []*rule {
	return slices.DeleteFunc(slices.Clone(g.rules), func(r *rule) bool { return r.egress != egress })
}

var groupListing = listing[*securityGroup]{
	set:          "securityGroupInfo",
	ids:          "GroupId",
	resourceType: typeGroup,
	most:         1000,
	id:           func(g *securityGroup) string { return g.id },
	filters:      groupFilters(),
}

// groupFilters: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroups.html
func groupFilters() filters[*securityGroup] {
	all := filters[*securityGroup]{
		"group-id":    one(func(g *securityGroup) string { return g.id }),
		"group-name":  one(func(g *securityGroup) string { return g.name }),
		"description": one(func(g *securityGroup) string { return g.description }),
		"vpc-id":      one(func(g *securityGroup) string { return g.vpc.id }),
		"owner-id":    one(func(g *securityGroup) string { return g.account }),
	}
	for name, f := range map[string]func(*rule) string{
		"cidr":           func(r *rule) string { return r.inFamily(false) },
		"ipv6-cidr":      func(r *rule) string { return r.inFamily(true) },
		"group-id":       func(r *rule) string { return r.groupID },
		"group-name":     (*rule).groupName,
		"prefix-list-id": func(r *rule) string { return r.listID },
		"user-id":        func(r *rule) string { return r.owner },
		"protocol":       func(r *rule) string { return r.protocol },
		"from-port":      func(r *rule) string { return strconv.Itoa(r.from) },
		"to-port":        func(r *rule) string { return strconv.Itoa(r.to) },
	} {
		all["ip-permission."+name] = ofRules(false, f)
		all["egress.ip-permission."+name] = ofRules(true, f)
	}
	return all
}

func ofRules(egress bool, f func(*rule) string) func(*securityGroup) []string {
	return func(g *securityGroup) []string { return nonEmpty(g.direction(egress), f) }
}

// groupName is that of the referenced group, if it is of the same account.
func (r *rule) groupName() string {
	if g := r.group.groups[r.groupID]; g != nil {
		return g.name
	}
	return ""
}

// describeGroups takes names of groups of the default VPC too.
func describeGroups(r *request) ([]node, error) {
	l := groupListing
	l.show = r.showGroup
	all := append(sorted(r.cell.groups), r.participants()...)
	names := r.list("GroupName")
	for _, name := range names {
		v, err := r.vpcOrDefault(r.cell.vpcs)
		if err != nil {
			return nil, err
		}
		if v.groupNamed(name) == nil {
			return nil, v.noGroupNamed(name)
		}
	}
	if len(names) > 0 {
		all = slices.DeleteFunc(all, func(g *securityGroup) bool {
			return !g.vpc.isDefault || !slices.Contains(names, g.name)
		})
	}
	return describe(r, l, all)
}

func (r *request) showGroup(g *securityGroup) []node {
	return []node{
		leaf("ownerId", g.account),
		leaf("groupId", g.id),
		leaf("groupName", g.name),
		leaf("groupDescription", g.description),
		leaf("vpcId", g.vpc.id),
		leaf("securityGroupArn", g.arn(typeGroup, g.id)),
		r.permissionsNode("ipPermissions", g.direction(false)),
		r.permissionsNode("ipPermissionsEgress", g.direction(true)),
		r.cell.taggedNode(g.id), // a VPC's owner doesn't see the tags of a participant's group
	}
}

// describeStaleGroups lists the groups with rules that refer to a group which is gone, or which is behind a
// connection that is not active.
func describeStaleGroups(r *request) ([]node, error) {
	v, err := find(typeVPC, r.params, "VpcId", r.cell.vpcs)
	if err != nil {
		return nil, err
	}
	l := listing[*securityGroup]{
		set:  "staleSecurityGroupSet",
		most: 255,
		id:   func(g *securityGroup) string { return g.id },
		show: r.showStale,
	}
	var stale []*securityGroup
	for _, g := range sorted(r.cell.groups) {
		if g.vpc == v && slices.ContainsFunc(g.rules, r.isStale) {
			stale = append(stale, g)
		}
	}
	return describe(r, l, stale)
}

func (r *request) showStale(g *securityGroup) []node {
	fresh := func(rule *rule) bool { return !r.isStale(rule) }
	return []node{
		leaf("groupId", g.id),
		leaf("groupName", g.name),
		leaf("description", g.description),
		leaf("vpcId", g.vpc.id),
		r.permissionsNode("staleIpPermissions", slices.DeleteFunc(g.direction(false), fresh)),
		r.permissionsNode("staleIpPermissionsEgress", slices.DeleteFunc(g.direction(true), fresh)),
	}
}
