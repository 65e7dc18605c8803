package bench_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/autopeer/autopeer/infra/bench"
	"github.com/autopeer/autopeer/infra/bench/benchtest"
	"github.com/autopeer/autopeer/infra/lab"
	"github.com/autopeer/autopeer/internal/outcome"
	"github.com/autopeer/autopeer/internal/peering"
)

// TestTrap03ASharedSecondaryBlockIsExcluded: many VPCs have 100.64.0.0/16, and a route table can lead to one of them
// only (cloudposse/terraform-aws-vpc-peering-multi-account#75, cloudposse/terraform-aws-vpc-peering#34).
func TestTrap03ASharedSecondaryBlockIsExcluded(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *benchtest.T, accepter peering.Cell) {
		m, f, d := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance), t.Build(accepter, lab.Developer)
		for _, s := range []lab.Site{f, d} {
			t.ByHand(s.Cell, func(p *lab.Person) { p.AddBlock(s.VPC, "100.64.0.0/16") })
		}
		const excluded = "routes: { marketing: { except: [100.64.0.0/16] } }"
		t.Policy(company(m, f, d) + entry("marketing", "finance", excluded, ping) + entry("marketing", "developer", excluded))
		first, second := t.Ask(m, f), t.Ask(m, d)
		t.Settle()
		t.Holds(append(slices.Concat(bench.Connected(m, f, first), bench.Connected(m, d, second)), bench.Admits(f.Group, "icmp", m))...)
		if said := t.Said(outcome.Conflicting, second); len(said) > 0 {
			t.Errorf("announced as conflicting: %s", said[0].Reason.Sentence)
		}
		t.ByHand(one, func(p *lab.Person) { p.Delete(first) })
		t.Settle()
		t.Holds(bench.Connected(m, d, second)...)
	})
}

// TestTrap04SecondaryBlocksAreRouted: a VPC has more than its first block, and may get more any day
// (grem11n/terraform-aws-vpc-peering#94, #97, cloudposse/terraform-aws-vpc-peering#6).
func TestTrap04SecondaryBlocksAreRouted(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *benchtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		t.NoSweeps()
		const early, late = "10.11.0.0/16", "10.12.0.0/16"
		t.ByHand(one, func(p *lab.Person) { p.AddBlock(m.VPC, early) })
		t.ByHand(accepter, func(p *lab.Person) { p.AddBlock(f.VPC, "172.30.0.0/16") })
		pcx := t.Ask(m, f)
		t.Settle()
		t.ByHand(one, func(p *lab.Person) { p.AddBlock(m.VPC, late) })
		t.Settle()
		marketing := prefixes("10.10.0.0/16", early, late)
		requester := routed(m, pcx, prefixes("172.31.0.0/16", "172.30.0.0/16")...)
		t.Holds(slices.Concat(requester, routed(f, pcx, marketing...), admits(f.Group, "icmp", marketing...))...)
		t.ByHand(one, func(p *lab.Person) { p.RemoveBlock(m.VPC, early) })
		t.Settle()
		marketing = prefixes("10.10.0.0/16", late)
		t.Holds(slices.Concat(requester, routed(f, pcx, marketing...), admits(f.Group, "icmp", marketing...))...)
	})
}

// TestTrap05IPv6: its routes and rules are forgotten, and traffic is dropped without a word
// (grem11n/terraform-aws-vpc-peering#114, cloudposse/terraform-aws-vpc-peering#49).
func TestTrap05IPv6(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *benchtest.T, accepter peering.Cell) {
		m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
		for _, s := range []lab.Site{m, f} {
			t.ByHand(s.Cell, func(p *lab.Person) { p.AddIPv6Block(s.VPC) })
		}
		marketing, finance := blocksOf(t, m), blocksOf(t, f)
		if len(marketing) != 2 || len(finance) != 2 || !marketing[1].Addr().Is6() || !finance[1].Addr().Is6() {
			t.Fatalf("blocks = %v and %v, want one of each family", marketing, finance)
		}
		const groups = "from: marketing, to: finance, groups: { tags: { Role: finance-server } }, "
		t.Policy(between(m, f, "allow:", "  - { "+groups+"protocol: icmp }", "  - { "+groups+"protocol: icmpv6 }", "  - { "+groups+"protocol: tcp, ports: [443] }"))
		pcx := t.Ask(m, f)
		t.Settle()
		t.Holds(slices.Concat(routed(m, pcx, finance...), routed(f, pcx, marketing...), admits(f.Group, "tcp 443", marketing...),
			admits(f.Group, "icmp", marketing[0]), admits(f.Group, "icmpv6", marketing[1]))...)
		mark := t.Cloud.Mark()
		t.Sweep()
		t.Unchanged(mark)
		t.ByHand(accepter, func(p *lab.Person) { p.Delete(pcx) })
		t.Settle()
		t.Holds()
	})
}

