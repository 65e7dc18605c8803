package endtoend_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestTrap03ASharedSecondaryBlockIsExcluded: many VPCs have 100.64.0.0/16, and a route table can lead to one of them
// only (cloudposse/terraform-aws-vpc-peering-multi-account#75, cloudposse/terraform-aws-vpc-peering#34).
func TestTrap03ASharedSecondaryBlockIsExcluded(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f, d := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance), t.Build(accepter, lab.Developer)
		for _, s := range []lab.Site{f, d} {
			t.ByHand(s.Cell, func(p *lab.Person) { p.AddBlock(s.VPC, "100.64.0.0/16") })
		}
		const excluded = "routes: { marketing: { except: [100.64.0.0/16] } }"
		t.Policy(company(m, f, d) + entry("marketing", "finance", excluded, ping) + entry("marketing", "developer", excluded))
		first, second := t.Ask(m, f), t.Ask(m, d)
		t.Settle()
		t.Holds(append(slices.Concat(sandbox.Connected(m, f, first), sandbox.Connected(m, d, second)),
			sandbox.Admits(f.Group, "icmp", m))...)
		if announced := t.Announced(outcome.Conflicting, second); len(announced) > 0 {
			t.Errorf("announced as conflicting: %s", announced[0].Reason.Sentence)
		}
		t.ByHand(one, func(p *lab.Person) { p.Delete(first) })
		t.Settle()
		t.Holds(sandbox.Connected(m, d, second)...)
	})
}

// TestTrap03RulesForASharedBlock: a group has one rule for a block, for any number of connections. It is removed with
// the connection that it was made for, and a sweep makes it again for the other one.
func TestTrap03RulesForASharedBlock(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
		connections := sharing(t, m, f)
		first, second, d := connections[0].id, connections[1].id, connections[1].requester
		shared := prefixes("100.64.0.0/16")
		of := func(s lab.Site, pcx peering.ConnectionID) []string {
			return append(routed(f, pcx, s.VPC.Block), sandbox.Admits(f.Group, "icmp", s))
		}
		rest := slices.Clip(slices.Concat(routed(d, second, f.VPC.Block), of(d, second), admits(f.Group, "icmp", shared...)))
		t.Holds(slices.Concat(rest, routed(m, first, f.VPC.Block), of(m, first))...)
		t.ByHand(one, func(p *lab.Person) { p.Delete(first) })
		t.Sweep()
		t.Holds(rest...)
		t.ByHand(accepter, func(p *lab.Person) { p.Delete(second) })
		t.Sweep()
		t.Holds()
	})
}

// sharing connects Marketing and Developer, which share a block, with Finance, which routes it to neither.
func sharing(t *sandboxtest.T, m, f lab.Site) []asked {
	d := t.Build(one, lab.Developer)
	for _, s := range []lab.Site{m, d} {
		t.ByHand(one, func(p *lab.Person) { p.AddBlock(s.VPC, "100.64.0.0/16") })
	}
	const excluded = "routes: { finance: { except: [100.64.0.0/16] } }"
	t.Policy(company(m, f, d) + entry("marketing", "finance", excluded, ping) +
		entry("developer", "finance", excluded, strings.ReplaceAll(ping, "marketing", "developer")))
	connections := []asked{{t.Ask(m, f), m, f}, {t.Ask(d, f), d, f}}
	t.Settle()
	return connections
}

// TestTrap04SecondaryBlocksAreRouted: a VPC has more than its first block, and may get more any day
// (grem11n/terraform-aws-vpc-peering#94, #97, cloudposse/terraform-aws-vpc-peering#6).
func TestTrap04SecondaryBlocksAreRouted(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
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
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
		for _, s := range []lab.Site{m, f} {
			t.ByHand(s.Cell, func(p *lab.Person) { p.AddIPv6Block(s.VPC) })
		}
		marketing, finance := blocksOf(t, m), blocksOf(t, f)
		if len(marketing) != 2 || len(finance) != 2 || !marketing[1].Addr().Is6() || !finance[1].Addr().Is6() {
			t.Fatalf("blocks = %v and %v, want one of each family", marketing, finance)
		}
		const groups = "from: marketing, to: finance, groups: { tags: { Role: finance-server } }, "
		t.Policy(between(m, f, "allow:", "  - { "+groups+"protocol: icmp }", "  - { "+groups+"protocol: icmpv6 }",
			"  - { "+groups+"protocol: tcp, ports: [443] }"))
		pcx := t.Ask(m, f)
		t.Settle()
		t.Holds(slices.Concat(routed(m, pcx, finance...), routed(f, pcx, marketing...),
			admits(f.Group, "tcp 443", marketing...),
			admits(f.Group, "icmp", marketing[0]), admits(f.Group, "icmpv6", marketing[1]))...)
		mark := t.Cloud.Mark()
		t.Sweep()
		t.Unchanged(mark)
		t.ByHand(accepter, func(p *lab.Person) { p.Delete(pcx) })
		t.Settle()
		t.Holds()
	})
}
