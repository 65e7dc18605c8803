package ec2

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

const interfaceParams = "SubnetId Description PrivateIpAddress PrivateIpAddresses " +
	"SecondaryPrivateIpAddressCount SecurityGroupId Ipv6Addresses Ipv6AddressCount TagSpecification"

// face is a network interface. Addresses and security groups are its own, not the instance's:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html.
type face struct {
	*cell
	id          string
	description string
	kind        string // interface, or that of a service: nat_gateway, vpc_endpoint, transit_gateway
	requester   string // the service that manages the interface; empty for an interface of the account's own
	subnet      *subnet
	addresses   []netip.Addr // private IPv4 ones, the primary one first; none in an IPv6-only subnet
	ipv6        []netip.Addr
	groups      []*securityGroup
	unchecked   bool // source and destination aren't checked
	attachment  *attachment
}

// attachment is that of an interface to an instance.
type attachment struct {
	id       string
	instance *instance
	device   int
	ends     bool // the interface is deleted with the instance
	since    time.Time
}

const (
	kindInterface  = "interface"
	kindNAT        = "nat_gateway"
	kindEndpoint   = "vpc_endpoint"
	kindAttachment = "transit_gateway"
)

// hasInstance reports whether packets for the interface reach an instance.
func (f *face) hasInstance() bool { return f.attachment != nil && f.attachment.instance.runs() }

// addressLike returns the address of a's family under which the interface sends, the zero Addr if it has none.
func (f *face) addressLike(a netip.Addr) netip.Addr {
	own := f.addresses
	if a.Is6() {
		own = f.ipv6
	}
	if len(own) == 0 {
		return netip.Addr{}
	}
	return own[0]
}

// primary returns the primary IPv4 address, the zero Addr in an IPv6-only subnet.
func (f *face) primary() netip.Addr {
	if len(f.addresses) == 0 {
		return netip.Addr{}
	}
	return f.addresses[0]
}

// primaryText is empty without a primary IPv4 address.
func (f *face) primaryText() string {
	if len(f.addresses) == 0 {
		return ""
	}
	return f.primary().String()
}

func (f *face) secondary() []netip.Addr { return f.addresses[min(1, len(f.addresses)):] }

// fits refuses an interface of an IPv6-only subnet at an instance that isn't built on Nitro:
// https://docs.aws.amazon.com/vpc/latest/userguide/aws-ipv6-support.html. The text is one that users of
// RunInstances quote.
func (f *face) fits(size string) error {
	t := instanceType{name: orText(size, defaultSize)}
	if f.subnet.isNative() && !t.isNitro() {
		return refuse("UnsupportedOperation", "IPv6 addresses are not supported on %s", t.name)
	}
	return nil
}

func (f *face) has(a netip.Addr) bool {
	return slices.Contains(f.addresses, a) || slices.Contains(f.ipv6, a)
}

func createInterface(r *request) ([]node, error) {
	s, err := find(typeSubnet, r.params, "SubnetId", r.cell.subnets)
	if err != nil {
		return nil, err
	}
	tags, err := r.specified(typeInterface)
	if err != nil {
		return nil, err
	}
	f, err := r.newInterface(s, nil)
	if err != nil {
		return nil, err
	}
	f.id = r.newID(typeInterface.prefix)
	r.cell.faces[f.id] = f
	r.cell.tag(f.id, tags)
	return []node{group("networkInterface", showInterface(f)...)}, nil
}

// newInterface reads the groups and addresses of an interface, which has no id yet. The addresses beside are those of
// other interfaces of the request.
func (r *request) newInterface(s *subnet, beside []netip.Addr) (*face, error) {
	f := &face{cell: r.cell, description: r.params["Description"], kind: kindInterface, subnet: s}
	var err error
	if f.groups, err = r.instanceGroups(s.vpc); err != nil {
		return nil, err
	}
	if f.addresses, err = r.interfaceAddresses(s, beside); err != nil {
		return nil, err
	}
	f.ipv6, err = r.addressesSix(f, beside)
	return f, err
}

