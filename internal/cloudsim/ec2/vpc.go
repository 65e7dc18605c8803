package ec2

import (
	"net/netip"
	"slices"
	"strconv"
	"time"
)

type vpc struct {
	*cell
	id           string
	blocks       []block // the primary block first
	isDefault    bool
	dnsSupport   bool
	dnsHostnames bool
	main         *table
	participants []string // accounts that may make groups in the VPC
}

// block is a CIDR block of a VPC, by its association.
type block struct {
	id     string
	prefix netip.Prefix
	due    time.Time // when it will be associated; zero once it is
}

func (b block) isAssociated() bool { return b.due.IsZero() }

func (b block) state() string {
	if b.isAssociated() {
		return "associated"
	}
	return "associating"
}

// prefixes are those of all blocks, also while they are being associated: none may overlap them.
func (v *vpc) prefixes() []netip.Prefix {
	all := make([]netip.Prefix, len(v.blocks))
	for i, b := range v.blocks {
		all[i] = b.prefix
	}
	return all
}

func (v *vpc) family(six bool) []block {
	return slices.DeleteFunc(slices.Clone(v.blocks), func(b block) bool { return b.prefix.Addr().Is6() != six })
}

// associated are the blocks that can be used.
func (v *vpc) associated(six bool) []block {
	return slices.DeleteFunc(v.family(six), func(b block) bool { return !b.isAssociated() })
}

// contains says whether the prefix is one of the VPC's blocks that can be used, or a part of one.
func (v *vpc) contains(p netip.Prefix) bool {
	return slices.ContainsFunc(v.associated(p.Addr().Is6()), func(b block) bool { return b.prefix.Overlaps(p) && b.prefix.Bits() <= p.Bits() })
}

func overlap(a, b []netip.Prefix) bool {
	return slices.ContainsFunc(a, func(p netip.Prefix) bool { return slices.ContainsFunc(b, p.Overlaps) })
}

func createVpc(r *request) ([]node, error) {
	prefix, err := r.vpcBlock()
	if err != nil {
		return nil, err
	}
	six, err := r.bool("AmazonProvidedIpv6CidrBlock")
	if err != nil {
		return nil, err
	}
	tags, err := r.specified(typeVPC)
	if err != nil {
		return nil, err
	}
	v := r.addVPC(prefix)
	if six {
		v.add(r.amazonBlock())
	}
	r.cell.tag(v.id, tags)
	return []node{group("vpc", showVPC(v)...)}, nil
}

// vpcBlock reads the block of a VPC, which has between 16 and 65,536 addresses.
func (r *request) vpcBlock() (netip.Prefix, error) {
	prefix, err := r.cidr("CidrBlock")
	if err == nil && (prefix.Bits() < 16 || prefix.Bits() > 28) {
		err = refuse("InvalidVpc.Range", "The CIDR '%s' is invalid.", r.params["CidrBlock"])
	}
	return prefix, err
}

// addVPC adds a VPC with what each has from the beginning: a main route table, a default network ACL and a
// default security group.
func (r *request) addVPC(prefix netip.Prefix) *vpc {
	v := &vpc{cell: r.cell, id: r.newID(typeVPC.prefix), dnsSupport: true}
	v.blocks = []block{{id: r.newID(typeBlock.prefix), prefix: prefix}}
	r.cell.vpcs[v.id] = v
	v.main = r.addTable(v)
	v.main.associations = []association{{id: r.newID(typeAssociation.prefix), main: true}}
	r.addACL(v, true)
	r.addDefaultGroup(v)
	return v
}

// amazonBlock hands out a /56 that no VPC has yet.
func (s *Service) amazonBlock() block {
	s.ipv6Blocks++
	n := s.ipv6Blocks
	address := [16]byte{0x26, 0x00, 0x1f, 0x18, byte(n >> 16), byte(n >> 8), byte(n)} // the low bytes are meant
	return block{id: s.newID(typeBlock.prefix), prefix: netip.PrefixFrom(netip.AddrFrom16(address), 56)}
}

