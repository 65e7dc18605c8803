package endtoend_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	simec2 "github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// routesBut returns the routes of the table that don't lead to the connection, as EC2 shows them.
func routesBut(t *sandboxtest.T, at lab.Site, pcx peering.ConnectionID) []string {
	t.Helper()
	out, err := t.Person(t.Ctx, at.Cell).EC2.DescribeRouteTables(t.Ctx,
		&ec2.DescribeRouteTablesInput{RouteTableIds: []string{string(at.Table)}})
	t.Must(err)
	var all []string
	for _, r := range out.RouteTables[0].Routes {
		if aws.ToString(r.VpcPeeringConnectionId) != string(pcx) {
			all = append(all, strings.Join([]string{
				aws.ToString(r.DestinationCidrBlock), aws.ToString(r.DestinationPrefixListId), aws.ToString(r.GatewayId),
				string(r.State), string(r.Origin),
			}, " "))
		}
	}
	return all
}

// TestRoutesOfPrefixLists: the blocks of a list that a route table refers to count as routes. One that overlaps the
// wanted destination is a conflict until the list no longer has it, and another list stays as it is.
func TestRoutesOfPrefixLists(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		var list peering.PrefixListID
		t.ByHand(accepter, func(p *lab.Person) {
			p.ToInternet(f.VPC, f.Table)
			list = p.RouteListToGateway(f.VPC, f.Table, "192.0.2.0/24", "10.10.7.0/24")
			p.RouteListToGateway(f.VPC, f.Table, "198.51.100.0/24")
		})
		pcx := t.Ask(m, f)
		t.Settle()
		o := t.AnnouncedOnce(outcome.Conflicting, pcx)
		if len(o.Conflicts) != 1 || o.Conflicts[0].Destination != "10.10.7.0/24" ||
			!strings.Contains(o.Reason.Sentence, string(list)) {
			t.Errorf("conflicts = %+v, %s; want the block of %s", o.Conflicts, o.Reason.Sentence, list)
		}
		t.InState(one, pcx, peering.PendingAcceptance)
		t.Unchanged(0)
		_, err := t.Person(t.Ctx, accepter).EC2.ModifyManagedPrefixList(t.Ctx, &ec2.ModifyManagedPrefixListInput{
			PrefixListId: aws.String(string(list)), CurrentVersion: aws.Int64(1),
			RemoveEntries: []types.RemovePrefixListEntry{{Cidr: aws.String("10.10.7.0/24")}},
		})
		t.Must(err)
		others := routesBut(t, f, pcx)
		t.Sweep()
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		if left := routesBut(t, f, pcx); !slices.Equal(others, left) {
			t.Errorf("the other routes were %v and are %v", others, left)
		}
	})
}

