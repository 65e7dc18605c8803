package simtest

import (
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
)

// retag changes tags by which the policy chooses.
func (r *run) retag() {
	s := random.Pick(r.Source, r.sites...)
	switch r.IntN(3) {
	case 0:
		r.retagOne(s.Cell, random.Pick(r.Source, r.tablesOf(s)...).ID, "Tier", "private", "public")
	case 1:
		if groups := r.groupsOf(s); len(groups) > 0 {
			r.retagOne(s.Cell, random.Pick(r.Source, groups...).ID, "Role", "web", "db")
		}
	default:
		if subnets := r.subnetsOf(s); len(subnets) > 0 {
			r.retagOne(s.Cell, random.Pick(r.Source, subnets...).ID, "Tier", "private", "public")
		}
	}
}

func (r *run) retagOne(cell peering.Cell, id, key string, values ...string) {
	if r.Chance(25) {
		r.act(cell, "DeleteTags", "ResourceId.1", id, "Tag.1.Key", key)
		return
	}
	r.act(cell, "CreateTags", tagged(id, key, random.Pick(r.Source, values...))...)
}

func (r *run) subnetsOf(s *site) []*ledger.Subnet {
	return look(r, func(l *ledger.Ledger) []*ledger.Subnet { return l.SubnetsOf(s.VPCKey) })
}

// changeBlocks associates a block, or dissociates one.
func (r *run) changeBlocks() {
	s := random.Pick(r.Source, r.sites...)
	if r.Chance(60) {
		r.addBlock(s)
		return
	}
	answer, err := r.ask(s.Cell, "DescribeVpcs", "VpcId.1", s.ID)
	if err != nil {
		return
	}
	if ids := associationID.FindAllString(answer, -1); len(ids) > 1 {
		r.act(s.Cell, "DisassociateVpcCidrBlock", "AssociationId", ids[len(ids)-1])
	}
}

// rebuild adds to a VPC, or has another table serve a subnet.
func (r *run) rebuild() {
	s := random.Pick(r.Source, r.sites...)
	subnets := r.subnetsOf(s)
	switch r.IntN(4) {
	case 0:
		r.addSubnet(s)
	case 1:
		r.addGroup(s)
	case 2:
		r.addTable(s)
	default:
		if len(subnets) == 0 {
			return
		}
		n := random.Pick(r.Source, subnets...)
		switch {
		case n.Association == "":
			r.act(s.Cell, "AssociateRouteTable", "SubnetId", n.ID, "RouteTableId", random.Pick(r.Source, r.tablesOf(s)...).ID)
		case r.Chance(50):
			r.act(s.Cell, "DisassociateRouteTable", "AssociationId", n.Association)
		default:
			r.act(s.Cell, "ReplaceRouteTableAssociation", "AssociationId", n.Association, "RouteTableId", random.Pick(r.Source, r.tablesOf(s)...).ID)
		}
	}
}

// removeParts removes a table or a group that nothing needs.
func (r *run) removeParts() {
	s := random.Pick(r.Source, r.sites...)
	if tables := r.tablesOf(s); r.Chance(50) {
		r.act(s.Cell, "DeleteRouteTable", "RouteTableId", random.Pick(r.Source, tables...).ID)
		return
	}
	if groups := r.groupsOf(s); len(groups) > 1 {
		r.act(s.Cell, "DeleteSecurityGroup", "GroupId", random.Pick(r.Source, groups...).ID)
	}
}

func (r *run) changeHostnames() {
	s := random.Pick(r.Source, r.sites...)
	r.act(s.Cell, "ModifyVpcAttribute", "VpcId", s.ID, "EnableDnsHostnames.Value", random.Pick(r.Source, "true", "true", "false"))
}
