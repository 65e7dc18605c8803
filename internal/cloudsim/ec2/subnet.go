package ec2

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

const subnetParams = "VpcId CidrBlock Ipv6CidrBlock Ipv6Native AvailabilityZone AvailabilityZoneId TagSpecification " +
	"OutpostArn " + poolParams

type subnet struct {
	vpc       *vpc
	id        string
	prefix    netip.Prefix // the zero Prefix if it is for IPv6 alone
	ipv6      block        // the zero block if it has none
	zone      string
	isDefault bool
	launch    subnetLaunch
}

func (s *subnet) prefixes() []netip.Prefix {
	var all []netip.Prefix
	if s.prefix.IsValid() {
		all = append(all, s.prefix)
	}
	if s.ipv6.id != "" {
		all = append(all, s.ipv6.prefix)
	}
	return all
}

// isNative reports whether the subnet is for IPv6 alone.
func (s *subnet) isNative() bool { return !s.prefix.IsValid() }

func createSubnet(r *request) ([]node, error) {
	v, err := find(typeVPC, r.params, "VpcId", r.cell.vpcs)
	if err != nil {
		return nil, err
	}
	if err := r.checkOutpost(); err != nil {
		return nil, err
	}
	four, six, err := r.subnetBlocks(v)
	if err != nil {
		return nil, err
	}
	zone, err := r.zone()
	if err != nil {
		return nil, err
	}
	tags, err := r.specified(typeSubnet)
	if err != nil {
		return nil, err
	}
	s := r.addSubnet(v, four, zone)
	if six.IsValid() {
		s.ipv6 = block{id: r.newID(typeSubnetBlock.prefix), prefix: six}
	}
	s.launch.ipv6, s.launch.resourceName = s.isNative(), s.isNative()
	r.cell.tag(s.id, tags)
	return []node{group("subnet", showSubnet(s)...)}, nil
}

// subnetBlocks reads the blocks of a new subnet. One for IPv6 alone has no IPv4 block:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html
func (r *request) subnetBlocks(v *vpc) (four, six netip.Prefix, err error) {
	if err := r.checkPools(); err != nil {
		return four, six, err
	}
	native, err := r.bool("Ipv6Native")
	switch {
	case err != nil:
	case native && r.has("CidrBlock"):
		err = combination("The parameter cidrBlock cannot be used with ipv6Native")
	case native && !r.has("Ipv6CidrBlock"):
		err = missing("ipv6CidrBlock")
	case !native:
		four, err = r.subnetBlock(v, "CidrBlock")
	}
	if err == nil && r.has("Ipv6CidrBlock") {
		six, err = r.subnetBlock(v, "Ipv6CidrBlock")
	}
	return four, six, err
}

// subnetBlock reads a block that must lie inside the VPC's and outside its other subnets'.
func (r *request) subnetBlock(v *vpc, name string) (netip.Prefix, error) {
	prefix, err := r.cidr(name)
	if err != nil {
		return prefix, err
	}
	if !v.contains(prefix) || !hasSubnetSize(prefix) {
		return prefix, refuse("InvalidSubnet.Range", "The CIDR '%s' is invalid.", prefix)
	}
	for _, s := range r.cell.subnets {
		if s.vpc == v && overlap(s.prefixes(), []netip.Prefix{prefix}) {
			return prefix, refuse("InvalidSubnet.Conflict", "The CIDR '%s' conflicts with another subnet", prefix)
		}
	}
	return prefix, nil
}

// hasSubnetSize: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
func hasSubnetSize(p netip.Prefix) bool {
	if p.Addr().Is4() {
		return p.Bits() <= 28
	}
	return p.Bits() >= 44 && p.Bits() <= 64 && p.Bits()%4 == 0
}

// addSubnet adds a subnet with the default network ACL, and with no route table of its own.
func (r *request) addSubnet(v *vpc, prefix netip.Prefix, zone string) *subnet {
	s := &subnet{vpc: v, id: r.newID(typeSubnet.prefix), prefix: prefix, zone: zone}
	r.cell.subnets[s.id] = s
	a := v.defaultACL()
	a.bindings = append(a.bindings, binding{r.newID(typeACLBinding.prefix), s})
	return s
}

func deleteSubnet(r *request) ([]node, error) {
	s, err := find(typeSubnet, r.params, "SubnetId", r.cell.subnets)
	if err != nil {
		return nil, err
	}
	for _, f := range r.cell.faces {
		if f.subnet == s {
			return nil, dependency("The subnet '%s' has dependencies and cannot be deleted.", s.id)
		}
	}
	for _, v := range s.reservations() {
		v.remove()
	}
	for _, t := range r.cell.tables {
		t.release(func(a association) bool { return a.subnet == s })
	}
	for _, a := range r.cell.acls {
		a.release(s)
	}
	r.cell.forget(s.id)
	delete(r.cell.subnets, s.id)
	return done(), nil
}

