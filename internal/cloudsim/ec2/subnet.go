package ec2

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

type subnet struct {
	vpc       *vpc
	id        string
	prefix    netip.Prefix
	ipv6      block // the zero block if it has none
	zone      string
	isDefault bool
}

func (s *subnet) prefixes() []netip.Prefix {
	if s.ipv6.id == "" {
		return []netip.Prefix{s.prefix}
	}
	return []netip.Prefix{s.prefix, s.ipv6.prefix}
}

func createSubnet(r *request) ([]node, error) {
	v, err := find(typeVPC, r.params, "VpcId", r.cell.vpcs)
	if err != nil {
		return nil, err
	}
	prefix, err := r.subnetBlock(v, "CidrBlock")
	if err != nil {
		return nil, err
	}
	var six netip.Prefix
	if r.has("Ipv6CidrBlock") {
		if six, err = r.subnetBlock(v, "Ipv6CidrBlock"); err != nil {
			return nil, err
		}
	}
	tags, err := r.specified(typeSubnet)
	if err != nil {
		return nil, err
	}
	zone := r.params["AvailabilityZone"]
	if zone == "" {
		zone = r.cell.region + "a"
	}
	s := r.addSubnet(v, prefix, zone)
	if six.IsValid() {
		s.ipv6 = block{id: r.newID("subnet-cidr-assoc-"), prefix: six}
	}
	r.cell.tag(s.id, tags)
	return []node{group("subnet", showSubnet(s)...)}, nil
}

// subnetBlock reads a block that must lie inside the VPC's and outside its other subnets'.
func (r *request) subnetBlock(v *vpc, name string) (netip.Prefix, error) {
	prefix, err := r.cidr(name)
	if err != nil {
		return prefix, err
	}
	tooSmall := prefix.Addr().Is4() && prefix.Bits() > 28
	if !v.contains(prefix) || tooSmall {
		return prefix, refuse("InvalidSubnet.Range", "The CIDR '%s' is invalid.", prefix)
	}
	for _, s := range r.cell.subnets {
		if s.vpc == v && overlap(s.prefixes(), []netip.Prefix{prefix}) {
			return prefix, refuse("InvalidSubnet.Conflict", "The CIDR '%s' conflicts with another subnet", prefix)
		}
	}
	return prefix, nil
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
		"subnet-id":         one(func(s *subnet) string { return s.id }),
		"vpc-id":            one(func(s *subnet) string { return s.vpc.id }),
		"owner-id":          one(func(s *subnet) string { return s.vpc.account }),
		"state":             one(func(*subnet) string { return "available" }),
		"availability-zone": one(func(s *subnet) string { return s.zone }),
		"cidr-block":        one(func(s *subnet) string { return s.prefix.String() }),
		"default-for-az":    one(func(s *subnet) string { return strconv.FormatBool(s.isDefault) }),
	},
	show: showSubnet,
}

func describeSubnets(r *request) ([]node, error) {
	return describe(r, subnetListing, sorted(r.cell.subnets))
}

func showSubnet(s *subnet) []node {
	var six []block
	if s.ipv6.id != "" {
		six = []block{s.ipv6}
	}
	return []node{
		leaf("subnetId", s.id),
		leaf("subnetArn", s.vpc.arn(typeSubnet, s.id)),
		leaf("vpcId", s.vpc.id),
		leaf("ownerId", s.vpc.account),
		leaf("state", "available"),
		leaf("cidrBlock", s.prefix.String()),
		listOf("ipv6CidrBlockAssociationSet", six, showBlock),
		leaf("availabilityZone", s.zone),
		leaf("availabilityZoneId", zoneID(s.zone)),
		leaf("availableIpAddressCount", s.free()),
		leaf("defaultForAz", s.isDefault),
		leaf("mapPublicIpOnLaunch", s.isDefault),
		leaf("assignIpv6AddressOnCreation", false),
		leaf("enableDns64", false),
		leaf("ipv6Native", false),
		group("privateDnsNameOptionsOnLaunch", leaf("hostnameType", "ip-name"),
			leaf("enableResourceNameDnsARecord", false), leaf("enableResourceNameDnsAAAARecord", false)),
		s.vpc.taggedNode(s.id),
	}
}

// zoneID is use1-az1 for us-east-1a. In AWS each account has its own order of them:
// https://docs.aws.amazon.com/global-infrastructure/latest/regions/az-ids.html.
func zoneID(zone string) string {
	region, letter := zone[:len(zone)-1], zone[len(zone)-1]
	short := strings.NewReplacer("north", "n", "south", "s", "east", "e", "west", "w", "central", "c", "-", "").Replace(region)
	return fmt.Sprintf("%s-az%d", short, letter-'a'+1)
}

// reserved are the addresses of a subnet that AWS keeps:
// https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html.
const reserved = 5

func (s *subnet) free() int {
	n := 1<<(32-s.prefix.Bits()) - reserved
	for _, f := range s.vpc.faces {
		if f.subnet == s {
			n -= len(f.addresses)
		}
	}
	return n
}