// interfaceAddresses returns the primary IPv4 address and then the secondary ones.
func (r *request) interfaceAddresses(s *subnet, beside []netip.Addr) ([]netip.Addr, error) {
	var given []string
	if a := r.params["PrivateIpAddress"]; a != "" {
		given = append(given, a)
	}
	for _, fields := range r.items("PrivateIpAddresses") {
		given = slices.DeleteFunc(given, func(a string) bool { return a == fields["PrivateIpAddress"] })
		if fields["Primary"] == "true" {
			given = slices.Insert(given, 0, fields["PrivateIpAddress"])
		} else {
			given = append(given, fields["PrivateIpAddress"])
		}
	}
	more, err := r.int("SecondaryPrivateIpAddressCount", 0)
	if err != nil {
		return nil, err
	}
	if len(given) == 0 && !s.isNative() {
		more++
	}
	all, err := s.parseFree(s.prefix, given, beside)
	if err != nil {
		return nil, err
	}
	some, err := s.pick(more, slices.Concat(all, beside))
	return append(all, some...), err
}

// parseFree reads addresses of one of the subnet's blocks that nothing has, nor will have by the same request.
func (s *subnet) parseFree(block netip.Prefix, given []string, beside []netip.Addr) ([]netip.Addr, error) {
	var all []netip.Addr
	for _, text := range given {
		a, err := netip.ParseAddr(text)
		switch {
		case err != nil || !block.IsValid() || !block.Contains(a):
			return nil, invalidValue("Address %s does not fall within the subnet's address range", text)
		case isReserved(block, a):
			return nil, invalidValue("Address %s is in subnet's reserved address range", a)
		case s.isTaken(a) || slices.Contains(all, a) || slices.Contains(beside, a):
			return nil, refuse("InvalidIPAddress.InUse", "Address %s is in use.", a)
		}
		all = append(all, a)
	}
	return all, nil
}

// pick returns n free IPv4 addresses of the subnet other than those beside, behind the four at its beginning that AWS
// keeps.
func (s *subnet) pick(n int, beside []netip.Addr) ([]netip.Addr, error) {
	beside = slices.DeleteFunc(slices.Clone(beside), func(a netip.Addr) bool { return !s.prefix.Contains(a) })
	if s.free()-len(beside) < n {
		return nil, s.isFull()
	}
	address := s.prefix.Addr()
	for range reserved - 2 {
		address = address.Next()
	}
	var free []netip.Addr
	for len(free) < n {
		address = address.Next()
		switch {
		case !s.prefix.Contains(address.Next()): // reserved blocks have the rest
			return nil, s.isFull()
		case !s.isTaken(address) && !s.isReserved(address) && !slices.Contains(beside, address):
			free = append(free, address)
		}
	}
	return free, nil
}

func (s *subnet) isFull() *refusal {
	const text = "There are not enough free addresses in subnet '%s' to satisfy the requested number of instances."
	return refuse("InsufficientFreeAddressesInSubnet", text, s.id)
}

// addressesSix returns the IPv6 addresses of a new interface: those that the request wants, or else one if the subnet
// gives one, which ends as the interface's IPv4 address does. A count of 0 overrides the subnet's attribute:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkInterface.html. An interface without an IPv4
// address has at least one.
func (r *request) addressesSix(f *face, beside []netip.Addr) ([]netip.Addr, error) {
	s, four := f.subnet, f.primary()
	if !four.IsValid() {
		return r.givenSix(s, 1, beside)
	}
	wanted := r.has("Ipv6Addresses") || r.has("Ipv6Address") || r.has("Ipv6AddressCount")
	if six := s.ipv6For(four); !wanted && s.launch.ipv6 && !s.isTaken(six) && !slices.Contains(beside, six) {
		return []netip.Addr{six}, nil
	}
	return r.givenSix(s, 0, beside)
}

