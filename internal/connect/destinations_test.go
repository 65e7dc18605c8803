package connect_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// routed returns the lines of sandbox.State for routes of each of the blocks in each of the site's tables.
func routed(from lab.Site, via peering.ConnectionID, blocks ...netip.Prefix) []string {
	var words []string
	for _, table := range []peering.RouteTableID{from.Table, from.VPC.Main} {
		for _, b := range blocks {
			words = append(words, fmt.Sprintf("%s routes %s to %s", table, b, via))
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// with returns the policy with more lines in the entry between marketing and finance.
func with(policy string, lines ...string) string {
	return strings.Replace(policy, "finance]\n", "finance]\n    "+strings.Join(lines, "\n    ")+"\n", 1)
}

func blocksOf(t *sandboxtest.T, s lab.Site) []netip.Prefix {
	t.Helper()
	found, err := t.Network(s.Cell).VPCs(t.Ctx, s.VPC.ID)
	t.Must(err)
	if len(found) != 1 {
		t.Fatalf("%s has %d VPCs %s", s.Cell, len(found), s.VPC.ID)
	}
	return found[0].Blocks
}

// TestEveryBlockOfThePeerIsRouted: tools that know of a VPC's first IPv4 block alone leave out secondary blocks
// (grem11n/terraform-aws-vpc-peering#94) and IPv6 blocks (cloudposse/terraform-aws-vpc-peering#49).
func TestEveryBlockOfThePeerIsRouted(t *testing.T) {
	for name, other := range map[string]peering.Cell{"in one cell": one, "in two cells": two} {
		t.Run(name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Company(one, other)
				for site, secondary := range map[lab.Site]string{m: "10.11.0.0/16", f: "172.30.0.0/16"} {
					t.ByHand(site.Cell, func(p *lab.Person) {
						p.AddBlock(site.VPC, secondary)
						p.AddIPv6Block(site.VPC)
					})
				}
				marketing, finance := blocksOf(t, m), blocksOf(t, f)
				if len(marketing) != 3 || len(finance) != 3 || !marketing[2].Addr().Is6() {
					t.Fatalf("blocks = %v and %v, want three each, the last of IPv6", marketing, finance)
				}
				pcx := t.Ask(m, f)
				t.Settle()
				t.Holds(slices.Concat(routed(m, pcx, finance...), routed(f, pcx, marketing...), []string{
					sandbox.Admits(f.Group, "icmp", m), fmt.Sprintf("%s admits icmp from 10.11.0.0/16", f.Group),
				})...)
				t.ByHand(m.Cell, func(p *lab.Person) { p.Delete(pcx) })
				t.Settle()
				t.Holds()
			})
		})
	}
}

// TestASecondaryBlockSharedByManyVPCs: a block such as 100.64.0.0/16 can be routed to one of them only. Excluded, it
// prevents no connection (cloudposse/terraform-aws-vpc-peering-multi-account#75).
func TestASecondaryBlockSharedByManyVPCs(t *testing.T) {
	shared := netip.MustParsePrefix("100.64.0.0/16")
	ask := func(t *sandboxtest.T, routes string) (m, f, d lab.Site, first, second peering.ConnectionID) {
		m, f, d = t.Build(one, lab.Marketing), t.Build(two, lab.Finance), t.Build(two, lab.Developer)
		t.ByHand(two, func(p *lab.Person) {
			p.AddBlock(f.VPC, shared.String())
			p.AddBlock(d.VPC, shared.String())
		})
		t.Policy(fmt.Sprintf("version: 1\ndepartments:\n  marketing: %s\n  finance: %s\n  developer: %s\npeerings:\n"+
			"  - between: [marketing, finance]\n%[4]s  - between: [marketing, developer]\n%[4]s", m.Member(),
			f.Member(), d.Member(), routes))
		first = t.Ask(m, f)
		t.Settle()
		second = t.Ask(m, d)
		t.Settle()
		return m, f, d, first, second
	}
	t.Run("routed to one, it is in the way of the next", func(t *testing.T) {
		sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
			m, f, _, first, second := ask(t, "")
			t.AnnouncedOnce(outcome.Conflicting, second)
			t.InState(one, second, peering.PendingAcceptance)
			t.Holds(slices.Concat(routed(m, first, f.VPC.Block, shared), routed(f, first, m.VPC.Block))...)
		})
	})
	t.Run("excluded, it obstructs no connection", func(t *testing.T) {
		sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
			m, f, d, first, second := ask(t, "    routes: { marketing: { except: [100.64.0.0/16] } }\n")
			t.Holds(slices.Concat(sandbox.Connected(m, f, first), sandbox.Connected(m, d, second))...)
			if announced := t.Announced(outcome.Conflicting, second); len(announced) > 0 {
				t.Errorf("announced as conflicting: %s", announced[0].Reason.Sentence)
			}
		})
	})
}

// TestChosenDestinations: each department chooses for its own tables alone, and blocks that the peer doesn't have
// are not routed.
func TestChosenDestinations(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
		t.Policy(with(lab.PingPolicy(m, f, lab.Site{}), "routes:",
			"  marketing: { tables: main, to: [172.31.1.0/24, 10.9.0.0/24] }"))
		pcx := t.Ask(m, f)
		t.Settle()
		t.Holds(append(routed(f, pcx, m.VPC.Block), fmt.Sprintf("%s routes 172.31.1.0/24 to %s", m.VPC.Main, pcx),
			sandbox.Admits(f.Group, "icmp", m))...)
		announced := slices.DeleteFunc(t.Announced(outcome.Connected, pcx), func(o outcome.Outcome) bool {
			return o.Side != peering.Requester
		})
		notes := []string{"10.9.0.0/24 is not routed: the peer's permitted blocks are 172.31.0.0/16",
			string(m.VPC.Main) + " serves no subnet: each subnet is associated with another route table"}
		if len(announced) == 0 || !slices.Equal(announced[0].Notes, notes) {
			t.Fatalf("the requester's side is announced as %+v, want the notes %q", announced, notes)
		}
		if want := []string{fmt.Sprintf("%s routes 172.31.1.0/24 to %s", m.VPC.Main, pcx)}; !slices.Equal(announced[0].State,
			want) {
			t.Errorf("state = %v, want %v", announced[0].State, want)
		}
	})
}

// TestASubnetOnTheMainTableOnlyImplicitly has no association that could be found. Its table is the main one
// (cloudposse/terraform-aws-vpc-peering-multi-account#45).
func TestASubnetOnTheMainTableOnlyImplicitly(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
		var implicit peering.SubnetID
		t.ByHand(one, func(p *lab.Person) { implicit = p.Subnet(m.VPC, "", "10.10.9.0/24") })
		t.Policy(with(lab.PingPolicy(m, f, lab.Site{}), "routes:",
			fmt.Sprintf("  marketing: { tables: { subnets: { ids: [%s] } } }", implicit)))
		pcx := t.Ask(m, f)
		t.Settle()
		t.Holds(append(routed(f, pcx, m.VPC.Block), sandbox.Routes(m.VPC.Main, f, pcx),
			sandbox.Admits(f.Group, "icmp", m))...)
	})
}
