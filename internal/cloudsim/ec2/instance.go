package ec2

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// instance is as much of an instance as a route to it and a path from it need.
type instance struct {
	*cell
	id         string
	image      string  // as the caller named it
	size       string  // the instance type
	subnet     *subnet // of the primary interface
	faces      []*face // by device index, the primary one first; none once it is terminated
	terminated bool
	stopped    bool
	options    instanceOptions
	// reservation is the id that instances of one RunInstances share, and index the instance's place among them.
	reservation string
	index       int
}

func (i *instance) state() string {
	switch {
	case i.terminated:
		return "terminated"
	case i.stopped:
		return "stopped"
	}
	return "running"
}

// runs reports whether the instance takes packets.
func (i *instance) runs() bool { return !i.terminated && !i.stopped }

func (r *request) instanceSubnet() (*subnet, error) {
	if r.has("SubnetId") {
		return find(typeSubnet, r.params, "SubnetId", r.cell.subnets)
	}
	zone := r.params["Placement.AvailabilityZone"]
	subnets := sorted(r.cell.subnets)
	slices.SortStableFunc(subnets, func(a, b *subnet) int { return strings.Compare(a.zone, b.zone) })
	for _, s := range subnets {
		if s.isDefault && (zone == "" || s.zone == zone) {
			return s, nil
		}
	}
	return nil, refuse("MissingInput", "No subnets found for the default VPC. Please specify a subnet.")
}

// groupQuota is that of an interface: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
const groupQuota = 5

func (r *request) instanceGroups(v *vpc) ([]*securityGroup, error) {
	var groups []*securityGroup
	for _, id := range r.list("SecurityGroupId") {
		g, err := lookUp(typeGroup, id, r.cell.groups)
		if err != nil {
			return nil, err
		}
		if !g.isIn(v) {
			return nil, refuse("InvalidParameter", "Security group %s and subnet belong to different networks.", id)
		}
		groups = append(groups, g)
	}
	for _, name := range r.list("SecurityGroup") {
		g := v.groupNamed(name)
		if g == nil {
			return nil, refuse("InvalidGroup.NotFound", "The security group '%s' does not exist in VPC '%s'", name, v.id)
		}
		groups = append(groups, g)
	}
	switch {
	case len(groups) > groupQuota:
		return nil, refuse("SecurityGroupsPerInterfaceLimitExceeded",
			"The maximum number of security groups per interface has been reached.")
	case len(groups) > 0:
		return groups, nil
	}
	return slices.DeleteFunc(sorted(r.cell.groups), func(g *securityGroup) bool {
		return g.vpc != v || g.name != defaultGroupName
	}), nil
}

func (v *vpc) groupNamed(name string) *securityGroup {
	for _, g := range v.groups {
		if g.vpc == v && g.name == name {
			return g
		}
	}
	return nil
}

func (s *subnet) isTaken(address netip.Addr) bool {
	for _, f := range s.vpc.faces {
		if f.subnet == s && f.has(address) {
			return true
		}
	}
	return false
}

// ipv6For returns the IPv6 address that ends as an IPv4 address does, which keeps it unique.
func (s *subnet) ipv6For(four netip.Addr) netip.Addr {
	six, low := s.ipv6.prefix.Addr().As16(), four.As4()
	copy(six[12:], low[:])
	return netip.AddrFrom16(six)
}