// createDefaultVpc makes what AWS makes: https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html.
func createDefaultVpc(r *request) ([]node, error) {
	if slices.ContainsFunc(sorted(r.cell.vpcs), func(v *vpc) bool { return v.isDefault }) {
		return nil, refuse("DefaultVpcAlreadyExists", "A Default VPC already exists for this account in this region.")
	}
	v := r.addVPC(netip.MustParsePrefix("172.31.0.0/16"))
	v.isDefault, v.dnsHostnames = true, true
	for i, zone := range []string{"a", "b", "c"} {
		prefix := netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 31, byte(16 * i), 0}), 20)
		r.addSubnet(v, prefix, r.cell.region+zone).isDefault = true
	}
	g := r.addGateway()
	g.vpc = v
	v.main.routes = []*route{{destination: netip.MustParsePrefix("0.0.0.0/0"), target: target{targetGateway, g.id}}}
	return []node{group("vpc", showVPC(v)...)}, nil
}

func deleteVpc(r *request) ([]node, error) {
	v, err := find(typeVPC, r.params, "VpcId", r.cell.vpcs)
	if err != nil {
		return nil, err
	}
	if v.inUse() || r.hasForeignRequest(v) || r.opts.Switches.PeeringKeepsVPC && r.isPeered(v) {
		return nil, dependency("The vpc '%s' has dependencies and cannot be deleted.", v.id)
	}
	r.dissolve(v)
	v.removeContents()
	r.cell.forget(v.id)
	delete(r.cell.vpcs, v.id)
	return done(), nil
}

// inUse says whether the VPC has anything that was not there from the beginning.
func (v *vpc) inUse() bool {
	for _, s := range v.subnets {
		if s.vpc == v {
			return true
		}
	}
	for _, g := range v.gateways {
		if g.vpc == v {
			return true
		}
	}
	for _, g := range v.groups {
		if g.vpc == v && g.name != defaultGroupName {
			return true
		}
	}
	return v.hasOwnTables() || v.hasOwnACLs() || v.hasFurtherGateways()
}

// hasFurtherGateways reports whether the VPC has a gateway or an endpoint that isn't in a subnet of it.
func (v *vpc) hasFurtherGateways() bool {
	return slices.ContainsFunc(sorted(v.vpns), func(g *vpnGateway) bool { return g.vpc == v }) ||
		slices.ContainsFunc(sorted(v.egressOnly), func(g *egressOnlyGateway) bool { return g.vpc == v }) ||
		slices.ContainsFunc(sorted(v.endpoints), func(e *endpoint) bool { return e.vpc == v })
}

func (v *vpc) hasOwnTables() bool {
	for _, t := range v.tables {
		if t.vpc == v && t != v.main {
			return true
		}
	}
	return false
}

func (v *vpc) hasOwnACLs() bool {
	for _, a := range v.acls {
		if a.vpc == v && !a.isDefault {
			return true
		}
	}
	return false
}

// removeContents removes the defaults of a VPC that is deleted.
func (v *vpc) removeContents() {
	v.forget(v.main.id)
	delete(v.tables, v.main.id)
	for id, g := range v.groups {
		if g.vpc == v {
			g.remove()
			delete(v.groups, id)
		}
	}
	for id, a := range v.acls {
		if a.vpc == v {
			v.forget(id)
			delete(v.acls, id)
		}
	}
}

// forget drops the tags of what is deleted.
func (c *cell) forget(id string) { delete(c.tags, id) }

