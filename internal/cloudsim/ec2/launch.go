package ec2

import (
	"net/netip"
	"slices"
)

// runInstances starts instances that run at once, and answers with the state on the way. Without a subnet it takes the
// default VPC's first.
func runInstances(r *request) ([]node, error) {
	count, err := r.instanceCount()
	if err != nil {
		return nil, err
	}
	if err := r.resolveImage(); err != nil {
		return nil, err
	}
	if err := r.checkLaunch(count); err != nil {
		return nil, err
	}
	tags, err := r.specifiedFor(typeInstance, typeInterface, typeVolume)
	if err != nil {
		return nil, err
	}
	wanted, err := r.wantedFaces(count)
	if err != nil {
		return nil, err
	}
	options := make([]instanceOptions, count)
	for n := range options {
		if options[n], err = r.options(wanted[n][0].subnet); err != nil {
			return nil, err
		}
	}
	started := r.launch(wanted, options, tags)
	return showReservation(started, func(i *instance) []node { return i.show("pending") }), nil
}

// launch adds the instances of one reservation.
func (r *request) launch(wanted [][]wantedFace, options []instanceOptions, tags map[string]tagSet) []*instance {
	var all []*instance
	for n, faces := range wanted {
		i := r.start(faces)
		all = append(all, i)
		i.reservation, i.index = "r-"+all[0].id[len(typeInstance.prefix):], n
		r.equip(i, options[n], tags[typeVolume.resource])
		r.cell.tag(i.id, clone(tags[typeInstance.resource]))
		for _, f := range i.faces {
			r.cell.tag(f.id, clone(tags[typeInterface.resource]))
		}
	}
	return all
}

// checkLaunch refuses images and types that can't be, and parameters of the primary interface beside interfaces. The
// texts are those that users of RunInstances quote.
func (r *request) checkLaunch(count int) error {
	image, err := r.must("ImageId")
	if err == nil {
		err = typeImage.check(image)
	}
	if err != nil {
		return err
	}
	if size := r.params["InstanceType"]; size != "" && !isInstanceType(size) {
		return invalidValue("Invalid value '%s' for InstanceType.", size)
	}
	if count > 1 {
		if err := r.checkSingle(); err != nil {
			return err
		}
	}
	return r.checkPrimary()
}

// checkPrimary refuses parameters of the primary interface beside a list of interfaces.
func (r *request) checkPrimary() error {
	noun := ""
	switch {
	case len(r.items("NetworkInterface")) == 0:
		return nil
	case r.has("SecurityGroupId"), r.has("SecurityGroup"):
		noun = "security groups"
	case r.has("SubnetId"):
		noun = "subnet ID"
	case r.has("PrivateIpAddress"):
		noun = "private IP address"
	case r.has("Ipv6Address"), r.has("Ipv6AddressCount"): // the text isn't quoted
		noun = "IPv6 address"
	default:
		return nil
	}
	return combination("Network interfaces and an instance-level " + noun + " may not be specified on the same request")
}

// singleParams are the parameters that fit a single instance. The code isn't documented.
var singleParams = []string{
	"NetworkInterfaceId", "PrivateIpAddress", "PrivateIpAddresses", "SecondaryPrivateIpAddressCount", "Ipv6Address",
	"Ipv6Addresses",
}

// checkSingle refuses addresses and interfaces that several instances would share:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceNetworkInterfaceSpecification.html
func (r *request) checkSingle() error {
	for _, p := range append(r.items("NetworkInterface"), r.params) {
		for _, name := range singleParams {
			if p.has(name) {
				return combination("The parameter " + lowerFirst(name) + " cannot be used with more than one instance")
			}
		}
	}
	return nil
}

// defaultSize is RunInstances' own: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
const defaultSize = "m1.small"

// wantedFace is an interface that an instance is to have.
type wantedFace struct {
	*face
	device int
	ends   bool // with the instance
}

// wantedFaces returns the interfaces of each instance, or a refusal if its type can't have them. Those that have no id
// yet are made for it.
func (r *request) wantedFaces(count int) ([][]wantedFace, error) {
	var all [][]wantedFace
	var beside []netip.Addr
	for range count {
		faces, err := r.facesOfOne(beside)
		if err != nil {
			return nil, err
		}
		for _, w := range faces {
			if err := w.fits(r.params["InstanceType"]); err != nil {
				return nil, err
			}
			beside = slices.Concat(beside, w.addresses, w.ipv6)
		}
		all = append(all, faces)
	}
	return all, nil
}

func (r *request) facesOfOne(beside []netip.Addr) ([]wantedFace, error) {
	if specified := r.items("NetworkInterface"); len(specified) > 0 {
		return r.specifiedFaces(specified, beside)
	}
	s, err := r.instanceSubnet()
	if err != nil {
		return nil, err
	}
	f, err := r.newInterface(s, beside)
	return []wantedFace{{f, 0, true}}, err
}

// specifiedFaces reads the interfaces of one instance, existing or new ones.
func (r *request) specifiedFaces(specified []params, beside []netip.Addr) ([]wantedFace, error) {
	var all []wantedFace
	for _, fields := range specified {
		if len(specified) > 1 && fields["AssociatePublicIpAddress"] == "true" {
			return nil, combination("The associatePublicIPAddress parameter cannot be specified when launching with " +
				"multiple network interfaces.")
		}
		w, err := r.specifiedFace(fields, beside)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(o wantedFace) bool { return o.device == w.device || o.subnet.vpc != w.subnet.vpc }) {
			return nil,
				invalidValue("The network interfaces of an instance must have different device indexes and be in one VPC")
		}
		all, beside = append(all, w), slices.Concat(beside, w.addresses, w.ipv6)
	}
	slices.SortFunc(all, func(a, b wantedFace) int { return a.device - b.device })
	if all[0].device != 0 {
		return nil, invalidValue("A network interface with device index 0 is required")
	}
	return all, nil
}

func (r *request) specifiedFace(fields params, beside []netip.Addr) (w wantedFace, err error) {
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
	if w.face, err = inner.newInterface(s, beside); err != nil {
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
		size:   orText(r.params["InstanceType"], defaultSize),
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
