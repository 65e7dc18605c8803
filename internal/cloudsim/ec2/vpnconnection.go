package ec2

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// vpnConnection is a Site-to-Site VPN connection, whose device is always up.
type vpnConnection struct {
	*cell
	id         string
	customer   *customerGateway
	gateway    *vpnGateway // nil while it isn't associated
	staticOnly bool
	routes     []netip.Prefix // static ones
	tunnels    [2]tunnel
}

type tunnel struct {
	outside, inside netip.Addr // Amazon's ends; the customer's inside address is the next one
	key             string
}

var typeVPNConnection = resourceType{
	"vpn-", "vpn-connection", "InvalidVpnConnectionID.NotFound", "InvalidVpnConnectionID.Malformed", "vpnConnection ID",
}

const vpnConnectionParams = "Type CustomerGatewayId VpnGatewayId TransitGatewayId Options TagSpecification"

// createVPNConnection answers with the existing connection between the two gateways, if there is one:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpnConnection.html
func createVPNConnection(r *request) ([]node, error) {
	if err := r.isIPsec(); err != nil {
		return nil, err
	}
	c, err := r.newVPNConnection()
	if err != nil {
		return nil, err
	}
	tags, err := r.specified(typeVPNConnection)
	if err != nil {
		return nil, err
	}
	for _, there := range r.cell.vpnConnections {
		switch {
		case there.customer != c.customer:
		case there.gateway == c.gateway:
			return []node{group("vpnConnection", there.show(stateAvailable)...)}, nil
		default:
			return nil, refuse("InvalidCustomerGateway.DuplicateIpAddress", "Conflict among chosen gateway IP addresses.")
		}
	}
	c.id = r.newID(typeVPNConnection.prefix)
	if err := r.dig(c); err != nil {
		return nil, err
	}
	r.cell.vpnConnections[c.id] = c
	r.cell.tag(c.id, tags)
	return []node{group("vpnConnection", c.show("pending")...)}, nil
}

func (r *request) newVPNConnection() (*vpnConnection, error) {
	c := &vpnConnection{cell: r.cell}
	var err error
	if c.customer, err = find(typeCustomer, r.params, "CustomerGatewayId", r.cell.customers); err != nil {
		return nil, err
	}
	switch {
	case r.has("TransitGatewayId") && r.has("VpnGatewayId"):
		return nil, combination("You cannot specify both a virtual private gateway and a transit gateway.")
	case r.has("TransitGatewayId"):
		return nil, refuse("UnsupportedOperation", "VPN connections of transit gateways cannot be created here.")
	case r.has("VpnGatewayId"):
		if c.gateway, err = find(typeVPN, r.params, "VpnGatewayId", r.cell.vpns); err != nil {
			return nil, err
		}
	}
	c.staticOnly, err = r.bool("Options.StaticRoutesOnly")
	return c, err
}

// dig derives the tunnels from the id, unless the request names their inside addresses and keys.
func (r *request) dig(c *vpnConnection) error {
	given := r.within("Options").items("TunnelOptions")
	for n := range c.tunnels {
		sum := sha256.Sum256([]byte(c.id + strconv.Itoa(n)))
		t := tunnel{
			outside: netip.AddrFrom4([4]byte{52, sum[0], sum[1], sum[2]}),
			inside:  netip.AddrFrom4([4]byte{169, 254, sum[3]&^1 | byte(n), sum[4]&^3 + 1}),
			key:     fmt.Sprintf("%x", sum[5:21]),
		}
		if n < len(given) {
			if err := t.read(given[n]); err != nil {
				return err
			}
		}
		c.tunnels[n] = t
	}
	return nil
}

func (t *tunnel) read(given params) error {
	t.key = orText(given["PreSharedKey"], t.key)
	if !given.has("TunnelInsideCidr") {
		return nil
	}
	inside, err := given.cidr("TunnelInsideCidr")
	if err == nil && (inside.Bits() != 30 || !linkLocal.Overlaps(inside)) {
		err = invalidValue("Value (%s) for parameter tunnelInsideCidr is invalid.", inside)
	}
	t.inside = inside.Addr().Next()
	return err
}

var linkLocal = netip.MustParsePrefix("169.254.0.0/16")

func (r *request) vpnConnection() (*vpnConnection, error) {
	return find(typeVPNConnection, r.params, "VpnConnectionId", r.cell.vpnConnections)
}

func deleteVPNConnection(r *request) ([]node, error) {
	c, err := r.vpnConnection()
	if err != nil {
		return nil, err
	}
	r.cell.forget(c.id)
	delete(r.cell.vpnConnections, c.id)
	return done(), nil
}

// createVPNRoute adds a static route, which the tables have to which the virtual private gateway propagates its routes.
func createVPNRoute(r *request) ([]node, error) {
	c, block, err := r.vpnRoute()
	switch {
	case err != nil:
		return nil, err
	case !c.staticOnly:
		return nil, refuse("InvalidVpnConnection.InvalidType", "The specified VPN connection does not support static routes.")
	case !slices.Contains(c.routes, block):
		c.routes = append(c.routes, block)
	}
	return done(), nil
}

func deleteVPNRoute(r *request) ([]node, error) {
	c, block, err := r.vpnRoute()
	if err != nil {
		return nil, err
	}
	i := slices.Index(c.routes, block)
	if i < 0 {
		return nil, refuse("InvalidRoute.NotFound", "no static route with destination-cidr-block %s of %s", block, c.id)
	}
	c.routes = slices.Delete(c.routes, i, i+1)
	return done(), nil
}

