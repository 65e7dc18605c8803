package ec2

import (
	"net/netip"
	"slices"
)

// vpnGateway is a virtual private gateway. Its VPN connections have static routes; a test names the routes that the
// other end advertises, see Service.Advertise.
type vpnGateway struct {
	*cell
	id         string
	vpc        *vpc // nil while detached
	asn        string
	advertised []netip.Prefix
}

var typeVPN = resourceType{"vgw-", "vpn-gateway", "InvalidVpnGatewayID.NotFound",
	"InvalidVpnGatewayID.Malformed", "vpnGateway ID"}

// Advertise gives a virtual private gateway the routes that the other end of a VPN connection or of Direct Connect
// advertises, in place of those it had. They are in the route tables to which the gateway propagates its routes. An
// unknown gateway has none.
func (s *Service) Advertise(gateway string, blocks ...netip.Prefix) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.cells {
		if g := c.vpns[gateway]; g != nil {
			g.advertised = blocks
		}
	}
}

// propagated are the routes of the gateways that propagate to the table. A static route of the same destination is
// beside them.
func (t *table) propagated() []*route {
	var all []*route
	for _, g := range t.propagating {
		for _, p := range g.learned() {
			all = append(all, &route{destination: p, target: target{targetGateway, g.id}, propagated: true})
		}
	}
	return all
}

func (v *vpc) hasVPN(id string) bool {
	g := v.vpns[id]
	return g != nil && g.vpc == v
}

func createVPN(r *request) ([]node, error) {
	if err := r.isIPsec(); err != nil {
		return nil, err
	}
	tags, err := r.specified(typeVPN)
	if err != nil {
		return nil, err
	}
	g := &vpnGateway{cell: r.cell, id: r.newID(typeVPN.prefix), asn: r.params["AmazonSideAsn"]}
	if g.asn == "" {
		g.asn = defaultASN
	}
	r.cell.vpns[g.id] = g
	r.cell.tag(g.id, tags)
	return []node{group("vpnGateway", showVPN(g)...)}, nil
}

const defaultASN = "64512" // Amazon's end

func (r *request) vpnAndVPC() (*vpnGateway, *vpc, error) {
	g, err := find(typeVPN, r.params, "VpnGatewayId", r.cell.vpns)
	if err != nil {
		return nil, nil, err
	}
	v, err := find(typeVPC, r.params, "VpcId", r.cell.vpcs)
	return g, v, err
}

func attachVPN(r *request) ([]node, error) {
	g, v, err := r.vpnAndVPC()
	if err != nil {
		return nil, err
	}
	if g.vpc != nil && g.vpc != v {
		return nil, refuse("VpnGatewayAttachmentLimitExceeded", "The vpnGateway '%s' is already attached to another VPC",
			g.id)
	}
	for _, other := range r.cell.vpns {
		if other.vpc == v && other != g {
			return nil, invalidValue("Network %s already has a virtual private gateway attached", v.id)
		}
	}
	g.vpc = v
	return []node{group("attachment", leaf("vpcId", v.id), leaf("state", "attaching"))}, nil
}

// detachVPN ends the propagation, and with it the propagated routes. Static ones become blackholes.
func detachVPN(r *request) ([]node, error) {
	g, v, err := r.vpnAndVPC()
	if err != nil {
		return nil, err
	}
	if g.vpc != v {
		return nil, refuse("InvalidVpnGatewayAttachment.NotFound",
			"The attachment with vpn gateway ID '%s' and vpc ID '%s' does not exist", g.id, v.id)
	}
	g.vpc = nil
	for _, t := range r.cell.tables {
		t.stop(g)
	}
	return done(), nil
}

func (t *table) stop(g *vpnGateway) {
	t.propagating = slices.DeleteFunc(t.propagating, func(other *vpnGateway) bool { return other == g })
}

func deleteVPN(r *request) ([]node, error) {
	g, err := find(typeVPN, r.params, "VpnGatewayId", r.cell.vpns)
	if err != nil {
		return nil, err
	}
	if g.vpc != nil || g.hasConnections() {
		return nil, refuse("IncorrectState", "The vpnGateway '%s' is in use and cannot be deleted.", g.id)
	}
	r.cell.forget(g.id)
	delete(r.cell.vpns, g.id)
	return done(), nil
}

func (r *request) propagation() (*table, *vpnGateway, error) {
	t, err := r.table()
	if err != nil {
		return nil, nil, err
	}
	g, err := find(typeVPN, r.params, "GatewayId", r.cell.vpns)
	return t, g, err
}

func enablePropagation(r *request) ([]node, error) {
	t, g, err := r.propagation()
	switch {
	case err != nil:
		return nil, err
	case g.vpc == nil || g.vpc != t.vpc:
		return nil, refuse("Gateway.NotAttached", "resource %s is not attached to network %s", g.id, t.vpc.id)
	}
	t.stop(g) // so that it isn't there twice
	t.propagating = append(t.propagating, g)
	return done(), nil
}

func disablePropagation(r *request) ([]node, error) {
	t, g, err := r.propagation()
	if err != nil {
		return nil, err
	}
	t.stop(g)
	return done(), nil
}

var vpnListing = listing[*vpnGateway]{
	set:          "vpnGatewaySet",
	ids:          "VpnGatewayId",
	resourceType: typeVPN,
	whole:        true,
	id:           func(g *vpnGateway) string { return g.id },
	filters: filters[*vpnGateway]{
		"vpn-gateway-id":    one(func(g *vpnGateway) string { return g.id }),
		"attachment.vpc-id": (*vpnGateway).attachedTo,
		"attachment.state": func(g *vpnGateway) []string {
			return nonEmpty(g.attachedTo(), func(string) string { return "attached" })
		},
		"state":             one(func(*vpnGateway) string { return "available" }),
		"type":              one(func(*vpnGateway) string { return kindIPsec }),
		"amazon-side-asn":   one(func(g *vpnGateway) string { return g.asn }),
		"availability-zone": never[*vpnGateway],
	},
	show: showVPN,
}

func (g *vpnGateway) attachedTo() []string {
	if g.vpc == nil {
		return nil
	}
	return []string{g.vpc.id}
}

func describeVPNs(r *request) ([]node, error) { return describe(r, vpnListing, sorted(r.cell.vpns)) }

func showVPN(g *vpnGateway) []node {
	return []node{
		leaf("vpnGatewayId", g.id),
		leaf("state", "available"),
		leaf("type", kindIPsec),
		leaf("amazonSideAsn", g.asn),
		listOf("attachments", g.attachedTo(), func(vpc string) []node {
			return []node{leaf("vpcId", vpc), leaf("state", "attached")}
		}),
		g.taggedNode(g.id),
	}
}
