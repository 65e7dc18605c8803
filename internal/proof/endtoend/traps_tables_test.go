package endtoend_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestTrap06ImplicitMainTable: a subnet without an association is served by the main route table, whichever that is,
// and no association shows that (cloudposse/terraform-aws-vpc-peering-multi-account#45, #30, #44, #62).
func TestTrap06ImplicitMainTable(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
		var implicit peering.SubnetID
		t.ByHand(one, func(p *lab.Person) {
			implicit = p.TaggedSubnet(m.VPC, "10.10.9.0/24", map[string]string{"Tier": "private"})
		})
		t.Policy(between(m, f, "routes: { marketing: { tables: { subnets: { tags: { Tier: private } } } } }", ping))
		t.NoSweeps()
		pcx := t.Ask(m, f)
		t.Settle()
		rest := slices.Clip(append(routed(f, pcx, m.VPC.Block), sandbox.Admits(f.Group, "icmp", m)))
		t.Holds(append(rest, sandbox.Routes(m.VPC.Main, f, pcx))...)

		var table peering.RouteTableID
		t.ByHand(one, func(p *lab.Person) { table = anotherMain(t, p, m.VPC) })
		t.Settle()
		t.Holds(append(rest, sandbox.Routes(table, f, pcx))...)

		t.ByHand(one, func(p *lab.Person) { p.Associate(m.Table, implicit) })
		t.Settle()
		t.Holds(append(rest, sandbox.Routes(m.Table, f, pcx))...)
	})
}

// anotherMain makes a new table the VPC's main one.
func anotherMain(t *sandboxtest.T, p *lab.Person, v lab.VPC) peering.RouteTableID {
	made, err := p.EC2.CreateRouteTable(t.Ctx, &ec2.CreateRouteTableInput{VpcId: aws.String(string(v.ID))})
	t.Must(err)
	old, err := p.EC2.DescribeRouteTables(t.Ctx, &ec2.DescribeRouteTablesInput{RouteTableIds: []string{string(v.Main)}})
	t.Must(err)
	_, err = p.EC2.ReplaceRouteTableAssociation(t.Ctx, &ec2.ReplaceRouteTableAssociationInput{
		AssociationId: old.RouteTables[0].Associations[0].RouteTableAssociationId, RouteTableId: made.RouteTable.RouteTableId,
	})
	t.Must(err)
	return peering.RouteTableID(*made.RouteTable.RouteTableId)
}

// TestTrap07OnlyChosenTablesAreRouted: some tables, or none at all, because another team owns the routes
// (cloudposse/terraform-aws-vpc-peering-multi-account#83, cloudposse/terraform-aws-vpc-peering#24, #32).
func TestTrap07OnlyChosenTablesAreRouted(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		routes func(f lab.Site) string
		want   func(f lab.Site) []peering.RouteTableID
	}{
		{"all", func(lab.Site) string {
			return "tables: all"
		}, func(f lab.Site) []peering.RouteTableID { return []peering.RouteTableID{f.Table, f.VPC.Main} }},
		{"the main one", func(lab.Site) string {
			return "tables: main"
		}, func(f lab.Site) []peering.RouteTableID { return []peering.RouteTableID{f.VPC.Main} }},
		{"by id", func(f lab.Site) string {
			return fmt.Sprintf("tables: { ids: [%s] }", f.Table)
		}, func(f lab.Site) []peering.RouteTableID { return []peering.RouteTableID{f.Table} }},
		{"by tag", func(lab.Site) string {
			return "tables: { tags: { Tier: private } }"
		}, func(f lab.Site) []peering.RouteTableID { return []peering.RouteTableID{f.Table} }},
		{"of a subnet", func(f lab.Site) string {
			return fmt.Sprintf("tables: { subnets: { ids: [%s] } }", f.Subnet)
		}, func(f lab.Site) []peering.RouteTableID { return []peering.RouteTableID{f.Table} }},
		{"of subnets by tag", func(lab.Site) string {
			return "tables: { subnets: { tags: { Tier: private } } }"
		}, func(f lab.Site) []peering.RouteTableID { return []peering.RouteTableID{f.Table} }},
		{"none", func(lab.Site) string { return "tables: none" }, func(lab.Site) []peering.RouteTableID { return nil }},
		{"nothing", func(lab.Site) string {
			return `except: [0.0.0.0/0, "::/0"]`
		}, func(lab.Site) []peering.RouteTableID { return nil }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
				m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
				t.ByHand(accepter, func(p *lab.Person) {
					p.Tag(string(f.Table), map[string]string{"Tier": "private"})
					p.Tag(string(f.Subnet), map[string]string{"Tier": "private"})
				})
				t.Policy(between(m, f, "routes: { finance: { "+tt.routes(f)+" } }", ping))
				pcx := t.Ask(m, f)
				t.Settle()
				want := append(routed(m, pcx, f.VPC.Block), sandbox.Admits(f.Group, "icmp", m))
				for _, table := range tt.want(f) {
					want = append(want, sandbox.Routes(table, m, pcx))
				}
				t.Holds(want...)
			})
		})
	}
}

