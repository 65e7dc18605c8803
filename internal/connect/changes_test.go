package connect_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestChangesAfterTheConnection are picked up from their events, on both sides, and withdrawn again.
func TestChangesAfterTheConnection(t *testing.T) {
	for name, finance := range map[string]peering.Cell{"one cell": one, "two cells": two} {
		t.Run(name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Company(one, finance)
				t.NoSweeps()
				pcx := t.Ask(m, f)
				t.Settle()
				before := sandboxtest.Pinging(m, f, pcx)
				var table peering.RouteTableID
				var group peering.SecurityGroupID
				t.ByHand(one, func(p *lab.Person) {
					p.AddBlock(m.VPC, "10.11.0.0/16")
					table = p.RouteTable(m.VPC, "late", p.Subnet(m.VPC, "late", "10.10.9.0/24"))
				})
				t.ByHand(finance, func(p *lab.Person) {
					group = p.Group(f.VPC, "late", nil)
					p.Tag(string(group), map[string]string{"Role": "finance-server"})
				})
				t.Settle()
				const late = "10.11.0.0/16"
				t.Holds(append(before, sandbox.Routes(table, f, pcx), sandbox.Admits(group, "icmp", m),
					fmt.Sprintf("%s routes %s to %s", f.Table, late, pcx), fmt.Sprintf("%s routes %s to %s", f.VPC.Main, late, pcx),
					fmt.Sprintf("%s admits icmp from %s", f.Group, late), fmt.Sprintf("%s admits icmp from %s", group, late))...)
				if announced := t.Announced(outcome.DriftFound, pcx); len(announced) > 0 {
					t.Errorf("a change with an event is announced as drift: %+v", announced)
				}
				t.ByHand(one, func(p *lab.Person) { p.RemoveBlock(m.VPC, late) })
				t.ByHand(finance, func(p *lab.Person) { p.Untag(string(group), "Role") })
				t.Settle()
				t.Holds(append(sandboxtest.Pinging(m, f, pcx), sandbox.Routes(table, f, pcx))...)
				t.InDeadLetters(0)
			})
		})
	}
}

// TestASubnetThatMovesToAnotherTable takes its routes along: only the tables of chosen subnets have them.
func TestASubnetThatMovesToAnotherTable(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(one, lab.Finance)
		t.Policy(strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "finance]\n",
			"finance]\n    routes: { marketing: { tables: { subnets: { ids: ["+string(m.Subnet)+"] } } }, finance: { tables: "+
				"main } }\n", 1))
		t.NoSweeps()
		pcx := t.Ask(m, f)
		t.Settle()
		rest := []string{sandbox.Routes(f.VPC.Main, m, pcx), sandbox.Admits(f.Group, "icmp", m)}
		t.Holds(append(rest, sandbox.Routes(m.Table, f, pcx))...)
		var other peering.RouteTableID
		t.ByHand(one, func(p *lab.Person) { other = p.MoveSubnet(m.VPC, m.Subnet) })
		t.Settle()
		t.Holds(append(rest, sandbox.Routes(other, f, pcx))...)
	})
}

// TestQuotas: nothing is half done, and the announcement has the figures.
func TestQuotas(t *testing.T) {
	tests := []struct {
		name     string
		limits   string
		of       string
		resource func(m, f lab.Site) string
	}{
		{"active connections of a VPC", "{ peerings: 1 }", "active peering connections", func(_, f lab.Site) string {
			return string(f.VPC.ID)
		}},
		{"routes of a table", "{ routes: 3 }", "IPv4 routes", func(m, _ lab.Site) string { return string(m.Table) }},
		{"rules of a group", "{ rules: 1 }", "ingress rules for IPv4", func(_, f lab.Site) string { return string(f.Group) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f, d := t.Build(one, lab.Marketing), t.Build(one, lab.Finance), t.Build(one, lab.Developer)
				t.ByHand(one, func(p *lab.Person) {
					p.RouteToGateway(m.VPC, m.Table, "192.0.2.0/24")
				})
				policy := lab.PingPolicy(m, f, d)
				t.Policy(policy)
				first := t.Ask(d, f)
				t.Settle()
				t.Redeploy(strings.Replace(policy, "version: 1\n", "version: 1\nlimits: "+tt.limits+"\n", 1))
				mark := t.Cloud.Mark()
				pcx := t.Ask(m, f)
				t.Settle()
				t.InState(one, pcx, peering.PendingAcceptance)
				t.Unchanged(mark)
				o := t.AnnouncedOnce(outcome.Failed, pcx)
				if o.Reason.Code != "quota" || len(o.Shortages) == 0 || o.Next == "" {
					t.Fatalf("announced %+v, want a shortage and the next step", o)
				}
				if s := o.Shortages[0]; s.Of != tt.of || s.Resource != tt.resource(m, f) || s.Have+s.Need <= s.Limit {
					t.Errorf("shortage = %+v, want one of %s of %s with its figures", s, tt.of, tt.resource(m, f))
				}
				t.Redeploy(policy)
				t.Sweep()
				t.Holds(append(sandboxtest.Pinging(m, f, pcx), sandbox.Admits(f.Group, "icmp", d),
					fmt.Sprintf("%s routes %s to %s", f.Table, d.VPC.Block, first),
					fmt.Sprintf("%s routes %s to %s", f.VPC.Main, d.VPC.Block, first), sandbox.Routes(d.Table, f, first))...)
			})
		})
	}
}