// TestTrap06ImplicitMainTable: a subnet without an association is served by the main route table, whichever that is,
// and no association tells so (cloudposse/terraform-aws-vpc-peering-multi-account#45, #30, #44, #62).
func TestTrap06ImplicitMainTable(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *benchtest.T, accepter peering.Cell) {
		m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
		var implicit peering.SubnetID
		t.ByHand(one, func(p *lab.Person) {
			implicit = p.TaggedSubnet(m.VPC, "10.10.9.0/24", map[string]string{"Tier": "private"})
		})
		t.Policy(between(m, f, "routes: { marketing: { tables: { subnets: { tags: { Tier: private } } } } }", ping))
		t.NoSweeps()
		pcx := t.Ask(m, f)
		t.Settle()
		rest := slices.Clip(append(routed(f, pcx, m.VPC.Block), bench.Admits(f.Group, "icmp", m)))
		t.Holds(append(rest, bench.Routes(m.VPC.Main, f, pcx))...)

		var table peering.RouteTableID
		t.ByHand(one, func(p *lab.Person) { table = anotherMain(t, p, m.VPC) })
		t.Settle()
		t.Holds(append(rest, bench.Routes(table, f, pcx))...)

		t.ByHand(one, func(p *lab.Person) { p.Associate(m.Table, implicit) })
		t.Settle()
		t.Holds(append(rest, bench.Routes(m.Table, f, pcx))...)
	})
}

// anotherMain makes a new table the VPC's main one.
func anotherMain(t *benchtest.T, p *lab.Person, v lab.VPC) peering.RouteTableID {
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
		{"all", func(lab.Site) string { return "tables: all" }, func(f lab.Site) []peering.RouteTableID { return []peering.RouteTableID{f.Table, f.VPC.Main} }},
		{"the main one", func(lab.Site) string { return "tables: main" }, func(f lab.Site) []peering.RouteTableID { return []peering.RouteTableID{f.VPC.Main} }},
		{"by id", func(f lab.Site) string { return fmt.Sprintf("tables: { ids: [%s] }", f.Table) }, func(f lab.Site) []peering.RouteTableID { return []peering.RouteTableID{f.Table} }},
		{"by tag", func(lab.Site) string { return "tables: { tags: { Tier: private } }" }, func(f lab.Site) []peering.RouteTableID { return []peering.RouteTableID{f.Table} }},
		{"of a subnet", func(f lab.Site) string { return fmt.Sprintf("tables: { subnets: { ids: [%s] } }", f.Subnet) }, func(f lab.Site) []peering.RouteTableID { return []peering.RouteTableID{f.Table} }},
		{"of subnets by tag", func(lab.Site) string { return "tables: { subnets: { tags: { Tier: private } } }" }, func(f lab.Site) []peering.RouteTableID { return []peering.RouteTableID{f.Table} }},
		{"none", func(lab.Site) string { return "tables: none" }, func(lab.Site) []peering.RouteTableID { return nil }},
		{"nothing", func(lab.Site) string { return `except: [0.0.0.0/0, "::/0"]` }, func(lab.Site) []peering.RouteTableID { return nil }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			everywhere(t, nil, func(t *benchtest.T, accepter peering.Cell) {
				m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
				t.ByHand(accepter, func(p *lab.Person) {
					p.Tag(string(f.Table), map[string]string{"Tier": "private"})
					p.Tag(string(f.Subnet), map[string]string{"Tier": "private"})
				})
				t.Policy(between(m, f, "routes: { finance: { "+tt.routes(f)+" } }", ping))
				pcx := t.Ask(m, f)
				t.Settle()
				want := append(routed(m, pcx, f.VPC.Block), bench.Admits(f.Group, "icmp", m))
				for _, table := range tt.want(f) {
					want = append(want, bench.Routes(table, m, pcx))
				}
				t.Holds(want...)
			})
		})
	}
}

// TestTrap07RoutesOfAnotherTeam are no conflict where autopeer is to make none, and stay as they are.
func TestTrap07RoutesOfAnotherTeam(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *benchtest.T, accepter peering.Cell) {
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
		t.Holds(append(routed(f, pcx, m.VPC.Block), bench.Admits(f.Group, "icmp", m), routesBlock(m.VPC.Main, "172.31.1.0/24", pcx))...)
		t.ByHand(accepter, func(p *lab.Person) { p.Delete(pcx) })
		t.Sweep()
		t.Holds()
		if after := gatewayRoutes(t, m); !slices.Equal(before, after) {
			t.Errorf("the other team's routes were %v and are %v", before, after)
		}
	})
}

// gatewayRoutes are the destinations that the site's table routes to a gateway; bench.State leaves these out.
func gatewayRoutes(t *benchtest.T, s lab.Site) []netip.Prefix {
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
	everywhere(t, nil, func(t *benchtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		var more []peering.RouteTableID
		t.ByHand(accepter, func(p *lab.Person) {
			for i := range 4 {
				more = append(more, p.RouteTable(f.VPC, "", p.Subnet(f.VPC, "", fmt.Sprintf("172.31.%d.0/24", 10+i))))
			}
		})
		pcx := t.Ask(m, f)
		t.Settle()
		want := benchtest.Pinging(m, f, pcx)
		for _, table := range more {
			want = append(want, bench.Routes(table, m, pcx))
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
			want = append(want, bench.Routes(p.RouteTable(f.VPC, "", p.Subnet(f.VPC, "", "172.31.9.0/24")), m, pcx))
		})
		t.Settle()
		t.Holds(want...)
		if all := t.Mutations(mark); !slices.Equal(all, []string{"CreateRoute"}) {
			t.Errorf("for one table more autopeer made %v, want one route", all)
		}
	})
}