// TestTrap07RoutesOfAnotherTeam are no conflict where autopeer is to make none, and stay as they are.
func TestTrap07RoutesOfAnotherTeam(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
		t.ByHand(one, func(p *lab.Person) { p.RouteToGateway(m.VPC, m.Table, "172.31.0.0/16") })
		t.Policy(between(m, f, "routes: { marketing: { tables: none } }", ping))
		before := gatewayRoutes(t, m)
		pcx := t.Ask(m, f)
		t.Settle()
		t.ByHand(one, func(p *lab.Person) { p.RouteTo(m.VPC.Main, "172.31.1.0/24", pcx) })
		mark := t.Cloud.Mark()
		hintAll(t, one, pcx, m, f)
		t.Sweep()
		t.Unchanged(mark)
		t.Holds(append(routed(f, pcx, m.VPC.Block), sandbox.Admits(f.Group, "icmp", m),
			routesBlock(m.VPC.Main, "172.31.1.0/24", pcx))...)
		t.ByHand(accepter, func(p *lab.Person) { p.Delete(pcx) })
		t.Sweep()
		t.Holds()
		if after := gatewayRoutes(t, m); !slices.Equal(before, after) {
			t.Errorf("the other team's routes were %v and are %v", before, after)
		}
	})
}

// gatewayRoutes are the destinations that the site's table routes to a gateway; sandbox.State leaves these out.
func gatewayRoutes(t *sandboxtest.T, s lab.Site) []netip.Prefix {
	t.Helper()
	tables, err := t.Network(s.Cell).RouteTables(t.Ctx, s.VPC.ID)
	t.Must(err)
	var all []netip.Prefix
	for _, table := range tables {
		for _, r := range table.Routes {
			if table.ID == s.Table && r.Target != peering.Local && !r.Target.IsConnection() {
				all = append(all, r.Destination)
			}
		}
	}
	return all
}

// TestTrap08TheOrderOfTables: lists by position move every route when one table more comes first, and traffic stops
// until all are made again (cloudposse/terraform-aws-vpc-peering#39, #40).
func TestTrap08TheOrderOfTables(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		var more []peering.RouteTableID
		t.ByHand(accepter, func(p *lab.Person) {
			for i := range 4 {
				more = append(more, p.RouteTable(f.VPC, "", p.Subnet(f.VPC, "", fmt.Sprintf("172.31.%d.0/24", 10+i))))
			}
		})
		pcx := t.Ask(m, f)
		t.Settle()
		want := sandboxtest.Pinging(m, f, pcx)
		for _, table := range more {
			want = append(want, sandbox.Routes(table, m, pcx))
		}
		t.Holds(want...)

		mark := t.Cloud.Mark()
		defer backwards(t)()
		for i, table := range more {
			t.ByHand(accepter, func(p *lab.Person) { p.TagTable(table, map[string]string{"Position": fmt.Sprint(9 - i)}) })
		}
		hintAll(t, one, pcx, m, f)
		t.Sweep()
		t.Unchanged(mark)

		t.ByHand(accepter, func(p *lab.Person) {
			want = append(want, sandbox.Routes(p.RouteTable(f.VPC, "", p.Subnet(f.VPC, "", "172.31.9.0/24")), m, pcx))
		})
		t.Settle()
		t.Holds(want...)
		if all := t.Mutations(mark); !slices.Equal(all, []string{"CreateRoute"}) {
			t.Errorf("for one table more autopeer made %v, want one route", all)
		}
	})
}
