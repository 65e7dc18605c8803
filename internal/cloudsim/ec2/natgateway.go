package ec2

import (
	"net/netip"
	"slices"
	"time"
)

// natGateway is a NAT gateway of one subnet. It stays listed for an hour after its deletion:
// https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-working-with.html
type natGateway struct {
	*cell
	id      string
	subnet  *subnet
	face    *face
	address *elasticIP // nil for a private one
	public  netip.Addr // also once the address is given back
	private bool
	created time.Time
	deleted time.Time // zero until then
}

const shownDeleted = time.Hour

func createNAT(r *request) ([]node, error) {
	s, err := find(typeSubnet, r.params, "SubnetId", r.cell.subnets)
	if err != nil {
		return nil, err
	}
	tags, err := r.specified(typeNAT)
	if err != nil {
		return nil, err
	}
	if kind := r.params["ConnectivityType"]; kind != "" && !oneOf(kind, "public private") {
		return nil, invalidValue("Value (%s) for parameter connectivityType is invalid.", kind)
	}
	n := &natGateway{cell: r.cell, subnet: s, private: r.params["ConnectivityType"] == "private", created: r.now}
	if err := r.natAddresses(n); err != nil {
		return nil, err
	}
	n.id = r.newID(typeNAT.prefix)
	r.cell.nats[n.id] = n
	n.face.id, n.face.description = r.newID(typeInterface.prefix), "Interface for NAT Gateway "+n.id
	r.cell.faces[n.face.id] = n.face
	r.cell.tag(n.id, tags)
	if n.address != nil {
		n.address.bind(n.face, n.face.primary(), r.newID(typeAddressBinding.prefix))
	}
	answer := n.show("pending")
	return []node{group("natGateway", answer...)}, nil
}

// natAddresses reads the elastic IP address, without which a gateway must be private, and picks a private address.
func (r *request) natAddresses(n *natGateway) error {
	if n.private == r.has("AllocationId") {
		if n.private {
			return combination("The AllocationId parameter can't be specified for a private NAT gateway")
		}
		return missing("AllocationId")
	}
	var err error
	if !n.private {
		if n.address, err = find(typeAddress, r.params, "AllocationId", r.cell.addresses); err != nil {
			return err
		}
		if n.address.binding != "" {
			return refuse("Resource.AlreadyAssociated", "The address '%s' is already associated", n.address.id)
		}
		if !n.subnet.vpc.hasInternet() {
			return refuse("Gateway.NotAttached", "Network %s has no Internet gateway attached", n.subnet.vpc.id)
		}
		n.public = n.address.public
	}
	if n.subnet.isNative() { // the gateway takes one of the subnet's IPv4 addresses
		return n.subnet.isFull()
	}
	n.face = &face{cell: r.cell, kind: kindNAT, requester: "amazon-aws", subnet: n.subnet, unchecked: true}
	n.face.addresses, err = r.interfaceAddresses(n.subnet, nil)
	return err
}

func (v *vpc) hasInternet() bool {
	return slices.ContainsFunc(sorted(v.gateways), func(g *gateway) bool { return g.vpc == v })
}

// deleteNAT leaves the elastic IP address allocated, and the routes to the gateway, which are blackholes.
func deleteNAT(r *request) ([]node, error) {
	n, err := find(typeNAT, r.params, "NatGatewayId", r.cell.nats)
	if err != nil {
		return nil, err
	}
	if n.deleted.IsZero() {
		n.deleted = r.now
		n.face.remove()
		n.address = nil
	}
	return []node{leaf("natGatewayId", n.id)}, nil
}

// vpcOfNAT refuses a gateway that is deleted: no new route leads to it.
func (r *request) vpcOfNAT(id string) (*vpc, error) {
	k := resourceType{typeNAT.prefix, "", "InvalidNatGatewayID.NotFound", "InvalidNatGatewayID.Malformed", "natGateway ID"}
	n, err := lookUp(k, id, r.cell.nats)
	switch {
	case err != nil:
		return nil, err
	case !n.deleted.IsZero():
		return nil, k.missing(id)
	}
	return n.subnet.vpc, nil
}

func (n *natGateway) state() string {
	if n.deleted.IsZero() {
		return "available"
	}
	return "deleted"
}

var natListing = listing[*natGateway]{
	set:          "natGatewaySet",
	ids:          "NatGatewayId",
	resourceType: typeNAT,
	most:         1000,
	id:           func(n *natGateway) string { return n.id },
	filters: filters[*natGateway]{
		"nat-gateway-id": one(func(n *natGateway) string { return n.id }),
		"state":          one((*natGateway).state),
		"subnet-id":      one(func(n *natGateway) string { return n.subnet.id }),
		"vpc-id":         one(func(n *natGateway) string { return n.subnet.vpc.id }),
	},
	show: func(n *natGateway) []node { return n.show(n.state()) },
}

func describeNATs(r *request) ([]node, error) {
	for id, n := range r.cell.nats {
		if !n.deleted.IsZero() && r.now.Sub(n.deleted) >= shownDeleted {
			r.cell.forget(id)
			delete(r.cell.nats, id)
		}
	}
	return describe(r, natListing, sorted(r.cell.nats))
}

