package ec2

import (
	"net/netip"
	"slices"
)

// instance is as much of an instance as a route to it and a path from it need.
type instance struct {
	*cell
	id         string
	image      string // as the caller named it: there are no images here
	size       string // the instance type
	subnet     *subnet
	address    netip.Addr
	ipv6       netip.Addr // the zero Addr if the subnet has no block
	groups     []*securityGroup
	terminated bool
}

func (i *instance) state() (code int, name string) {
	if i.terminated {
		return 48, "terminated"
	}
	return 16, "running"
}

func (i *instance) stateNode(name string) node {
	code, state := i.state()
	return group(name, leaf("code", code), leaf("name", state))
}

// runInstances starts instances that run at once. Without a subnet it takes the default VPC's first.
func runInstances(r *request) ([]node, error) {
	s, err := r.instanceSubnet()
	if err != nil {
		return nil, err
	}
	groups, err := r.instanceGroups(s.vpc)
	if err != nil {
		return nil, err
	}
	count, err := r.instanceCount()
	if err != nil {
		return nil, err
	}
	tags, err := r.specified(typeInstance)
	if err != nil {
		return nil, err
	}
	addresses, err := r.addresses(s, count)
	if err != nil {
		return nil, err
	}
	var started []*instance
	for _, address := range addresses {
		i := r.newInstance(s, address, groups)
		i.ipv6 = s.ipv6For(address)
		r.cell.instances[i.id] = i
		r.cell.tag(i.id, clone(tags))
		started = append(started, i)
	}
	return showReservation(started), nil
}

func (r *request) newInstance(s *subnet, address netip.Addr, groups []*securityGroup) *instance {
	return &instance{
		cell:    r.cell,
		id:      r.newID(typeInstance.prefix),
		image:   r.params["ImageId"],
		size:    r.params["InstanceType"],
		subnet:  s,
		address: address,
		groups:  groups,
	}
}

func (r *request) instanceSubnet() (*subnet, error) {
	if r.has("SubnetId") {
		return find(typeSubnet, r.params, "SubnetId", r.cell.subnets)
	}
	for _, s := range sorted(r.cell.subnets) {
		if s.isDefault {
			return s, nil
		}
	}
	return nil, refuse("MissingInput", "No subnets found for the default VPC. Please specify a subnet.")
}

func (r *request) instanceGroups(v *vpc) ([]*securityGroup, error) {
	var groups []*securityGroup
	for _, id := range r.list("SecurityGroupId") {
		g, err := lookUp(typeGroup, id, r.cell.groups)
		if err != nil {
			return nil, err
		}
		if g.vpc != v {
			return nil, refuse("InvalidParameter", "Security group %s and subnet belong to different networks.", id)
		}
		groups = append(groups, g)
	}
	if len(groups) > 0 {
		return groups, nil
	}
	return slices.DeleteFunc(sorted(r.cell.groups), func(g *securityGroup) bool { return g.vpc != v || g.name != defaultGroupName }), nil
}

func (r *request) instanceCount() (int, error) {
	least, err := r.int("MinCount", 1)
	if err != nil {
		return 0, err
	}
	most, err := r.int("MaxCount", least)
	if err == nil && (least < 1 || most < least) {
		err = invalidValue("Value (%d) for parameter maxCount is invalid.", most)
	}
	return most, err
}

// addresses picks free addresses of the subnet, behind the four at its beginning that AWS keeps.
func (r *request) addresses(s *subnet, count int) ([]netip.Addr, error) {
	if r.has("PrivateIpAddress") {
		return r.givenAddress(s, count)
	}
	if s.free() < count {
		return nil, refuse("InsufficientFreeAddressesInSubnet", "There are not enough free addresses in subnet '%s' to satisfy the requested number of instances.", s.id)
	}
	address := s.prefix.Addr()
	for range reserved - 2 {
		address = address.Next()
	}
	var free []netip.Addr
	for len(free) < count {
		address = address.Next()
		if !s.isTaken(address) {
			free = append(free, address)
		}
	}
	return free, nil
}

func (r *request) givenAddress(s *subnet, count int) ([]netip.Addr, error) {
	address, err := netip.ParseAddr(r.params["PrivateIpAddress"])
	switch {
	case err != nil || !s.prefix.Contains(address):
		return nil, invalidValue("Address %s does not fall within the subnet's address range", r.params["PrivateIpAddress"])
	case count > 1:
		return nil, combination("The parameter privateIpAddress cannot be used with more than one instance")
	case s.isTaken(address):
		return nil, refuse("InvalidIPAddress.InUse", "Address %s is in use.", address)
	}
	return []netip.Addr{address}, nil
}

