package endtoend_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// handMade is a connection that people requested, accepted and routed on both sides, in one table each and to a part of
// the other VPC.
func handMade(t *sandboxtest.T, m, f lab.Site) (pcx peering.ConnectionID, routes []string) {
	t.Helper()
	defer t.Hold(function.Accept)()
	pcx = t.Ask(m, f)
	time.Sleep(time.Second)
	t.ByHand(f.Cell, func(p *lab.Person) { p.Accept(pcx) })
	return pcx, routedByHand(t, m, f, pcx)
}

// routedByHand adds the routes of handMade.
func routedByHand(t *sandboxtest.T, m, f lab.Site, pcx peering.ConnectionID) []string {
	t.Helper()
	t.ByHand(m.Cell, func(p *lab.Person) { p.RouteTo(m.Table, "172.31.1.0/24", pcx) })
	t.ByHand(f.Cell, func(p *lab.Person) { p.RouteTo(f.Table, "10.10.1.0/24", pcx) })
	return []string{fmt.Sprintf("%s routes 172.31.1.0/24 to %s", m.Table, pcx),
		fmt.Sprintf("%s routes 10.10.1.0/24 to %s", f.Table, pcx)}
}

// adopt consents in the cell to the proposed changes of the connection.
func adopt(t *sandboxtest.T, cell peering.Cell, pcx peering.ConnectionID) {
	t.Helper()
	t.ByHand(cell, func(p *lab.Person) { p.Tag(string(pcx), map[string]string{peering.TagAdopt: "true"}) })
	time.Sleep(time.Minute)
}

// adopting returns the policy with the consent of its first peering.
func adopting(policy string) string {
	return strings.Replace(policy, "    allow:", "    adopt: true\n    allow:", 1)
}

// waiting returns the latest proposal of each side that was announced since the mark, and checks their words and ids.
func waiting(t *sandboxtest.T, pcx peering.ConnectionID, mark int) map[peering.Role]outcome.Outcome {
	t.Helper()
	all := map[peering.Role]outcome.Outcome{}
	for _, o := range t.Announcements()[mark:] {
		if o.Type != outcome.Proposed || o.Connection != pcx {
			continue
		}
		command := fmt.Sprintf("aws ec2 create-tags --region %s --resources %s --tags Key=autopeer:adopt,Value=true; or "+
			"set adopt: true for the peering in line ", o.Cell.Region, pcx)
		if o.Reason.Code != "needs-adoption" || !strings.Contains(o.Next, command) || len(o.Changes) > 0 {
			t.Errorf("proposed %+v, want the command %q and no change", o, command)
		}
		if before, again := all[o.Side]; again && before.ID != o.ID {
			t.Errorf("the %s side is proposed under two ids: %+v and %+v", o.Side, before, o)
		}
		all[o.Side] = o
	}
	return all
}

// madeSince returns the changes that were announced as made since the mark, by side.
func madeSince(t *sandboxtest.T, pcx peering.ConnectionID, mark int) map[peering.Role][]string {
	t.Helper()
	made := map[peering.Role][]string{}
	for _, o := range t.Announcements()[mark:] {
		if o.Connection == pcx && o.Type == outcome.Connected && o.Reason.Code != "complete" { // of the other side
			made[o.Side] = append(made[o.Side], o.Changes...)
		}
	}
	return made
}

// areMade checks that exactly the proposed changes of the sides were made since the mark.
func areMade(t *sandboxtest.T, pcx peering.ConnectionID, proposed map[peering.Role]outcome.Outcome,
	mark int, sides ...peering.Role) {
	t.Helper()
	want := map[peering.Role][]string{}
	for _, side := range sides {
		want[side] = slices.Sorted(slices.Values(slices.Concat(proposed[side].Removals, proposed[side].Additions)))
	}
	made := madeSince(t, pcx, mark)
	for side := range made {
		slices.Sort(made[side])
	}
	if diff := cmp.Diff(want, made); diff != "" {
		t.Errorf("changes (-proposed +made):\n%s", diff)
	}
}