// givenSix reads IPv6 addresses, or picks as many as the request counts, other than those beside.
func (r *request) givenSix(s *subnet, least int, beside []netip.Addr) ([]netip.Addr, error) {
	var given []string
	for _, fields := range append(r.items("Ipv6Addresses"), r.items("Ipv6Address")...) {
		if a := fields["Ipv6Address"] + fields[""]; a != "" {
			given = append(given, a)
		}
	}
	n, err := r.int("Ipv6AddressCount", 0)
	n = max(n, least)
	switch {
	case err != nil:
		return nil, err
	case len(given) > 0 && r.has("Ipv6AddressCount"): // https://github.com/ansible/ansible/pull/40334
		return nil, combination("IPv6 addresses and IPv6 address count may not be specified on the same request")
	case len(given) > 0:
		return s.parseFree(s.ipv6.prefix, given, beside)
	case n > 0 && s.ipv6.id == "":
		return nil, invalidValue("The subnet '%s' has no IPv6 CIDR block", s.id)
	}
	return s.freeSix(n, beside), nil
}

// freeSix picks n free IPv6 addresses of the subnet, other than those beside.
func (s *subnet) freeSix(n int, beside []netip.Addr) []netip.Addr {
	var free []netip.Addr
	for address := s.ipv6.prefix.Addr(); len(free) < n; {
		address = address.Next()
		if !isReserved(s.ipv6.prefix, address) && !s.isTaken(address) && !slices.Contains(beside, address) {
			free = append(free, address)
		}
	}
	return free
}

// isReserved reports whether a subnet keeps the address, one of the first four or the last of a block, to itself:
// https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html.
func isReserved(block netip.Prefix, a netip.Addr) bool {
	first := block.Addr()
	for range reserved - 1 {
		if a == first {
			return true
		}
		first = first.Next()
	}
	next := a.Next()
	return !next.IsValid() || !block.Contains(next)
}

func (r *request) face() (*face, error) {
	return find(typeInterface, r.params, "NetworkInterfaceId", r.cell.faces)
}

// ownFace refuses the interfaces that a service manages.
func (r *request) ownFace() (*face, error) {
	f, err := r.face()
	if err == nil && f.requester != "" {
		err = notPermitted("You are not allowed to manage '%s' attachments.", f.kind)
	}
	return f, err
}

func deleteInterface(r *request) ([]node, error) {
	f, err := r.ownFace()
	if err != nil {
		return nil, err
	}
	if f.attachment != nil {
		return nil, refuse("InvalidNetworkInterface.InUse", "The network interface '%s' is currently in use.", f.id)
	}
	f.remove()
	return done(), nil
}

// remove leaves routes to the interface, which are blackholes from then on, and frees its elastic IP addresses.
func (f *face) remove() {
	for _, e := range f.bound() {
		e.free()
	}
	f.forget(f.id)
	delete(f.faces, f.id)
}

// bound returns the elastic IP addresses of the interface, sorted by their ids.
func (f *face) bound() []*elasticIP {
	return slices.DeleteFunc(sorted(f.cell.addresses), func(e *elasticIP) bool { return e.face != f })
}

func (e *elasticIP) associationNode() node {
	n := e.publicNode()
	n.inner = append(n.inner, leaf("allocationId", e.id), leaf("associationId", e.binding))
	return n
}

// publicNode is the association as instances show it.
func (e *elasticIP) publicNode() node {
	return group("association", leaf("publicIp", e.public.String()), leaf("ipOwnerId", e.account))
}

func attachInterface(r *request) ([]node, error) {
	f, err := r.ownFace()
	if err != nil {
		return nil, err
	}
	i, err := find(typeInstance, r.params, "InstanceId", r.cell.instances)
	if err != nil {
		return nil, err
	}
	device, err := r.device(i)
	if err != nil {
		return nil, err
	}
	switch {
	case f.attachment != nil:
		return nil, refuse("InvalidNetworkInterface.InUse", "The network interface '%s' is currently in use.", f.id)
	case i.terminated:
		return nil, refuse("IncorrectInstanceState", "The instance '%s' is not in the 'running' or 'stopped' state.", i.id)
	case i.subnet.zone != f.subnet.zone:
		return nil,
			invalidValue("You may not attach a network interface to an instance if they are not in the same availability zone")
	}
	if err := f.fits(i.size); err != nil {
		return nil, err
	}
	r.attach(f, i, device)
	return []node{leaf("attachmentId", f.attachment.id), leaf("networkCardIndex", 0)}, nil
}

