package ec2

import (
	"maps"
	"net/netip"
	"slices"
)

// subnetLaunch are the attributes of a subnet that instances get when they are started in it.
type subnetLaunch struct {
	publicIP     bool
	ipv6         bool // gives an instance an IPv6 address
	dns64        bool
	resourceName bool // hostnames are made of the instance's id
	recordA      bool
	recordAAAA   bool
}

const subnetAttributeParams = "SubnetId MapPublicIpOnLaunch AssignIpv6AddressOnCreation EnableDns64 " +
	"PrivateDnsHostnameTypeOnLaunch EnableResourceNameDnsARecordOnLaunch EnableResourceNameDnsAAAARecordOnLaunch " +
	outpostParams

// subnetAttributes are the attributes that are true or false, by their names in ModifySubnetAttribute.
var subnetAttributes = map[string]func(*subnetLaunch) *bool{
	"MapPublicIpOnLaunch":                     func(l *subnetLaunch) *bool { return &l.publicIP },
	"AssignIpv6AddressOnCreation":             func(l *subnetLaunch) *bool { return &l.ipv6 },
	"EnableDns64":                             func(l *subnetLaunch) *bool { return &l.dns64 },
	"EnableResourceNameDnsARecordOnLaunch":    func(l *subnetLaunch) *bool { return &l.recordA },
	"EnableResourceNameDnsAAAARecordOnLaunch": func(l *subnetLaunch) *bool { return &l.recordAAAA },
}

const (
	ipName       = "ip-name"
	resourceName = "resource-name"
)

func (s *subnet) hostnameType() string {
	if s.launch.resourceName {
		return resourceName
	}
	return ipName
}

// modifySubnetAttribute changes one attribute, as AWS allows no more in one call.
func modifySubnetAttribute(r *request) ([]node, error) {
	s, err := find(typeSubnet, r.params, "SubnetId", r.cell.subnets)
	if err != nil {
		return nil, err
	}
	if r.namesOutpost() {
		return r.modifyOutpost(s)
	}
	if r.has("PrivateDnsHostnameTypeOnLaunch") {
		return r.modifyHostnameType(s)
	}
	if r.params["AssignIpv6AddressOnCreation.Value"] == "true" && s.ipv6.id == "" {
		return nil,
			invalidValue("Invalid value 'true' for assignIpv6AddressOnCreation. Subnet %s does not have an IPv6 "+
				"CIDR block associated with it.", s.id)
	}
	return r.modifyOne(func(name string) *bool {
		if value, known := subnetAttributes[name]; known {
			return value(&s.launch)
		}
		return nil
	})
}

// besides refuses an attribute of another type in the call that changes the named one.
func (r *request) besides(name string) error {
	for _, other := range slices.Sorted(maps.Keys(subnetAttributes)) {
		if r.has(other) {
			return combination("Fields for multiple attribute types specified: " + fieldNames([]string{name, other}))
		}
	}
	return nil
}

func (r *request) modifyHostnameType(s *subnet) ([]node, error) {
	if err := r.besides("PrivateDnsHostnameTypeOnLaunch"); err != nil {
		return nil, err
	}
	switch t := r.params["PrivateDnsHostnameTypeOnLaunch"]; t {
	case ipName, resourceName:
		if t == ipName && s.isNative() { // the code isn't documented
			return nil, invalidValue("The hostname type of the IPv6-only subnet %s must be resource-name", s.id)
		}
		s.launch.resourceName = t == resourceName
		return done(), nil
	default:
		return nil, invalidValue("Value (%s) for parameter privateDnsHostnameTypeOnLaunch is invalid.", t)
	}
}

func (s *subnet) showLaunch() []node {
	return []node{
		leaf("mapPublicIpOnLaunch", s.launch.publicIP),
		leaf("assignIpv6AddressOnCreation", s.launch.ipv6),
		leaf("enableDns64", s.launch.dns64),
		group("privateDnsNameOptionsOnLaunch", leaf("hostnameType", s.hostnameType()),
			leaf("enableResourceNameDnsARecord", s.launch.recordA),
			leaf("enableResourceNameDnsAAAARecord", s.launch.recordAAAA)),
	}
}

// associateSubnetBlock adds the one IPv6 block that a subnet can have.
func associateSubnetBlock(r *request) ([]node, error) {
	s, err := find(typeSubnet, r.params, "SubnetId", r.cell.subnets)
	if err != nil {
		return nil, err
	}
	if s.ipv6.id != "" {
		// the text isn't documented
		return nil, refuse("SubnetCidrLimitExceeded", "This subnet '%s' has met its maximum number of allowed CIDRs: 1", s.id)
	}
	if err := r.checkPools(); err != nil {
		return nil, err
	}
	var prefix netip.Prefix
	if prefix, err = r.subnetBlock(s.vpc, "Ipv6CidrBlock"); err != nil {
		return nil, err
	}
	s.ipv6 = block{id: r.newID(typeSubnetBlock.prefix), prefix: prefix}
	return []node{leaf("subnetId", s.id), associationNode(s.ipv6, "associating")}, nil
}

func disassociateSubnetBlock(r *request) ([]node, error) {
	id, err := r.must("AssociationId")
	if err != nil {
		return nil, err
	}
	if err := typeSubnetBlock.check(id); err != nil {
		return nil, err
	}
	for _, s := range r.cell.subnets {
		if s.ipv6.id == id {
			return s.disassociate()
		}
	}
	return nil, typeSubnetBlock.missing(id)
}

// disassociate takes the IPv6 block from a subnet that has another and whose instances don't use it.
func (s *subnet) disassociate() ([]node, error) {
	b := s.ipv6
	if s.isNative() {
		// the text isn't documented
		return nil, notPermitted("The IPv6 CIDR block of the IPv6-only subnet %s cannot be disassociated", s.id)
	}
	for _, f := range s.vpc.faces {
		if f.subnet == s && len(f.ipv6) > 0 {
			return nil, dependency("The subnet CIDR block with association ID %s has dependencies: %s", b.id, f.id)
		}
	}
	s.ipv6, s.launch.ipv6 = block{}, false
	return []node{leaf("subnetId", s.id), associationNode(b, "disassociating")}, nil
}