// paths are the ways by which autopeer finds a connection that people have made.
var paths = map[string]func(t *sandboxtest.T, m, f lab.Site) (pcx peering.ConnectionID, routes []string){
	"by the sweep after the deployment": func(t *sandboxtest.T, m, f lab.Site) (peering.ConnectionID, []string) {
		pcx, routes := handMade(t, m, f)
		t.Policy(lab.PingPolicy(m, f, lab.Site{}))
		return pcx, routes
	},
	"by events": func(t *sandboxtest.T, m, f lab.Site) (peering.ConnectionID, []string) {
		t.Policy(lab.PingPolicy(m, f, lab.Site{}))
		return handMade(t, m, f)
	},
	"by a scheduled sweep": func(t *sandboxtest.T, m, f lab.Site) (peering.ConnectionID, []string) {
		t.Policy(lab.PingPolicy(m, f, lab.Site{}))
		t.DropCalls()
		defer t.SetWay(nil)
		pcx, routes := handMade(t, m, f)
		t.Settle()
		time.Sleep(time.Until(time.Now().Truncate(24 * time.Hour).Add(24*time.Hour + 20*time.Minute)))
		return pcx, routes
	},
}

// onEachPath plays the scenario on every path, in one account and in two.
func onEachPath(t *testing.T,
	scenario func(t *sandboxtest.T, m, f lab.Site, pcx peering.ConnectionID, routes []string)) {
	for path, find := range paths {
		for _, accepter := range []peering.Cell{one, near, two} {
			t.Run(path+", with "+accepter.String(), func(t *testing.T) {
				t.Parallel()
				sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
					m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
					pcx, routes := find(t, m, f)
					t.Settle()
					scenario(t, m, f, pcx, routes)
				})
			})
		}
	}
}

// TestAdoption: a living connection with hand-made routes, which the policy allows with other ones, is proposed and not
// touched. After the consent exactly the proposed changes are made, in the cell of the consent alone.
func TestAdoption(t *testing.T) {
	t.Parallel()
	onEachPath(t, func(t *sandboxtest.T, m, f lab.Site, pcx peering.ConnectionID, routes []string) {
		t.Unchanged(0)
		t.Holds(routes...)
		proposed := waiting(t, pcx, 0)
		for side, removal := range map[peering.Role]string{
			peering.Requester: fmt.Sprintf("delete route 172.31.1.0/24 → %s in %s", pcx, m.Table),
			peering.Accepter:  fmt.Sprintf("delete route 10.10.1.0/24 → %s in %s", pcx, f.Table),
		} {
			if o := proposed[side]; !slices.Equal(o.Removals, []string{removal}) || len(o.Additions) < 2 {
				t.Errorf("the %s side is proposed with %+v, want %q and the routes of two tables", side, o, removal)
			}
		}
		neitherDriftNorMissed(t)
		isKnownAsIncomplete(t, pcx, m.Cell != f.Cell)

		mark := len(t.Announcements())
		adopt(t, f.Cell, pcx)
		if f.Cell != m.Cell {
			areMade(t, pcx, proposed, mark, peering.Accepter)
			t.IsTagged(m.Cell, pcx, false)
			mark = len(t.Announcements())
			adopt(t, m.Cell, pcx)
			areMade(t, pcx, proposed, mark, peering.Requester)
		} else {
			areMade(t, pcx, proposed, mark, peering.Requester, peering.Accepter)
		}
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		calls := t.Cloud.Mark()
		time.Sleep(25 * time.Hour)
		t.Unchanged(calls)
		neitherDriftNorMissed(t)
	})
}

// isKnownAsIncomplete checks that the owner of the other side learns of a side that waits, if that is in another cell.
func isKnownAsIncomplete(t *sandboxtest.T, pcx peering.ConnectionID, want bool) {
	t.Helper()
	announced := map[peering.Cell]bool{}
	for _, o := range t.Announcements() {
		if o.Connection == pcx && o.Reason.Code == "incomplete" &&
			strings.Contains(o.Reason.Sentence, "wait for the consent of a person") {
			announced[o.Cell] = true
		}
		if o.Type == outcome.Failed || o.Type == outcome.Conflicting || o.Type == outcome.Connected {
			t.Errorf("announced %+v of a connection that waits for consent", o)
		}
	}
	if len(announced) == 2 != want {
		t.Errorf("%d cells announced that the other side is incomplete, want two: %t", len(announced), want)
	}
}

// TestAdoptionByThePolicy: with adopt the proposal is skipped, and both cells make the same changes.
func TestAdoptionByThePolicy(t *testing.T) {
	t.Parallel()
	onEachPath(t, func(t *sandboxtest.T, m, f lab.Site, pcx peering.ConnectionID, _ []string) {
		proposed, mark := waiting(t, pcx, 0), len(t.Announcements())
		t.Redeploy(adopting(lab.PingPolicy(m, f, lab.Site{})))
		t.Settle()
		areMade(t, pcx, proposed, mark, peering.Requester, peering.Accepter)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		t.IsTagged(m.Cell, pcx, true)
		t.IsTagged(f.Cell, pcx, true)
		neitherDriftNorMissed(t)
	})
}

