package endtoend_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// routeList has the table of the site's subnet route a new prefix list with the blocks to an internet gateway.
func routeList(t *sandboxtest.T, s lab.Site, blocks ...string) (list peering.PrefixListID) {
	t.ByHand(s.Cell, func(p *lab.Person) {
		p.ToInternet(s.VPC, s.Table)
		list = p.RouteListToGateway(s.VPC, s.Table, blocks...)
	})
	return list
}

// TestAListToALoadBalancersEndpoint is a conflict as one to any other target: EC2 shows the endpoint of a Gateway Load
// Balancer as it shows a gateway endpoint, and the peer's traffic would bypass the inspection behind it.
func TestAListToALoadBalancersEndpoint(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		var list peering.PrefixListID
		t.ByHand(accepter, func(p *lab.Person) { list = p.PrefixList("inspected", "10.10.0.0/16") })
		tables := fmt.Sprintf(`<DescribeRouteTablesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
			<routeTableSet><item><routeTableId>%s</routeTableId><vpcId>%s</vpcId>
			<routeSet><item><destinationPrefixListId>%s</destinationPrefixListId><gatewayId>vpce-0123456789abcdef0</gatewayId>
			<state>active</state></item></routeSet></item></routeTableSet>
			</DescribeRouteTablesResponse>`, f.Table, f.VPC.ID, list)
		end := t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
			for _, value := range c.Params {
				if c.Action == "DescribeRouteTables" && value == string(f.VPC.ID) {
					return &cloudsim.Failure{Answer: tables}
				}
			}
			return nil
		})
		pcx := t.Ask(m, f)
		time.Sleep(time.Minute)
		o := t.AnnouncedOnce(outcome.Conflicting, pcx)
		if accepter != one && (len(o.Conflicts) != 1 || o.Conflicts[0].Target != "vpce-0123456789abcdef0") {
			t.Errorf("conflicts = %+v, want the route to the endpoint", o.Conflicts)
		}
		t.InState(one, pcx, peering.PendingAcceptance)
		t.Unchanged(0)
		end()
		t.Sweep()
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
	})
}

// TestAListThatEC2DoesNotShow, because its owner no longer shares it, is a conflict of new routes: its own routes may
// still work. Routes that exist stay without an announcement.
func TestAListThatEC2DoesNotShow(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		list := routeList(t, f, "192.0.2.0/24")
		end := failsToRead(t, "InvalidPrefixListID.NotFound")
		pcx := t.Ask(m, f)
		t.Settle()
		o := t.AnnouncedOnce(outcome.Conflicting, pcx)
		remedy := "have the owner of " + string(list) + " share it"
		if len(o.Conflicts) != 1 || o.Conflicts[0].Destination != string(list) || !strings.Contains(o.Next, remedy) {
			t.Errorf("conflicts = %+v, next %q, want the list %s", o.Conflicts, o.Next, list)
		}
		t.InState(one, pcx, peering.PendingAcceptance)
		t.Unchanged(0)
		end()
		t.Sweep()
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		defer failsToRead(t, "InvalidPrefixListID.NotFound")()
		mark, announced := t.Cloud.Mark(), len(t.Announced(outcome.Conflicting, pcx))
		time.Sleep(2 * time.Hour)
		t.Unchanged(mark)
		if n := len(t.Announced(outcome.Conflicting, pcx)); n != announced {
			t.Errorf("%d conflicts are announced, want the %d of before", n, announced)
		}
		t.InDeadLetters(0)
	})
}

