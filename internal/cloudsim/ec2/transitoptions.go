package ec2

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
)

// supports are the options of a transit gateway or of an attachment that are enable or disable, by their names in the
// API: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGatewayRequestOptions.html,
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTransitGatewayVpcAttachmentRequestOptions.html
type supports map[string]string

const (
	enabled  = "enable"
	disabled = "disable"

	byDefaultAssociated = "DefaultRouteTableAssociation"
	byDefaultPropagated = "DefaultRouteTablePropagation"
	ipv6Support         = "Ipv6Support"
)

var (
	gatewayDefaults = supports{
		"AutoAcceptSharedAttachments": disabled, byDefaultAssociated: enabled, byDefaultPropagated: enabled,
		"DnsSupport": enabled, "VpnEcmpSupport": enabled, "MulticastSupport": disabled,
		"SecurityGroupReferencingSupport": disabled,
	}
	attachmentDefaults = supports{
		"DnsSupport": enabled, "SecurityGroupReferencingSupport": enabled, ipv6Support: disabled,
		"ApplianceModeSupport": disabled,
	}
)

// changed returns the options with the request's.
func (s supports) changed(given params) (supports, error) {
	s = maps.Clone(s)
	for _, name := range slices.Sorted(maps.Keys(s)) {
		switch v, ok := given[name]; {
		case !ok:
		case v != enabled && v != disabled:
			return nil, invalidValue("Value (%s) for parameter %s is invalid.", v, lowerFirst(name))
		default:
			s[name] = v
		}
	}
	return s, nil
}

func (s supports) show() []node {
	var nodes []node
	for _, name := range slices.Sorted(maps.Keys(s)) {
		nodes = append(nodes, leaf(lowerFirst(name), s[name]))
	}
	return nodes
}

// privateASN reads the private number of a transit gateway's side of a BGP session.
func (p params) privateASN(otherwise string) (string, error) {
	v, ok := p["AmazonSideAsn"]
	if !ok {
		return otherwise, nil
	}
	n, err := p.int("AmazonSideAsn", 0)
	isShort, isLong := n >= 64512 && n <= 65534, n >= 4200000000 && n <= 4294967294
	if err != nil || !isShort && !isLong {
		return "", invalidValue("Value (%s) for parameter amazonSideAsn is invalid.", v)
	}
	return strconv.Itoa(n), nil
}

// transitBlocks reads blocks of a transit gateway, which are /24 or larger, or /64 or larger for IPv6.
func (p params) transitBlocks(name string) ([]string, error) {
	var all []string
	for _, text := range p.list(name) {
		block, err := netip.ParsePrefix(text)
		most := 24
		if block.Addr().Is6() {
			most = 64
		}
		if err != nil || block.Bits() > most || block.Overlaps(linkLocal) {
			return nil, invalidValue("Value (%s) for parameter %s is invalid.", text, lowerFirst(name))
		}
		all = append(all, block.Masked().String())
	}
	return all, nil
}

// transitOptions sets the options of a new transit gateway, or changes those of an existing one.
func (r *request) transitOptions(g *transitGateway) error {
	given := r.within("Options")
	options, err := g.options.changed(given)
	if err != nil {
		return err
	}
	asn, err := given.privateASN(g.asn)
	if err != nil {
		return err
	}
	added := "TransitGatewayCidrBlocks"
	if given.has("Add" + added) {
		added = "Add" + added
	}
	blocks, err := given.transitBlocks(added)
	if err != nil {
		return err
	}
	association, propagation, err := r.namedTables(g, given)
	if err != nil {
		return err
	}
	removed := given.list("RemoveTransitGatewayCidrBlocks")
	gone := func(b string) bool { return slices.Contains(removed, b) || slices.Contains(blocks, b) }
	g.blocks = append(slices.DeleteFunc(slices.Clone(g.blocks), gone), blocks...)
	g.options, g.asn, g.association, g.propagation = options, asn, association, propagation
	return nil
}

// namedTables returns the default route tables that the request names, or those that the transit gateway has.
func (r *request) namedTables(g *transitGateway, given params) (association, propagation *transitTable, err error) {
	association, propagation = g.association, g.propagation
	for _, named := range []struct {
		name  string
		table **transitTable
	}{{"AssociationDefaultRouteTableId", &association}, {"PropagationDefaultRouteTableId", &propagation}} {
		if !given.has(named.name) {
			continue
		}
		t, err := find(typeTransitTable, given, named.name, r.cell.transitTables)
		if err == nil && t.gateway != g {
			err = typeTransitTable.missing(t.id)
		}
		if err != nil {
			return nil, nil, err
		}
		*named.table = t
	}
	return association, propagation, nil
}

// settleTables makes the default route table of a transit gateway that lacks one, unless the default is disabled.
func (r *request) settleTables(g *transitGateway) {
	made := r.cell.transitTables[g.defaultTableID()]
	for name, table := range map[string]**transitTable{
		byDefaultAssociated: &g.association, byDefaultPropagated: &g.propagation,
	} {
		switch {
		case g.options[name] == disabled:
			*table = nil
		case *table == nil:
			if made == nil {
				made = &transitTable{cell: r.cell, id: g.defaultTableID(), gateway: g, created: r.now}
				r.cell.transitTables[made.id] = made
			}
			*table = made
		}
	}
}

func modifyTransit(r *request) ([]node, error) {
	g, err := find(typeTransit, r.params, "TransitGatewayId", r.cell.transits)
	if err != nil {
		return nil, err
	}
	if err := r.transitOptions(g); err != nil {
		return nil, err
	}
	if r.has("Description") {
		g.description = r.params["Description"]
	}
	r.settleTables(g)
	return []node{group("transitGateway", showTransit(g, "modifying")...)}, nil
}

func modifyTransitAttachment(r *request) ([]node, error) {
	a, err := r.transitAttachment()
	if err != nil {
		return nil, err
	}
	options, err := a.options.changed(r.within("Options"))
	if err != nil {
		return nil, err
	}
	if err := r.changeFaces(a); err != nil {
		return nil, err
	}
	a.options = options
	return []node{group("transitGatewayVpcAttachment", showAttachment(a, "modifying")...)}, nil
}

// changeFaces adds an attachment's interfaces in the subnets that the request adds, and removes those in the subnets
// that it removes. One has to remain.
func (r *request) changeFaces(a *transitAttachment) error {
	removed := r.list("RemoveSubnetIds")
	for _, id := range removed {
		if !slices.Contains(subnetsOf(a.faces), id) {
			return typeSubnet.missing(id)
		}
	}
	isRemoved := func(f *face) bool { return slices.Contains(removed, f.subnet.id) }
	kept := slices.DeleteFunc(slices.Clone(a.faces), isRemoved)
	var added []*face
	if subnets := r.list("AddSubnetIds"); len(subnets) > 0 {
		var err error
		if added, err = r.serviceFaces(a.vpc, append(subnetsOf(kept), subnets...), kindAttachment); err != nil {
			return err
		}
		added = added[len(kept):]
	}
	if len(kept)+len(added) == 0 {
		return refuse("InsufficientSubnetsException", "The attachment %s must have at least one subnet.", a.id)
	}
	for _, f := range a.faces {
		if isRemoved(f) {
			f.remove()
		}
	}
	a.faces = append(kept, added...)
	r.place(added, attachmentFace+a.id)
	return nil
}