// device reads the index, which must be free at the instance.
func (r *request) device(i *instance) (int, error) {
	if _, err := r.must("DeviceIndex"); err != nil {
		return 0, err
	}
	n, err := r.int("DeviceIndex", 0)
	if err == nil && slices.ContainsFunc(i.faces, func(f *face) bool { return f.attachment.device == n }) {
		err = invalidValue("Instance '%s' already has an interface attached at device index '%d'.", i.id, n)
	}
	return n, err
}

func (r *request) attach(f *face, i *instance, device int) {
	f.attachment = &attachment{id: r.newID("eni-attach-"), instance: i, device: device, since: r.now}
	i.faces = append(i.faces, f)
	slices.SortFunc(i.faces, func(a, b *face) int { return a.attachment.device - b.attachment.device })
}

func detachInterface(r *request) ([]node, error) {
	f, err := r.attached()
	switch {
	case err != nil:
		return nil, err
	case f.attachment.device == 0:
		return nil, notPermitted("The network interface at device index 0 cannot be detached.")
	}
	f.detach()
	return done(), nil
}

func (f *face) detach() {
	i := f.attachment.instance
	i.faces = slices.DeleteFunc(i.faces, func(other *face) bool { return other == f })
	f.attachment = nil
}

var typeAttachment = resourceType{"eni-attach-", "", "InvalidAttachmentID.NotFound",
	"InvalidAttachmentID.Malformed", "attachment ID"}

// attached returns the interface with the attachment that the request names.
func (r *request) attached() (*face, error) {
	byID := map[string]*face{}
	for _, f := range r.cell.faces {
		if f.attachment != nil {
			byID[f.attachment.id] = f
		}
	}
	return find(typeAttachment, r.params, "AttachmentId", byID)
}

// modifyInterface changes one attribute, as AWS allows no more in one call.
func modifyInterface(r *request) ([]node, error) {
	f, err := r.face()
	if err != nil {
		return nil, err
	}
	var given []string
	for _, name := range []string{"SecurityGroupId", "SourceDestCheck", "Description", "Attachment"} {
		if r.has(name) {
			given = append(given, lowerFirst(name))
		}
	}
	if len(given) > 1 {
		return nil, combination("Fields for multiple attribute types specified: " + strings.Join(given, ", "))
	}
	if len(given) == 0 {
		return nil, missing("attribute")
	}
	return done(), r.modify(f, given[0])
}

func (r *request) modify(f *face, attribute string) error {
	switch attribute {
	case "securityGroupId":
		groups, err := r.instanceGroups(f.subnet.vpc)
		if err == nil {
			f.groups = groups
		}
		return err
	case "sourceDestCheck":
		checked, err := r.changed("SourceDestCheck.Value", !f.unchecked)
		f.unchecked = !checked
		return err
	case "description":
		f.description = r.params["Description.Value"]
		return nil
	}
	if f.attachment == nil || f.attachment.id != r.params["Attachment.AttachmentId"] {
		return typeAttachment.missing(r.params["Attachment.AttachmentId"])
	}
	var err error
	f.attachment.ends, err = r.changed("Attachment.DeleteOnTermination", f.attachment.ends)
	return err
}

func describeInterfaceAttribute(r *request) ([]node, error) {
	f, err := r.face()
	if err != nil {
		return nil, err
	}
	nodes := []node{leaf("networkInterfaceId", f.id)}
	switch r.params["Attribute"] {
	case "description":
		return append(nodes, group("description", leaf("value", f.description))), nil
	case "groupSet":
		return append(nodes, f.groupsNode()), nil
	case "sourceDestCheck":
		return append(nodes, group("sourceDestCheck", leaf("value", !f.unchecked))), nil
	case "attachment":
		return append(nodes, f.attachmentNodes()...), nil
	}
	return nil, invalidValue("Value (%s) for parameter attribute is invalid. Unknown attribute.", r.params["Attribute"])
}

