package reach

import (
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// find returns the first element that is, or nil.
func find[T any](all []T, is func(T) bool) *T {
	if i := slices.IndexFunc(all, is); i >= 0 {
		return &all[i]
	}
	return nil
}

func (n Network) instance(id peering.InstanceID) *peering.Instance {
	return find(n.Instances, func(i peering.Instance) bool { return i.ID == id })
}

// endAt returns the address with the interface that has it in the VPC, if one is known. Elsewhere others may have the
// same.
func (n Network) endAt(vpc peering.VPCID, a netip.Addr) end {
	for i := range n.Instances {
		all := endsOf(&n.Instances[i])
		if e := find(all, func(e end) bool { return e.addr == a && e.face.VPC == vpc }); e != nil {
			return *e
		}
	}
	return end{addr: a}
}

// isIn reports whether the address belongs to the subnet of the interface.
func (n Network) isIn(i *peering.Interface, a netip.Addr) bool {
	return n.placeOf(i.VPC, a) == string(i.Subnet)
}

// placeOf returns the id of the subnet that the address belongs to, or of the VPC if no such subnet is known.
func (n Network) placeOf(vpc peering.VPCID, a netip.Addr) string {
	s := find(n.Subnets, func(s peering.Subnet) bool {
		_, holds := cidr.Find(s.Blocks, a)
		return holds && s.VPC == vpc
	})
	if s == nil {
		return string(vpc)
	}
	return string(s.ID)
}

func (n Network) connection(id peering.ConnectionID) *peering.Connection {
	return find(n.Connections, func(c peering.Connection) bool { return c.ID == id })
}

func (n Network) group(id peering.SecurityGroupID) *peering.SecurityGroup {
	return find(n.SecurityGroups, func(g peering.SecurityGroup) bool { return g.ID == id })
}

func (n Network) networkACL(subnet peering.SubnetID) *peering.NetworkACL {
	return find(n.NetworkACLs, func(a peering.NetworkACL) bool { return slices.Contains(a.Subnets, subnet) })
}

// routeTable returns the table that serves the interface's subnet: its own, or else the VPC's main one. EC2
// doesn't list the subnets that use the main table because they have no association.
// https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html#main-route-table
func (n Network) routeTable(i *peering.Interface) *peering.RouteTable {
	own := find(n.RouteTables, func(t peering.RouteTable) bool { return slices.Contains(t.Subnets, i.Subnet) })
	if own != nil {
		return own
	}
	return find(n.RouteTables, func(t peering.RouteTable) bool { return t.VPC == i.VPC && t.Main })
}

// vpcs returns every known VPC. Those that only a connection names come last.
func (n Network) vpcs() []peering.VPC {
	all := slices.Clone(n.VPCs)
	for _, c := range n.Connections {
		all = append(all, c.Requester, c.Accepter)
	}
	return all
}

// blocks returns the blocks of the VPC, nil if they aren't known.
func (n Network) blocks(id peering.VPCID) []netip.Prefix {
	v := find(n.vpcs(), func(v peering.VPC) bool { return v.ID == id && len(v.Blocks) > 0 })
	if v == nil {
		return nil
	}
	return v.Blocks
}

func (n Network) region(id peering.VPCID) peering.Region {
	v := find(n.vpcs(), func(v peering.VPC) bool { return v.ID == id })
	if v == nil {
		return ""
	}
	return v.Region
}

// vpcOf returns the VPC of the end's interface, or else the first that has the address in its blocks, or else "".
func (n Network) vpcOf(e end) peering.VPCID {
	if e.face != nil {
		return e.face.VPC
	}
	v := find(n.vpcs(), func(v peering.VPC) bool {
		_, found := cidr.Find(v.Blocks, e.addr)
		return found
	})
	if v == nil {
		return ""
	}
	return v.ID
}

// blockOf returns the block of the end's VPC that holds its address, or else the address alone.
func (n Network) blockOf(e end) netip.Prefix {
	if block, found := cidr.Find(n.blocks(n.vpcOf(e)), e.addr); found {
		return block
	}
	return netip.PrefixFrom(e.addr, e.addr.BitLen())
}

// peered reports whether a connection joins the two VPCs in a state that counts.
func (n Network) peered(a, b peering.VPCID, counts func(peering.State) bool) bool {
	return slices.ContainsFunc(n.Connections, func(c peering.Connection) bool {
		return peerOf(c, a) == b && b != "" && counts(c.State)
	})
}

// peerOf returns the VPC at the other end of the connection, or "" if the VPC is at neither end.
func peerOf(c peering.Connection, vpc peering.VPCID) peering.VPCID {
	switch vpc {
	case c.Requester.ID:
		return c.Accepter.ID
	case c.Accepter.ID:
		return c.Requester.ID
	}
	return ""
}
