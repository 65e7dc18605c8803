package world

import (
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
)

// retag changes a tag by which policies select resources.
func (w *World) retag() {
	s := random.Pick(w.Source, w.sites...)
	switch w.IntN(3) {
	case 0:
		w.retagOne(s.Cell, random.Pick(w.Source, w.tablesOf(s)...).ID, "Tier", "private", "public")
	case 1:
		if groups := w.groupsOf(s); len(groups) > 0 {
			w.retagOne(s.Cell, random.Pick(w.Source, groups...).ID, "Role", "web", "db")
		}
	default:
		if subnets := w.subnetsOf(s); len(subnets) > 0 {
			w.retagOne(s.Cell, random.Pick(w.Source, subnets...).ID, "Tier", "private", "public")
		}
	}
}

func (w *World) retagOne(cell peering.Cell, id, key string, values ...string) {
	if w.Chance(25) {
		w.act(cell, "DeleteTags", "ResourceId.1", id, "Tag.1.Key", key)
		return
	}
	w.act(cell, "CreateTags", tagged(id, key, random.Pick(w.Source, values...))...)
}

func (w *World) subnetsOf(s *site) []*ledger.Subnet {
	return look(w, func(l *ledger.Ledger) []*ledger.Subnet { return l.SubnetsOf(s.VPCKey) })
}

// changeBlocks associates a CIDR block with a VPC, or disassociates its last one.
func (w *World) changeBlocks() {
	s := random.Pick(w.Source, w.sites...)
	if w.Chance(60) {
		w.addBlock(s)
		return
	}
	answer, err := w.ask(s.Cell, "DescribeVpcs", "VpcId.1", s.ID)
	if err != nil {
		return
	}
	if ids := associationID.FindAllString(answer, -1); len(ids) > 1 {
		w.act(s.Cell, "DisassociateVpcCidrBlock", "AssociationId", ids[len(ids)-1])
	}
}

// rebuild adds a resource to a VPC, or changes the route table of a subnet.
func (w *World) rebuild() {
	s := random.Pick(w.Source, w.sites...)
	subnets := w.subnetsOf(s)
	switch w.IntN(4) {
	case 0:
		w.addSubnet(s)
	case 1:
		w.addGroup(s)
	case 2:
		w.addTable(s)
	default:
		if len(subnets) == 0 {
			return
		}
		n := random.Pick(w.Source, subnets...)
		switch {
		case n.Association == "":
			w.act(s.Cell, "AssociateRouteTable", "SubnetId", n.ID, "RouteTableId", random.Pick(w.Source, w.tablesOf(s)...).ID)
		case w.Chance(50):
			w.act(s.Cell, "DisassociateRouteTable", "AssociationId", n.Association)
		default:
			w.act(s.Cell, "ReplaceRouteTableAssociation", "AssociationId", n.Association, "RouteTableId",
				random.Pick(w.Source, w.tablesOf(s)...).ID)
		}
	}
}

// removeParts deletes a route table or a security group. EC2 refuses it if the resource is in use.
func (w *World) removeParts() {
	s := random.Pick(w.Source, w.sites...)
	if tables := w.tablesOf(s); w.Chance(50) {
		w.act(s.Cell, "DeleteRouteTable", "RouteTableId", random.Pick(w.Source, tables...).ID)
		return
	}
	if groups := w.groupsOf(s); len(groups) > 1 {
		w.act(s.Cell, "DeleteSecurityGroup", "GroupId", random.Pick(w.Source, groups...).ID)
	}
}

func (w *World) changeHostnames() {
	s := random.Pick(w.Source, w.sites...)
	w.act(s.Cell, "ModifyVpcAttribute", "VpcId", s.ID, "EnableDnsHostnames.Value",
		random.Pick(w.Source, "true", "true", "false"))
}
