package endtoend_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// scarce has quotas that Finance's tables and group have used up: a route of its own and one to the peer beside the
// local one, and a rule of another principal beside autopeer's.
const scarce = "version: 1\nlimits: { routes: 3, rules: 2 }"

func fullQuotas(o *ec2.Options) { o.Quotas.RoutesPerTable, o.Quotas.RulesPerGroup = 3, 2 }

// TestNarrowingWithoutRoom: in a full group or table the narrower part follows the removal in the same run. If not all
// of it fits, closing wins, as much as fits is made, and the outcome names the rest.
func TestNarrowingWithoutRoom(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		routes   string // the destinations of Finance
		sources  string
		routed   []string
		admitted []string
		short    int // resources without room
	}{
		{"one rule in a full group", "10.10.0.0/16", "10.10.1.0/24", []string{"10.10.0.0/16"}, []string{"10.10.1.0/24"}, 0},
		{"one route in full tables", "10.10.1.0/24", "10.10.0.0/16", []string{"10.10.1.0/24"}, []string{"10.10.0.0/16"}, 0},
		{"two rules in a full group", "10.10.0.0/16", "10.10.1.0/24, 10.10.2.0/24", []string{"10.10.0.0/16"},
			[]string{"10.10.1.0/24"}, 1},
		{"two routes in full tables", "10.10.1.0/24, 10.10.2.0/24", "10.10.0.0/16", []string{"10.10.1.0/24"},
			[]string{"10.10.0.0/16"}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sandboxtest.Run(t, fullQuotas, func(t *sandboxtest.T) {
				m, f := t.Build(one, lab.Marketing), t.Build(near, lab.Finance)
				t.ByHand(f.Cell, func(p *lab.Person) {
					p.RouteToServer(f.Table, "192.0.2.0/24", f.Server)
					p.RouteToServer(f.VPC.Main, "192.0.2.0/24", f.Server)
					p.Admit(f.Group, "tcp", 22, 22, "192.0.2.0/24")
				})
				policy := func(routes, sources string) string {
					file := between(m, f, "routes: { finance: { to: ["+routes+"] } }",
						lines(strings.Replace(pingLine, "to: finance,", "to: finance, sources: ["+sources+"],", 1)))
					return strings.Replace(file, "version: 1", scarce, 1)
				}
				t.Policy(policy("10.10.0.0/16", "10.10.0.0/16"))
				pcx := t.Ask(m, f)
				t.Settle()
				holds(t, f, pcx, []string{"10.10.0.0/16"}, []string{"10.10.0.0/16"})
				mark := len(t.Announcements())
				t.Redeploy(policy(tt.routes, tt.sources))
				t.Sweep()
				holds(t, f, pcx, tt.routed, tt.admitted)
				announced := slices.DeleteFunc(slices.Clone(t.Announcements()[mark:]), func(o outcome.Outcome) bool {
					return o.Cell != f.Cell || len(o.Changes) == 0 || o.Type == outcome.Repaired
				})
				if len(announced) != 1 || len(announced[0].Changes)%2 != 0 || len(announced[0].Shortages) != tt.short {
					t.Fatalf("announced with changes: %+v; want one with as many additions as removals, and %d shortages",
						announced, tt.short)
				}
				for _, s := range announced[0].Shortages {
					if s.Need != 1 || s.Have != s.Limit {
						t.Errorf("shortage %+v, want one more than the full quota", s)
					}
				}
				checkSame(t, f.Cell, pcx, mark, tt.short > 0)
				t.InDeadLetters(0)
			})
		})
	}
}

// holds checks the blocks that Finance's tables route to the connection and that its group admits.
func holds(t *sandboxtest.T, f lab.Site, pcx peering.ConnectionID, routed, admitted []string) {
	t.Helper()
	want := []string{fmt.Sprintf("%s admits tcp 22 from 192.0.2.0/24", f.Group)}
	for _, block := range routed {
		want = append(want, fmt.Sprintf("%s routes %s to %s", f.Table, block, pcx),
			fmt.Sprintf("%s routes %s to %s", f.VPC.Main, block, pcx))
	}
	for _, block := range admitted {
		want = append(want, fmt.Sprintf("%s admits icmp from %s", f.Group, block))
	}
	got, err := t.State(t.Ctx, f)
	t.Must(err)
	got = slices.DeleteFunc(got, func(line string) bool { return strings.Contains(line, "routes 192.0.2.0/24") })
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("Finance has %v, want %v", got, want)
	}
}

// checkSame checks that further sweeps change nothing, and repeat a shortage under one id.
func checkSame(t *sandboxtest.T, cell peering.Cell, pcx peering.ConnectionID, mark int, short bool) {
	t.Helper()
	if short {
		checkRepetitions(t, cell, pcx, mark)
		return
	}
	before := t.Cloud.Mark()
	t.Sweep()
	t.Unchanged(before)
}