// TestReferencedGroups: the peer's group is named instead of its blocks, and a reference to a group that is gone is
// taken back.
func TestReferencedGroups(t *testing.T) {
	near := peering.Cell{Account: two.Account, Region: one.Region}
	for name, finance := range map[string]peering.Cell{"one account": one, "two accounts": near} {
		t.Run(name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Build(one, lab.Marketing), t.Build(finance, lab.Finance)
				policy := strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "{ from: marketing,",
					"{ from: marketing, sources: ["+string(m.Group)+"],", 1)
				t.Policy(policy)
				pcx := t.Ask(m, f)
				t.Settle()
				t.Holds(append(sandbox.Connected(m, f, pcx), sandbox.AdmitsGroup(f.Group, "icmp", m.Group))...)
				mark := t.Cloud.Mark()
				t.Sweep()
				t.Unchanged(mark)
				t.ByHand(one, func(p *lab.Person) {
					p.Terminate(m.Server)
					p.DeleteGroup(m.Group)
				})
				t.Sweep()
				t.Holds(sandbox.Connected(m, f, pcx)...)
				announced := slices.DeleteFunc(t.Announced(outcome.Connected, pcx), func(o outcome.Outcome) bool {
					return o.Side != peering.Accepter
				})
				if o := announced[len(announced)-1]; len(o.Notes) != 1 ||
					!strings.HasPrefix(o.Notes[0], string(m.Group)+" is not admitted: ") {
					t.Errorf("notes = %q, want one on the group that is gone", o.Notes)
				}
				t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
				t.Settle()
				t.Holds()
				t.InDeadLetters(0)
			})
		})
	}
}

// TestTypesAndPrefixLists: single types of ICMP, and a list of blocks by its id.
func TestTypesAndPrefixLists(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(one, lab.Finance)
		var list peering.PrefixListID
		t.ByHand(one, func(p *lab.Person) { list = p.PrefixList("clients", "10.10.1.0/24", "10.10.2.0/24") })
		t.Policy(strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "protocol: icmp }",
			fmt.Sprintf(`protocol: icmp, types: [8, "3/4"] }
      - { from: marketing, to: finance, sources: [%s], groups: { ids: [%s] }, protocol: all }`, list, f.Group), 1))
		pcx := t.Ask(m, f)
		t.Settle()
		t.Holds(append(sandbox.Connected(m, f, pcx), sandbox.Admits(f.Group, "icmp type 8", m),
			sandbox.Admits(f.Group, "icmp type 3 code 4", m),
			fmt.Sprintf("%s admits all traffic from %s", f.Group, list))...)
		mark := t.Cloud.Mark()
		t.Sweep()
		t.Unchanged(mark)
		t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		t.Settle()
		t.Holds()
	})
}

// TestNetworkACLs: the rule that denies the traffic is announced, with the rule that would allow it.
func TestNetworkACLs(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
		t.ByHand(two, func(p *lab.Person) { p.DenyPing(f.VPC, f.Subnet) })
		t.Policy(lab.PingPolicy(m, f, lab.Site{}))
		pcx := t.Ask(m, f)
		t.Settle()
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		found := 0
		for _, o := range t.Announced(outcome.Connected, pcx) {
			for _, b := range o.Obstructions {
				found++
				if o.Cell != two || b.Rule != "90" || !strings.Contains(b.Sentence, "icmp") ||
					!strings.Contains(b.Remedy, "before rule 90") {
					t.Errorf("%s announces %+v, want rule 90 of the network ACL in %s", o.Cell, b, two)
				}
			}
		}
		if found == 0 {
			t.Error("no announcement names the network ACL")
		}
	})
}

// TestRoutesThatAnotherToolKeeps are neither made nor taken back.
func TestRoutesThatAnotherToolKeeps(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
		t.Policy(strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "finance]\n",
			"finance]\n    routes: { marketing: { tables: none } }\n", 1))
		pcx := t.Ask(m, f)
		t.Settle()
		finances := []string{sandbox.Routes(f.Table, m, pcx), sandbox.Routes(f.VPC.Main, m, pcx),
			sandbox.Admits(f.Group, "icmp", m)}
		t.Holds(finances...)
		t.ByHand(one, func(p *lab.Person) { p.RouteTo(m.Table, "172.31.1.0/24", pcx) })
		theirs := fmt.Sprintf("%s routes 172.31.1.0/24 to %s", m.Table, pcx)
		t.Sweep()
		t.Holds(append(finances, theirs)...)
		if announced := t.Announced(outcome.DriftFound, pcx); len(announced) > 0 {
			t.Errorf("announced %+v", announced)
		}
	})
}