func assignAddresses(r *request) ([]node, error) {
	f, err := r.ownFace()
	if err != nil {
		return nil, err
	}
	n, err := r.int("SecondaryPrivateIpAddressCount", 0)
	if err != nil {
		return nil, err
	}
	given, err := r.assignable(f)
	if err != nil {
		return nil, err
	}
	some, err := f.subnet.pick(n, given)
	if err != nil {
		return nil, err
	}
	added := append(given, some...)
	if len(added) == 0 {
		return nil, missing("privateIpAddress or secondaryPrivateIpAddressCount")
	}
	f.addresses = append(f.addresses, added...)
	return append(done(), leaf("networkInterfaceId", f.id),
		listOf("assignedPrivateIpAddressesSet", added, func(a netip.Addr) []node {
			return []node{leaf("privateIpAddress", a.String())}
		})), nil
}

// assignable reads the addresses to assign. With AllowReassignment another interface of the subnet gives up its
// secondary ones.
func (r *request) assignable(f *face) ([]netip.Addr, error) {
	reassign, err := r.bool("AllowReassignment")
	if err != nil {
		return nil, err
	}
	given := r.list("PrivateIpAddress")
	if !reassign {
		return f.subnet.parseFree(f.subnet.prefix, given, nil)
	}
	var from []*face
	var moved []netip.Addr
	for _, other := range r.cell.faces {
		for _, a := range other.secondary() {
			if other.subnet == f.subnet && slices.Contains(given, a.String()) {
				from, moved = append(from, other), append(moved, a)
			}
		}
	}
	isMoved := func(a netip.Addr) bool { return slices.Contains(moved, a) }
	free, err := f.subnet.parseFree(f.subnet.prefix, slices.DeleteFunc(given, func(text string) bool {
		a, err := netip.ParseAddr(text)
		return err == nil && isMoved(a)
	}), nil)
	if err != nil {
		return nil, err
	}
	for _, other := range from {
		other.addresses = slices.DeleteFunc(other.addresses, isMoved)
	}
	return append(moved, free...), nil
}

func unassignAddresses(r *request) ([]node, error) {
	f, err := r.ownFace()
	if err != nil {
		return nil, err
	}
	left, err := without(f.secondary(), r.list("PrivateIpAddress"))
	if err != nil {
		return nil, err
	}
	f.addresses = append(slices.Clip(f.addresses[:len(f.addresses)-len(f.secondary())]), left...)
	return done(), nil
}

// without returns the addresses except the given ones, which must all be among them.
func without(addresses []netip.Addr, given []string) ([]netip.Addr, error) {
	left := slices.Clone(addresses)
	for _, text := range given {
		i := slices.IndexFunc(left, func(a netip.Addr) bool { return a.String() == text })
		if i < 0 {
			return nil, invalidValue("Some of the specified addresses are not assigned to the interface: %s", text)
		}
		left = slices.Delete(left, i, i+1)
	}
	return left, nil
}

func assignSix(r *request) ([]node, error) {
	f, err := r.ownFace()
	if err != nil {
		return nil, err
	}
	added, err := r.givenSix(f.subnet, 0, nil)
	if err != nil {
		return nil, err
	}
	if len(added) == 0 {
		return nil, missing("ipv6Addresses or ipv6AddressCount")
	}
	f.ipv6 = append(f.ipv6, added...)
	return []node{leaf("networkInterfaceId", f.id), itemsOf("assignedIpv6Addresses", added)}, nil
}

func unassignSix(r *request) ([]node, error) {
	f, err := r.ownFace()
	if err != nil {
		return nil, err
	}
	given := r.list("Ipv6Addresses")
	left, err := without(f.ipv6, given)
	if err != nil {
		return nil, err
	}
	f.ipv6 = left
	return []node{leaf("networkInterfaceId", f.id), itemsOf("unassignedIpv6Addresses", given)}, nil
}

