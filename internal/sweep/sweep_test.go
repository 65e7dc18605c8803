package sweep_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/events"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

var (
	one = peering.Cell{Account: "111111111111", Region: "us-east-1"}
	two = peering.Cell{Account: "222222222222", Region: "eu-west-1"}
)

// missed is how many events all cells have missed.
func missed(t *sandboxtest.T) int {
	n := 0
	for _, c := range t.Cells {
		n += c.Missed()
	}
	return n
}

// TestWithEveryEventLost: sweeps alone reach the state that events reach, there and back.
func TestWithEveryEventLost(t *testing.T) {
	for name, finance := range map[string]peering.Cell{"one cell": one, "two cells": two} {
		t.Run(name, func(t *testing.T) {
			sandboxtest.RunWithTagsKeptAndEnded(t, func(t *sandboxtest.T, kept bool) {
				m, f := t.Company(one, finance)
				t.DropEvents()
				pcx := t.Ask(m, f)
				time.Sleep(time.Hour)
				t.Holds(sandboxtest.Pinging(m, f, pcx)...)
				want := 1 // the request's, unless the sweeps of two cells have it checked again
				if finance != one {
					want = 0
				}
				if n := missed(t); n != want {
					t.Errorf("%d events count as missed, want %d", n, want)
				}
				t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
				time.Sleep(time.Hour)
				t.IsTagged(finance, pcx, kept)
				t.Holds()
				mark := t.Cloud.Mark()
				time.Sleep(24 * time.Hour)
				t.Unchanged(mark)
				t.InDeadLetters(0)
			})
		})
	}
}

func TestWithEventsASweepFindsNothing(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		pcx := t.Ask(m, f)
		t.Settle()
		mark := t.Cloud.Mark()
		t.Sweep()
		t.Unchanged(mark)
		if announced := t.Announced(outcome.DriftFound, pcx); len(announced) > 0 || missed(t) > 0 {
			t.Errorf("a sweep announced %+v and missed %d events; want none", announced, missed(t))
		}
	})
}

// lateBy delays CloudTrail's events.
func lateBy(late time.Duration) sandbox.Way {
	return func(d events.Delivery, usual time.Duration) []time.Duration {
		if d.Stage == events.FromTrail {
			return []time.Duration{usual + late}
		}
		return []time.Duration{usual}
	}
}

// TestMissedEvents: a sweep looks 15 and 20 minutes after the deployment. Every finding is repaired, and counts only if
// it is a request whose event can't just be late.
func TestMissedEvents(t *testing.T) {
	const manual = "    approval: manual\n"
	const vendors = "    requester: marketing\n    manage: accepter\n"
	tests := []struct {
		name    string
		peered  string        // more of the peering
		lost    bool          // every event; else CloudTrail's are late
		late    time.Duration // by this
		at      time.Duration // from the deployment to the request
		then    func(t *sandboxtest.T, m, f lab.Site, pcx peering.ConnectionID)
		between bool // the accepter is in another cell
		want    int
	}{
		{name: "a request's event is lost", lost: true, at: time.Minute, want: 1},
		{name: "an event may still come at the second look", lost: true, at: 7 * time.Minute},
		{name: "an event is late, and before the second look", late: 10 * time.Minute, at: 8 * time.Minute},
		{name: "an event is late, and after the repair", late: 14 * time.Minute, at: 7 * time.Minute},
		{name: "a third party's request", peered: vendors, lost: true, at: time.Minute, between: true},
		{name: "a request's event between two cells is lost", lost: true, at: time.Minute, between: true},
		{name: "an approval's event is lost", peered: manual, lost: true, at: time.Minute,
			then: func(t *sandboxtest.T, _, f lab.Site, pcx peering.ConnectionID) {
				time.Sleep(12 * time.Minute)
				t.ByHand(f.Cell, func(p *lab.Person) { p.Tag(string(pcx), map[string]string{peering.TagApproved: "true"}) })
			}},
		{name: "a deletion's event is lost", at: time.Minute,
			then: func(t *sandboxtest.T, m, _ lab.Site, pcx peering.ConnectionID) {
				t.Settle()
				t.DropEvents()
				t.ByHand(m.Cell, func(p *lab.Person) { p.Delete(pcx) })
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				finance := one
				if tt.between {
					finance = two
				}
				m, f := t.Build(one, lab.Marketing), t.Build(finance, lab.Finance)
				t.Policy(strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "finance]\n", "finance]\n"+tt.peered, 1))
				t.SetWay(lateBy(tt.late))
				if tt.lost {
					t.DropEvents()
				}
				time.Sleep(tt.at)
				pcx := t.Ask(m, f)
				if tt.then != nil {
					tt.then(t, m, f, pcx)
				}
				time.Sleep(2 * time.Hour)
				if n := missed(t); n != tt.want {
					t.Errorf("%d events count as missed, want %d", n, tt.want)
				}
				if c, err := t.Connection(t.Ctx, finance, pcx); err != nil || c.State == peering.PendingAcceptance {
					t.Errorf("the connection is %s, %v; the sweep should have had the request answered", c.State, err)
				}
				t.InDeadLetters(0)
			})
		})
	}
}