// TestAThirdPartysSide is left alone, also where it can be seen.
func TestAThirdPartysSide(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(two, lab.Marketing), t.Build(one, lab.Finance)
		t.Policy(strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "finance]\n",
			"finance]\n    requester: marketing\n    manage: accepter\n", 1))
		if len(t.Cells) != 1 || t.Cells[0].Cell != one {
			t.Fatalf("%d cells are deployed, want that of finance alone", len(t.Cells))
		}
		pcx := t.Ask(m, f)
		t.Sweep()
		t.Holds(sandbox.Routes(f.Table, m, pcx), sandbox.Routes(f.VPC.Main, m, pcx), sandbox.Admits(f.Group, "icmp", m))
		if o := t.AnnouncedOnce(outcome.Connected, pcx); o.Side != peering.Accepter {
			t.Errorf("announced of the side %q, want the accepter's", o.Side)
		}
		t.ByHand(two, func(p *lab.Person) { p.Delete(pcx) })
		t.Sweep()
		t.Holds()
		if n := t.Cells[0].Missed(); n != 0 {
			t.Errorf("%d events of a third party count as missed, although none is forwarded", n)
		}
	})
}

// TestAnOverlapWithAnotherPeersBlocks keeps a request from being accepted, with the two destinations.
func TestAnOverlapWithAnotherPeersBlocks(t *testing.T) {
	sandboxtest.Run(t, func(o *ec2.Options) { o.PageSize = 5 }, func(t *sandboxtest.T) {
		m, f, d := t.Build(one, lab.Marketing), t.Build(one, lab.Finance), t.Build(one, lab.Developer)
		t.Policy(lab.PingPolicy(m, f, lab.Site{}))
		other := t.Ask(d, f)
		t.Settle()
		t.ByHand(one, func(p *lab.Person) {
			p.Accept(other)
			p.RouteTo(f.Table, "10.8.0.0/14", other) // covers 10.10.0.0/16
		})
		t.Settle()
		pcx := t.Ask(m, f)
		t.Settle()
		t.InState(one, pcx, peering.PendingAcceptance)
		o := t.AnnouncedOnce(outcome.Conflicting, pcx)
		if c := o.Conflicts[0]; c.RouteTable != f.Table || c.Destination != "10.8.0.0/14" || c.Overlaps != "10.10.0.0/16" ||
			c.Target != peering.Target(other) {
			t.Errorf("conflict = %+v, want both destinations and targets", c)
		}
	})
}

// TestASwapInAFullGroup: a rule that is no longer wanted is replaced by a wanted one at once.
func TestASwapInAFullGroup(t *testing.T) {
	sandboxtest.Run(t, func(o *ec2.Options) { o.Quotas.RulesPerGroup = 1 }, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(one, lab.Finance)
		policy := strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "version: 1\n", "version: 1\nlimits: { rules: 1 }\n", 1)
		t.Policy(policy)
		pcx := t.Ask(m, f)
		t.Settle()
		t.Redeploy(strings.Replace(policy, "protocol: icmp", "protocol: tcp, ports: [443]", 1))
		t.Sweep()
		t.Holds(append(sandbox.Connected(m, f, pcx), sandbox.Admits(f.Group, "tcp 443", m))...)
		if announced := t.Announced(outcome.Failed, pcx); len(announced) > 0 {
			t.Errorf("announced %+v; want nothing that failed", announced)
		}
		t.InDeadLetters(0)
	})
}

// TestALostRaceCostsNoWait: another process has just made the same, and a second look finds it.
func TestALostRaceCostsNoWait(t *testing.T) {
	for _, lost := range []struct{ action, code string }{
		{"CreateRoute", "RouteAlreadyExists"}, {"AuthorizeSecurityGroupIngress", "InvalidPermission.Duplicate"},
	} {
		t.Run(lost.code, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Company(one, one)
				release := t.Hold(function.Connect)
				pcx := t.Ask(m, f)
				time.Sleep(time.Minute)
				defer t.Cloud.Inject(sandboxtest.Times(1, cloudsim.Failure{Code: lost.code, After: true},
					func(c apicall.Call) bool { return c.Action == lost.action }))()
				release()
				time.Sleep(time.Second)
				t.Holds(sandboxtest.Pinging(m, f, pcx)...)
				if announced := t.Announced(outcome.Connected, pcx); len(announced) < 2 {
					t.Errorf("%d sides are announced as connected within a second, want both", len(announced))
				}
			})
		})
	}
}
