package ec2

import (
	"maps"
	"slices"
)

// groupReference is a VPC with a group whose rules refer to a group of the caller over a peering connection.
type groupReference struct{ group, vpc, connection string }

// describeGroupReferences lists the VPCs at the other ends of active peering connections whose groups refer to the
// groups: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroupReferences.html
func describeGroupReferences(r *request) ([]node, error) {
	ids := r.list("GroupId")
	if len(ids) == 0 {
		return nil, missing("GroupId")
	}
	var all []groupReference
	for _, id := range ids {
		g, err := lookUp(typeGroup, id, r.cell.groups)
		if err != nil {
			return nil, err
		}
		all = append(all, r.references(g)...)
	}
	return []node{listOf("securityGroupReferenceSet", all, groupReference.show)}, nil
}

func (r *request) references(g *securityGroup) []groupReference {
	var all []groupReference
	for _, id := range slices.Sorted(maps.Keys(r.referringVPCs(g))) {
		c := r.between(id, g.vpc.id)
		if c != nil && c.state == stateActive {
			all = append(all, groupReference{g.id, id, c.id})
		}
	}
	return all
}

// referringVPCs returns the ids of the VPCs with rules that refer to the group, in all accounts.
func (s *Service) referringVPCs(g *securityGroup) map[string]bool {
	all := map[string]bool{}
	for _, c := range s.cells {
		for _, rule := range c.rules() {
			if rule.groupID == g.id {
				all[rule.group.vpc.id] = true
			}
		}
	}
	return all
}

func (f groupReference) show() []node {
	return []node{
		leaf("groupId", f.group), leaf("referencingVpcId", f.vpc), leaf("vpcPeeringConnectionId", f.connection),
	}
}