// TestAStrangersRequestIsNotMissed: no cell of autopeer is in its account, so that no event of it reaches this one.
func TestAStrangersRequestIsNotMissed(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		d, f := t.Build(one, lab.Developer), t.Build(two, lab.Finance)
		stranger := t.Build(peering.Cell{Account: "999999999999", Region: "us-east-1"}, lab.Marketing)
		t.Policy(strings.Replace(lab.PingPolicy(d, f, lab.Site{}), "version: 1\n", "version: 1\notherwise: reject\n", 1))
		time.Sleep(time.Minute)
		pcx := t.Ask(stranger, f)
		time.Sleep(2 * time.Hour)
		if n := missed(t); n != 0 {
			t.Errorf("%d events count as missed, want none", n)
		}
		if c, err := t.Connection(t.Ctx, two, pcx); err != nil || c.State != peering.Rejected {
			t.Errorf("the request is %s, %v, want it rejected by the sweep", c.State, err)
		}
	})
}

// TestARequestThatCouldNotBeAnsweredIsNotMissed: its event came, or came before the cell was there.
func TestARequestThatCouldNotBeAnsweredIsNotMissed(t *testing.T) {
	t.Run("before the cell", func(t *testing.T) {
		sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
			m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
			pcx := t.Ask(m, f)
			time.Sleep(time.Hour)
			t.Policy(lab.PingPolicy(m, f, lab.Site{}))
			time.Sleep(time.Hour)
			t.Holds(sandboxtest.Pinging(m, f, pcx)...)
			if n := missed(t); n != 0 {
				t.Errorf("%d events count as missed, want none", n)
			}
		})
	})
	t.Run("an obstacle", func(t *testing.T) {
		sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
			m, f := t.Company(one, one)
			t.ByHand(one, func(p *lab.Person) { p.RouteToGateway(m.VPC, m.Table, "172.31.0.0/16") })
			pcx := t.Ask(m, f)
			time.Sleep(time.Hour)
			t.ByHand(one, func(p *lab.Person) { p.DeleteRoute(m.Table, "172.31.0.0/16") })
			time.Sleep(time.Hour)
			t.Holds(sandboxtest.Pinging(m, f, pcx)...)
			if n := missed(t); n != 0 {
				t.Errorf("%d events count as missed, want none", n)
			}
		})
	})
}

// TestFalseAlarms are the requests that count although their events came in time, as docs/runbook.md lists them: a
// sweep sees that the request could be answered, and not that accept has tried.
func TestFalseAlarms(t *testing.T) {
	refused := func(code string) func(*sandboxtest.T, lab.Site) {
		return func(t *sandboxtest.T, _ lab.Site) {
			t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
				if c.Action != "AcceptVpcPeeringConnection" {
					return nil
				}
				return &cloudsim.Failure{Code: code}
			})
		}
	}
	tests := []struct {
		name   string
		before func(t *sandboxtest.T, m lab.Site) // the request
	}{
		{"EC2 denies the acceptance", refused("VpcPeeringConnectionsPerVpcLimitExceeded")},
		{"the acceptance is throttled at every try", refused("RequestLimitExceeded")},
		{"the acceptance is not permitted", refused("UnauthorizedOperation")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Company(one, one)
				time.Sleep(time.Minute)
				tt.before(t, m)
				t.Ask(m, f)
				time.Sleep(time.Hour)
				if n := missed(t); n != 1 {
					t.Errorf("%d events count as missed, want the request's: correct docs/runbook.md where it counts no longer", n)
				}
			})
		})
	}
}

