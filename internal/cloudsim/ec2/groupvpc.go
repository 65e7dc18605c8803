package ec2

import "slices"

// groupVPC is the association of a security group with a VPC beside its own, where interfaces can have the group too:
// https://docs.aws.amazon.com/vpc/latest/userguide/security-group-assoc.html
type groupVPC struct {
	group *securityGroup
	vpc   *vpc
}

func (a groupVPC) id() string { return a.group.id + " " + a.vpc.id }

// isIn reports whether interfaces of the VPC can have the group.
func (g *securityGroup) isIn(v *vpc) bool { return g.vpc == v || slices.Contains(g.associated, v) }

// groupAndVPC reads the group and the VPC of an association.
func (r *request) groupAndVPC() (*securityGroup, *vpc, error) {
	g, err := find(typeGroup, r.params, "GroupId", r.cell.groups)
	if err != nil {
		return nil, nil, err
	}
	v, err := find(typeVPC, r.params, "VpcId", r.withShared())
	return g, v, err
}

// associateGroup refuses default groups and default VPCs. AWS documents the rule, but no code:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateSecurityGroupVpc.html
func associateGroup(r *request) ([]node, error) {
	g, v, err := r.groupAndVPC()
	switch {
	case err != nil:
		return nil, err
	case g.name == defaultGroupName:
		return nil, notPermitted("The default security group '%s' cannot be associated with another VPC.", g.id)
	case v.isDefault:
		return nil, notPermitted("Security groups cannot be associated with the default VPC '%s'.", v.id)
	case g.isIn(v):
		return nil, invalidValue("The security group '%s' is already associated with the VPC '%s'.", g.id, v.id)
	}
	g.associated = append(g.associated, v)
	return []node{leaf("state", "associating")}, nil
}

func disassociateGroup(r *request) ([]node, error) {
	g, v, err := r.groupAndVPC()
	switch {
	case err != nil:
		return nil, err
	case !slices.Contains(g.associated, v):
		return nil, invalidValue("The security group '%s' is not associated with the VPC '%s'.", g.id, v.id)
	}
	for _, f := range v.faces {
		if f.subnet.vpc == v && slices.Contains(f.groups, g) {
			return nil, dependency("resource %s has a dependent object", g.id)
		}
	}
	g.leave(v)
	return []node{leaf("state", "disassociating")}, nil
}

// endAssociations ends the associations of a VPC that is deleted.
func (s *Service) endAssociations(v *vpc) {
	for _, c := range s.cells {
		for _, g := range c.groups {
			g.leave(v)
		}
	}
}

func (g *securityGroup) leave(v *vpc) {
	g.associated = slices.DeleteFunc(g.associated, func(other *vpc) bool { return other == v })
}

var groupVPCListing = listing[groupVPC]{
	set:  "securityGroupVpcAssociationSet",
	most: 1000,
	id:   groupVPC.id,
	filters: filters[groupVPC]{
		"group-id":       one(func(a groupVPC) string { return a.group.id }),
		"group-owner-id": one(func(a groupVPC) string { return a.group.account }),
		"vpc-id":         one(func(a groupVPC) string { return a.vpc.id }),
		"vpc-owner-id":   one(func(a groupVPC) string { return a.vpc.account }),
		"state":          one(func(groupVPC) string { return "associated" }),
	},
	show: func(a groupVPC) []node {
		return []node{
			leaf("groupId", a.group.id), leaf("groupOwnerId", a.group.account),
			leaf("vpcId", a.vpc.id), leaf("vpcOwnerId", a.vpc.account), leaf("state", "associated"),
		}
	},
}

func describeGroupVPCs(r *request) ([]node, error) {
	var all []groupVPC
	for _, g := range r.cell.groups {
		for _, v := range g.associated {
			all = append(all, groupVPC{g, v})
		}
	}
	return describe(r, groupVPCListing, all)
}

var groupForVPCListing = listing[*securityGroup]{
	set:  "securityGroupForVpcSet",
	most: 1000,
	id:   func(g *securityGroup) string { return g.id },
	filters: filters[*securityGroup]{
		"group-id":       one(func(g *securityGroup) string { return g.id }),
		"group-name":     one(func(g *securityGroup) string { return g.name }),
		"description":    one(func(g *securityGroup) string { return g.description }),
		"owner-id":       one(func(g *securityGroup) string { return g.account }),
		"primary-vpc-id": one(func(g *securityGroup) string { return g.vpc.id }),
	},
	show: func(g *securityGroup) []node {
		return []node{
			leaf("groupId", g.id), leaf("groupName", g.name), leaf("description", g.description), leaf("ownerId", g.account),
			leaf("primaryVpcId", g.vpc.id), g.taggedNode(g.id),
		}
	},
}

// getGroupsForVPC lists the caller's groups that an interface of the VPC can have.
func getGroupsForVPC(r *request) ([]node, error) {
	v, err := find(typeVPC, r.params, "VpcId", r.withShared())
	if err != nil {
		return nil, err
	}
	isElsewhere := func(g *securityGroup) bool { return !g.isIn(v) }
	return describe(r, groupForVPCListing, slices.DeleteFunc(sorted(r.cell.groups), isElsewhere))
}