// TestPropagatedRoutes of a virtual private gateway are conflicts before there is a route of autopeer. Beside it EC2
// prefers that, so that a propagated route of the same block doesn't disturb it. None of them is changed.
func TestPropagatedRoutes(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		person := t.Person(t.Ctx, accepter).EC2
		made, err := person.CreateVpnGateway(t.Ctx, &ec2.CreateVpnGatewayInput{Type: types.GatewayTypeIpsec1})
		t.Must(err)
		vpn := *made.VpnGateway.VpnGatewayId
		_, err = person.AttachVpnGateway(t.Ctx, &ec2.AttachVpnGatewayInput{
			VpnGatewayId: &vpn, VpcId: aws.String(string(f.VPC.ID)),
		})
		t.Must(err)
		_, err = person.EnableVgwRoutePropagation(t.Ctx, &ec2.EnableVgwRoutePropagationInput{
			RouteTableId: aws.String(string(f.Table)), GatewayId: &vpn,
		})
		t.Must(err)
		advertise := func(blocks ...string) {
			var all []netip.Prefix
			for _, b := range blocks {
				all = append(all, netip.MustParsePrefix(b))
			}
			t.Cloud.EC2.(*simec2.Service).Advertise(vpn, all...)
		}
		advertise("192.0.2.0/24", "10.10.0.0/16")
		pcx := t.Ask(m, f)
		t.Settle()
		o := t.AnnouncedOnce(outcome.Conflicting, pcx)
		if len(o.Conflicts) != 1 || o.Conflicts[0].Target != peering.Target(vpn) ||
			!strings.Contains(o.Reason.Sentence, "by route propagation") {
			t.Errorf("conflicts = %+v, %s; want the propagated route", o.Conflicts, o.Reason.Sentence)
		}
		t.Unchanged(0)
		advertise("192.0.2.0/24")
		t.Sweep()
		holds := append(sandboxtest.Pinging(m, f, pcx), string(f.Table)+" routes 192.0.2.0/24 to "+vpn)
		t.Holds(holds...)
		mark, announced := t.Cloud.Mark(), len(t.Announced(outcome.Conflicting, pcx))
		advertise("192.0.2.0/24", "10.10.0.0/16")
		t.Sweep()
		t.Unchanged(mark)
		if n := len(t.Announced(outcome.Conflicting, pcx)); n != announced {
			t.Errorf("%d conflicts are announced, want the %d of before", n, announced)
		}
		t.Holds(append(holds, string(f.Table)+" routes 10.10.0.0/16 to "+vpn)...)
		t.ByHand(m.Cell, func(p *lab.Person) { p.Delete(pcx) })
		t.Sweep()
		t.Holds(string(f.Table)+" routes 10.10.0.0/16 to "+vpn, string(f.Table)+" routes 192.0.2.0/24 to "+vpn)
	})
}

// TestRoutesOfEndpoints: a gateway endpoint's route and an interface endpoint's interface stay as they are while a
// connection comes and goes.
func TestRoutesOfEndpoints(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		person := t.Person(t.Ctx, accepter).EC2
		_, err := person.CreateVpcEndpoint(t.Ctx, &ec2.CreateVpcEndpointInput{
			VpcId: aws.String(string(f.VPC.ID)), ServiceName: aws.String("com.amazonaws." + string(accepter.Region) + ".s3"),
			RouteTableIds: []string{string(f.Table)},
		})
		t.Must(err)
		private, err := person.CreateVpcEndpoint(t.Ctx, &ec2.CreateVpcEndpointInput{
			VpcId: aws.String(string(f.VPC.ID)), ServiceName: aws.String("com.amazonaws." + string(accepter.Region) + ".ssm"),
			VpcEndpointType: types.VpcEndpointTypeInterface, SubnetIds: []string{string(f.Subnet)},
			SecurityGroupIds:  []string{string(f.Group)},
			PrivateDnsEnabled: aws.Bool(false),
		})
		t.Must(err)
		shown := func() []string {
			t.Helper()
			out, err := person.DescribeVpcEndpoints(t.Ctx, &ec2.DescribeVpcEndpointsInput{})
			t.Must(err)
			all := routesBut(t, f, "")
			for _, e := range out.VpcEndpoints {
				all = append(all,
					*e.VpcEndpointId+" "+strings.Join(slices.Concat(e.RouteTableIds, e.NetworkInterfaceIds),
						" ")+" "+*e.PolicyDocument)
			}
			return all
		}
		before := shown()
		pcx := t.Ask(m, f)
		t.Settle()
		if got := routesBut(t, f, pcx); len(got) != 2 {
			t.Errorf("the table has beside ours %v, want the local and the endpoint's route", got)
		}
		t.AnnouncedOnce(outcome.Connected, pcx)
		t.ByHand(m.Cell, func(p *lab.Person) { p.Delete(pcx) })
		t.Settle()
		if after := shown(); !slices.Equal(before, after) || len(private.VpcEndpoint.NetworkInterfaceIds) != 1 {
			t.Errorf("it was %v and is %v", before, after)
		}
	})
}