// terminateInstances answers with the state on the way, as stopInstances does.
func terminateInstances(r *request) ([]node, error) {
	all, err := r.instances(func(i *instance) error {
		if i.options.keepsLiving && !i.terminated {
			return notPermitted("The instance '%s' may not be terminated. Modify its 'disableApiTermination' "+
				"instance attribute and try again.", i.id)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return []node{listOf("instancesSet", all, func(i *instance) []node {
		previous := i.state()
		if i.terminated {
			return i.change(previous, previous)
		}
		i.end(r.now)
		return i.change("shutting-down", previous)
	})}, nil
}

// end terminates the instance and deletes the interfaces that end with it.
func (i *instance) end(now time.Time) {
	i.terminated, i.options.stoppedAt = true, now
	i.dropVolumes()
	for _, f := range slices.Clone(i.faces) {
		ends := f.attachment.ends
		f.detach()
		if ends {
			f.remove()
		}
	}
}

var instanceListing = listing[*instance]{
	set:          "reservationSet",
	ids:          "InstanceId",
	resourceType: typeInstance,
	most:         1000,
	id:           func(i *instance) string { return i.id },
	filters: filters[*instance]{
		"instance-id":        one(func(i *instance) string { return i.id }),
		"vpc-id":             one(func(i *instance) string { return i.subnet.vpc.id }),
		"subnet-id":          one(func(i *instance) string { return i.subnet.id }),
		"owner-id":           one(func(i *instance) string { return i.account }),
		"private-ip-address": ofPrimary(func(f *face) []string { return nonEmpty([]*face{f}, (*face).primaryText) }),
		"instance.group-id": ofPrimary(func(f *face) []string {
			return nonEmpty(f.groups, func(g *securityGroup) string { return g.id })
		}),
		"instance-state-name": one((*instance).state),
	}.and(optionFilters).and(faceFilters()),
	show: func(i *instance) []node {
		return showReservation([]*instance{i}, func(i *instance) []node { return i.show(i.state()) })
	},
}

// ofPrimary is a filter on the primary interface, which a terminated instance hasn't.
func ofPrimary(f func(*face) []string) func(*instance) []string {
	return func(i *instance) []string {
		if len(i.faces) == 0 {
			return nil
		}
		return f(i.faces[0])
	}
}

func ofFaces(f func(*face) []string) func(*instance) []string {
	return func(i *instance) []string {
		var all []string
		for _, own := range i.faces {
			all = append(all, f(own)...)
		}
		return all
	}
}

// describeInstances shows the instances of a page that were started together in one reservation.
func describeInstances(r *request) ([]node, error) {
	nodes, err := describe(r, instanceListing, sorted(r.cell.instances))
	if err == nil {
		nodes[0].inner = joined(nodes[0].inner)
	}
	return nodes, err
}

// joined moves the instances of a reservation behind those of the first item that has its id.
func joined(items []node) []node {
	var all []node
	for _, item := range items {
		i := slices.IndexFunc(all, func(n node) bool { return n.inner[0].value == item.inner[0].value })
		if i < 0 {
			all = append(all, item)
			continue
		}
		set := &all[i].inner[len(item.inner)-1]
		set.inner = append(set.inner, item.inner[len(item.inner)-1].inner...)
	}
	return all
}

func showReservation(instances []*instance, show func(*instance) []node) []node {
	first := instances[0]
	return []node{
		leaf("reservationId", first.reservation),
		leaf("ownerId", first.account),
		listOf("instancesSet", instances, show),
	}
}

// show shows the addresses and groups of the primary interface, and all interfaces with theirs.
func (i *instance) show(state string) []node {
	nodes := []node{leaf("instanceId", i.id), stateNode("instanceState", state), i.taggedNode(i.id)}
	nodes = append(nodes, leaf("imageId", i.image), leaf("instanceType", i.size))
	nodes = append(nodes, leaf("launchTime", i.options.since), leaf("amiLaunchIndex", i.index))
	nodes = append(nodes, i.showStop()...)
	if i.terminated {
		return nodes
	}
	primary := i.faces[0]
	nodes = append(nodes, i.showOptions()...)
	nodes = append(nodes, optional("privateIpAddress", primary.primaryText())...)
	return append(nodes,
		leaf("subnetId", i.subnet.id),
		leaf("vpcId", i.subnet.vpc.id),
		leaf("privateDnsName", primary.privateName()),
		leaf("sourceDestCheck", !primary.unchecked),
		group("placement", leaf("availabilityZone", i.subnet.zone), leaf("groupName", ""),
			leaf("tenancy", i.options.tenancy)),
		primary.groupsNode(),
		listOf("networkInterfaceSet", i.faces, showInstanceInterface))
}

func showInstanceInterface(f *face) []node {
	a := f.attachment
	nodes := []node{
		leaf("networkInterfaceId", f.id),
		leaf("subnetId", f.subnet.id),
		leaf("vpcId", f.subnet.vpc.id),
		leaf("description", f.description),
		leaf("ownerId", f.account),
		leaf("status", f.status()),
		leaf("macAddress", f.mac()),
		leaf("interfaceType", f.kind),
		leaf("sourceDestCheck", !f.unchecked),
		group("attachment", leaf("attachmentId", a.id), leaf("deviceIndex", a.device), leaf("networkCardIndex", 0),
			leaf("status", "attached"), leaf("attachTime", a.since), leaf("deleteOnTermination", a.ends)),
		f.groupsNode(),
	}
	association := (*elasticIP).publicNode
	if bound := f.bound(); len(bound) > 0 {
		nodes = append(nodes, association(bound[0]))
	} else if a.device == 0 {
		nodes = append(nodes, a.instance.publicNode()...)
	}
	return append(nodes, f.addressNodes(association)...)
}
