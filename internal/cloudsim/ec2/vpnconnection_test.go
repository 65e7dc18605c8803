package ec2_test

import (
	"encoding/json"
	"encoding/xml"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

func (c client) customer(in ec2.CreateCustomerGatewayInput) (types.CustomerGateway, error) {
	in.Type = types.GatewayTypeIpsec1
	out, err := c.CreateCustomerGateway(c.t.Context(), &in)
	if err != nil {
		return types.CustomerGateway{}, err
	}
	return *out.CustomerGateway, nil
}

func (c client) customerAt(address string) string {
	c.t.Helper()
	in := ec2.CreateCustomerGatewayInput{IpAddress: &address, TagSpecifications: tagged(types.ResourceTypeCustomerGateway)}
	return *must[types.CustomerGateway](c.t)(c.customer(in)).CustomerGatewayId
}

// connect makes a connection with static routes. It is without a gateway if that is empty.
func (c client) connect(customer, gateway string) (types.VpnConnection, error) {
	in := ec2.CreateVpnConnectionInput{
		Type: aws.String("ipsec.1"), CustomerGatewayId: &customer,
		Options:           &types.VpnConnectionOptionsSpecification{StaticRoutesOnly: aws.Bool(true)},
		TagSpecifications: tagged(types.ResourceTypeVpnConnection),
	}
	if gateway != "" {
		in.VpnGatewayId = &gateway
	}
	return c.connectWith(in)
}

func (c client) connectWith(in ec2.CreateVpnConnectionInput) (types.VpnConnection, error) {
	out, err := c.CreateVpnConnection(c.t.Context(), &in)
	if err != nil {
		return types.VpnConnection{}, err
	}
	return *out.VpnConnection, nil
}

func (c client) addVPNRoute(connection, block string) error {
	in := ec2.CreateVpnConnectionRouteInput{VpnConnectionId: &connection, DestinationCidrBlock: &block}
	_, err := c.CreateVpnConnectionRoute(c.t.Context(), &in)
	return err
}

func (c client) dropVPNRoute(connection, block string) error {
	in := ec2.DeleteVpnConnectionRouteInput{VpnConnectionId: &connection, DestinationCidrBlock: &block}
	_, err := c.DeleteVpnConnectionRoute(c.t.Context(), &in)
	return err
}

func (c client) dropVPN(connection string) error {
	_, err := c.DeleteVpnConnection(c.t.Context(), &ec2.DeleteVpnConnectionInput{VpnConnectionId: &connection})
	return err
}

// https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNRoutingTypes.html
func TestTablesHaveTheStaticRoutesOfVPNConnections(t *testing.T) {
	t.Parallel()
	s := sim.New(sim.Options{})
	c := in(t, s, marketing, virginia)
	vpc := c.vpc("10.0.0.0/16")
	gateway, table := c.vpn(vpc), c.mainTable(vpc)
	connection := *must[types.VpnConnection](t)(c.connect(c.customerAt("192.0.2.1"), gateway)).VpnConnectionId
	check := func(want ...string) {
		t.Helper()
		for n, block := range want {
			want[n] = block + " " + gateway + " active"
		}
		if got := c.routes(table)[1:]; !slices.Equal(got, want) {
			t.Errorf("the routes are %v, want %v", got, want)
		}
	}
	refused(t, c.addVPNRoute(connection, "192.168.0.0/16"), "no error")
	refused(t, c.addVPNRoute(connection, "192.168.0.0/16"), "no error")
	detached := *must[types.VpnConnection](t)(c.connect(c.customerAt("192.0.2.2"), "")).VpnConnectionId
	refused(t, c.addVPNRoute(detached, "192.170.0.0/16"), "no error")
	check() // without propagation
	propagation := ec2.EnableVgwRoutePropagationInput{RouteTableId: &table, GatewayId: &gateway}
	must[*ec2.EnableVgwRoutePropagationOutput](t)(c.EnableVgwRoutePropagation(t.Context(), &propagation))
	refused(t, c.addVPNRoute(connection, "192.169.0.0/16"), "no error")
	check("192.168.0.0/16", "192.169.0.0/16")
	if got := c.last(table).Origin; got != types.RouteOriginEnableVgwRoutePropagation {
		t.Errorf("the origin is %s", got)
	}
	s.Advertise(gateway, netip.MustParsePrefix("192.169.0.0/16"))
	check("192.169.0.0/16", "192.168.0.0/16") // each destination once
	refused(t, c.dropVPNRoute(connection, "192.168.0.0/16"), "no error")
	refused(t, c.dropVPNRoute(connection, "192.168.0.0/16"), "InvalidRoute.NotFound")
	s.Advertise(gateway)
	check("192.169.0.0/16")
	refused(t, c.dropVPN(connection), "no error")
	check()
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpnConnection.html
func TestVPNConnectionsAreDescribed(t *testing.T) {
	t.Parallel()
	c := one(t)
	gateway, customer := c.vpn(c.vpc("10.0.0.0/16")), c.customerAt("192.0.2.1")
	made := must[types.VpnConnection](t)(c.connect(customer, gateway))
	again := must[types.VpnConnection](t)(c.connect(customer, gateway))
	if *again.VpnConnectionId != *made.VpnConnectionId {
		t.Errorf("the same request made %s too", *again.VpnConnectionId)
	}
	other := must[types.VpnConnection](t)(c.connect(c.customerAt("192.0.2.2"), ""))
	if made.State != types.VpnStatePending || other.GatewayAssociationState != types.GatewayAssociationStateNotAssociated {
		t.Errorf("the connections are %s and %s", made.State, other.GatewayAssociationState)
	}
	refused(t, c.addVPNRoute(*made.VpnConnectionId, "192.168.0.0/16"), "no error")
	for _, f := range []types.Filter{
		filter("vpn-connection-id", *made.VpnConnectionId), filter("customer-gateway-id", customer),
		filter("vpn-gateway-id", gateway),
		filter("route.destination-cidr-block", "192.168.0.0/16"),
		filter("customer-gateway-configuration", "*"+customer+"*"),
	} {
		in := ec2.DescribeVpnConnectionsInput{Filters: []types.Filter{
			f, filter("tag:k", "v"), filter("bgp-asn", "65000"), filter("option.static-routes-only", "true"),
		}}
		out := must[*ec2.DescribeVpnConnectionsOutput](t)(c.DescribeVpnConnections(t.Context(), &in))
		if got := out.VpnConnections; len(got) != 1 || got[0].State != types.VpnStateAvailable || len(got[0].Routes) != 1 {
			t.Errorf("%s finds %+v", *f.Name, got)
		}
	}
	_, err := c.DescribeVpnConnections(t.Context(), &ec2.DescribeVpnConnectionsInput{
		VpnConnectionIds: []string{"vpn-0123456789abcdef0"},
	})
	refused(t, err, "InvalidVpnConnectionID.NotFound")
}

func TestTheConfigurationOfAVPNConnectionHasItsTunnels(t *testing.T) {
	t.Parallel()
	c := one(t)
	made := must[types.VpnConnection](t)(c.connectWith(ec2.CreateVpnConnectionInput{
		Type: aws.String("ipsec.1"), CustomerGatewayId: aws.String(c.customerAt("192.0.2.1")),
		Options: &types.VpnConnectionOptionsSpecification{TunnelOptions: []types.VpnTunnelOptionsSpecification{
			{TunnelInsideCidr: aws.String("169.254.10.0/30"), PreSharedKey: aws.String("secret-1")}, {},
		}},
	}))
	var document struct {
		Tunnels []struct {
			Address string `xml:"customer_gateway>tunnel_inside_address>ip_address"`
			Outside string `xml:"vpn_gateway>tunnel_outside_address>ip_address"`
			Key     string `xml:"ike>pre_shared_key"`
		} `xml:"ipsec_tunnel"`
	}
	if err := xml.Unmarshal([]byte(*made.CustomerGatewayConfiguration), &document); err != nil {
		t.Fatal(err)
	}
	first := document.Tunnels[0]
	if len(document.Tunnels) != 2 || first.Address != "169.254.10.2" || first.Key != "secret-1" {
		t.Errorf("the document has %+v", document)
	}
	for n, o := range made.Options.TunnelOptions {
		if d := document.Tunnels[n]; *o.OutsideIpAddress != d.Outside || *o.PreSharedKey != d.Key {
			t.Errorf("tunnel %d is %+v, in the document %+v", n, o, d)
		}
	}
}

func TestRefusedVPNConnections(t *testing.T) {
	t.Parallel()
	c := one(t)
	gateway, customer := c.vpn(c.vpc("10.0.0.0/16")), c.customerAt("192.0.2.1")
	other := c.vpn(c.vpc("10.1.0.0/16"))
	transit := c.transit()
	base := ec2.CreateVpnConnectionInput{Type: aws.String("ipsec.1"), CustomerGatewayId: &customer}
	for code, change := range map[string]func(*ec2.CreateVpnConnectionInput){
		"InvalidParameterValue": func(in *ec2.CreateVpnConnectionInput) { in.Type = aws.String("ipsec.2") },
		"InvalidCustomerGatewayID.NotFound": func(in *ec2.CreateVpnConnectionInput) {
			in.CustomerGatewayId = aws.String("cgw-0123456789abcdef0")
		},
		"InvalidVpnGatewayID.NotFound": func(in *ec2.CreateVpnConnectionInput) {
			in.VpnGatewayId = aws.String("vgw-0123456789abcdef0")
		},
		"UnsupportedOperation": func(in *ec2.CreateVpnConnectionInput) { in.TransitGatewayId = &transit },
		"InvalidParameterCombination": func(in *ec2.CreateVpnConnectionInput) {
			in.VpnGatewayId, in.TransitGatewayId = &gateway, &transit
		},
		"DryRunOperation": func(in *ec2.CreateVpnConnectionInput) { in.DryRun = aws.Bool(true) },
	} {
		in := base
		change(&in)
		_, err := c.connectWith(in)
		refused(t, err, code)
	}
	base.Options = &types.VpnConnectionOptionsSpecification{TunnelOptions: []types.VpnTunnelOptionsSpecification{
		{TunnelInsideCidr: aws.String("10.0.0.0/30")},
	}}
	_, err := c.connectWith(base)
	refused(t, err, "InvalidParameterValue")
	base.Options, base.VpnGatewayId = nil, &gateway
	dynamic := *must[types.VpnConnection](t)(c.connectWith(base)).VpnConnectionId
	refused(t, c.addVPNRoute(dynamic, "192.168.0.0/16"), "InvalidVpnConnection.InvalidType")
	refused(t, c.addVPNRoute(dynamic, "192.168"), "InvalidParameterValue")
	_, err = c.connect(customer, other)
	refused(t, err, "InvalidCustomerGateway.DuplicateIpAddress")
	refused(t, c.dropVPN("vpn-0123456789abcdef0"), "InvalidVpnConnectionID.NotFound")
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateCustomerGateway.html
func TestCustomerGateways(t *testing.T) {
	t.Parallel()
	c := one(t)
	id := c.customerAt("192.0.2.1")
	if again := c.customerAt("192.0.2.1"); again != id {
		t.Errorf("an identical request made %s", again)
	}
	named := must[types.CustomerGateway](t)(c.customer(ec2.CreateCustomerGatewayInput{
		IpAddress: aws.String("192.0.2.1"), DeviceName: aws.String("second"), BgpAsn: aws.Int32(65100),
	}))
	if *named.CustomerGatewayId == id || *named.DeviceName != "second" || *named.BgpAsn != "65100" {
		t.Errorf("the second device is %+v", named)
	}
	for _, f := range []types.Filter{
		filter("customer-gateway-id", id), filter("bgp-asn", "65000"), filter("tag-key", "k"),
	} {
		in := ec2.DescribeCustomerGatewaysInput{Filters: []types.Filter{
			f, filter("ip-address", "192.0.2.*"), filter("state", "available"), filter("type", "ipsec.1"),
		}}
		out := must[*ec2.DescribeCustomerGatewaysOutput](t)(c.DescribeCustomerGateways(t.Context(), &in))
		if got := out.CustomerGateways; len(got) != 1 || *got[0].CustomerGatewayId != id {
			t.Errorf("%s finds %+v", *f.Name, got)
		}
	}
	for code, in := range map[string]ec2.CreateCustomerGatewayInput{
		"MissingParameter":      {},
		"InvalidParameterValue": {IpAddress: aws.String("192.0.2")},
		"DryRunOperation":       {IpAddress: aws.String("192.0.2.9"), DryRun: aws.Bool(true)},
	} {
		_, err := c.customer(in)
		refused(t, err, code)
	}
	_, err := c.customer(ec2.CreateCustomerGatewayInput{IpAddress: aws.String("192.0.2.9"), BgpAsn: aws.Int32(0)})
	refused(t, err, "InvalidParameterValue")
}

func TestGatewaysOfAVPNConnectionStay(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.0.0.0/16")
	gateway, customer := c.vpn(vpc), c.customerAt("192.0.2.1")
	connection := *must[types.VpnConnection](t)(c.connect(customer, gateway)).VpnConnectionId
	must[*ec2.DetachVpnGatewayOutput](t)(c.DetachVpnGateway(t.Context(), &ec2.DetachVpnGatewayInput{
		VpnGatewayId: &gateway, VpcId: &vpc,
	}))
	for _, want := range []string{"IncorrectState", "no error"} {
		_, err := c.DeleteCustomerGateway(t.Context(), &ec2.DeleteCustomerGatewayInput{CustomerGatewayId: &customer})
		refused(t, err, want)
		_, err = c.DeleteVpnGateway(t.Context(), &ec2.DeleteVpnGatewayInput{VpnGatewayId: &gateway})
		refused(t, err, want)
		if want != "no error" {
			refused(t, c.dropVPN(connection), "no error")
		}
	}
}

func TestTheTrailHasNoKeysOfVPNConnections(t *testing.T) {
	t.Parallel()
	var last apicall.Record
	c := in(t, sim.New(sim.Options{Trail: func(r apicall.Record) { last = r }}), marketing, virginia)
	must[types.VpnConnection](t)(c.connectWith(ec2.CreateVpnConnectionInput{
		Type: aws.String("ipsec.1"), CustomerGatewayId: aws.String(c.customerAt("192.0.2.1")),
		Options: &types.VpnConnectionOptionsSpecification{TunnelOptions: []types.VpnTunnelOptionsSpecification{
			{PreSharedKey: aws.String("secret-1")},
		}},
	}))
	text := must[[]byte](t)(json.Marshal(last))
	if strings.Contains(string(text), "secret-1") || strings.Count(string(text), "sensitiveDataRemoved") != 4 {
		t.Errorf("the trail has %s", text)
	}
}