// itemsOf is a list whose items are plain values.
func itemsOf[T any](name string, values []T) node {
	n := node{name: name, list: true}
	for _, v := range values {
		n.inner = append(n.inner, leaf("item", fmt.Sprint(v)))
	}
	return n
}

var interfaceListing = listing[*face]{
	set:          "networkInterfaceSet",
	ids:          "NetworkInterfaceId",
	resourceType: typeInterface,
	most:         1000,
	id:           func(f *face) string { return f.id },
	filters: filters[*face]{
		"network-interface-id":           one(func(f *face) string { return f.id }),
		"vpc-id":                         one(func(f *face) string { return f.subnet.vpc.id }),
		"subnet-id":                      one(func(f *face) string { return f.subnet.id }),
		"availability-zone":              one(func(f *face) string { return f.subnet.zone }),
		"availability-zone-id":           one(func(f *face) string { return zoneID(f.subnet.zone) }),
		"private-dns-name":               func(f *face) []string { return nonEmpty([]*face{f}, (*face).privateName) },
		"addresses.primary":              (*face).primaryFlags,
		"attachment.attach-time":         ofAttachment(func(a *attachment) string { return timestamp(a.since) }),
		"association.ip-owner-id":        ofAddress(func(e *elasticIP) string { return e.account }),
		"addresses.association.owner-id": ofAddress(func(e *elasticIP) string { return e.account }),
		"owner-id":                       one(func(f *face) string { return f.account }),
		"description":                    one(func(f *face) string { return f.description }),
		"interface-type":                 one(func(f *face) string { return f.kind }),
		"status":                         one((*face).status),
		"group-id": func(f *face) []string {
			return nonEmpty(f.groups, func(g *securityGroup) string { return g.id })
		},
		"group-name": groupNames,
		"requester-id": func(f *face) []string {
			return nonEmpty([]*face{f}, func(f *face) string { return f.requester })
		},
		"requester-managed":                one(func(f *face) string { return strconv.FormatBool(f.requester != "") }),
		"source-dest-check":                one(func(f *face) string { return strconv.FormatBool(!f.unchecked) }),
		"mac-address":                      one((*face).mac),
		"private-ip-address":               func(f *face) []string { return nonEmpty([]*face{f}, (*face).primaryText) },
		"addresses.private-ip-address":     func(f *face) []string { return nonEmpty(f.addresses, netip.Addr.String) },
		"ipv6-addresses.ipv6-address":      func(f *face) []string { return nonEmpty(f.ipv6, netip.Addr.String) },
		"attachment.attachment-id":         ofAttachment(func(a *attachment) string { return a.id }),
		"attachment.instance-id":           ofAttachment(func(a *attachment) string { return a.instance.id }),
		"attachment.instance-owner-id":     ofAttachment(func(a *attachment) string { return a.instance.account }),
		"attachment.device-index":          ofAttachment(func(a *attachment) string { return strconv.Itoa(a.device) }),
		"attachment.delete-on-termination": ofAttachment(func(a *attachment) string { return strconv.FormatBool(a.ends) }),
		"attachment.status":                ofAttachment(func(*attachment) string { return "attached" }),
		"association.public-ip":            ofAddress(func(e *elasticIP) string { return e.public.String() }),
		"association.allocation-id":        ofAddress(func(e *elasticIP) string { return e.id }),
		"association.association-id":       ofAddress(func(e *elasticIP) string { return e.binding }),
		"addresses.association.public-ip":  ofAddress(func(e *elasticIP) string { return e.public.String() }),
	},
	show: showInterface,
}

func ofAttachment(f func(*attachment) string) func(*face) []string {
	return func(i *face) []string {
		if i.attachment == nil {
			return nil
		}
		return []string{f(i.attachment)}
	}
}

func ofAddress(f func(*elasticIP) string) func(*face) []string {
	return func(i *face) []string { return nonEmpty(i.bound(), f) }
}