func (n *natGateway) show(state string) []node {
	address := []node{
		leaf("networkInterfaceId", n.face.id),
		leaf("privateIp", n.face.primaryText()),
		leaf("isPrimary", true),
		leaf("status", "succeeded"),
	}
	if n.public.IsValid() {
		address = append(address, leaf("publicIp", n.public.String()))
	}
	if n.address != nil {
		address = append(address, leaf("allocationId", n.address.id), leaf("associationId", n.address.binding))
	}
	connectivity := "public"
	if n.private {
		connectivity = "private"
	}
	nodes := []node{
		leaf("natGatewayId", n.id),
		leaf("subnetId", n.subnet.id),
		leaf("vpcId", n.subnet.vpc.id),
		leaf("state", state),
		leaf("connectivityType", connectivity),
		leaf("availabilityMode", "zonal"),
		leaf("createTime", n.created),
		list("natGatewayAddressSet", address),
		n.taggedNode(n.id),
	}
	if !n.deleted.IsZero() {
		nodes = append(nodes, leaf("deleteTime", n.deleted))
	}
	return nodes
}

var typeNAT = resourceType{"nat-", "natgateway", "NatGatewayNotFound", "NatGatewayMalformed", "NatGateway"}

const addressParams = "Domain Address PublicIpv4Pool NetworkBorderGroup IpamPoolId TagSpecification"

// elasticIP is an elastic IP address.
type elasticIP struct {
	*cell
	id      string
	public  netip.Addr
	binding string // the id of its association, empty while it has none
	face    *face
	private netip.Addr // of the interface
}

var (
	typeAddress = resourceType{"eipalloc-", "elastic-ip", "InvalidAllocationID.NotFound",
		"InvalidAllocationID.Malformed", "allocation ID"}
	typeAddressBinding = resourceType{"eipassoc-", "", "InvalidAssociationID.NotFound",
		"InvalidAssociationID.Malformed", "association ID"}
)

// addressQuota is that of an account in a Region:
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
const addressQuota = 5

func allocateAddress(r *request) ([]node, error) {
	tags, err := r.specified(typeAddress)
	if err != nil {
		return nil, err
	}
	if d := r.params["Domain"]; d != "" && d != "vpc" {
		return nil, invalidValue("Invalid value '%s' for domain.", d)
	}
	if err := r.checkAddressPool(); err != nil {
		return nil, err
	}
	if len(r.cell.addresses) >= addressQuota {
		return nil, refuse("AddressLimitExceeded", "The maximum number of addresses has been reached.")
	}
	r.publicAddresses++
	n := r.publicAddresses
	e := &elasticIP{cell: r.cell, id: r.newID(typeAddress.prefix), public: netip.AddrFrom4([4]byte{
		203, 0, byte(113 + n>>8), byte(n),
	})}
	r.cell.addresses[e.id] = e
	r.cell.tag(e.id, tags)
	return []node{
		leaf("publicIp", e.public.String()),
		leaf("allocationId", e.id),
		leaf("publicIpv4Pool", "amazon"),
		leaf("networkBorderGroup", r.cell.region),
		leaf("domain", "vpc"),
	}, nil
}

// checkAddressPool refuses all pools but Amazon's, which no account here has, and addresses of earlier allocations.
func (r *request) checkAddressPool() error {
	if r.has("IpamPoolId") {
		_, err := find(typePool, r.params, "IpamPoolId", map[string]bool{})
		return err
	}
	pool, border := r.params["PublicIpv4Pool"], r.params["NetworkBorderGroup"]
	switch {
	case pool != "" && pool != "amazon":
		return refuse("InvalidPublicIpv4PoolID.NotFound", "The pool ID '%s' does not exist", pool)
	case border != "" && border != r.cell.region:
		return invalidValue("Value (%s) for parameter networkBorderGroup is invalid.", border)
	case r.has("Address"):
		return refuse("InvalidAddress.NotFound", "Address '%s' not found.", r.params["Address"])
	}
	return nil
}

func releaseAddress(r *request) ([]node, error) {
	e, err := find(typeAddress, r.params, "AllocationId", r.cell.addresses)
	if err != nil {
		return nil, err
	}
	if e.binding != "" {
		return nil, refuse("InvalidIPAddress.InUse", "Address %s is in use.", e.public)
	}
	r.cell.forget(e.id)
	delete(r.cell.addresses, e.id)
	return done(), nil
}

func (e *elasticIP) bind(f *face, private netip.Addr, binding string) {
	e.face, e.private, e.binding = f, private, binding
}

func (e *elasticIP) free() { e.bind(nil, netip.Addr{}, "") }