var subnetListing = listing[*subnet]{
	set:          "subnetSet",
	ids:          "SubnetId",
	resourceType: typeSubnet,
	most:         1000,
	id:           func(s *subnet) string { return s.id },
	filters: filters[*subnet]{
		"subnet-id":                  one(func(s *subnet) string { return s.id }),
		"subnet-arn":                 one(func(s *subnet) string { return s.vpc.arn(typeSubnet, s.id) }),
		"vpc-id":                     one(func(s *subnet) string { return s.vpc.id }),
		"owner-id":                   one(func(s *subnet) string { return s.vpc.account }),
		"state":                      one(func(*subnet) string { return "available" }),
		"availability-zone":          one(func(s *subnet) string { return s.zone }),
		"availabilityZone":           one(func(s *subnet) string { return s.zone }),
		"availability-zone-id":       one(func(s *subnet) string { return zoneID(s.zone) }),
		"availabilityZoneId":         one(func(s *subnet) string { return zoneID(s.zone) }),
		"available-ip-address-count": one(func(s *subnet) string { return strconv.Itoa(s.free()) }),
		"cidr-block":                 (*subnet).primary,
		"cidrBlock":                  (*subnet).primary,
		"cidr":                       (*subnet).primary,
		"default-for-az":             one(flag(func(s *subnet) bool { return s.isDefault })),
		"defaultForAz":               one(flag(func(s *subnet) bool { return s.isDefault })),
		"enable-dns64":               one(flag(func(s *subnet) bool { return s.launch.dns64 })),
		"ipv6-native":                one(flag((*subnet).isNative)),
		"map-public-ip-on-launch":    one(flag(func(s *subnet) bool { return s.launch.publicIP })),
		"outpost-arn":                never[*subnet],
		"customer-owned-ipv4-pool":   never[*subnet],
		"enable-lni-at-device-index": never[*subnet],

		"map-customer-owned-ip-on-launch": one(flag(ownsNone)),
		"ipv6-cidr-block-association.association-id": ofSubnetBlocks(func(b block) string {
			return b.id
		}),
		"ipv6-cidr-block-association.ipv6-cidr-block":      ofSubnetBlocks(block.text),
		"ipv6-cidr-block-association.state":                ofSubnetBlocks(block.state),
		"private-dns-name-options-on-launch.hostname-type": one((*subnet).hostnameType),
		"private-dns-name-options-on-launch.enable-resource-name-dns-a-record": one(flag(func(s *subnet) bool {
			return s.launch.recordA
		})),
		"private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record": one(flag(func(s *subnet) bool {
			return s.launch.recordAAAA
		})),
	},
	show: func(s *subnet) []node {
		// The recorded answers of CreateSubnet don't have it.
		return append(showSubnet(s), leaf("mapCustomerOwnedIpOnLaunch", ownsNone(s)))
	},
}

// ownsNone: customer-owned addresses exist on Outposts alone.
func ownsNone(*subnet) bool { return false }

func describeSubnets(r *request) ([]node, error) {
	return describe(r, subnetListing, sorted(r.cell.subnets))
}

// flag makes the text of a property that is true or false.
func flag[T any](f func(T) bool) func(T) string {
	return func(t T) string { return strconv.FormatBool(f(t)) }
}

func (s *subnet) primary() []string {
	if s.isNative() {
		return nil
	}
	return []string{s.prefix.String()}
}

func (s *subnet) ipv6Blocks() []block {
	if s.ipv6.id == "" {
		return nil
	}
	return []block{s.ipv6}
}

func ofSubnetBlocks(f func(block) string) func(*subnet) []string {
	return func(s *subnet) []string { return nonEmpty(s.ipv6Blocks(), f) }
}

func showSubnet(s *subnet) []node {
	var four []node
	if !s.isNative() {
		four = []node{leaf("cidrBlock", s.prefix.String())}
	}
	return slices.Concat([]node{
		leaf("subnetId", s.id),
		leaf("subnetArn", s.vpc.arn(typeSubnet, s.id)),
		leaf("vpcId", s.vpc.id),
		leaf("ownerId", s.vpc.account),
		leaf("state", "available"),
	}, four, []node{
		listOf("ipv6CidrBlockAssociationSet", s.ipv6Blocks(), showBlock),
		leaf("availabilityZone", s.zone),
		leaf("availabilityZoneId", zoneID(s.zone)),
		leaf("availableIpAddressCount", s.free()),
		leaf("defaultForAz", s.isDefault),
		leaf("ipv6Native", s.isNative()),
	}, s.showLaunch(), []node{s.vpc.taggedNode(s.id)})
}

// zoneID is use1-az1 for us-east-1a. In AWS each account has its own order of them:
// https://docs.aws.amazon.com/global-infrastructure/latest/regions/az-ids.html.
func zoneID(zone string) string {
	region, letter := zone[:len(zone)-1], zone[len(zone)-1]
	short := strings.NewReplacer("north", "n", "south", "s", "east", "e", "west", "w", "central", "c", "gov",
		"g", "-", "").Replace(region)
	return fmt.Sprintf("%s-az%d", short, letter-'a'+1)
}

// reserved are the addresses of a subnet that AWS keeps:
// https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html.
const reserved = 5

func (s *subnet) free() int {
	if s.isNative() {
		return 0
	}
	n := 1<<(32-s.prefix.Bits()) - reserved
	for _, f := range s.vpc.faces {
		if f.subnet == s {
			n -= len(f.addresses)
		}
	}
	return n
}