func describeInterfaces(r *request) ([]node, error) {
	return describe(r, interfaceListing, sorted(r.cell.faces))
}

func (f *face) status() string {
	if f.attachment == nil && f.requester == "" {
		return "available"
	}
	return "in-use"
}

// mac derives a locally administered address from the interface's id.
func (f *face) mac() string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(f.id)) // a hash takes everything
	b := h.Sum(nil)
	return fmt.Sprintf("02:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4])
}

// dnsName is the name by address of https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/hostname-types.html.
func (c *cell) dnsName(a netip.Addr) string {
	return "ip-" + strings.ReplaceAll(a.String(), ".", "-") + "." + c.privateDomain()
}

func (c *cell) privateDomain() string {
	if c.region == "us-east-1" {
		return "ec2.internal"
	}
	return c.region + ".compute.internal"
}

// privateName is the name by the primary IPv4 address or, without one, that by the instance, empty if there is none.
func (f *face) privateName() string {
	switch {
	case len(f.addresses) > 0:
		return f.dnsName(f.primary())
	case f.attachment == nil:
		return ""
	}
	return f.attachment.instance.id + "." + f.privateDomain()
}

func (f *face) primaryFlags() []string {
	var all []string
	for _, a := range f.addresses {
		all = append(all, strconv.FormatBool(a == f.primary()))
	}
	return all
}

func (f *face) groupsNode() node {
	return listOf("groupSet", f.groups, func(g *securityGroup) []node {
		return []node{leaf("groupId", g.id), leaf("groupName", g.name)}
	})
}

func (f *face) attachmentNodes() []node {
	a := f.attachment
	if a == nil {
		return nil
	}
	return []node{group("attachment",
		leaf("attachmentId", a.id), leaf("instanceId", a.instance.id), leaf("instanceOwnerId", a.instance.account),
		leaf("deviceIndex", a.device), leaf("networkCardIndex", 0), leaf("status", "attached"),
		leaf("attachTime", a.since), leaf("deleteOnTermination", a.ends))}
}

// addressNodes are the addresses as instances and interfaces show them, which differ in how they show elastic IP
// addresses.
func (f *face) addressNodes(association func(*elasticIP) node) []node {
	of := func(a netip.Addr) []node {
		i := slices.IndexFunc(f.bound(), func(e *elasticIP) bool { return e.private == a })
		if i < 0 {
			return nil
		}
		return []node{association(f.bound()[i])}
	}
	names := append(optional("privateIpAddress", f.primaryText()), optional("privateDnsName", f.privateName())...)
	return append(names,
		listOf("privateIpAddressesSet", f.addresses, func(a netip.Addr) []node {
			return append(of(a), leaf("privateIpAddress", a.String()), leaf("privateDnsName", f.dnsName(a)),
				leaf("primary", a == f.primary()))
		}),
		listOf("ipv6AddressesSet", f.ipv6, func(a netip.Addr) []node { return []node{leaf("ipv6Address", a.String())} }))
}

func showInterface(f *face) []node {
	nodes := []node{
		leaf("networkInterfaceId", f.id),
		leaf("subnetId", f.subnet.id),
		leaf("vpcId", f.subnet.vpc.id),
		leaf("availabilityZone", f.subnet.zone),
		leaf("description", f.description),
		leaf("ownerId", f.account),
		leaf("requesterManaged", f.requester != ""),
		leaf("status", f.status()),
		leaf("macAddress", f.mac()),
		leaf("interfaceType", f.kind),
		leaf("sourceDestCheck", !f.unchecked),
		f.groupsNode(),
		f.taggedNode(f.id),
	}
	nodes = append(nodes, f.addressNodes((*elasticIP).associationNode)...)
	if bound := f.bound(); len(bound) > 0 {
		nodes = append(nodes, bound[0].associationNode())
	}
	if f.subnet.isNative() {
		nodes = append(nodes, leaf("ipv6Native", true))
	}
	nodes = append(nodes, optional("requesterId", f.requester)...)
	return append(nodes, f.attachmentNodes()...)
}