// TestAFreedPlaceIsTaken within a minute after the route or the rules that stood in the way are deleted.
func TestAFreedPlaceIsTaken(t *testing.T) {
	for name, accepter := range map[string]peering.Cell{"one cell": one, "two cells": two} {
		t.Run("a route, "+name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Company(one, accepter)
				t.ByHand(one, func(p *lab.Person) { p.RouteToGateway(m.VPC, m.Table, "172.31.0.0/16") })
				pcx := t.Ask(m, f)
				time.Sleep(time.Minute)
				t.ByHand(one, func(p *lab.Person) { p.DeleteRoute(m.Table, "172.31.0.0/16") })
				time.Sleep(time.Minute)
				t.Holds(sandboxtest.Pinging(m, f, pcx)...)
				if announced := t.Announced(outcome.Repaired, pcx); len(announced) > 0 {
					t.Errorf("announced %+v, although nothing had drifted", announced)
				}
			})
		})
		t.Run("rules, "+name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Company(one, accepter)
				t.ByHand(accepter, func(p *lab.Person) {
					for port := range int32(60) {
						p.Admit(f.Group, "udp", port, port, "192.0.2.0/24")
					}
				})
				pcx := t.Ask(m, f)
				time.Sleep(time.Minute)
				t.InState(one, pcx, peering.PendingAcceptance)
				t.ByHand(accepter, func(p *lab.Person) { p.Expel(f.Group, "udp", 0, 0, "192.0.2.0/24") })
				time.Sleep(time.Minute)
				t.InState(one, pcx, peering.Active)
				rules, err := t.Network(accepter).IngressRules(t.Ctx, pcx)
				t.Must(err)
				if len(rules) != 1 {
					t.Errorf("%d rules, want one", len(rules))
				}
			})
		})
	}
}

// TestTheCallsOfASweepDoNotGrowWithTheConnections: two rounds of lists. The first sweep of a day also lists
// all groups.
func TestTheCallsOfASweepDoNotGrowWithTheConnections(t *testing.T) {
	calls := func(connections int) (rounds [][]string) {
		sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
			m, f := t.Company(one, one)
			for range connections {
				pcx := t.Ask(m, f)
				t.Settle()
				t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
				t.Settle()
			}
			t.Ask(m, f)
			time.Sleep(67 * time.Minute)
			defer sandboxtest.Slow(t.Cloud)()
			mark := t.Cloud.Mark()
			t.Sweep()
			rounds = t.Rounds(mark)
		})
		return rounds
	}
	want := [][]string{
		{"DescribeRouteTables", "DescribeSecurityGroupRules", "DescribeVpcPeeringConnections"},
		{"DescribeRouteTables", "DescribeSecurityGroups", "DescribeVpcs"},
	}
	for _, connections := range []int{0, 3} {
		if diff := cmp.Diff(want, calls(connections)); diff != "" {
			t.Errorf("round trips with %d other connections (-want +got):\n%s", connections, diff)
		}
	}
}

// edits are changes of a connection by hand.
var edits = []struct {
	name   string
	change func(p *lab.Person, m, f lab.Site)
	cell   peering.Cell
	words  string // of the wanted change
}{
	{"a deleted route", func(p *lab.Person, m, _ lab.Site) {
		p.DeleteRoute(m.Table, "172.31.0.0/16")
	}, one, "create route 172.31.0.0/16"},
	{"a revoked rule", func(p *lab.Person, _, f lab.Site) {
		p.Expel(f.Group, "icmp", -1, -1, "10.10.0.0/16")
	}, two, "authorize icmp"},
}