// TestAProposalIsRepeatedDaily, under its id, and an edit that leads to other changes has them proposed within a
// minute.
func TestAProposalIsRepeatedDaily(t *testing.T) {
	t.Parallel()
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		pcx, routes := handMade(t, m, f)
		t.Settle()
		first := waiting(t, pcx, 0)
		for range 2 {
			time.Sleep(time.Until(time.Now().Truncate(24 * time.Hour).Add(24 * time.Hour)))
			mark := len(t.Announcements())
			time.Sleep(23 * time.Hour)
			if again := waiting(t, pcx, mark); again[peering.Requester].ID != first[peering.Requester].ID ||
				again[peering.Accepter].ID != first[peering.Accepter].ID {
				t.Errorf("a day later %+v is proposed, want %+v", again, first)
			}
			if n := countProposals(t, pcx, mark); n != 2 {
				t.Errorf("%d proposals in a day, want one for each side", n)
			}
		}
		mark := len(t.Announcements())
		t.ByHand(one, func(p *lab.Person) { p.RouteTo(m.VPC.Main, "172.31.2.0/24", pcx) })
		time.Sleep(time.Minute)
		if o := waiting(t, pcx, mark)[peering.Requester]; len(o.Removals) != 2 || o.ID == first[peering.Requester].ID {
			t.Errorf("after another route by hand %+v is proposed, want both removals and a new id", o)
		}
		t.Holds(append(routes, fmt.Sprintf("%s routes 172.31.2.0/24 to %s", m.VPC.Main, pcx))...)
		t.Unchanged(0)
		neitherDriftNorMissed(t)
	})
}

func countProposals(t *sandboxtest.T, pcx peering.ConnectionID, mark int) (n int) {
	for _, o := range t.Announcements()[mark:] {
		if o.Type == outcome.Proposed && o.Connection == pcx {
			n++
		}
	}
	return n
}

// TestWithdrawnConsent: another value of the tag is no consent, and the tag of one cell is none in the other.
func TestWithdrawnConsent(t *testing.T) {
	t.Parallel()
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		pcx, routes := handMade(t, m, f)
		t.Settle()
		for _, cell := range []peering.Cell{one, two} {
			t.ByHand(cell, func(p *lab.Person) { p.Tag(string(pcx), map[string]string{peering.TagAdopt: "yes"}) })
		}
		t.Settle()
		t.Sweep()
		t.Holds(routes...)
		t.Unchanged(0)
	})
}

// TestEvidence: with the tag or with a rule of ours, hand-made routes beside the wanted ones are drift, as before. With
// both gone they are proposed.
func TestEvidence(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		cell   func(m, f lab.Site) lab.Site
		isOurs bool
	}{
		"the tag is gone and a rule is there":  {func(_, f lab.Site) lab.Site { return f }, true},
		"the tag is gone and no rule is there": {func(m, _ lab.Site) lab.Site { return m }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Company(one, two)
				pcx := t.Ask(m, f)
				t.Settle()
				s, other := tt.cell(m, f), m
				if s.VPC.ID == m.VPC.ID {
					other = f
				}
				part := strings.Replace(other.VPC.Block.String(), ".0.0/16", ".1.0/24", 1)
				mark, seen := t.Cloud.Mark(), len(t.Announcements())
				t.ByHand(s.Cell, func(p *lab.Person) {
					p.Untag(string(pcx), peering.TagManaged)
					p.RouteTo(s.Table, part, pcx)
				})
				t.Settle()
				t.Sweep()
				t.IsTagged(s.Cell, pcx, tt.isOurs)
				if tt.isOurs {
					t.Holds(sandboxtest.Pinging(m, f, pcx)...)
					return
				}
				t.Unchanged(mark)
				t.Holds(append(sandboxtest.Pinging(m, f, pcx), fmt.Sprintf("%s routes %s to %s", s.Table, part, pcx))...)
				if o := waiting(t, pcx, seen)[peering.Requester]; len(o.Removals) != 1 {
					t.Errorf("proposed %+v, want one removal", o)
				}
			})
		})
	}
}