func describeVpcAttribute(r *request) ([]node, error) {
	v, err := find(typeVPC, r.params, "VpcId", r.cell.vpcs)
	if err != nil {
		return nil, err
	}
	attribute, err := r.must("Attribute")
	if err != nil {
		return nil, err
	}
	value := false
	switch attribute {
	case "enableDnsSupport":
		value = v.dnsSupport
	case "enableDnsHostnames":
		value = v.dnsHostnames
	default:
		return nil, invalidValue("Value (%s) for parameter attribute is invalid. Unknown attribute.", attribute)
	}
	return []node{leaf("vpcId", v.id), group(attribute, leaf("value", value))}, nil
}

// modifyVpcAttribute changes one attribute, as AWS allows no more in one call.
func modifyVpcAttribute(r *request) ([]node, error) {
	v, err := find(typeVPC, r.params, "VpcId", r.cell.vpcs)
	if err != nil {
		return nil, err
	}
	support, hostnames := r.has("EnableDnsSupport"), r.has("EnableDnsHostnames")
	switch {
	case support && hostnames:
		return nil, combination("Fields for multiple attribute types specified: enableDnsSupport, enableDnsHostnames")
	case support:
		v.dnsSupport, err = r.changed("EnableDnsSupport.Value", v.dnsSupport)
	case hostnames:
		v.dnsHostnames, err = r.changed("EnableDnsHostnames.Value", v.dnsHostnames)
	default:
		err = missing("attribute")
	}
	return done(), err
}

// changed returns the flag that the request wants, or the one there is if it cannot be read.
func (r *request) changed(name string, now bool) (bool, error) {
	wanted, err := r.bool(name)
	if err != nil {
		return now, err
	}
	return wanted, nil
}

var vpcListing = listing[*vpc]{
	set:          "vpcSet",
	ids:          "VpcId",
	resourceType: typeVPC,
	most:         1000,
	id:           func(v *vpc) string { return v.id },
	filters: filters[*vpc]{
		"vpc-id":                            one(func(v *vpc) string { return v.id }),
		"owner-id":                          one(func(v *vpc) string { return v.account }),
		"state":                             one(func(*vpc) string { return "available" }),
		"is-default":                        one(func(v *vpc) string { return strconv.FormatBool(v.isDefault) }),
		"cidr":                              one(func(v *vpc) string { return v.blocks[0].prefix.String() }),
		"cidr-block-association.cidr-block": func(v *vpc) []string { return texts(v.family(false)) },
		"cidr-block-association.state":      func(v *vpc) []string { return states(v.family(false)) },
		"ipv6-cidr-block-association.ipv6-cidr-block": func(v *vpc) []string { return texts(v.family(true)) },
		"ipv6-cidr-block-association.state":           func(v *vpc) []string { return states(v.family(true)) },
	},
	show: showVPC,
}

func texts(blocks []block) []string {
	all := make([]string, len(blocks))
	for i, b := range blocks {
		all[i] = b.prefix.String()
	}
	return all
}

func states(blocks []block) []string {
	return nonEmpty(blocks, block.state)
}

func describeVpcs(r *request) ([]node, error) {
	return describe(r, vpcListing, sorted(r.cell.vpcs))
}

func showVPC(v *vpc) []node {
	return []node{
		leaf("vpcId", v.id),
		leaf("ownerId", v.account),
		leaf("state", "available"),
		leaf("cidrBlock", v.blocks[0].prefix.String()),
		leaf("dhcpOptionsId", "default"), // AWS's own name for none of one's own
		leaf("instanceTenancy", "default"),
		leaf("isDefault", v.isDefault),
		listOf("cidrBlockAssociationSet", v.family(false), showBlock),
		listOf("ipv6CidrBlockAssociationSet", v.family(true), showBlock),
		v.taggedNode(v.id),
	}
}

func showBlock(b block) []node {
	name := "cidrBlock"
	if b.prefix.Addr().Is6() {
		name = "ipv6CidrBlock"
	}
	return []node{
		leaf("associationId", b.id),
		leaf(name, b.prefix.String()),
		group(name+"State", leaf("state", b.state())),
	}
}