// TestAnEdit by a principal is repaired within a minute, as one drift with the name of the principal. EC2 may show it
// late.
func TestAnEdit(t *testing.T) {
	for name, shownLate := range map[string]time.Duration{"shown at once": 0, "shown late": 20 * time.Second} {
		for _, tt := range edits {
			t.Run(tt.name+", "+name, func(t *testing.T) {
				var late time.Duration
				sandboxtest.Run(t, sandboxtest.EditsShownLate(&late), func(t *sandboxtest.T) {
					m, f := t.Company(one, two)
					pcx := t.Ask(m, f)
					t.Settle()
					late = shownLate
					edited := time.Now()
					t.ByHand(tt.cell, func(p *lab.Person) { tt.change(p, m, f) })
					time.Sleep(time.Minute)
					t.Holds(sandboxtest.Pinging(m, f, pcx)...)
					t.Settle()
					repaired := t.AnnouncedOnce(outcome.Repaired, pcx)
					root := fmt.Sprintf("arn:aws:iam::%s:root", tt.cell.Account)
					if !slices.Equal(repaired.EditedBy, []string{root}) || !repaired.FoundAt.Equal(edited.Truncate(time.Second)) {
						t.Errorf("repaired an edit by %v at %v, want %s at %v", repaired.EditedBy, repaired.FoundAt, root, edited)
					}
					if len(repaired.Changes) != 1 || !strings.HasPrefix(repaired.Changes[0], tt.words) {
						t.Errorf("repaired with %v, want a change %q", repaired.Changes, tt.words)
					}
					if announced := t.Announced(outcome.DriftFound, pcx); len(announced) > 0 || missed(t) > 0 {
						t.Errorf("announced %+v and %d missed events; want neither", announced, missed(t))
					}
				})
			})
		}
	}
}

// TestDrift: a manual change without an event is found, announced, repaired and announced again.
func TestDrift(t *testing.T) {
	for _, tt := range edits {
		t.Run(tt.name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Company(one, two)
				pcx := t.Ask(m, f)
				t.Settle()
				t.DropCalls()
				t.ByHand(tt.cell, func(p *lab.Person) { tt.change(p, m, f) })
				t.Sweep()
				t.Holds(sandboxtest.Pinging(m, f, pcx)...)
				found, repaired := t.AnnouncedOnce(outcome.DriftFound, pcx), t.AnnouncedOnce(outcome.Repaired, pcx)
				if found.Cell != tt.cell || found.Repair != function.Connect || len(found.Wanted) != 1 ||
					!strings.HasPrefix(found.Wanted[0], tt.words) {
					t.Errorf("found %+v; want a change %q in %s", found, tt.words, tt.cell)
				}
				if diff := cmp.Diff(found.Wanted, repaired.Changes); diff != "" {
					t.Errorf("the repair differs from the finding (-found +repaired):\n%s", diff)
				}
				if n := missed(t); n != 0 {
					t.Errorf("%d events count as missed, although a change by hand has none", n)
				}
				mark := t.Cloud.Mark()
				t.Sweep()
				t.Unchanged(mark)
			})
		})
	}
}

// TestForbiddenTrafficIsClosedAtTheFirstLook of a scheduled sweep, on an obstructed side too, if no event has arrived.
// Only routes and rules that are still there at the second look are drift.
func TestForbiddenTrafficIsClosedAtTheFirstLook(t *testing.T) {
	for _, tt := range []struct {
		name       string
		change     func(t *sandboxtest.T, m, f lab.Site, pcx peering.ConnectionID)
		cell       peering.Cell
		first      string
		obstructed bool
	}{
		{"an extra rule with our tag", extraRule, two, "revoke", false},
		{"an extra route to the connection", func(t *sandboxtest.T, m, _ lab.Site, pcx peering.ConnectionID) {
			t.ByHand(one, func(p *lab.Person) { p.RouteTo(m.Table, "172.31.9.0/24", pcx) })
		}, one, "delete route 172.31.9.0/24", false},
		{"an extra rule beside a conflict", func(t *sandboxtest.T, m, f lab.Site, pcx peering.ConnectionID) {
			extraRule(t, m, f, pcx)
			t.ByHand(two, func(p *lab.Person) {
				p.ToInternet(f.VPC, f.Table)
				p.RouteToGateway(f.VPC, f.Table, "10.10.1.66/32")
			})
		}, two, "revoke", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Company(one, two)
				pcx := t.Ask(m, f)
				t.Settle()
				mark := len(t.Announcements())
				t.DropCalls()
				tt.change(t, m, f, pcx)
				t.Must(t.Sandbox.Sweep())
				time.Sleep(time.Minute)
				t.Holds(sandboxtest.Pinging(m, f, pcx)...)
				announced := slices.DeleteFunc(t.Announcements()[mark:], func(o outcome.Outcome) bool {
					return len(o.Changes) == 0
				})
				if len(announced) != 1 || announced[0].Cell != tt.cell || len(announced[0].Changes) != 1 ||
					!strings.HasPrefix(announced[0].Changes[0], tt.first) {
					t.Fatalf("announced with changes: %+v, want one with %q", announced, tt.first)
				}
				conflicting := announced[0].Type == outcome.Conflicting && len(announced[0].Conflicts) == 1
				if conflicting != tt.obstructed {
					t.Errorf("announced %s with the conflicts %v beside the removal", announced[0].Type, announced[0].Conflicts)
				}
				t.Settle()
				announced = slices.Concat(t.Announced(outcome.DriftFound, pcx), t.Announced(outcome.Repaired, pcx))
				if len(announced) > 0 {
					t.Errorf("announced %+v; at the second look there was no drift", announced)
				}
			})
		})
	}
}