// TestListsOfGatewayEndpoints are read once for all tables, and conflict with no private block. A peer with public
// addresses inside the list is noted, and one with addresses that the list has a part of is a conflict.
func TestListsOfGatewayEndpoints(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		block    string // of the peer, beside its own
		conflict string
		note     string
	}{
		"a private block":            {"10.77.0.0/16", "", ""},
		"addresses of S3":            {"54.231.9.0/24", "", "beside 54.231.0.0/16 of pl-"},
		"addresses that S3 has, too": {"54.231.0.0/16", "54.231.0.0/16", ""},
	} {
		t.Run(name, func(t *testing.T) {
			nearAndFar(t, func(t *sandboxtest.T, accepter peering.Cell) {
				m, f := t.Company(one, accepter)
				t.ByHand(one, func(p *lab.Person) { p.AddBlock(m.VPC, tt.block) })
				_, err := t.Person(t.Ctx, accepter).EC2.CreateVpcEndpoint(t.Ctx, &ec2.CreateVpcEndpointInput{
					VpcId: aws.String(string(f.VPC.ID)), VpcEndpointType: types.VpcEndpointTypeGateway,
					ServiceName:   aws.String("com.amazonaws." + string(accepter.Region) + ".s3"),
					RouteTableIds: []string{string(f.Table), string(f.VPC.Main)},
				})
				t.Must(err)
				pcx := t.Ask(m, f)
				t.Settle()
				t.Sweep()
				if conflicts := t.Announced(outcome.Conflicting, pcx); (len(conflicts) > 0) != (tt.conflict != "") ||
					tt.conflict != "" && conflicts[0].Conflicts[0].Destination != tt.conflict {
					t.Errorf("conflicts %+v, want %q", conflicts, tt.conflict)
				}
				noted := slices.ContainsFunc(t.Announced(outcome.Connected, pcx), func(o outcome.Outcome) bool {
					return tt.note != "" && strings.Contains(strings.Join(o.Notes, " "), tt.note)
				})
				if noted != (tt.note != "") {
					t.Errorf("announced %+v, want the note %q", t.Announced(outcome.Connected, pcx), tt.note)
				}
				reads, tables := len(calls(t, "DescribePrefixLists")), len(calls(t, "DescribeRouteTables"))
				if others := len(calls(t, "GetManagedPrefixListEntries")); reads == 0 || reads > tables || others > 0 {
					t.Errorf("%d reads of the lists, and %d of their entries, beside %d of route tables", reads, others, tables)
				}
			})
		})
	}
}

// TestEitherReadOfAGatewayEndpointsList is enough to connect its VPC: a service control policy may deny the other one.
func TestEitherReadOfAGatewayEndpointsList(t *testing.T) {
	t.Parallel()
	for _, denied := range []string{"GetManagedPrefixListEntries", "DescribePrefixLists"} {
		t.Run(denied, func(t *testing.T) {
			nearAndFar(t, func(t *sandboxtest.T, accepter peering.Cell) {
				m, f := t.Company(one, accepter)
				for _, service := range []string{"s3", "dynamodb"} {
					_, err := t.Person(t.Ctx, accepter).EC2.CreateVpcEndpoint(t.Ctx, &ec2.CreateVpcEndpointInput{
						VpcId: aws.String(string(f.VPC.ID)), VpcEndpointType: types.VpcEndpointTypeGateway,
						ServiceName:   aws.String("com.amazonaws." + string(accepter.Region) + "." + service),
						RouteTableIds: []string{string(f.Table), string(f.VPC.Main)},
					})
					t.Must(err)
				}
				defer t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
					if c.Action != denied || !strings.Contains(c.ARN, "autopeer-") {
						return nil
					}
					return &cloudsim.Failure{Code: "UnauthorizedOperation", Status: 403}
				})()
				pcx := t.Ask(m, f)
				t.Settle()
				t.Sweep()
				want := routesBlock(f.Table, "10.10.0.0/16", pcx)
				if said := t.Announced(outcome.Connected, pcx); !slices.ContainsFunc(said, func(o outcome.Outcome) bool {
					return slices.Contains(o.State, want)
				}) {
					t.Errorf("announced %+v, want that %s", said, want)
				}
				t.InDeadLetters(0)
			})
		})
	}
}
