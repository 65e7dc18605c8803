package ec2

import (
	"maps"
	"slices"
)

// Share shares the VPC with another account in its Region, a participant, as a resource share of its subnets does. The
// participant may make security groups in the VPC. Its owner can describe these and change none:
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-share-limitations.html. An unknown VPC is not shared.
func (s *Service) Share(id, participant string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.cells {
		if v := c.vpcs[id]; v != nil {
			v.participants = append(v.participants, participant)
		}
	}
}

// withShared returns the VPCs of the cell and those that are shared with its account, by id.
func (r *request) withShared() map[string]*vpc {
	all := maps.Clone(r.cell.vpcs)
	for _, c := range r.cells {
		for id, v := range c.vpcs {
			if c.region == r.cell.region && slices.Contains(v.participants, r.cell.account) {
				all[id] = v
			}
		}
	}
	return all
}

// participants returns the groups that other accounts have in the cell's VPCs.
func (r *request) participants() []*securityGroup {
	var all []*securityGroup
	for _, c := range r.cells {
		for _, g := range c.groups {
			if c != r.cell && g.vpc.cell == r.cell {
				all = append(all, g)
			}
		}
	}
	return all
}