func (r *request) vpnRoute() (*vpnConnection, netip.Prefix, error) {
	c, err := r.vpnConnection()
	if err != nil {
		return nil, netip.Prefix{}, err
	}
	block, err := r.cidr("DestinationCidrBlock")
	return c, block, err
}

// learned are the destinations behind the gateway, each once: those that are advertised and the static ones of its VPN
// connections.
func (g *vpnGateway) learned() []netip.Prefix {
	all := slices.Clone(g.advertised)
	for _, c := range sorted(g.vpnConnections) {
		for _, p := range c.routes {
			if c.gateway == g && !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	return all
}

// hasConnections reports whether a VPN connection ends at the gateway.
func (g *vpnGateway) hasConnections() bool {
	return slices.ContainsFunc(sorted(g.vpnConnections), func(c *vpnConnection) bool { return c.gateway == g })
}

var vpnConnectionListing = listing[*vpnConnection]{
	set:          "vpnConnectionSet",
	ids:          "VpnConnectionId",
	resourceType: typeVPNConnection,
	whole:        true,
	id:           func(c *vpnConnection) string { return c.id },
	filters: filters[*vpnConnection]{
		"vpn-connection-id":              one(func(c *vpnConnection) string { return c.id }),
		"customer-gateway-id":            one(func(c *vpnConnection) string { return c.customer.id }),
		"customer-gateway-configuration": one((*vpnConnection).configuration),
		"bgp-asn":                        one(func(c *vpnConnection) string { return strconv.Itoa(c.customer.asn) }),
		"option.static-routes-only":      one(flag(func(c *vpnConnection) bool { return c.staticOnly })),
		"route.destination-cidr-block":   func(c *vpnConnection) []string { return nonEmpty(c.routes, netip.Prefix.String) },
		"state":                          one(func(*vpnConnection) string { return stateAvailable }),
		"type":                           one(func(*vpnConnection) string { return kindIPsec }),
		"vpn-gateway-id": func(c *vpnConnection) []string {
			return nonEmpty(c.gateways(), func(g *vpnGateway) string { return g.id })
		},
		"transit-gateway-id": never[*vpnConnection],
	},
	show: func(c *vpnConnection) []node { return c.show(stateAvailable) },
}

func (c *vpnConnection) gateways() []*vpnGateway {
	if c.gateway == nil {
		return nil
	}
	return []*vpnGateway{c.gateway}
}

func describeVPNConnections(r *request) ([]node, error) {
	return describe(r, vpnConnectionListing, sorted(r.cell.vpnConnections))
}

func (c *vpnConnection) show(state string) []node {
	association := "not-associated"
	if c.gateway != nil {
		association = "associated"
	}
	nodes := []node{
		leaf("vpnConnectionId", c.id), leaf("state", state), leaf("type", kindIPsec), leaf("category", "VPN"),
		leaf("customerGatewayId", c.customer.id), leaf("gatewayAssociationState", association),
		leaf("customerGatewayConfiguration", c.configuration()),
		group("options",
			leaf("enableAcceleration", false), leaf("staticRoutesOnly", c.staticOnly),
			leaf("localIpv4NetworkCidr", anywhere.String()), leaf("remoteIpv4NetworkCidr", anywhere.String()),
			leaf("outsideIpAddressType", "PublicIpv4"), leaf("tunnelInsideIpVersion", "ipv4"),
			listOf("tunnelOptionSet", c.tunnels[:], tunnel.show)),
		listOf("routes", c.routes, func(p netip.Prefix) []node {
			return []node{leaf("destinationCidrBlock", p.String()), leaf("source", "Static"), leaf("state", stateAvailable)}
		}),
		listOf("vgwTelemetry", c.tunnels[:], func(t tunnel) []node {
			routes := leaf("acceptedRouteCount", len(c.routes))
			return []node{leaf("outsideIpAddress", t.outside.String()), leaf("status", "UP"), routes}
		}),
		c.taggedNode(c.id),
	}
	if c.gateway != nil {
		nodes = append(nodes, leaf("vpnGatewayId", c.gateway.id))
	}
	return nodes
}

func (t tunnel) show() []node {
	block := netip.PrefixFrom(t.inside, 30).Masked()
	return []node{
		leaf("outsideIpAddress", t.outside.String()), leaf("tunnelInsideCidr", block.String()), leaf("preSharedKey", t.key),
	}
}

// configuration is the part of the document for the customer's device that Terraform reads.
func (c *vpnConnection) configuration() string {
	end := func(name, outside string, inside netip.Addr) string {
		return fmt.Sprintf("<%s><tunnel_outside_address><ip_address>%s</ip_address></tunnel_outside_address>"+
			"<tunnel_inside_address><ip_address>%s</ip_address><network_mask>255.255.255.252</network_mask>"+
			"<network_cidr>30</network_cidr></tunnel_inside_address></%s>", name, outside, inside, name)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8"?><vpn_connection id="%s">`, c.id)
	fmt.Fprintf(&b, "<customer_gateway_id>%s</customer_gateway_id>", c.customer.id)
	for _, t := range c.tunnels {
		b.WriteString("<ipsec_tunnel>" + end("customer_gateway", c.customer.address, t.inside.Next()) +
			end("vpn_gateway", t.outside.String(), t.inside))
		fmt.Fprintf(&b, "<ike><pre_shared_key>%s</pre_shared_key></ike></ipsec_tunnel>", t.key)
	}
	return b.String() + "</vpn_connection>"
}
