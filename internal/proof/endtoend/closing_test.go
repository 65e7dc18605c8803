package endtoend_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

const (
	quarantined = "10.10.1.66/32"
	added       = "10.77.0.0/16"
)

// toServer routes the destination to Finance's server, in the tables that autopeer uses.
func toServer(t *sandboxtest.T, f lab.Site, destination string) {
	t.Helper()
	t.ByHand(f.Cell, func(p *lab.Person) { p.RouteToServer(f.Table, destination, f.Server) })
}

// fullGroup fills a group of Finance's with 60 rules of another principal.
func fullGroup(t *sandboxtest.T, f lab.Site) peering.SecurityGroupID {
	t.Helper()
	var full peering.SecurityGroupID
	t.ByHand(f.Cell, func(p *lab.Person) {
		full = p.Group(f.VPC, "full", nil)
		for i := range 60 {
			p.Admit(full, "tcp", int32(1000+i), int32(1000+i), "192.0.2.0/24") //nolint:gosec // at most 1059
		}
	})
	return full
}

// inFull lets Marketing reach one port more of the full group.
func inFull(full peering.SecurityGroupID) string {
	return fmt.Sprintf("- { from: marketing, to: finance, groups: { ids: [%s] }, protocol: tcp, ports: [443] }", full)
}

// obstacle obstructs Finance's side; it has the code of its announcement.
type obstacle struct {
	name  string
	quota bool
	build func(t *sandboxtest.T, m, f lab.Site, full peering.SecurityGroupID)
	allow bool // the new policy wants one rule more, in the full group
	want  func(o outcome.Outcome) bool
}

var obstacles = []obstacle{
	{
		name: "a route to an instance inside the peer's block",
		build: func(t *sandboxtest.T, _, f lab.Site, _ peering.SecurityGroupID) {
			toServer(t, f, quarantined)
		},
		want: func(o outcome.Outcome) bool {
			return len(o.Conflicts) == 1 && o.Conflicts[0].Destination == quarantined &&
				o.Conflicts[0].Overlaps == "10.10.0.0/16"
		},
	},
	{
		name: "a block that the peer adds and that is routed elsewhere",
		build: func(t *sandboxtest.T, m, f lab.Site, _ peering.SecurityGroupID) {
			toServer(t, f, added)
			t.ByHand(m.Cell, func(p *lab.Person) { p.AddBlock(m.VPC, added) })
		},
		want: func(o outcome.Outcome) bool { return len(o.Conflicts) == 1 && o.Conflicts[0].Destination == added },
	},
	{
		name: "a rule more in a full group", quota: true, allow: true,
		build: func(*sandboxtest.T, lab.Site, lab.Site, peering.SecurityGroupID) {},
		want: func(o outcome.Outcome) bool {
			return len(o.Shortages) == 1 && o.Shortages[0].Have == 60 && o.Shortages[0].Need == 1 && o.Shortages[0].Limit == 60
		},
	},
}

// lines is the allow list of a policy with these entries.
func lines(entries ...string) string {
	if len(entries) == 0 {
		return "dns: false"
	}
	return "allow:\n      " + strings.Join(entries, "\n      ")
}

const pingLine = "- { from: marketing, to: finance, groups: { tags: { Role: finance-server } }, protocol: icmp }"

// TestClosingBesideAnObstacle: a line that goes from the policy, or a group that loses its tag, closes at the next
// look, also while an obstacle prevents additions, and the announcement lists it beside the obstacle.
func TestClosingBesideAnObstacle(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"the policy", "a tag"} {
		for _, o := range obstacles {
			t.Run(o.name+", by "+by, func(t *testing.T) {
				sandboxtest.Run(t, func(options *ec2.Options) { options.Quotas.RulesPerGroup = 60 }, func(t *sandboxtest.T) {
					closesBeside(t, o, by == "a tag")
				})
			})
		}
	}
}

func closesBeside(t *sandboxtest.T, o obstacle, byTag bool) {
	m, f := t.Build(one, lab.Marketing), t.Build(near, lab.Finance)
	full := fullGroup(t, f)
	t.Policy(between(m, f, lines(pingLine)))
	pcx := t.Ask(m, f)
	t.Settle()
	open := admittedIn(t, f)
	if !slices.Contains(open, "icmp 10.10.0.0/16") {
		t.Fatalf("%s admits %v before", f.Group, open)
	}
	o.build(t, m, f, full)
	t.Settle()
	var entries []string
	if o.allow {
		entries = append(entries, inFull(full))
	}
	mark := len(t.Announcements())
	if byTag {
		t.Redeploy(between(m, f, lines(append(entries, pingLine)...)))
		t.Sweep()
		mark = len(t.Announcements())
		t.ByHand(f.Cell, func(p *lab.Person) { p.Untag(string(f.Group), "Role") })
	} else {
		t.Redeploy(between(m, f, lines(entries...)))
		t.Must(t.Sandbox.Sweep())
	}
	time.Sleep(time.Minute) // for the first look of a scheduled sweep, or that of a tag's event
	if left := admittedIn(t, f); slices.ContainsFunc(left, func(s string) bool { return strings.HasPrefix(s, "icmp ") }) {
		t.Errorf("%s still admits %v", f.Group, left)
	}
	routes := t.Network(f.Cell)
	tables, err := routes.RouteTables(t.Ctx, f.VPC.ID)
	t.Must(err)
	for _, table := range tables {
		if !slices.ContainsFunc(table.Routes, func(r peering.Route) bool {
			return r.Destination.String() == "10.10.0.0/16" && r.Target == peering.Target(pcx)
		}) {
			t.Errorf("%s lost its wanted route: %v", table.ID, table.Routes)
		}
	}
	announced := slices.DeleteFunc(slices.Clone(t.Announcements()[mark:]), func(o outcome.Outcome) bool {
		return o.Cell != f.Cell || len(o.Changes) == 0
	})
	if len(announced) != 1 || !o.want(announced[0]) || !strings.HasPrefix(announced[0].Changes[0], "revoke ") {
		t.Errorf("announced with changes: %+v; want the revocation beside the obstacle", announced)
	}
	checkRepetitions(t, f.Cell, pcx, mark)
	t.InDeadLetters(0)
}

