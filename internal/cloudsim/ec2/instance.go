package ec2

import (
	"net/netip"
	"slices"
	"strings"
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
}

func (i *instance) state() (code int, name string) {
	switch {
	case i.terminated:
		return 48, "terminated"
	case i.stopped:
		return 80, "stopped"
	}
	return 16, "running"
}

// runs reports whether the instance takes packets.
func (i *instance) runs() bool { return !i.terminated && !i.stopped }

func (i *instance) stateNode(name string) node {
	code, state := i.state()
	return group(name, leaf("code", code), leaf("name", state))
}

// runInstances starts instances that run at once. Without a subnet it takes the default VPC's first.
func runInstances(r *request) ([]node, error) {
	count, err := r.instanceCount()
	if err != nil {
		return nil, err
	}
	if err := r.resolveImage(); err != nil {
		return nil, err
	}
	if err := r.checkLaunch(); err != nil {
		return nil, err
	}
	tags, err := r.specifiedFor(typeInstance, typeInterface, typeVolume)
	if err != nil {
		return nil, err
	}
	options := make([]instanceOptions, count)
	for n := range options {
		if options[n], err = r.options(); err != nil {
			return nil, err
		}
	}
	wanted, err := r.fittingFaces(count)
	if err != nil {
		return nil, err
	}
	var started []*instance
	for n, faces := range wanted {
		i := r.start(faces)
		r.equip(i, options[n], tags[typeVolume.resource])
		r.cell.tag(i.id, clone(tags[typeInstance.resource]))
		for _, f := range i.faces {
			r.cell.tag(f.id, clone(tags[typeInterface.resource]))
		}
		started = append(started, i)
	}
	return showReservation(started), nil
}

// checkLaunch refuses images and types that can't be, and parameters of the primary interface beside interfaces. The
// texts are those that users of RunInstances quote.
func (r *request) checkLaunch() error {
	if image := r.params["ImageId"]; image != "" {
		if err := typeImage.check(image); err != nil {
			return err
		}
	}
	if size := r.params["InstanceType"]; size != "" && !isInstanceType(size) {
		return invalidValue("Invalid value '%s' for InstanceType.", size)
	}
	if len(r.items("NetworkInterface")) == 0 {
		return nil
	}
	noun := ""
	switch {
	case r.has("SecurityGroupId"), r.has("SecurityGroup"):
		noun = "security groups"
	case r.has("SubnetId"):
		noun = "subnet ID"
	case r.has("PrivateIpAddress"):
		noun = "private address"
	default:
		return nil
	}
	return combination("Network interfaces and an instance-level " + noun + " may not be specified on the same request")
}

// wantedFace is an interface that an instance is to have.
type wantedFace struct {
	*face
	device int
	ends   bool // with the instance
}

