package endtoend_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestTrap13ATableThatSubnetsShare keeps its route as long as one of the subnets needs it, and all other routes
// (aws-solutions-library-samples/network-orchestration-for-aws-transit-gateway#73).
func TestTrap13ATableThatSubnetsShare(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
		tier := map[string]string{"Tier": "private"}
		var second peering.SubnetID
		t.ByHand(one, func(p *lab.Person) {
			p.Tag(string(m.Subnet), tier)
			second = p.TaggedSubnet(m.VPC, "10.10.2.0/24", tier)
			p.Associate(m.Table, second)
			p.Associate(m.Table, p.Subnet(m.VPC, "", "10.10.3.0/24"))
			p.RouteToGateway(m.VPC, m.Table, "192.0.2.0/24")
		})
		others := gatewayRoutes(t, m)
		t.Policy(between(m, f, "routes: { marketing: { tables: { subnets: { tags: { Tier: private } } } } }", ping))
		pcx := t.Ask(m, f)
		t.Settle()
		rest := slices.Clip(append(routed(f, pcx, m.VPC.Block), sandbox.Admits(f.Group, "icmp", m)))
		t.Holds(append(rest, sandbox.Routes(m.Table, f, pcx))...)
		mark := t.Cloud.Mark()
		t.ByHand(one, func(p *lab.Person) { p.Untag(string(second), "Tier") })
		t.Sweep()
		t.Unchanged(mark)
		t.ByHand(one, func(p *lab.Person) { p.Untag(string(m.Subnet), "Tier") })
		t.Sweep()
		t.Holds(rest...)
		if left := gatewayRoutes(t, m); !slices.Equal(others, left) {
			t.Errorf("the table's other routes were %v and are %v", others, left)
		}
	})
}

// TestTrap13AnExistingRoute is a conflict, and not passed over in silence
// (aws-solutions-library-samples/network-orchestration-for-aws-transit-gateway#10).
func TestTrap13AnExistingRoute(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		t.ByHand(accepter, func(p *lab.Person) {
			p.ToInternet(f.VPC, f.Table)
			p.RouteToGateway(f.VPC, f.Table, "10.10.0.0/16")
		})
		pcx := t.Ask(m, f)
		t.Settle()
		o := t.AnnouncedOnce(outcome.Conflicting, pcx)
		if len(o.Conflicts) != 1 || o.Conflicts[0].RouteTable != f.Table || o.Conflicts[0].Destination != "10.10.0.0/16" {
			t.Errorf("conflicts = %+v, want the route in %s", o.Conflicts, f.Table)
		}
		t.InState(one, pcx, peering.PendingAcceptance)
		t.Unchanged(0)
		t.Holds()
		t.ByHand(accepter, func(p *lab.Person) { p.DeleteRoute(f.Table, "10.10.0.0/16") })
		t.Sweep()
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
	})
}

// TestTrap13UntaggedSubnets are routed as well where the policy names no tags
// (aws-solutions-library-samples/network-orchestration-for-aws-transit-gateway#60, #56, #119).
func TestTrap13UntaggedSubnets(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		var untagged peering.RouteTableID
		t.ByHand(accepter, func(p *lab.Person) { untagged = bareTable(t, p, f.VPC, "172.31.7.0/24") })
		pcx := t.Ask(m, f)
		t.Settle()
		t.Holds(append(sandboxtest.Pinging(m, f, pcx), sandbox.Routes(untagged, m, pcx))...)
	})
}

// bareTable makes a table and a subnet on it, neither with a tag.
func bareTable(t *sandboxtest.T, p *lab.Person, v lab.VPC, block string) peering.RouteTableID {
	subnet, err := p.EC2.CreateSubnet(t.Ctx, &ec2.CreateSubnetInput{VpcId: aws.String(string(v.ID)), CidrBlock: &block})
	t.Must(err)
	table, err := p.EC2.CreateRouteTable(t.Ctx, &ec2.CreateRouteTableInput{VpcId: aws.String(string(v.ID))})
	t.Must(err)
	p.Associate(peering.RouteTableID(*table.RouteTable.RouteTableId), peering.SubnetID(*subnet.Subnet.SubnetId))
	return peering.RouteTableID(*table.RouteTable.RouteTableId)
}

// TestTrap14BlackholesOnTheOtherSide: who deletes a connection leaves routes in the other account that lead nowhere
// (cloud-custodian/cloud-custodian#912, #732, cloudify-cosmo/cloudify-aws-plugin#231, amplify-education/asiaq#285,
// kubernetes/kubernetes#47524).
func TestTrap14BlackholesOnTheOtherSide(t *testing.T) {
	t.Parallel()
	ends := map[string]func(t *sandboxtest.T, m, f lab.Site, pcx peering.ConnectionID){
		"deleted by the requester": func(t *sandboxtest.T, m, _ lab.Site, pcx peering.ConnectionID) {
			t.ByHand(m.Cell, func(p *lab.Person) { p.Delete(pcx) })
		},
		"deleted by the accepter": func(t *sandboxtest.T, _, f lab.Site, pcx peering.ConnectionID) {
			t.ByHand(f.Cell, func(p *lab.Person) { p.Delete(pcx) })
		},
		"deleted without an event": func(t *sandboxtest.T, m, _ lab.Site, pcx peering.ConnectionID) {
			t.DropEvents()
			t.ByHand(m.Cell, func(p *lab.Person) { p.Delete(pcx) })
		},
		"gone with its VPC, without an event": func(t *sandboxtest.T, m, _ lab.Site, _ peering.ConnectionID) {
			t.ByHand(m.Cell, func(p *lab.Person) {
				_, err := p.EC2.DeleteVpc(t.Ctx, &ec2.DeleteVpcInput{VpcId: aws.String(string(m.VPC.ID))})
				t.Must(err)
			})
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
				m, f := t.Build(one, bare), t.Build(accepter, lab.Finance)
				t.Policy(between(m, f, ping))
				pcx := t.Ask(m, f)
				t.Settle()
				t.Holds(append(sandbox.Connected(m, f, pcx), sandbox.Admits(f.Group, "icmp", m))...)
				end(t, m, f, pcx)
				t.Sweep()
				t.Holds()
				if n := blackholes(t, accepter); n > 0 {
					t.Errorf("%d tables of the other side have blackholes", n)
				}
				t.InDeadLetters(0)
			})
		})
	}
}

// bare is a site that can be deleted in one call.
func bare(p *lab.Person) lab.Site {
	s := lab.Site{Name: "Marketing", Cell: p.Cell, VPC: p.VPC("Marketing", "10.10.0.0/16")}
	s.Table = s.VPC.Main
	return s
}

func blackholes(t *sandboxtest.T, cell peering.Cell) int {
	t.Helper()
	out, err := t.Person(t.Ctx, cell).EC2.DescribeRouteTables(t.Ctx, &ec2.DescribeRouteTablesInput{
		Filters: []types.Filter{{Name: aws.String("route.state"), Values: []string{"blackhole"}}},
	})
	t.Must(err)
	return len(out.RouteTables)
}