// checkRepetitions checks that further sweeps and deliveries change nothing, and announce the obstacle under one id.
// The removal itself has another, with the time at which the sweep found it.
func checkRepetitions(t *sandboxtest.T, cell peering.Cell, pcx peering.ConnectionID, mark int) {
	t.Helper()
	before := t.Cloud.Mark()
	t.Sweep()
	t.Sweep()
	t.Unchanged(before)
	ids := map[string]bool{}
	for _, o := range t.Announcements()[mark:] {
		if o.Cell == cell && o.Connection == pcx && (o.Type == outcome.Conflicting || o.Type == outcome.Failed) &&
			o.FoundAt.IsZero() {
			ids[o.ID] = true
		}
	}
	if len(ids) != 1 {
		t.Errorf("the obstacle is announced under %d ids after the removal, want 1", len(ids))
	}
}

// admittedIn returns the protocols and sources that the rules of the site's group admit.
func admittedIn(t *sandboxtest.T, f lab.Site) []string {
	t.Helper()
	groups, err := t.Network(f.Cell).SecurityGroups(t.Ctx, f.VPC.ID)
	t.Must(err)
	var all []string
	for _, g := range groups {
		for _, p := range g.Ingress {
			if g.ID == f.Group {
				all = append(all, fmt.Sprintf("%s %s", p.Protocol, p.Source))
			}
		}
	}
	return all
}

// TestNarrowingIsNeverACut: the narrower route and rule are there before the wider ones go, beside a conflict too.
func TestNarrowingIsNeverACut(t *testing.T) {
	t.Parallel()
	for name, conflict := range map[string]bool{"with nothing in the way": false, "beside a conflict": true} {
		t.Run(name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Build(one, lab.Marketing), t.Build(near, lab.Finance)
				t.Policy(between(m, f, lines(pingLine)))
				pcx := t.Ask(m, f)
				t.Settle()
				if conflict {
					toServer(t, f, quarantined)
				}
				mark := t.Cloud.Mark()
				t.Redeploy(between(m, f, "routes: { finance: { to: [10.10.1.0/24] } }",
					lines(strings.Replace(pingLine, "to: finance,", "to: finance, sources: [10.10.1.0/24],", 1))))
				t.Sweep()
				if cuts := cutsOf(t, f, mark); len(cuts) > 0 {
					t.Errorf("10.10.1.0/24 is cut by %v", cuts)
				}
				got := admittedIn(t, f)
				if !slices.Contains(got, "icmp 10.10.1.0/24") || slices.Contains(got, "icmp 10.10.0.0/16") {
					t.Errorf("%s admits %v, want the narrower block alone", f.Group, got)
				}
				want := routed(f, pcx, m.VPC.Block)
				for i := range want {
					want[i] = strings.Replace(want[i], "10.10.0.0/16", "10.10.1.0/24", 1)
				}
				state, err := t.State(t.Ctx, f)
				t.Must(err)
				for _, w := range want {
					if !slices.Contains(state, w) {
						t.Errorf("%s is missing in %v", w, state)
					}
				}
				t.InDeadLetters(0)
			})
		})
	}
}

// cutsOf replays the calls that autopeer has made since the mark, and returns those after which a table of Finance's
// that was routed, or its group, has neither the wider nor the narrower block.
func cutsOf(t *sandboxtest.T, f lab.Site, mark int) []string {
	t.Helper()
	open := map[string]int{string(f.Table): 1, string(f.VPC.Main): 1, string(f.Group): 1}
	var cuts []string
	for _, c := range t.ByAutopeer(mark) {
		resource := cmp.Or(c.Params["RouteTableId"], c.Params["GroupId"])
		switch c.Action {
		case "CreateRoute", "AuthorizeSecurityGroupIngress":
			open[resource]++
		case "DeleteRoute", "RevokeSecurityGroupIngress":
			open[resource]--
		default:
			continue
		}
		if open[resource] < 1 {
			cuts = append(cuts, fmt.Sprintf("%s of %s", c.Action, resource))
		}
	}
	return cuts
}