func extraRule(t *sandboxtest.T, _, f lab.Site, pcx peering.ConnectionID) {
	t.ByHand(two, func(p *lab.Person) {
		p.AdmitTagged(f.Group, "tcp", 22, 22, "10.10.0.0/16", map[string]string{
			peering.TagConnection: string(pcx), peering.TagManaged: "autopeer",
		})
	})
}

// TestMissingThingsWaitForTheSecondLook, since an event may be on its way.
func TestMissingThingsWaitForTheSecondLook(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		pcx := t.Ask(m, f)
		t.Settle()
		t.DropCalls()
		t.ByHand(one, func(p *lab.Person) { p.DeleteRoute(m.Table, "172.31.0.0/16") })
		mark := t.Cloud.Mark()
		t.Must(t.Sandbox.Sweep())
		time.Sleep(time.Minute)
		t.Unchanged(mark)
		t.Settle()
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
	})
}

// TestAFindingThatIsOpenAtTheSecondLookIsDrift: connect didn't come to close it.
func TestAFindingThatIsOpenAtTheSecondLookIsDrift(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		pcx := t.Ask(m, f)
		t.Settle()
		extraRule(t, m, f, pcx)
		release := t.Hold(function.Connect)
		t.Must(t.Sandbox.Sweep())
		time.Sleep(10 * time.Minute)
		release()
		t.Settle()
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		t.AnnouncedOnce(outcome.DriftFound, pcx)
	})
}

// TestARequestBeingHandledIsNoDrift: the first look comes before the events.
func TestARequestBeingHandledIsNoDrift(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		release := t.Hold(function.Accept)
		pcx := t.Ask(m, f)
		time.Sleep(time.Second)
		t.Must(t.Sandbox.Sweep())
		time.Sleep(time.Minute)
		release()
		t.Settle()
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		if announced := t.Announced(outcome.DriftFound, pcx); len(announced) > 0 || missed(t) > 0 {
			t.Errorf("announced %+v and %d missed events; want neither", announced, missed(t))
		}
	})
}

// TestAConnectionThatWasThereBefore is adopted if the policy allows it, and else reported once a day.
func TestAConnectionThatWasThereBefore(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f, d := t.Build(one, lab.Marketing), t.Build(one, lab.Finance), t.Build(one, lab.Developer)
		allowed, other := t.Ask(m, f), t.Ask(d, f)
		time.Sleep(time.Second)
		t.ByHand(one, func(p *lab.Person) {
			p.Accept(allowed)
			p.Accept(other)
			p.RouteTo(d.Table, "172.31.0.0/16", other)
		})
		time.Sleep(time.Second)
		t.Policy(lab.PingPolicy(m, f, lab.Site{}))
		mark := t.Cloud.Mark()
		time.Sleep(3*24*time.Hour - time.Minute)
		t.Holds(append(sandboxtest.Pinging(m, f, allowed), sandbox.Routes(d.Table, f, other))...)
		t.AnnouncedOnce(outcome.Connected, allowed)
		if announced := t.Announced(outcome.Denied, other); len(announced) != 2 {
			t.Errorf("the connection that the policy doesn't allow is reported %d times in two midnights, want 2",
				len(announced))
		}
		for _, call := range t.ByAutopeer(mark) {
			if call.Mutating && strings.Contains(call.Params["VpcPeeringConnectionId"], string(other)) {
				t.Errorf("%s touches the connection that the policy doesn't allow", call.Action)
			}
		}
	})
}