func (s *subnet) isTaken(address netip.Addr) bool {
	for _, i := range s.vpc.instances {
		if i.subnet == s && !i.terminated && i.address == address {
			return true
		}
	}
	return false
}

// ipv6For gives an instance the IPv6 address that ends as its IPv4 address does, which keeps it unique.
func (s *subnet) ipv6For(four netip.Addr) netip.Addr {
	if s.ipv6.id == "" {
		return netip.Addr{}
	}
	six, low := s.ipv6.prefix.Addr().As16(), four.As4()
	copy(six[12:], low[:])
	return netip.AddrFrom16(six)
}

func terminateInstances(r *request) ([]node, error) {
	ids := r.list("InstanceId")
	if len(ids) == 0 {
		return nil, missing("InstanceId")
	}
	var ended []*instance
	for _, id := range ids {
		i, err := lookUp(typeInstance, id, r.cell.instances)
		if err != nil {
			return nil, err
		}
		ended = append(ended, i)
	}
	answer := listOf("instancesSet", ended, func(i *instance) []node {
		previous := i.stateNode("previousState")
		i.terminated = true
		return []node{leaf("instanceId", i.id), i.stateNode("currentState"), previous}
	})
	return []node{answer}, nil
}

var instanceListing = listing[*instance]{
	set:          "reservationSet",
	ids:          "InstanceId",
	resourceType: typeInstance,
	most:         1000,
	id:           func(i *instance) string { return i.id },
	filters: filters[*instance]{
		"instance-id":         one(func(i *instance) string { return i.id }),
		"vpc-id":              one(func(i *instance) string { return i.subnet.vpc.id }),
		"subnet-id":           one(func(i *instance) string { return i.subnet.id }),
		"owner-id":            one(func(i *instance) string { return i.account }),
		"private-ip-address":  one(func(i *instance) string { return i.address.String() }),
		"instance.group-id":   func(i *instance) []string { return nonEmpty(i.groups, func(g *securityGroup) string { return g.id }) },
		"instance-state-name": one(func(i *instance) string { _, name := i.state(); return name }),
	},
	show: func(i *instance) []node { return showReservation([]*instance{i}) },
}

// describeInstances shows every instance as a reservation of its own.
func describeInstances(r *request) ([]node, error) {
	return describe(r, instanceListing, sorted(r.cell.instances))
}

func showReservation(instances []*instance) []node {
	first := instances[0]
	return []node{
		leaf("reservationId", "r-"+first.id[len(typeInstance.prefix):]),
		leaf("ownerId", first.account),
		listOf("instancesSet", instances, showInstance),
	}
}

// showInstance shows one network interface, since DescribeInstances has IPv6 addresses there and nowhere else.
func showInstance(i *instance) []node {
	groups := listOf("groupSet", i.groups, func(g *securityGroup) []node {
		return []node{leaf("groupId", g.id), leaf("groupName", g.name)}
	})
	nodes := []node{leaf("instanceId", i.id), i.stateNode("instanceState"), i.taggedNode(i.id)}
	nodes = append(nodes, optional("imageId", i.image)...)
	nodes = append(nodes, optional("instanceType", i.size)...)
	if i.terminated {
		return nodes
	}
	face := []node{
		leaf("networkInterfaceId", "eni-"+i.id[len(typeInstance.prefix):]),
		leaf("subnetId", i.subnet.id),
		leaf("vpcId", i.subnet.vpc.id),
		leaf("privateIpAddress", i.address.String()),
		leaf("status", "in-use"),
		groups,
		i.ipv6Node(),
	}
	return append(nodes,
		leaf("subnetId", i.subnet.id),
		leaf("vpcId", i.subnet.vpc.id),
		leaf("privateIpAddress", i.address.String()),
		group("placement", leaf("availabilityZone", i.subnet.zone)),
		groups,
		list("networkInterfaceSet", face))
}

func (i *instance) ipv6Node() node {
	if !i.ipv6.IsValid() {
		return list("ipv6AddressesSet")
	}
	return list("ipv6AddressesSet", []node{leaf("ipv6Address", i.ipv6.String())})
}
