package ec2

import (
	"net/netip"
	"slices"
	"time"
)

// associateBlock adds a block to a VPC, under the restrictions of
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html.
func associateBlock(r *request) ([]node, error) {
	v, err := find(typeVPC, r.params, "VpcId", r.cell.vpcs)
	if err != nil {
		return nil, err
	}
	b, err := r.newBlock()
	if err != nil {
		return nil, err
	}
	if err := r.mayAdd(v, b.prefix); err != nil {
		return nil, err
	}
	if delay := r.opts.Delays.Associating; delay > 0 {
		b.due = r.now.Add(delay)
		r.associating = append(r.associating, v)
	}
	r.addBlock(v, b)
	r.failOverlapping(v)
	return []node{leaf("vpcId", v.id), associationNode(b, "associating")}, nil
}

// addBlock adds a block. With the first of IPv6 the default network ACL and the groups allow IPv6 where their rules are
// as they were made: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-migrate-ipv6.html.
func (r *request) addBlock(v *vpc, b block) {
	first := b.prefix.Addr().Is6() && len(v.family(true)) == 0
	v.blocks = append(v.blocks, b)
	if !first {
		return
	}
	v.defaultACL().allowIPv6()
	for _, g := range sorted(v.groups) {
		if g.vpc == v && g.hasDefaultEgress() {
			r.letOut(g, anywhereIPv6)
		}
	}
}

// associateDue associates the blocks whose time has come, and reports whether no other is left.
func (v *vpc) associateDue(now time.Time) bool {
	for i, b := range v.blocks {
		if !now.Before(b.due) {
			v.blocks[i].due = time.Time{}
		}
	}
	return !slices.ContainsFunc(v.blocks, func(b block) bool { return !b.isAssociated() })
}

func associationNode(b block, state string) node {
	name, field := "cidrBlockAssociation", "cidrBlock"
	if b.prefix.Addr().Is6() {
		name, field = "ipv6CidrBlockAssociation", "ipv6CidrBlock"
	}
	return group(name, leaf("associationId", b.id), leaf(field, b.prefix.String()),
		group(field+"State", leaf("state", state)))
}

func (r *request) newBlock() (block, error) {
	six, wanted, err := r.wantedSix()
	switch {
	case err != nil:
		return block{}, err
	case wanted && r.has("CidrBlock"):
		return block{}, combination("The request must contain one of an IPv4 CIDR block and an IPv6 CIDR block")
	case wanted:
		return r.sixBlock(six), nil
	}
	four, err := r.vpcBlock()
	return block{id: r.newID(typeBlock.prefix), prefix: four}, err
}

func (r *request) mayAdd(v *vpc, p netip.Prefix) error {
	if len(v.family(p.Addr().Is6())) >= r.opts.Quotas.BlocksPerVPC {
		return refuse("CidrLimitExceeded", "This network '%s' has met its maximum number of allowed CIDRs: %d", v.id,
			r.opts.Quotas.BlocksPerVPC)
	}
	if overlap(v.prefixes(), []netip.Prefix{p}) {
		return refuse("CidrConflict", "The CIDR '%s' conflicts with another subnet", p)
	}
	if v.restricts(p) {
		return refuse("InvalidVpc.Range", "The CIDR '%s' is restricted. Use a CIDR from the same private address range as "+
			"the current VPC CIDR, or use a publicly-routable CIDR. For additional restrictions, see "+
			"https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html", p)
	}
	if there := v.routeWithin(p); there != nil {
		// the code isn't documented
		return refuse("CidrConflict", "The CIDR '%s' is the same as or larger than the destination %s of a route",
			p, there.destination)
	}
	for _, c := range sorted(r.connections) {
		if c.forbids(v, p) {
			return refuse("OverlappingCidr", "The CIDR '%s' cannot be associated while %s is %s", p, c.id, c.state)
		}
	}
	return nil
}

// routeWithin returns a route of one of the VPC's tables whose destination is inside p.
func (v *vpc) routeWithin(p netip.Prefix) *route {
	for _, t := range sorted(v.tables) {
		for _, there := range t.routes {
			if t.vpc == v && p.Overlaps(there.destination) && p.Bits() <= there.destination.Bits() {
				return there
			}
		}
	}
	return nil
}

func disassociateBlock(r *request) ([]node, error) {
	id, err := r.must("AssociationId")
	if err != nil {
		return nil, err
	}
	if err := typeBlock.check(id); err != nil {
		return nil, err
	}
	for _, v := range sorted(r.cell.vpcs) {
		i := slices.IndexFunc(v.blocks, func(b block) bool { return b.id == id })
		if i >= 0 {
			return v.disassociate(i)
		}
	}
	return nil, typeBlock.missing(id)
}

func (v *vpc) disassociate(i int) ([]node, error) {
	b := v.blocks[i]
	if i == 0 {
		return nil,
			notPermitted("The vpc CIDR block with association ID %s may not be disassociated. It is the "+
				"primary IPv4 CIDR block of the VPC", b.id)
	}
	for _, s := range sorted(v.subnets) {
		if s.vpc == v && overlap(s.prefixes(), []netip.Prefix{b.prefix}) {
			return nil, refuse("DependencyViolation", "The vpc CIDR block with association ID %s has dependencies: %s",
				b.id, s.id)
		}
	}
	v.blocks = slices.Delete(v.blocks, i, i+1)
	for _, t := range v.tables {
		if t.vpc == v {
			delete(t.replaced, b.prefix)
		}
	}
	return []node{leaf("vpcId", v.id), associationNode(b, "disassociating")}, nil
}