// TestClosingWaitsForAdoption: beside a conflict, routes of a connection without evidence stay until a person consents.
func TestClosingWaitsForAdoption(t *testing.T) {
	t.Parallel()
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		t.ByHand(one, func(p *lab.Person) { p.RouteToServer(m.VPC.Main, "172.31.1.66/32", m.Server) })
		release := t.Hold(function.Accept)
		pcx := t.Ask(m, f)
		time.Sleep(time.Second)
		t.ByHand(two, func(p *lab.Person) { p.Accept(pcx) })
		defer release()
		t.ByHand(one, func(p *lab.Person) { p.RouteTo(m.Table, "192.168.0.0/24", pcx) })
		t.Settle()
		inTheWay, byHand := fmt.Sprintf("%s routes 172.31.1.66/32 to %s", m.VPC.Main, m.Server),
			fmt.Sprintf("%s routes 192.168.0.0/24 to %s", m.Table, pcx)
		finance := []string{sandbox.Routes(f.Table, m, pcx), sandbox.Routes(f.VPC.Main, m, pcx),
			sandbox.Admits(f.Group, "icmp", m)}
		t.Holds(append(slices.Clone(finance), inTheWay, byHand)...)
		proposed, mark := waiting(t, pcx, 0), len(t.Announcements())
		if o := proposed[peering.Requester]; len(o.Conflicts) != 1 ||
			!strings.Contains(o.Reason.Sentence, "further additions wait: 172.31.1.66/32") {
			t.Errorf("proposed %+v, want the conflict", o)
		}
		adopt(t, one, pcx)
		t.Holds(append(slices.Clone(finance), inTheWay)...)
		var made []string
		for _, o := range t.Announcements()[mark:] {
			made = append(made, o.Changes...)
		}
		if want := slices.Concat(proposed[peering.Requester].Removals,
			proposed[peering.Requester].Additions); !slices.Equal(slices.Sorted(slices.Values(made)),
			slices.Sorted(slices.Values(want))) {
			t.Errorf("made %q, want the proposed %q", made, want)
		}
	})
}

// TestTerraform accepts and routes in one apply, before autopeer looks and after it, with the same end.
func TestTerraform(t *testing.T) {
	t.Parallel()
	wanted := func(t *sandboxtest.T, m, f lab.Site, pcx peering.ConnectionID) {
		t.ByHand(m.Cell, func(p *lab.Person) { p.RouteTo(m.Table, f.VPC.Block.String(), pcx) })
		t.ByHand(f.Cell, func(p *lab.Person) { p.RouteTo(f.Table, m.VPC.Block.String(), pcx) })
	}
	parts := func(t *sandboxtest.T, m, f lab.Site, pcx peering.ConnectionID) { routedByHand(t, m, f, pcx) }
	tests := map[string]struct {
		policy func(m, f lab.Site) string
		route  func(t *sandboxtest.T, m, f lab.Site, pcx peering.ConnectionID)
		byHand bool // its routes are left
	}{
		"routes of the policy":                  {ping2, wanted, false},
		"other routes, and the policy consents": {func(m, f lab.Site) string { return adopting(ping2(m, f)) }, parts, false},
		"routes that the policy leaves to others": {func(m, f lab.Site) string {
			return strings.Replace(ping2(m, f), "    allow:",
				"    routes: { marketing: { tables: none }, finance: { tables: none } }\n    allow:", 1)
		}, parts, true},
	}
	for name, tt := range tests {
		for order, apply := range map[string]func(t *sandboxtest.T, f lab.Site, pcx peering.ConnectionID, route func()){
			"Terraform first": func(t *sandboxtest.T, f lab.Site, pcx peering.ConnectionID, route func()) {
				release := t.Hold(function.Accept)
				time.Sleep(time.Second)
				t.ByHand(f.Cell, func(p *lab.Person) { p.Accept(pcx) })
				route()
				release()
				t.Settle()
			},
			"routes on the request": func(t *sandboxtest.T, _ lab.Site, _ peering.ConnectionID, route func()) {
				route()
				t.Settle()
			},
			"autopeer first": func(t *sandboxtest.T, _ lab.Site, _ peering.ConnectionID, route func()) {
				t.Settle()
				if tt.route != nil && name != "routes of the policy" { // or else they exist already
					route()
				}
				t.Settle()
			},
		} {
			t.Run(name+", "+order, func(t *testing.T) {
				t.Parallel()
				sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
					m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
					t.Policy(tt.policy(m, f))
					pcx := t.Ask(m, f)
					apply(t, f, pcx, func() { tt.route(t, m, f, pcx) })
					t.Sweep()
					want := sandboxtest.Pinging(m, f, pcx)
					if tt.byHand {
						want = []string{
							fmt.Sprintf("%s routes 172.31.1.0/24 to %s", m.Table, pcx),
							fmt.Sprintf("%s routes 10.10.1.0/24 to %s", f.Table, pcx),
							sandbox.Admits(f.Group, "icmp", m),
						}
					}
					t.Holds(want...)
					t.IsTagged(one, pcx, true)
					t.IsTagged(two, pcx, true)
					t.InDeadLetters(0)
				})
			})
		}
	}
}

