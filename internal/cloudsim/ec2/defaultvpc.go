package ec2

import (
	"net/netip"
	"slices"
	"strconv"
)

var defaultVPCBlock = netip.MustParsePrefix("172.31.0.0/16")

// defaultSubnet is the nth block of 4,096 addresses in the default VPC's.
func defaultSubnet(n int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 31, byte(16 * n), 0}), 20)
}

// openAccount makes the resources that AWS has made in an account and Region before its first call. The ids are
// derived, so that those of later resources don't depend on it.
func (r *request) openAccount() {
	newID, n := r.newID, 0
	defer func() { r.newID = newID }()
	r.newID = func(prefix string) string {
		n++
		return r.cell.derivedID(prefix, strconv.Itoa(n))
	}
	r.addDefaultVPC()
}

// addDefaultVPC makes the parts of
// https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html.
func (r *request) addDefaultVPC() *vpc {
	v := r.addVPC(defaultVPCBlock)
	v.isDefault, v.dnsHostnames = true, true
	for n, z := range zonesOf(r.cell.region) {
		r.addDefaultSubnet(v, defaultSubnet(n), z.name)
	}
	g := r.addGateway()
	g.vpc = v
	v.main.routes = []*route{{destination: anywhere, target: target{targetGateway, g.id}}}
	return v
}

func (r *request) addDefaultSubnet(v *vpc, prefix netip.Prefix, zone string) *subnet {
	s := r.addSubnet(v, prefix, zone)
	s.isDefault, s.launch.publicIP = true, true
	return s
}

func createDefaultVpc(r *request) ([]node, error) {
	if r.cell.defaultVPC() != nil {
		return nil, refuse("DefaultVpcAlreadyExists", "A Default VPC already exists for this account in this region.")
	}
	return []node{group("vpc", showVPC(r.addDefaultVPC())...)}, nil
}

// createDefaultSubnet makes a default subnet in a zone that has none, in the first free block of the default VPC:
// https://docs.aws.amazon.com/vpc/latest/userguide/work-with-default-vpc.html#create-default-subnet.
func createDefaultSubnet(r *request) ([]node, error) {
	if !r.has("AvailabilityZone") && !r.has("AvailabilityZoneId") {
		return nil, missing("availabilityZone")
	}
	zone, err := r.zone()
	if err != nil {
		return nil, err
	}
	v := r.cell.defaultVPC()
	if v == nil {
		return nil, refuse("DefaultVpcDoesNotExist", "There is no default VPC in this region.")
	}
	for _, s := range r.cell.subnets {
		if s.isDefault && s.zone == zone {
			return nil, refuse("DefaultSubnetAlreadyExistsInAvailabilityZone",
				"'%s' is already the default subnet in %s.", s.id, zone)
		}
	}
	for n := range 16 {
		if prefix := defaultSubnet(n); !v.hasSubnetOver(prefix) {
			return []node{group("subnet", showSubnet(r.addDefaultSubnet(v, prefix, zone))...)}, nil
		}
	}
	// the text isn't documented
	return nil, refuse("InsufficientCidrBlocks", "There are not enough free addresses in VPC '%s' for a default subnet.",
		v.id)
}

func (v *vpc) hasSubnetOver(p netip.Prefix) bool {
	return slices.ContainsFunc(sorted(v.subnets), func(s *subnet) bool {
		return s.vpc == v && overlap(s.prefixes(), []netip.Prefix{p})
	})
}

// vpcOrDefault returns the VPC that the request names, or else the default one.
func (r *request) vpcOrDefault(vpcs map[string]*vpc) (*vpc, error) {
	if r.has("VpcId") {
		return find(typeVPC, r.params, "VpcId", vpcs)
	}
	if v := r.cell.defaultVPC(); v != nil {
		return v, nil
	}
	return nil, refuse("VPCIdNotSpecified", "No default VPC for this user")
}
