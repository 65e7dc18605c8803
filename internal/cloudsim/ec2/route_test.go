package ec2_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

// routes are the routes of a table as "destination target state".
func (c client) routes(table string) []string {
	c.t.Helper()
	out := must[*ec2.DescribeRouteTablesOutput](c.t)(c.DescribeRouteTables(c.t.Context(), &ec2.DescribeRouteTablesInput{
		RouteTableIds: []string{table},
	}))
	var all []string
	for _, r := range out.RouteTables[0].Routes {
		target := aws.ToString(r.GatewayId) + aws.ToString(r.VpcPeeringConnectionId) + aws.ToString(r.InstanceId)
		all = append(all,
			fmt.Sprintf("%s%s %s %s", aws.ToString(r.DestinationCidrBlock),
				aws.ToString(r.DestinationIpv6CidrBlock), target, r.State))
	}
	return all
}

// gateway returns an internet gateway that is attached to the VPC.
func (c client) gateway(vpc string) string {
	c.t.Helper()
	out := must[*ec2.CreateInternetGatewayOutput](c.t)(c.CreateInternetGateway(c.t.Context(),
		&ec2.CreateInternetGatewayInput{}))
	id := out.InternetGateway.InternetGatewayId
	must[*ec2.AttachInternetGatewayOutput](c.t)(c.AttachInternetGateway(c.t.Context(), &ec2.AttachInternetGatewayInput{
		InternetGatewayId: id, VpcId: &vpc,
	}))
	return *id
}

func (c client) table(vpc string) string {
	c.t.Helper()
	out := must[*ec2.CreateRouteTableOutput](c.t)(c.CreateRouteTable(c.t.Context(),
		&ec2.CreateRouteTableInput{VpcId: &vpc}))
	return *out.RouteTable.RouteTableId
}

// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-routing.html
func TestRouteFollowsItsConnection(t *testing.T) {
	t.Parallel()
	p := newPair(t, sim.Options{}, virginia)
	table := p.asking.mainTable(p.requester)
	if err := p.asking.route(table, "172.31.5.9/16", p.id); err != nil {
		t.Fatal(err)
	}
	want := func(state string) {
		t.Helper()
		expected := []string{"10.10.0.0/16 local active", "172.31.0.0/16 " + p.id + " " + state}
		if diff := cmp.Diff(expected, p.asking.routes(table)); diff != "" {
			t.Error(diff)
		}
	}
	want("blackhole") // pending
	p.accepted(t)
	want("active")
	if err := p.asking.remove(p.id); err != nil {
		t.Fatal(err)
	}
	want("blackhole") // and still there
}

func TestRouteToAnInternetGatewayThatIsDetached(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	gateway, table := c.gateway(vpc), c.mainTable(vpc)
	must[*ec2.CreateRouteOutput](t)(c.CreateRoute(t.Context(), &ec2.CreateRouteInput{
		RouteTableId: &table, DestinationCidrBlock: aws.String("0.0.0.0/0"), GatewayId: &gateway,
	}))
	must[*ec2.DetachInternetGatewayOutput](t)(c.DetachInternetGateway(t.Context(), &ec2.DetachInternetGatewayInput{
		InternetGatewayId: &gateway, VpcId: &vpc,
	}))
	if got, want := c.routes(table)[1], "0.0.0.0/0 "+gateway+" blackhole"; got != want {
		t.Errorf("route is %q, want %q", got, want)
	}
}

