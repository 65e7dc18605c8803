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
	tenancy      string // of the instances: default or dedicated
	dhcp         string // the id of the DHCP options set, or noDHCPOptions
	dnsSupport   bool
	dnsHostnames bool
	usageMetrics bool // network address usage metrics
	main         *table
	encryption   encryptionControl
	participants []string // accounts that may make groups in the VPC
}

// block is a CIDR block of a VPC, by its association.
type block struct {
	id     string
	prefix netip.Prefix
	due    time.Time // when it will be associated; zero once it is
	pool   string    // of an IPv6 block: Amazon, or the id of an own pool
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

// contains reports whether the prefix is one of the VPC's blocks that can be used, or a part of one.
func (v *vpc) contains(p netip.Prefix) bool {
	return slices.ContainsFunc(v.associated(p.Addr().Is6()), func(b block) bool {
		return b.prefix.Overlaps(p) && b.prefix.Bits() <= p.Bits()
	})
}

func overlap(a, b []netip.Prefix) bool {
	return slices.ContainsFunc(a, func(p netip.Prefix) bool { return slices.ContainsFunc(b, p.Overlaps) })
}

func createVpc(r *request) ([]node, error) {
	prefix, err := r.vpcBlock()
	if err != nil {
		return nil, err
	}
	six, wanted, err := r.wantedSix()
	if err != nil {
		return nil, err
	}
	tenancy, err := r.tenancy()
	if err != nil {
		return nil, err
	}
	tags, err := r.specified(typeVPC)
	if err != nil {
		return nil, err
	}
	encryption, err := r.encryptionControl()
	if err != nil {
		return nil, err
	}
	v := r.addVPC(prefix)
	v.tenancy, v.encryption = tenancy, encryption
	if encryption.mode != "" {
		v.encryption.id = r.newID(typeEncryptionControl.prefix)
	}
	if wanted {
		r.addBlock(v, r.sixBlock(six))
	}
	r.cell.tag(v.id, tags)
	return []node{group("vpc", showVPC(v)...)}, nil
}

// vpcBlock reads the IPv4 block of a VPC, which has between 16 and 65,536 addresses.
func (r *request) vpcBlock() (netip.Prefix, error) {
	if err := r.checkPools(); err != nil {
		return netip.Prefix{}, err
	}
	prefix, err := r.cidr("CidrBlock")
	if err == nil && (prefix.Bits() < 16 || prefix.Bits() > 28 || overlap(reservedRanges, []netip.Prefix{prefix})) {
		err = refuse("InvalidVpc.Range", "The CIDR '%s' is invalid.", r.params["CidrBlock"])
	}
	return prefix, err
}

// addVPC adds a VPC with its main route table, default network ACL and default security
// group.
func (r *request) addVPC(prefix netip.Prefix) *vpc {
	v := &vpc{
		cell: r.cell, id: r.newID(typeVPC.prefix), tenancy: defaultTenancy, dhcp: r.cell.defaultDHCP().id, dnsSupport: true,
	}
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
	prefix := netip.PrefixFrom(netip.AddrFrom16(address), 56)
	return block{id: s.newID(typeBlock.prefix), prefix: prefix, pool: amazonPool}
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
	r.endAssociations(v)
	r.cell.forget(v.id)
	delete(r.cell.vpcs, v.id)
	return done(), nil
}

// inUse reports whether the VPC has a resource that it didn't begin with.
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

// forget drops the tags of a deleted resource.
func (c *cell) forget(id string) { delete(c.tags, id) }

var vpcListing = listing[*vpc]{
	set:          "vpcSet",
	ids:          "VpcId",
	resourceType: typeVPC,
	most:         1000,
	id:           func(v *vpc) string { return v.id },
	filters: filters[*vpc]{
		"vpc-id":                                one(func(v *vpc) string { return v.id }),
		"owner-id":                              one(func(v *vpc) string { return v.account }),
		"state":                                 one(func(*vpc) string { return "available" }),
		"is-default":                            one((*vpc).defaultText),
		"isDefault":                             one((*vpc).defaultText),
		"cidr":                                  one((*vpc).primary),
		"cidr-block":                            one((*vpc).primary),
		"cidrBlock":                             one((*vpc).primary),
		"dhcp-options-id":                       one(func(v *vpc) string { return v.dhcp }),
		"dhcpOptionsId":                         one(func(v *vpc) string { return v.dhcp }),
		"cidr-block-association.association-id": ofBlocks(false, func(b block) string { return b.id }),
		"cidr-block-association.cidr-block":     ofBlocks(false, block.text),
		"cidr-block-association.state":          ofBlocks(false, block.state),
		"ipv6-cidr-block-association.association-id":  ofBlocks(true, func(b block) string { return b.id }),
		"ipv6-cidr-block-association.ipv6-cidr-block": ofBlocks(true, block.text),
		"ipv6-cidr-block-association.ipv6-pool":       ofBlocks(true, func(b block) string { return b.pool }),
		"ipv6-cidr-block-association.state":           ofBlocks(true, block.state),
	},
	show: showVPC,
}

func (v *vpc) defaultText() string { return strconv.FormatBool(v.isDefault) }

func (v *vpc) primary() string { return v.blocks[0].text() }

func (b block) text() string { return b.prefix.String() }

func ofBlocks(six bool, f func(block) string) func(*vpc) []string {
	return func(v *vpc) []string { return nonEmpty(v.family(six), f) }
}

func describeVpcs(r *request) ([]node, error) {
	return describe(r, vpcListing, sorted(r.cell.vpcs))
}

func showVPC(v *vpc) []node {
	return append(v.showEncryption(),
		leaf("vpcId", v.id),
		leaf("ownerId", v.account),
		leaf("state", "available"),
		leaf("cidrBlock", v.primary()),
		leaf("dhcpOptionsId", v.dhcp),
		leaf("instanceTenancy", v.tenancy),
		leaf("isDefault", v.isDefault),
		listOf("cidrBlockAssociationSet", v.family(false), showBlock),
		listOf("ipv6CidrBlockAssociationSet", v.family(true), v.showIPv6Block),
		v.taggedNode(v.id),
	)
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

// showIPv6Block shows the pool too, which a subnet's block doesn't have.
func (v *vpc) showIPv6Block(b block) []node {
	return append(showBlock(b), leaf("ipv6Pool", b.pool), leaf("networkBorderGroup", v.region))
}
