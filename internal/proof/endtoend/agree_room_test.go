package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// bothAsk plays a scenario between Marketing and Finance in two cells, in which Finance, whose side has the obstacle,
// is asked or asks itself.
func bothAsk(t *testing.T, scenario func(t *sandboxtest.T, m, f lab.Site, asks func() peering.ConnectionID)) {
	t.Helper()
	for name, financeAsks := range map[string]bool{"of the accepter": false, "of the requester": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
				scenario(t, m, f, func() peering.ConnectionID {
					if financeAsks {
						return t.Ask(f, m)
					}
					return t.Ask(m, f)
				})
			})
		})
	}
}

// room is an obstacle of Finance's side, and its end.
type room struct {
	limits string
	fill   func(t *sandboxtest.T, f lab.Site)
	free   func(t *sandboxtest.T, f lab.Site, file string)
}

func redeployed(limits string) func(*sandboxtest.T, lab.Site, string) {
	return func(t *sandboxtest.T, _ lab.Site, file string) { t.Redeploy(file + limits) }
}

func filledGroup(t *sandboxtest.T, f lab.Site) {
	t.ByHand(f.Cell, func(p *lab.Person) { p.Admit(f.Group, "udp", 53, 53, "192.0.2.0/24") })
}

func filledTable(t *sandboxtest.T, f lab.Site) {
	t.ByHand(f.Cell, func(p *lab.Person) {
		p.ToInternet(f.VPC, f.Table)
		p.RouteToGateway(f.VPC, f.Table, "192.0.2.0/24")
	})
}

var rooms = map[string]room{
	"a revocation": {"limits: { rules: 1 }\n", filledGroup, func(t *sandboxtest.T, f lab.Site, _ string) {
		t.ByHand(f.Cell, func(p *lab.Person) { p.Expel(f.Group, "udp", 53, 53, "192.0.2.0/24") })
	}},
	"a deleted route": {"limits: { routes: 3 }\n", filledTable, func(t *sandboxtest.T, f lab.Site, _ string) {
		t.ByHand(f.Cell, func(p *lab.Person) { p.DeleteRoute(f.Table, "192.0.2.0/24") })
	}},
	"a deleted route that was a conflict": {"", func(t *sandboxtest.T, f lab.Site) {
		toServer(t, f, quarantined)
	}, func(t *sandboxtest.T, f lab.Site, _ string) {
		t.ByHand(f.Cell, func(p *lab.Person) { p.DeleteRoute(f.Table, quarantined) })
	}},
	"a deployed limit of rules":  {"limits: { rules: 1 }\n", filledGroup, redeployed("limits: { rules: 2 }\n")},
	"a deployed limit of routes": {"limits: { routes: 3 }\n", filledTable, redeployed("limits: { routes: 9 }\n")},
}

// TestRoomIsTaken within a minute, on whichever side it was missing: by a request that waits for it, and by a side of a
// connection that a person has accepted in the meantime.
func TestRoomIsTaken(t *testing.T) {
	t.Parallel()
	for name, r := range rooms {
		for state, accepted := range map[string]bool{"requested": false, "accepted by hand": true} {
			t.Run(name+", "+state, func(t *testing.T) {
				t.Parallel()
				bothAsk(t, func(t *sandboxtest.T, m, f lab.Site, asks func() peering.ConnectionID) {
					r.fill(t, f)
					file := lab.PingPolicy(m, f, lab.Site{})
					t.Policy(file + r.limits)
					pcx := asks()
					time.Sleep(time.Second)
					if accepted {
						acceptByHand(t, pcx)
					}
					time.Sleep(time.Hour + 2*time.Minute) // no scheduled sweep is near
					if n := routesTo(t, pcx, f); n != 0 {
						t.Errorf("the side with the obstacle has %d routes, want none", n)
					}
					r.free(t, f, file)
					time.Sleep(time.Minute)
					if n := routesTo(t, pcx, m, f); n != 4 {
						t.Errorf("both sides have %d routes, want 4", n)
					}
					t.AnnouncedOnce(outcome.Connected, pcx)
					t.InDeadLetters(0)
				})
			})
		}
	}
}

func acceptByHand(t *sandboxtest.T, pcx peering.ConnectionID) {
	t.Helper()
	c, err := t.Connection(t.Ctx, one, pcx)
	t.Must(err)
	t.ByHand(c.Accepter.Cell(), func(p *lab.Person) { p.Accept(pcx) })
}

// routesTo counts the routes of the sites to the connection.
func routesTo(t *sandboxtest.T, pcx peering.ConnectionID, sites ...lab.Site) int {
	t.Helper()
	state, err := t.State(t.Ctx, sites...)
	t.Must(err)
	return strings.Count(strings.Join(state, "\n"), " to "+string(pcx))
}

// TestTheEndOfALateObstacle is announced to the other owner once, as the obstacle was.
func TestTheEndOfALateObstacle(t *testing.T) {
	t.Parallel()
	for name, obstacle := range map[string]struct {
		begin, end func(t *sandboxtest.T, f lab.Site)
	}{
		"a narrower route": {
			func(t *sandboxtest.T, f lab.Site) { toServer(t, f, quarantined) },
			func(t *sandboxtest.T, f lab.Site) {
				t.ByHand(f.Cell, func(p *lab.Person) { p.DeleteRoute(f.Table, quarantined) })
			},
		},
		"a route in place of ours": {
			func(t *sandboxtest.T, f lab.Site) {
				t.ByHand(f.Cell, func(p *lab.Person) {
					p.ToInternet(f.VPC, f.Table)
					p.ReplaceByGateway(f.VPC, f.Table, "10.10.0.0/16")
				})
			},
			func(t *sandboxtest.T, f lab.Site) {
				t.ByHand(f.Cell, func(p *lab.Person) { p.DeleteRoute(f.Table, "10.10.0.0/16") })
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothAsk(t, func(t *sandboxtest.T, m, f lab.Site, asks func() peering.ConnectionID) {
				t.Policy(lab.PingPolicy(m, f, lab.Site{}))
				pcx := asks()
				t.Settle()
				obstacle.begin(t, f)
				time.Sleep(time.Hour + 2*time.Minute)
				seen := len(t.Announcements())
				obstacle.end(t, f)
				time.Sleep(time.Minute)
				if n := completed(t, one, seen); n != 1 {
					t.Errorf("the end is announced %d times to the other owner, want once", n)
				}
				t.ByHand(f.Cell, func(p *lab.Person) { p.DeleteRoute(f.Table, "10.10.0.0/16") }) // an edit is no obstacle
				time.Sleep(25 * time.Hour)
				if n := completed(t, one, seen); n != 1 {
					t.Errorf("the end is announced %d times in a day, want once", n)
				}
				t.Holds(sandboxtest.Pinging(m, f, pcx)...)
			})
		})
	}
}

// completed counts the announcements in the cell that the other side is complete.
func completed(t *sandboxtest.T, cell peering.Cell, seen int) (n int) {
	for _, o := range t.Announcements()[seen:] {
		if o.Cell == cell && o.Type == outcome.Connected && o.Reason.Code == "complete" {
			n++
		}
	}
	return n
}