// TestTrap13ATableThatSubnetsShare keeps its route as long as one of them is to have it, and what else is in it for
// good (aws-solutions-library-samples/network-orchestration-for-aws-transit-gateway#73).
func TestTrap13ATableThatSubnetsShare(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *benchtest.T, accepter peering.Cell) {
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
		rest := slices.Clip(append(routed(f, pcx, m.VPC.Block), bench.Admits(f.Group, "icmp", m)))
		t.Holds(append(rest, bench.Routes(m.Table, f, pcx))...)
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
	everywhere(t, nil, func(t *benchtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		t.ByHand(accepter, func(p *lab.Person) {
			p.ToInternet(f.VPC, f.Table)
			p.RouteToGateway(f.VPC, f.Table, "10.10.0.0/16")
		})
		pcx := t.Ask(m, f)
		t.Settle()
		o := t.SaidOnce(outcome.Conflicting, pcx)
		if len(o.Conflicts) != 1 || o.Conflicts[0].RouteTable != f.Table || o.Conflicts[0].Destination != "10.10.0.0/16" {
			t.Errorf("conflicts = %+v, want the route in %s", o.Conflicts, f.Table)
		}
		if accepter == one { // where the requester's blocks are known beforehand
			t.InState(one, pcx, peering.PendingAcceptance)
			t.Unchanged(0)
			t.Holds()
		} else {
			t.Holds(routed(m, pcx, f.VPC.Block)...)
		}
		t.ByHand(accepter, func(p *lab.Person) { p.DeleteRoute(f.Table, "10.10.0.0/16") })
		t.Sweep()
		t.Holds(benchtest.Pinging(m, f, pcx)...)
	})
}

// TestTrap13UntaggedSubnets are routed as well where the policy names no tags
// (aws-solutions-library-samples/network-orchestration-for-aws-transit-gateway#60, #56, #119).
func TestTrap13UntaggedSubnets(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *benchtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		var untagged peering.RouteTableID
		t.ByHand(accepter, func(p *lab.Person) { untagged = bareTable(t, p, f.VPC, "172.31.7.0/24") })
		pcx := t.Ask(m, f)
		t.Settle()
		t.Holds(append(benchtest.Pinging(m, f, pcx), bench.Routes(untagged, m, pcx))...)
	})
}

// bareTable makes a table and a subnet on it, neither with a tag.
func bareTable(t *benchtest.T, p *lab.Person, v lab.VPC, block string) peering.RouteTableID {
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
	ends := map[string]func(t *benchtest.T, m, f lab.Site, pcx peering.ConnectionID){
		"deleted by the requester": func(t *benchtest.T, m, _ lab.Site, pcx peering.ConnectionID) {
			t.ByHand(m.Cell, func(p *lab.Person) { p.Delete(pcx) })
		},
		"deleted by the accepter": func(t *benchtest.T, _, f lab.Site, pcx peering.ConnectionID) {
			t.ByHand(f.Cell, func(p *lab.Person) { p.Delete(pcx) })
		},
		"deleted, and nobody hears of it": func(t *benchtest.T, m, _ lab.Site, pcx peering.ConnectionID) {
			t.DropEvents()
			t.ByHand(m.Cell, func(p *lab.Person) { p.Delete(pcx) })
		},
		"gone with its VPC, of which no event tells": func(t *benchtest.T, m, _ lab.Site, _ peering.ConnectionID) {
			t.ByHand(m.Cell, func(p *lab.Person) {
				_, err := p.EC2.DeleteVpc(t.Ctx, &ec2.DeleteVpcInput{VpcId: aws.String(string(m.VPC.ID))})
				t.Must(err)
			})
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			everywhere(t, nil, func(t *benchtest.T, accepter peering.Cell) {
				m, f := t.Build(one, bare), t.Build(accepter, lab.Finance)
				t.Policy(between(m, f, ping))
				pcx := t.Ask(m, f)
				t.Settle()
				t.Holds(append(bench.Connected(m, f, pcx), bench.Admits(f.Group, "icmp", m))...)
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

func blackholes(t *benchtest.T, cell peering.Cell) int {
	t.Helper()
	out, err := t.Person(t.Ctx, cell).EC2.DescribeRouteTables(t.Ctx, &ec2.DescribeRouteTablesInput{
		Filters: []types.Filter{{Name: aws.String("route.state"), Values: []string{"blackhole"}}},
	})
	t.Must(err)
	return len(out.RouteTables)
}