// TestDetachingAGatewayWithMappedAddresses is refused as users quote it:
// https://github.com/hashicorp/terraform/issues/497.
func TestDetachingAGatewayWithMappedAddresses(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	subnet, gateway := c.subnet(vpc, "10.10.1.0/24"), c.gateway(vpc)
	detach := func() error {
		in := &ec2.DetachInternetGatewayInput{InternetGatewayId: &gateway, VpcId: &vpc}
		_, err := c.DetachInternetGateway(t.Context(), in)
		return err
	}
	attached := func() int {
		in := &ec2.DescribeInternetGatewaysInput{
			Filters: []types.Filter{filter("internet-gateway-id", gateway), filter("attachment.state", "available")},
		}
		out := must[*ec2.DescribeInternetGatewaysOutput](t)(c.DescribeInternetGateways(t.Context(), in))
		return len(out.InternetGateways)
	}
	nat := c.nat(subnet, c.address())
	refused(t, detach(), "DependencyViolation")
	must[*ec2.DeleteNatGatewayOutput](t)(c.DeleteNatGateway(t.Context(), &ec2.DeleteNatGatewayInput{NatGatewayId: &nat}))
	public := must[*ec2.RunInstancesOutput](t)(c.RunInstances(t.Context(), &ec2.RunInstancesInput{
		ImageId: aws.String("ami-1"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
		NetworkInterfaces: []types.InstanceNetworkInterfaceSpecification{
			{DeviceIndex: aws.Int32(0), SubnetId: &subnet, AssociatePublicIpAddress: aws.Bool(true)},
		},
	})).Instances[0].InstanceId
	refused(t, detach(), "DependencyViolation")
	if attached() != 1 {
		t.Error("the gateway isn't attached any more")
	}
	_, err := c.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{*public}})
	refused(t, err, "no error")
	refused(t, detach(), "no error")
	if attached() != 0 {
		t.Error("the gateway is still attached")
	}
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html and
// https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html.
func TestRefusedRoutes(t *testing.T) {
	t.Parallel()
	p := newPair(t, sim.Options{Quotas: sim.Quotas{RoutesPerTable: 3}}, virginia).accepted(t)
	c, table := p.asking, p.asking.mainTable(p.requester)
	foreign := c.vpc("10.60.0.0/16")
	if err := c.route(table, "172.31.0.0/16", p.id); err != nil {
		t.Fatal(err)
	}
	replace := func(destination string) error {
		_, err := c.ReplaceRoute(t.Context(), &ec2.ReplaceRouteInput{
			RouteTableId: &table, DestinationCidrBlock: &destination, VpcPeeringConnectionId: &p.id,
		})
		return err
	}
	remove := func(destination string) error {
		_, err := c.DeleteRoute(t.Context(), &ec2.DeleteRouteInput{RouteTableId: &table, DestinationCidrBlock: &destination})
		return err
	}
	create := func(in ec2.CreateRouteInput) error {
		in.RouteTableId = &table
		_, err := c.CreateRoute(t.Context(), &in)
		return err
	}
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"a destination has one route", c.route(table, "172.31.0.0/16", p.id), "RouteAlreadyExists"},
		{"destinations are compared in canonical form", c.route(table, "172.31.7.7/16", p.id), "RouteAlreadyExists"},
		{"the VPC's own block has its local route", c.route(table, "10.10.0.0/16", p.id), "RouteAlreadyExists"},
		{"nothing inside the VPC leads to a peer", c.route(table, "10.10.1.0/24", p.id), "InvalidParameterValue"},
		{"AWS keeps some destinations to itself", c.route(table, "169.254.169.0/24", p.id), "InvalidParameterValue"},
		{"a destination must be a block", c.route(table, "172.31.0.0", p.id), "InvalidParameterValue"},
		{"the table must exist", c.route("rtb-0123456789abcdef0", "10.1.0.0/16", p.id), "InvalidRouteTableID.NotFound"},
		{"the table's id must be one", c.route("rtb-nonsense", "10.1.0.0/16", p.id), "InvalidRouteTableId.Malformed"},
		{"the connection must exist", c.route(table, "10.1.0.0/16", "pcx-0123456789abcdef0"),
			"InvalidVpcPeeringConnectionID.NotFound"},
		{"the connection must be one of the VPC", c.route(c.mainTable(foreign), "10.1.0.0/16", p.id),
			"InvalidParameterValue"},
		{"there must be a target", create(ec2.CreateRouteInput{DestinationCidrBlock: aws.String("10.1.0.0/16")}),
			"MissingParameter"},
		{"there must be one target only", create(ec2.CreateRouteInput{
			DestinationCidrBlock: aws.String("10.1.0.0/16"), GatewayId: aws.String("igw-1"), VpcPeeringConnectionId: &p.id,
		}), "InvalidParameterCombination"},
		{"there must be one destination only", create(ec2.CreateRouteInput{
			DestinationCidrBlock: aws.String("10.1.0.0/16"), DestinationIpv6CidrBlock: aws.String("::/0"),
			VpcPeeringConnectionId: &p.id,
		}), "InvalidParameterCombination"},
		{"only a route that is there is replaced", replace("10.1.0.0/16"), "InvalidParameterValue"},
		{"only a route that is there is deleted", remove("10.1.0.0/16"), "InvalidRoute.NotFound"},
		{"a local route is not deleted", remove("10.10.0.0/16"), "InvalidParameterValue"},
		{"IPv6 counts by itself",
			create(ec2.CreateRouteInput{DestinationIpv6CidrBlock: aws.String("2001:db8::/32"), VpcPeeringConnectionId: &p.id}),
			"no error"},
		{"the last route of the quota", c.route(table, "10.1.0.0/16", p.id), "no error"},
		{"one route more", c.route(table, "10.2.0.0/16", p.id), "RouteLimitExceeded"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { refused(t, tt.err, tt.want) })
	}
}

