package endtoend_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// member returns the only member of a site's department, with other keys than the id of its VPC.
func member(s lab.Site, keys string) string {
	return fmt.Sprintf("[{ account: %q, region: %s, %s }]", s.Cell.Account, s.Cell.Region, keys)
}

// notes returns the different sets of notes in the outcomes of a side, in the order in which they were announced.
func notes(t *sandboxtest.T, pcx peering.ConnectionID, cell peering.Cell) [][]string {
	var sets [][]string
	ids := map[string]bool{}
	for _, o := range t.Announced(outcome.Connected, pcx) {
		if o.Cell == cell && !ids[o.ID] {
			ids[o.ID] = true
			sets = append(sets, o.Notes)
		}
	}
	return sets
}

// hasNote checks that a cell has announced the connection first without notes and then, under one id, with a note that
// begins so.
func hasNote(t *sandboxtest.T, pcx peering.ConnectionID, cell peering.Cell, want string) {
	t.Helper()
	sets := notes(t, pcx, cell)
	if len(sets) != 2 || len(sets[0]) != 0 || len(sets[1]) != 1 || !strings.Contains(sets[1][0], want) {
		t.Errorf("%s has announced the notes %q, want none and then one with %q", cell, sets, want)
	}
}

// late waits until the first sweep of the day is over, which announces more than the others, and until no sweep is
// running.
func late() { time.Sleep(5*time.Hour + 8*time.Minute) }

// TestAnAddedBlockEndsNoMembership: the owner of a VPC in a range adds an IPv6 block, and with removed: disconnect the
// traffic goes on. The block is announced at once, by an event or else by the next sweep.
func TestAnAddedBlockEndsNoMembership(t *testing.T) {
	t.Parallel()
	for name, isLost := range map[string]bool{"an event": false, "a sweep": true} {
		t.Run(name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
				policy := strings.Replace(company(m, f), m.Member(), member(m, "within: 10.0.0.0/8"), 1)
				t.Policy(strings.Replace(policy, "version: 1", "version: 1\nremoved: disconnect", 1) +
					entry("marketing", "finance", ping))
				pcx := t.Ask(m, f)
				late()
				t.Holds(sandboxtest.Pinging(m, f, pcx)...)
				if isLost {
					t.DropEvents()
				}
				mark := t.Cloud.Mark()
				t.ByHand(one, func(p *lab.Person) { p.AddIPv6Block(m.VPC) })
				if isLost {
					time.Sleep(16 * time.Minute)
				} else {
					t.NoSweeps()
					t.Settle()
				}
				for _, cell := range []peering.Cell{one, two} {
					hasNote(t, pcx, cell,
						fmt.Sprintf("/56 of %s is neither routed nor admitted: marketing has only 10.0.0.0/8 in %s", m.VPC.ID, one))
				}
				if !isLost {
					return
				}
				time.Sleep(48 * time.Hour)
				t.Holds(sandboxtest.Pinging(m, f, pcx)...)
				t.Unchanged(mark)
				for _, cell := range []peering.Cell{one, two} {
					if sets := notes(t, pcx, cell); len(sets) != 2 {
						t.Errorf("%s has announced the notes %q, want two sets", cell, sets)
					}
				}
				if announced := t.Announced(outcome.Disconnected, pcx); len(announced) > 0 {
					t.Errorf("announced as disconnected: %s", announced[0].Reason.Sentence)
				}
			})
		})
	}
}

// TestABlockBesideTheDeclaredOnes: the declared block of a connected VPC stays maintained, in both directions of
// traffic and also when the policy no longer allows the traffic.
func TestABlockBesideTheDeclaredOnes(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
		policy := strings.Replace(company(m, f), m.Member(),
			member(m, fmt.Sprintf("vpc: %s, cidrs: [10.10.0.0/16]", m.VPC.ID)), 1)
		t.Policy(policy + entry("marketing", "finance", ping))
		pcx := t.Ask(m, f)
		late()
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		t.ByHand(one, func(p *lab.Person) { p.AddBlock(m.VPC, "100.64.0.0/16") })
		t.Sweep()
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		want := fmt.Sprintf("100.64.0.0/16 of %s is neither routed nor admitted: marketing has only 10.10.0.0/16 in %s",
			m.VPC.ID, one)
		if sets := notes(t, pcx, accepter); !slices.ContainsFunc(sets, func(s []string) bool {
			return len(s) == 1 && strings.HasPrefix(s[0], want)
		}) {
			t.Errorf("the notes are %q, want one that begins with %q", sets, want)
		}
		t.ByHand(accepter, func(p *lab.Person) { p.DeleteRoute(f.Table, "10.10.0.0/16") })
		t.Sweep()
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		t.Redeploy(policy + entry("marketing", "finance"))
		time.Sleep(time.Hour)
		t.Holds(sandbox.Connected(m, f, pcx)...)
	})
}