// TestAPeeringThatIsRemovedFromThePolicy: the policy decides about its connections.
func TestAPeeringThatIsRemovedFromThePolicy(t *testing.T) {
	for _, tt := range []struct {
		name, removed string
		stays         bool
	}{
		{"reported is the default", "", true},
		{"reported", "removed: report\n", true},
		{"disconnected", "removed: disconnect\n", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Company(one, two)
				pcx := t.Ask(m, f)
				t.Settle()
				without := lab.PingPolicy(m, f, lab.Site{})
				t.Redeploy(strings.Replace(without[:strings.Index(without, "peerings:")], "version: 1\n",
					"version: 1\n"+tt.removed, 1) + "peerings: []\n")
				t.ByHand(one, func(p *lab.Person) { p.Admit(m.Group, "tcp", 22, 22, "172.31.0.0/16") })
				time.Sleep(25 * time.Hour)
				t.InState(one, pcx, peering.Active)
				theirs := sandbox.Admits(m.Group, "tcp 22", f)
				if tt.stays {
					t.Holds(append(sandboxtest.Pinging(m, f, pcx), theirs)...)
					if o := t.AnnouncedOnce(outcome.Denied, pcx); !strings.Contains(o.Next, "its routes and rules stay") {
						t.Errorf("next = %q, want the truth about the routes and rules", o.Next)
					}
					return
				}
				t.Holds(theirs)
				if o := t.AnnouncedOnce(outcome.Disconnected, pcx); o.Reason.Code != "removed" {
					t.Errorf("reason = %+v, want removed", o.Reason)
				}
				mark := t.Cloud.Mark()
				t.Sweep()
				t.Unchanged(mark)
				t.InDeadLetters(0)
			})
		})
	}
}

// TestARequestThatIsDenied is announced although its event was lost, and not again with every sweep, but once a day.
func TestARequestThatIsDenied(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		d := t.Build(one, lab.Developer)
		t.DropEvents()
		pcx := t.Ask(d, f)
		time.Sleep(24 * time.Hour)
		first := len(t.Announced(outcome.Denied, pcx))
		if first == 0 || first > 6 {
			t.Errorf("announced %d times on the first day, want up to three times by each cell", first)
		}
		time.Sleep(24 * time.Hour)
		if n := len(t.Announced(outcome.Denied, pcx)) - first; n != 3 {
			t.Errorf("announced %d times on the second day, want once by each cell, and once more on "+
				"the requester's cell's message", n)
		}
		time.Sleep(7 * 24 * time.Hour)
		if o := t.AnnouncedOnce(outcome.Failed, pcx); o.Reason.Code != "expired" {
			t.Errorf("reason = %+v, want expired", o.Reason)
		}
		t.Holds()
		_ = m
	})
}

// TestARequestIsAcceptedOnceItsObstacleIsGone, without another request.
func TestARequestIsAcceptedOnceItsObstacleIsGone(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(one, lab.Finance)
		t.ByHand(one, func(p *lab.Person) { p.RouteToGateway(m.VPC, m.Table, "172.31.0.0/16") })
		t.Policy(lab.PingPolicy(m, f, lab.Site{}))
		pcx := t.Ask(m, f)
		t.Settle()
		t.InState(one, pcx, peering.PendingAcceptance)
		t.AnnouncedOnce(outcome.Conflicting, pcx)
		t.ByHand(one, func(p *lab.Person) { p.DeleteRoute(m.Table, "172.31.0.0/16") })
		t.Sweep()
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
	})
}

// TestASweepOnlyReads: its role may not do more, and it doesn't try.
func TestASweepOnlyReads(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		t.DropEvents()
		pcx := t.Ask(m, f)
		time.Sleep(time.Hour)
		t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		time.Sleep(time.Hour)
		mutated := slices.DeleteFunc(t.ByAutopeer(0), func(c apicall.Call) bool {
			return c.Service != "ec2" || !c.Mutating || !strings.Contains(c.ARN, "autopeer-sweep")
		})
		if len(mutated) > 0 {
			t.Errorf("a sweep made %v", mutated)
		}
	})
}