func TestSwitchesOfRoutes(t *testing.T) {
	t.Parallel()
	o := sim.Options{Switches: sim.Switches{RouteTwice: true, ForeignConnectionCode: "RouteNotSupported"}}
	p := newPair(t, o, virginia).accepted(t)
	table := p.asking.mainTable(p.requester)
	for range 2 {
		if err := p.asking.route(table, "172.31.0.0/16", p.id); err != nil {
			t.Error(err)
		}
	}
	if got := p.asking.routes(table); len(got) != 2 {
		t.Errorf("routes are %v", got)
	}
	foreign := p.asking.mainTable(p.asking.vpc("10.60.0.0/16"))
	refused(t, p.asking.route(foreign, "172.31.0.0/16", p.id), "RouteNotSupported")
}

// https://docs.aws.amazon.com/vpc/latest/userguide/gateway-route-tables.html
func TestGatewayRouteTables(t *testing.T) {
	t.Parallel()
	p := newPair(t, sim.Options{}, virginia).accepted(t)
	c := p.asking
	gateway, edge, used := c.gateway(p.requester), c.table(p.requester), c.table(p.requester)
	associate := func(table string) error {
		_, err := c.AssociateRouteTable(t.Context(), &ec2.AssociateRouteTableInput{RouteTableId: &table, GatewayId: &gateway})
		return err
	}
	if err := c.route(used, "172.31.0.0/16", p.id); err != nil {
		t.Fatal(err)
	}
	refused(t, associate(used), "InvalidParameterValue")                     // it leads to a peer
	refused(t, associate(c.mainTable(p.requester)), "InvalidParameterValue") // it is the main table
	refused(t, associate(edge), "no error")
	refused(t, associate(c.table(p.requester)), "Resource.AlreadyAssociated")
	refused(t, c.route(edge, "172.31.0.0/16", p.id), "InvalidParameterValue")
	out := must[*ec2.DescribeRouteTablesOutput](t)(c.DescribeRouteTables(t.Context(), &ec2.DescribeRouteTablesInput{
		Filters: []types.Filter{filter("association.gateway-id", gateway)},
	}))
	if len(out.RouteTables) != 1 || *out.RouteTables[0].RouteTableId != edge {
		t.Errorf("the gateway's tables are %v", out.RouteTables)
	}
}

// "This does not return the subnet ID for implicit associations":
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRouteTables.html.
func TestAssociations(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	subnet, other := c.subnet(vpc, "10.10.1.0/24"), c.table(vpc)
	bySubnet := func() int {
		out := must[*ec2.DescribeRouteTablesOutput](t)(c.DescribeRouteTables(t.Context(), &ec2.DescribeRouteTablesInput{
			Filters: []types.Filter{filter("association.subnet-id", subnet)},
		}))
		return len(out.RouteTables)
	}
	if n := bySubnet(); n != 0 {
		t.Errorf("an implicit association is listed %d times", n)
	}
	a := must[*ec2.AssociateRouteTableOutput](t)(c.AssociateRouteTable(t.Context(), &ec2.AssociateRouteTableInput{
		RouteTableId: &other, SubnetId: &subnet,
	}))
	if n := bySubnet(); n != 1 {
		t.Errorf("an explicit association is listed %d times", n)
	}
	_, err := c.AssociateRouteTable(t.Context(), &ec2.AssociateRouteTableInput{RouteTableId: &other, SubnetId: &subnet})
	refused(t, err, "Resource.AlreadyAssociated")
	_, err = c.DeleteRouteTable(t.Context(), &ec2.DeleteRouteTableInput{RouteTableId: &other})
	refused(t, err, "DependencyViolation")
	must[*ec2.DisassociateRouteTableOutput](t)(c.DisassociateRouteTable(t.Context(), &ec2.DisassociateRouteTableInput{
		AssociationId: a.AssociationId,
	}))
	if n := bySubnet(); n != 0 {
		t.Errorf("a dissolved association is listed %d times", n)
	}
}

func TestAnotherMainTable(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.vpc("10.10.0.0/16")
	old, next := c.mainTable(vpc), c.table(vpc)
	out := must[*ec2.DescribeRouteTablesOutput](t)(c.DescribeRouteTables(t.Context(), &ec2.DescribeRouteTablesInput{
		RouteTableIds: []string{old},
	}))
	id := out.RouteTables[0].Associations[0].RouteTableAssociationId
	_, err := c.DisassociateRouteTable(t.Context(), &ec2.DisassociateRouteTableInput{AssociationId: id})
	refused(t, err, "InvalidParameterValue")
	must[*ec2.ReplaceRouteTableAssociationOutput](t)(c.ReplaceRouteTableAssociation(t.Context(),
		&ec2.ReplaceRouteTableAssociationInput{AssociationId: id, RouteTableId: &next}))
	if got := c.mainTable(vpc); got != next {
		t.Errorf("the main table is %s, want %s", got, next)
	}
}
