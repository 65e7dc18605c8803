package ec2

import (
	"net/netip"
	"strconv"
)

// customerGateway is the device at a customer's end of VPN connections.
type customerGateway struct {
	*cell
	id      string
	address string // empty for a device that has a certificate and no static address
	asn     int
	device  string
	arn     string // of the certificate
}

var typeCustomer = resourceType{
	"cgw-", "customer-gateway", "InvalidCustomerGatewayID.NotFound", "InvalidCustomerGatewayId.Malformed",
	"customerGateway ID",
}

const customerParams = "Type IpAddress PublicIp BgpAsn BgpAsnExtended CertificateArn DeviceName TagSpecification"

// createCustomer answers with the existing gateway if the request is identical with an earlier one:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateCustomerGateway.html
func createCustomer(r *request) ([]node, error) {
	g, err := r.newCustomer()
	if err != nil {
		return nil, err
	}
	tags, err := r.specified(typeCustomer)
	if err != nil {
		return nil, err
	}
	for _, there := range r.cell.customers {
		same := *there
		if same.id = ""; same == *g {
			return []node{group("customerGateway", there.show()...)}, nil
		}
	}
	g.id = r.newID(typeCustomer.prefix)
	r.cell.customers[g.id] = g
	r.cell.tag(g.id, tags)
	return []node{group("customerGateway", g.show()...)}, nil
}

func (r *request) newCustomer() (*customerGateway, error) {
	if err := r.isIPsec(); err != nil {
		return nil, err
	}
	g := &customerGateway{cell: r.cell, device: r.params["DeviceName"], arn: r.params["CertificateArn"]}
	g.address = orText(r.params["IpAddress"], r.params["PublicIp"])
	if g.address == "" && g.arn == "" {
		return nil, missing("IpAddress")
	}
	if _, err := netip.ParseAddr(g.address); g.address != "" && err != nil {
		return nil, invalidValue("Value (%s) for parameter ipAddress is invalid. Invalid IPv4 address.", g.address)
	}
	const standardASN = 65000
	asn, err := r.int("BgpAsn", standardASN)
	if err == nil {
		asn, err = r.int("BgpAsnExtended", asn)
	}
	if err == nil && (asn < 1 || asn > 4294967294) {
		err = invalidValue("Value (%d) for parameter bgpAsn is invalid.", asn)
	}
	g.asn = asn
	return g, err
}

// isIPsec refuses another type of VPN than the one that AWS has.
func (r *request) isIPsec() error {
	kind, err := r.must("Type")
	if err == nil && kind != kindIPsec {
		err = invalidValue("Value (%s) for parameter type is invalid.", kind)
	}
	return err
}

const kindIPsec = "ipsec.1"

func deleteCustomer(r *request) ([]node, error) {
	g, err := find(typeCustomer, r.params, "CustomerGatewayId", r.cell.customers)
	if err != nil {
		return nil, err
	}
	for _, c := range r.cell.vpnConnections {
		if c.customer == g {
			return nil, refuse("IncorrectState", "The customer gateway is in use.")
		}
	}
	r.cell.forget(g.id)
	delete(r.cell.customers, g.id)
	return done(), nil
}

var customerListing = listing[*customerGateway]{
	set:          "customerGatewaySet",
	ids:          "CustomerGatewayId",
	resourceType: typeCustomer,
	whole:        true,
	id:           func(g *customerGateway) string { return g.id },
	filters: filters[*customerGateway]{
		"customer-gateway-id": one(func(g *customerGateway) string { return g.id }),
		"ip-address":          one(func(g *customerGateway) string { return g.address }),
		"bgp-asn":             one(func(g *customerGateway) string { return strconv.Itoa(g.asn) }),
		"state":               one(func(*customerGateway) string { return stateAvailable }),
		"type":                one(func(*customerGateway) string { return kindIPsec }),
	},
	show: (*customerGateway).show,
}

func describeCustomers(r *request) ([]node, error) {
	return describe(r, customerListing, sorted(r.cell.customers))
}

func (g *customerGateway) show() []node {
	nodes := []node{
		leaf("customerGatewayId", g.id), leaf("state", stateAvailable), leaf("type", kindIPsec), g.taggedNode(g.id),
	}
	asn := "bgpAsn"
	if g.asn > 2147483647 {
		asn = "bgpAsnExtended"
	}
	nodes = append(nodes, leaf(asn, strconv.Itoa(g.asn)))
	nodes = append(nodes, optional("ipAddress", g.address)...)
	nodes = append(nodes, optional("certificateArn", g.arn)...)
	return append(nodes, optional("deviceName", g.device)...)
}