func ping2(m, f lab.Site) string { return lab.PingPolicy(m, f, lab.Site{}) }

// TestARequestWithRoutes is accepted, since no living route is removed by that. Then the routes are proposed.
func TestARequestWithRoutes(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		pcx := t.Ask(m, f)
		routes := routedByHand(t, m, f, pcx)
		t.Settle()
		t.InState(one, pcx, peering.Active)
		t.Holds(routes...)
		if got := waiting(t, pcx, 0); len(got) != 2 {
			t.Errorf("proposed %+v, want both sides", got)
		}
		adopt(t, one, pcx)
		adopt(t, accepter, pcx)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
	})
}

// TestAProposalReservesNothing: a side without a route waits with its other side, so another request gets the route.
func TestAProposalReservesNothing(t *testing.T) {
	t.Parallel()
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(one, lab.Finance)
		twin := t.Build(one, func(p *lab.Person) lab.Site {
			return lab.ByHand(p, "Twin", "10.10.0.0/16", "10.10.1.0/24", "10.10.1.10")
		})
		t.Policy(company(m, f, twin) + entry("marketing", "finance") + entry("twin", "finance"))
		release := t.Hold(function.Accept)
		first := t.Ask(m, f)
		time.Sleep(time.Second)
		t.ByHand(one, func(p *lab.Person) {
			p.Accept(first)
			p.RouteTo(m.Table, "172.31.1.0/24", first)
		})
		release()
		t.Settle()
		if got := waiting(t, first, 0); len(got) != 2 {
			t.Errorf("proposed %+v, want both sides", got)
		}
		pcx := t.Ask(twin, f)
		t.Settle()
		t.InState(one, pcx, peering.Active)
		t.Holds(append(sandbox.Connected(twin, f, pcx), fmt.Sprintf("%s routes 172.31.1.0/24 to %s", m.Table, first),
			fmt.Sprintf("%s admits tcp 22 from 0.0.0.0/0", twin.Group))...)
		for _, o := range t.Announcements() {
			if o.Type == outcome.Conflicting && o.Connection == pcx {
				t.Errorf("announced %+v", o)
			}
		}
	})
}

// TestReportModeBeforeAdoption: report mode lists all changes and the consent that they need, and the mode enforce
// without that consent proposes the same changes.
func TestReportModeBeforeAdoption(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
		pcx, routes := handMade(t, m, f)
		policy := lab.PingPolicy(m, f, lab.Site{})
		t.Policy(strings.Replace(policy, "version: 1\n", "version: 1\nmode: report\n", 1))
		reported := map[peering.Role]outcome.Outcome{}
		for _, o := range t.Announcements() {
			if o.Reason.Code != "report-mode" || !strings.Contains(o.Next, "Key=autopeer:adopt,Value=true") {
				t.Errorf("announced %+v, want report mode alone and the command that consents", o)
			}
			reported[o.Side] = o
		}
		mark := len(t.Announcements())
		t.Redeploy(policy)
		t.Settle()
		proposed := waiting(t, pcx, mark)
		for side, o := range reported {
			if !slices.Equal(o.Removals, proposed[side].Removals) || !slices.Equal(o.Additions, proposed[side].Additions) {
				t.Errorf("reported %+v, and without consent %+v is proposed", o, proposed[side])
			}
		}
		if len(reported) != 2 || len(proposed) != 2 {
			t.Errorf("reported %+v, proposed %+v; want both sides", reported, proposed)
		}
		t.Holds(routes...)
		t.Unchanged(0)
		mark = len(t.Announcements())
		t.Redeploy(adopting(policy))
		t.Settle()
		areMade(t, pcx, proposed, mark, peering.Requester, peering.Accepter)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
	})
}
