package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// isRouted checks that the route that people made is still there.
func isRouted(t *sandboxtest.T, route string) {
	t.Helper()
	left, err := t.State(t.Ctx, t.Sites()...)
	t.Must(err)
	if !strings.Contains(strings.Join(left, "\n"), route) {
		t.Errorf("%s is gone: %q", route, left)
	}
}

// TestAnObstacleIsNoConsent: people have made narrower routes than the policy wants, and a conflict keeps all changes
// waiting. Nothing becomes evidence in the meantime, so the routes stay when the conflict is gone, and also when the
// peering is removed.
func TestAnObstacleIsNoConsent(t *testing.T) {
	t.Parallel()
	for _, accepter := range []peering.Cell{one, two} {
		for name, goOn := range map[string]func(t *sandboxtest.T, m, f lab.Site){
			"the conflict is gone": func(t *sandboxtest.T, m, _ lab.Site) {
				t.ByHand(one, func(p *lab.Person) { p.DeleteRoute(m.VPC.Main, "172.31.1.66/32") })
			},
			"the peering is removed": func(t *sandboxtest.T, m, f lab.Site) {
				file := lab.PingPolicy(m, f, lab.Site{})
				t.Redeploy(file[:strings.Index(file, "peerings:")] + "peerings: []\nremoved: disconnect\n")
			},
		} {
			t.Run(name+" in "+accepter.String(), func(t *testing.T) {
				t.Parallel()
				sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
					m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
					pcx, routes := handMade(t, m, f)
					t.ByHand(one, func(p *lab.Person) { p.RouteToServer(m.VPC.Main, "172.31.1.66/32", m.Server) })
					t.Policy(lab.PingPolicy(m, f, lab.Site{}))
					t.Settle()
					t.Unchanged(0)
					t.IsTagged(one, pcx, false)
					goOn(t, m, f)
					time.Sleep(time.Hour)
					for _, route := range routes {
						isRouted(t, route)
					}
				})
			})
		}
	}
}

// TestAnObstacleOfOneSideIsNoConsent: in a cell with both sides, the complete plan of the other side waits as well,
// because its tag or rule would be evidence for both.
func TestAnObstacleOfOneSideIsNoConsent(t *testing.T) {
	t.Parallel()
	for name, tags := range map[string]string{"a tag": "", "a rule": "    tags: none\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Build(one, lab.Marketing), t.Build(one, lab.Finance)
				release := t.Hold(function.Accept)
				pcx := t.Ask(m, f)
				time.Sleep(time.Second)
				t.ByHand(one, func(p *lab.Person) {
					p.Accept(pcx)
					p.RouteTo(m.Table, "172.31.1.0/24", pcx)
					p.RouteToServer(m.VPC.Main, "172.31.1.66/32", m.Server)
				})
				release()
				t.Policy(strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "finance]\n", "finance]\n"+tags, 1))
				t.Settle()
				t.Unchanged(0)
				t.ByHand(one, func(p *lab.Person) { p.DeleteRoute(m.VPC.Main, "172.31.1.66/32") })
				time.Sleep(time.Hour)
				isRouted(t, "172.31.1.0/24")
			})
		})
	}
}

// TestAProposedRequestNamesTheConsent that it needs after its acceptance, for routes that lead to it already.
func TestAProposedRequestNamesTheConsent(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
		pcx := t.Ask(m, f)
		routedByHand(t, m, f, pcx)
		t.Policy(inReportMode(lab.PingPolicy(m, f, lab.Site{}), true))
		time.Sleep(time.Hour)
		named := false
		for _, o := range announcedProposals(t, pcx, 0) {
			if len(o.Removals) > 0 {
				named = true
				if !strings.Contains(o.Next, peering.TagAdopt) {
					t.Errorf("%s proposes %q, next %q; want the tag %s", o.Cell, o.Removals, o.Next, peering.TagAdopt)
				}
			}
		}
		if !named {
			t.Error("no removal is proposed")
		}
	})
}

// TestARefusedRouteAfterConsent: the narrower routes that people made stay until EC2 takes the ones that replace them.
func TestARefusedRouteAfterConsent(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"RouteLimitExceeded", "UnauthorizedOperation"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
				pcx, routes := handMade(t, m, f)
				t.Policy(lab.PingPolicy(m, f, lab.Site{}))
				t.Settle()
				t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
					if c.Action == "CreateRoute" && strings.Contains(c.ARN, ":assumed-role/autopeer") {
						return &cloudsim.Failure{Code: code}
					}
					return nil
				})
				adopt(t, one, pcx)
				time.Sleep(2 * time.Hour)
				for _, route := range routes {
					isRouted(t, route)
				}
			})
		})
	}
}