func associateAddress(r *request) ([]node, error) {
	e, err := find(typeAddress, r.params, "AllocationId", r.cell.addresses)
	if err != nil {
		return nil, err
	}
	f, err := r.addressed()
	if err != nil {
		return nil, err
	}
	private := f.primary()
	if !private.IsValid() { // the code isn't documented
		return nil, invalidValue("The network interface '%s' has no private IPv4 address", f.id)
	}
	if text := r.params["PrivateIpAddress"]; text != "" {
		i := slices.IndexFunc(f.addresses, func(a netip.Addr) bool { return a.String() == text })
		if i < 0 {
			return nil, invalidValue("Address %s is not assigned to %s", text, f.id)
		}
		private = f.addresses[i]
	}
	if e.binding != "" && r.params["AllowReassociation"] == "false" {
		return nil, refuse("Resource.AlreadyAssociated", "resource %s is already associated with associate-id %s",
			e.id, e.binding)
	}
	if !f.subnet.vpc.hasInternet() {
		return nil, refuse("Gateway.NotAttached", "Network %s is not attached to any internet gateway", f.subnet.vpc.id)
	}
	e.bind(f, private, r.newID(typeAddressBinding.prefix))
	return append(done(), leaf("associationId", e.binding)), nil
}

// addressed returns the interface that the request names, or the primary one of the instance that it names.
func (r *request) addressed() (*face, error) {
	if r.has("NetworkInterfaceId") {
		return r.face()
	}
	i, err := find(typeInstance, r.params, "InstanceId", r.cell.instances)
	switch {
	case err != nil:
		return nil, err
	case len(i.faces) == 0:
		return nil, typeInstance.missing(i.id)
	}
	return i.faces[0], nil
}

func disassociateAddress(r *request) ([]node, error) {
	byBinding := map[string]*elasticIP{}
	for _, e := range r.cell.addresses {
		if e.binding != "" {
			byBinding[e.binding] = e
		}
	}
	e, err := find(typeAddressBinding, r.params, "AssociationId", byBinding)
	if err != nil {
		return nil, err
	}
	if e.face.requester != "" {
		return nil, refuse("AuthFailure", "You do not have permission to access the specified resource.")
	}
	e.free()
	return done(), nil
}

var addressListing = listing[*elasticIP]{
	set:          "addressesSet",
	ids:          "AllocationId",
	resourceType: typeAddress,
	whole:        true,
	id:           func(e *elasticIP) string { return e.id },
	filters: filters[*elasticIP]{
		"allocation-id": one(func(e *elasticIP) string { return e.id }),
		"association-id": func(e *elasticIP) []string {
			return nonEmpty([]*elasticIP{e}, func(e *elasticIP) string { return e.binding })
		},
		"network-border-group":       one(func(e *elasticIP) string { return e.region }),
		"network-interface-owner-id": ofBound(func(e *elasticIP) string { return e.account }),
		"domain":                     one(func(*elasticIP) string { return "vpc" }),
		"public-ip":                  one(func(e *elasticIP) string { return e.public.String() }),
		"network-interface-id":       ofBound(func(e *elasticIP) string { return e.face.id }),
		"private-ip-address":         ofBound(func(e *elasticIP) string { return e.private.String() }),
		"instance-id": ofBound(func(e *elasticIP) string {
			if e.face.attachment == nil {
				return ""
			}
			return e.face.attachment.instance.id
		}),
	},
	show: showAddress,
}

func ofBound(f func(*elasticIP) string) func(*elasticIP) []string {
	return func(e *elasticIP) []string {
		if e.face == nil {
			return nil
		}
		return nonEmpty([]*elasticIP{e}, f)
	}
}

func describeAddresses(r *request) ([]node, error) {
	all := sorted(r.cell.addresses)
	if public := r.list("PublicIp"); len(public) > 0 {
		all = slices.DeleteFunc(all, func(e *elasticIP) bool { return !slices.Contains(public, e.public.String()) })
		if len(all) < len(public) {
			return nil, refuse("InvalidAddress.NotFound", "Address '%s' not found.", public[0])
		}
	}
	return describe(r, addressListing, all)
}

func showAddress(e *elasticIP) []node {
	nodes := []node{
		leaf("publicIp", e.public.String()),
		leaf("allocationId", e.id),
		leaf("domain", "vpc"),
		leaf("publicIpv4Pool", "amazon"),
		leaf("networkBorderGroup", e.region),
		e.taggedNode(e.id),
	}
	if e.face == nil {
		return nodes
	}
	nodes = append(nodes,
		leaf("associationId", e.binding),
		leaf("networkInterfaceId", e.face.id),
		leaf("networkInterfaceOwnerId", e.account),
		leaf("privateIpAddress", e.private.String()))
	if a := e.face.attachment; a != nil {
		nodes = append(nodes, leaf("instanceId", a.instance.id))
	}
	return nodes
}

// describeAddressesAttribute shows the reverse DNS names, which no address here has.
func describeAddressesAttribute(r *request) ([]node, error) {
	return describe(r, listing[*elasticIP]{
		set:          "addressSet",
		ids:          "AllocationId",
		resourceType: typeAddress,
		least:        1,
		most:         1000,
		id:           func(e *elasticIP) string { return e.id },
		show: func(e *elasticIP) []node {
			return []node{leaf("publicIp", e.public.String()), leaf("allocationId", e.id)}
		},
	}, sorted(r.cell.addresses))
}
