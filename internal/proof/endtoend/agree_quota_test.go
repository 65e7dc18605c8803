package endtoend_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// spokes builds n VPCs in the cell and a policy that lets each send three protocols to Finance's servers, whose group
// has room for 60 rules.
func spokes(t *sandboxtest.T, cell peering.Cell, f lab.Site, n int, declared func(lab.Site, string) string) []lab.Site {
	t.Helper()
	var all []lab.Site
	departments, peerings := "version: 1\ndepartments:\n  finance: "+declared(f, "172.31.0.0/16")+"\n", "peerings:\n"
	for i := range n {
		name := fmt.Sprintf("spoke%d", i)
		block := fmt.Sprintf("10.%d.0.0/16", i+1)
		s := t.Build(cell, func(p *lab.Person) lab.Site {
			return lab.ByHand(p, name, block, fmt.Sprintf("10.%d.1.0/24", i+1), fmt.Sprintf("10.%d.1.10", i+1))
		})
		departments += fmt.Sprintf("  %s: %s\n", name, declared(s, block))
		peerings += fmt.Sprintf("  - between: [%s, finance]\n    allow:\n      - { from: %[1]s, to: finance, groups: { "+
			"tags: { Role: finance-server } }, protocol: tcp, ports: [22, 443, 5432] }\n", name)
		all = append(all, s)
	}
	t.Policy(departments + peerings)
	return all
}

func undeclared(s lab.Site, _ string) string { return s.Member() }

func declared(s lab.Site, block string) string {
	return strings.Replace(s.Member(), " }", fmt.Sprintf(", cidrs: [%q] }", block), 1)
}

// TestManyRequestsAtOnce: 22 requests onto a group with room for 16. Those are connected, and at most one is accepted
// too many, in whichever direction they ask. When rules are freed, another one follows.
func TestManyRequestsAtOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		hubAsks bool
		member  func(lab.Site, string) string
	}{
		"the hub is asked": {false, declared}, "the hub asks": {true, declared},
		"the hub is asked, and blocks are not declared": {false, undeclared},
		"the hub asks, and blocks are not declared":     {true, undeclared},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				f := t.Build(two, lab.Finance)
				var asked []peering.ConnectionID
				defer sandboxtest.Slow(t.Cloud)()
				all := spokes(t, one, f, 22, tt.member)
				t.ByHand(two, func(p *lab.Person) { // so that a batch of ten isn't all that fits
					for port := range int32(12) {
						p.Admit(f.Group, "udp", port, port, "192.0.2.0/24")
					}
				})
				release := local.Hold(t.Cells[1:], function.Accept) // the hub's, so that it has whole batches
				for _, s := range all {
					if tt.hubAsks {
						asked = append(asked, t.Ask(f, s))
					} else {
						asked = append(asked, t.Ask(s, f))
					}
				}
				time.Sleep(10 * time.Second)
				release()
				t.Settle()
				connected, accepted := tally(t, asked)
				if connected != 16 || accepted > 17 {
					t.Errorf("%d connected and %d accepted, want 16 and at most 17", connected, accepted)
				}
				if n := len(t.Announced(outcome.DriftFound, "")); n > 0 {
					t.Errorf("%d times drift", n)
				}
				first := firstConnected(t, asked)
				t.ByHand(one, func(p *lab.Person) { p.Delete(first) })
				time.Sleep(2 * time.Minute)
				if now, _ := tally(t, asked); now != 16 {
					t.Errorf("%d connected after a deletion, want 16 again", now)
				}
				t.InDeadLetters(0)
			})
		})
	}
}

// tally returns how many connections have both sides, and how many are accepted. A side with routes and without rules
// would count as an error.
func tally(t *sandboxtest.T, asked []peering.ConnectionID) (connected, accepted int) {
	t.Helper()
	state, err := t.State(t.Ctx, t.Sites()...)
	t.Must(err)
	whole := strings.Join(state, "\n")
	rules, err := t.Network(two).IngressRules(t.Ctx, asked...)
	t.Must(err)
	per := map[peering.ConnectionID]int{}
	for _, r := range rules {
		per[r.Connection()]++
	}
	for _, id := range asked {
		c, err := t.Connection(t.Ctx, two, id)
		t.Must(err)
		if c.State == peering.Active {
			accepted++
		}
		routes := strings.Count(whole, " to "+string(id))
		switch {
		case per[id] == 3 && routes > 0:
			connected++
		case per[id] != 0:
			t.Errorf("%s has %d of 3 rules", id, per[id])
		}
	}
	return connected, accepted
}

func firstConnected(t *sandboxtest.T, asked []peering.ConnectionID) peering.ConnectionID {
	t.Helper()
	for _, id := range asked {
		rules, err := t.Network(two).IngressRules(t.Ctx, id)
		t.Must(err)
		if len(rules) > 0 {
			return id
		}
	}
	return ""
}

// TestBlocksThatTakeRoomInTheRequestersGroups: one that is admitted and not routed, and two inside one declared range.
func TestBlocksThatTakeRoomInTheRequestersGroups(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(policy string, m lab.Site) string{
		"not routed": func(policy string, _ lab.Site) string {
			return strings.Replace(policy, "finance]\n", "finance]\n    routes: { finance: { except: [10.11.0.0/16] } }\n", 1)
		},
		"in one range": func(policy string, m lab.Site) string {
			return strings.Replace(policy, m.Member(), declared(m, "10.10.0.0/15"), 1)
		},
	} {
		for _, limit := range []int{2, 1} {
			t.Run(fmt.Sprintf("%s, room for %d", name, limit), func(t *testing.T) {
				t.Parallel()
				betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
					f, m := t.Build(one, lab.Finance), t.Build(accepter, lab.Marketing)
					t.ByHand(accepter, func(p *lab.Person) { p.AddBlock(m.VPC, "10.11.0.0/16") })
					t.Policy(fmt.Sprintf("%s\nlimits: { rules: %d }\n", change(lab.PingPolicy(m, f, lab.Site{}), m), limit))
					mark := t.Cloud.Mark()
					pcx := t.Ask(f, m)
					t.Settle()
					if limit == 1 {
						t.InState(one, pcx, peering.PendingAcceptance)
						t.Unchanged(mark)
						return
					}
					t.InState(one, pcx, peering.Active)
				})
			})
		}
	}
}