// fittingFaces returns the interfaces of each instance, or a refusal if its type can't have them.
func (r *request) fittingFaces(count int) ([][]wantedFace, error) {
	all, err := r.wantedFaces(count)
	if err != nil {
		return nil, err
	}
	for _, w := range slices.Concat(all...) {
		if err := w.fits(r.params["InstanceType"]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// wantedFaces returns the interfaces of each instance. Those that have no id yet are made for it.
func (r *request) wantedFaces(count int) ([][]wantedFace, error) {
	if specified := r.items("NetworkInterface"); len(specified) > 0 {
		return r.specifiedFaces(specified, count)
	}
	s, err := r.instanceSubnet()
	if err != nil {
		return nil, err
	}
	groups, err := r.instanceGroups(s.vpc)
	if err != nil {
		return nil, err
	}
	addresses, err := r.addresses(s, count)
	if err != nil {
		return nil, err
	}
	var all [][]wantedFace
	var given []netip.Addr
	for n := range count {
		f := &face{cell: r.cell, kind: kindInterface, subnet: s, groups: groups}
		if len(addresses) > 0 {
			f.addresses = []netip.Addr{addresses[n]}
		}
		if f.ipv6, err = r.addressesSix(f, given); err != nil {
			return nil, err
		}
		given = append(given, f.ipv6...)
		all = append(all, []wantedFace{{f, 0, true}})
	}
	return all, nil
}

// specifiedFaces reads the interfaces of a single instance, existing or new ones.
func (r *request) specifiedFaces(specified []params, count int) ([][]wantedFace, error) {
	if count > 1 {
		return nil, combination("Network interfaces can't be specified for more than one instance here")
	}
	var all []wantedFace
	for _, fields := range specified {
		if len(specified) > 1 && fields["AssociatePublicIpAddress"] == "true" {
			return nil, combination("The associatePublicIPAddress parameter cannot be specified when launching with " +
				"multiple network interfaces.")
		}
		w, err := r.specifiedFace(fields)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(o wantedFace) bool { return o.device == w.device || o.subnet.vpc != w.subnet.vpc }) {
			return nil,
				invalidValue("The network interfaces of an instance must have different device indexes and be in one VPC")
		}
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b wantedFace) int { return a.device - b.device })
	if all[0].device != 0 {
		return nil, invalidValue("A network interface with device index 0 is required")
	}
	return [][]wantedFace{all}, nil
}

func (r *request) specifiedFace(fields params) (w wantedFace, err error) {
	if w.device, err = fields.int("DeviceIndex", 0); err != nil {
		return w, err
	}
	if fields.has("NetworkInterfaceId") {
		w.face, err = find(typeInterface, fields, "NetworkInterfaceId", r.cell.faces)
		if err == nil && w.attachment != nil {
			err = refuse("InvalidNetworkInterface.InUse", "The network interface '%s' is currently in use.", w.id)
		}
		return w, err
	}
	inner := *r
	inner.params = fields
	s, err := inner.instanceSubnet()
	if err != nil {
		return w, err
	}
	if w.face, err = inner.newInterface(s); err != nil {
		return w, err
	}
	w.ends = fields["DeleteOnTermination"] != "false"
	return w, nil
}

// start adds an instance with its interfaces. A new primary interface has the instance's number.
func (r *request) start(faces []wantedFace) *instance {
	i := &instance{
		cell:   r.cell,
		id:     r.newID(typeInstance.prefix),
		image:  r.params["ImageId"],
		size:   r.params["InstanceType"],
		subnet: faces[0].subnet,
	}
	r.cell.instances[i.id] = i
	for _, w := range faces {
		switch {
		case w.id == "" && w.device == 0:
			w.id = typeInterface.prefix + i.id[len(typeInstance.prefix):]
		case w.id == "":
			w.id = r.newID(typeInterface.prefix)
		}
		r.cell.faces[w.id] = w.face
		w.attachment = &attachment{
			id: "eni-attach-" + w.id[len(typeInterface.prefix):], instance: i, device: w.device, ends: w.ends, since: r.now,
		}
		i.faces = append(i.faces, w.face)
	}
	return i
}

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

// addresses returns the primary IPv4 addresses of instances, none in an IPv6-only subnet.
func (r *request) addresses(s *subnet, count int) ([]netip.Addr, error) {
	switch {
	case r.has("PrivateIpAddress"):
		return r.givenAddress(s, count)
	case s.isNative():
		return nil, nil
	}
	return s.pick(count, nil)
}

func (r *request) givenAddress(s *subnet, count int) ([]netip.Addr, error) {
	if count > 1 {
		return nil, combination("The parameter privateIpAddress cannot be used with more than one instance")
	}
	return s.parseFree(s.prefix, []string{r.params["PrivateIpAddress"]})
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
		if i.options.keepsLiving && !i.terminated {
			return nil,
				notPermitted("The instance '%s' may not be terminated. Modify its 'disableApiTermination' "+
					"instance attribute and try again.", id)
		}
		ended = append(ended, i)
	}
	answer := listOf("instancesSet", ended, func(i *instance) []node {
		previous := i.stateNode("previousState")
		i.end()
		return []node{leaf("instanceId", i.id), i.stateNode("currentState"), previous}
	})
	return []node{answer}, nil
}

// end terminates the instance and deletes the interfaces that end with it.
func (i *instance) end() {
	i.terminated = true
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
		"instance-state-name": one(func(i *instance) string { _, name := i.state(); return name }),
	}.and(optionFilters).and(faceFilters()),
	show: func(i *instance) []node { return showReservation([]*instance{i}) },
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

// showInstance shows the addresses and groups of the primary interface, and all interfaces with theirs.
func showInstance(i *instance) []node {
	nodes := []node{leaf("instanceId", i.id), i.stateNode("instanceState"), i.taggedNode(i.id)}
	nodes = append(nodes, optional("imageId", i.image)...)
	nodes = append(nodes, optional("instanceType", i.size)...)
	if i.terminated {
		return nodes
	}
	primary := i.faces[0]
	nodes = append(nodes, i.showStop()...)
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