// TestBlocksThatAreNotPermittedHoldUpNoRepair: the peer adds a block that is routed elsewhere, and a repair isn't held
// up.
func TestBlocksThatAreNotPermittedHoldUpNoRepair(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
		t.ByHand(one, func(p *lab.Person) { p.RouteToGateway(m.VPC, m.Table, "100.64.0.0/16") })
		policy := strings.Replace(company(m, f), f.Member(), member(f, "within: 172.31.0.0/16"), 1)
		t.Policy(policy + entry("marketing", "finance", ping))
		pcx := t.Ask(m, f)
		t.Settle()
		t.ByHand(accepter, func(p *lab.Person) { p.AddBlock(f.VPC, "100.64.0.0/16") })
		t.ByHand(one, func(p *lab.Person) { p.DeleteRoute(m.Table, "172.31.0.0/16") })
		t.Sweep()
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		if announced := t.Announced(outcome.Conflicting, pcx); len(announced) > 0 {
			t.Errorf("announced as conflicting: %s", announced[0].Reason.Sentence)
		}
	})
}

// TestTwoDepartmentsMayHaveTheSameFurtherBlocks: also gives no membership, so that it may overlap between departments.
func TestTwoDepartmentsMayHaveTheSameFurtherBlocks(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f, d := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance), t.Build(one, lab.Developer)
		t.ByHand(one, func(p *lab.Person) { p.AddBlock(m.VPC, "100.64.0.0/16") })
		policy := strings.Replace(company(m, f, d), m.Member(), member(m, "within: 10.10.0.0/16, also: [100.64.0.0/10]"), 1)
		policy = strings.Replace(policy, d.Member(), member(d, "within: 10.20.0.0/16, also: [100.64.0.0/10]"), 1)
		t.Policy(policy + entry("marketing", "finance", ping) + entry("developer", "finance"))
		first, second := t.Ask(m, f), t.Ask(d, f)
		t.Settle()
		t.ByHand(one, func(p *lab.Person) { p.AddBlock(d.VPC, "100.65.0.0/16") })
		t.Sweep()
		t.Holds(slices.Concat(
			routed(m, first, f.VPC.Block), routed(d, second, f.VPC.Block),
			routed(f, first, append(prefixes("100.64.0.0/16"), m.VPC.Block)...),
			routed(f, second, append(prefixes("100.65.0.0/16"), d.VPC.Block)...),
			admits(f.Group, "icmp", append(prefixes("100.64.0.0/16"), m.VPC.Block)...))...)
	})
}

// TestTwoDepartmentsMayHaveAmazonsIPv6: of one account and Region, with the same range under also.
func TestTwoDepartmentsMayHaveAmazonsIPv6(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f, d := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance), t.Build(one, lab.Developer)
		policy := strings.Replace(company(m, f, d), m.Member(), member(m, `within: 10.10.0.0/16, also: ["::/0"]`), 1)
		policy = strings.Replace(policy, d.Member(), member(d, `within: 10.20.0.0/16, also: ["::/0"]`), 1)
		t.Policy(policy + entry("marketing", "finance", ping) + entry("developer", "finance"))
		first, second := t.Ask(m, f), t.Ask(d, f)
		t.Settle()
		t.ByHand(one, func(p *lab.Person) {
			p.AddIPv6Block(m.VPC)
			p.AddIPv6Block(d.VPC)
		})
		t.Sweep()
		t.Holds(slices.Concat(
			routed(m, first, f.VPC.Block), routed(d, second, f.VPC.Block),
			routed(f, first, blocksOf(t, m)...), routed(f, second, blocksOf(t, d)...), admits(f.Group, "icmp", m.VPC.Block))...)
	})
}
