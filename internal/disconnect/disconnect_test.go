package disconnect_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
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

func TestADeletionRemovesExactlyTheAddedRoutesAndRules(t *testing.T) {
	for name, finance := range map[string]peering.Cell{"one cell": one, "two cells": two} {
		t.Run(name, func(t *testing.T) {
			sandboxtest.RunWithTagsKeptAndEnded(t, func(t *sandboxtest.T, kept bool) {
				m, f := t.Company(one, finance)
				t.ByHand(finance, func(p *lab.Person) { p.Admit(f.Group, "tcp", 22, 22, "10.10.0.0/16") })
				pcx := t.Ask(m, f)
				t.Settle()
				t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
				t.Settle()
				t.IsTagged(one, pcx, kept)
				t.IsTagged(finance, pcx, kept)
				t.Holds(sandbox.Admits(f.Group, "tcp 22", m))
				o := t.AnnouncedOnce(outcome.Disconnected, pcx)
				if o.Reason.Code != "deleted" || o.Requester.Department != "marketing" {
					t.Errorf("announced %+v", o)
				}
				t.InDeadLetters(0)

				mark := t.Cloud.Mark()
				t.Redeliver(one, function.Disconnect, sandbox.Event("DeleteVpcPeeringConnection", one, pcx, lab.Site{}, lab.Site{}))
				t.Unchanged(mark)
				t.AnnouncedOnce(outcome.Disconnected, pcx)
			})
		})
	}
}

// TestDeadOfAnyKind: routes to a connection that never became active, made by hand or left over.
func TestDeadOfAnyKind(t *testing.T) {
	tests := []struct {
		name string
		end  func(t *sandboxtest.T, pcx peering.ConnectionID)
		hint string
	}{
		{"rejected", func(t *sandboxtest.T, pcx peering.ConnectionID) {
			t.ByHand(one, func(p *lab.Person) { p.Reject(pcx) })
		}, "RejectVpcPeeringConnection"},
		{"deleted while pending", func(t *sandboxtest.T, pcx peering.ConnectionID) {
			t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		}, "DeleteVpcPeeringConnection"},
		{"expired", func(*sandboxtest.T, peering.ConnectionID) {
			time.Sleep(7*24*time.Hour + time.Minute)
		}, "DeleteVpcPeeringConnection"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Company(one, one)
				release := t.Hold(function.Accept)
				pcx := t.Ask(m, f)
				time.Sleep(time.Second)
				t.ByHand(one, func(p *lab.Person) { p.RouteTo(m.Table, "172.31.0.0/16", pcx) })
				tt.end(t, pcx)
				t.Redeliver(one, function.Disconnect, sandbox.Event(tt.hint, one, pcx, lab.Site{}, lab.Site{}))
				t.Holds()
				t.AnnouncedOnce(outcome.Disconnected, pcx)
				release()
				t.Settle()
			})
		})
	}
}

// TestAConnectionThatAWSNoLongerShows: the rules' tags and the routes' targets identify autopeer's own.
func TestAConnectionThatAWSNoLongerShows(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, one)
		t.NoSweeps()
		pcx := t.Ask(m, f)
		t.Settle()
		release := t.Hold(function.Disconnect)
		t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		time.Sleep(3 * 24 * time.Hour)
		if c, err := t.Connection(t.Ctx, one, pcx); err != nil || c.State != "" {
			t.Fatalf("EC2 still shows %+v, %v", c, err)
		}
		release()
		t.Settle()
		t.Holds()
		if o := t.AnnouncedOnce(outcome.Disconnected, pcx); o.Reason.Code != "not-visible" || len(o.Changes) != 5 {
			t.Errorf("announced %+v; want four routes and a rule taken back", o)
		}
	})
}

// TestAForgedDeletionOfAConnectionThatIsNotShownYet: EC2 is eventually consistent, and rules are no proof of life.
func TestAForgedDeletionOfAConnectionThatIsNotShownYet(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		t.NoSweeps()
		pcx := t.Ask(m, f)
		t.Settle()
		t.DropCalls()
		t.ByHand(two, func(p *lab.Person) { // the routes of its side, which would prove that it lives
			p.DeleteRoute(f.Table, "10.10.0.0/16")
			p.DeleteRoute(f.VPC.Main, "10.10.0.0/16")
		})
		mark := t.Cloud.Mark()
		see := t.Cloud.Inject(sandboxtest.Blind(function.Disconnect))
		t.Must(t.Deliver(t.Ctx, two, function.Disconnect,
			sandbox.Event("DeleteVpcPeeringConnection", one, pcx, lab.Site{}, lab.Site{})))
		time.Sleep(20 * time.Second)
		see()
		t.Settle()
		t.Unchanged(mark)
	})
}

func TestForgedDeletionsTakeNothingBack(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, one)
		pcx := t.Ask(m, f)
		t.Settle()
		mark := t.Cloud.Mark()
		for _, event := range []string{
			sandbox.Event("DeleteVpcPeeringConnection", one, pcx, lab.Site{}, lab.Site{}),
			sandbox.Event("RejectVpcPeeringConnection", two, pcx, lab.Site{}, lab.Site{}),
			sandbox.Event("DeleteVpcPeeringConnection", two, "pcx-0123456789abcdef0", lab.Site{}, lab.Site{}),
		} {
			t.Redeliver(one, function.Disconnect, event)
		}
		t.Unchanged(mark)
		if announced := t.Announced(outcome.Disconnected, pcx); len(announced) > 0 {
			t.Errorf("announced %+v", announced)
		}
		t.InDeadLetters(0)
		_, _ = m, f
	})
}

// TestTheStateOfTheConnectionDecides: a side may have rules and no route that could prove anything.
func TestTheStateOfTheConnectionDecides(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
		t.Policy(strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "finance]\n",
			"finance]\n    routes:\n      finance: { tables: { ids: [rtb-0123456789abcdef0] } }\n", 1))
		pcx := t.Ask(m, f)
		t.Settle()
		t.Redeliver(two, function.Disconnect, sandbox.Event("DeleteVpcPeeringConnection", one, pcx, lab.Site{}, lab.Site{}))
		t.Holds(sandbox.Routes(m.Table, f, pcx), sandbox.Routes(m.VPC.Main, f, pcx), sandbox.Admits(f.Group, "icmp", m))
	})
}

// TestADeletionOfAnUnknownConnectionIsNotAnnounced: every counterpart receives every deletion. In the cell of the call
// it is announced in any case.
func TestADeletionOfAnUnknownConnectionIsNotAnnounced(t *testing.T) {
	for name, tt := range map[string]struct {
		origin    peering.Cell
		announced int
	}{"elsewhere": {two, 0}, "here": {one, 1}} {
		t.Run(name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				t.Company(one, one)
				t.Redeliver(one, function.Disconnect,
					sandbox.Event("DeleteVpcPeeringConnection", tt.origin, "pcx-0123456789abcdef0", lab.Site{}, lab.Site{}))
				if announced := t.Announced(outcome.Disconnected, "pcx-0123456789abcdef0"); len(announced) != tt.announced {
					t.Errorf("announced %+v, want %d", announced, tt.announced)
				}
			})
		})
	}
}

// TestARouteThatIsLiveProvesThatAnInvisibleConnectionLives: EC2 may be late in showing a connection, and then a
// forged deletion must not take its routes.
func TestARouteThatIsLiveProvesThatAnInvisibleConnectionLives(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, one)
		pcx := t.Ask(m, f)
		t.Settle()
		mark := t.Cloud.Mark()
		defer t.Cloud.Inject(sandboxtest.Blind(function.Disconnect))()
		t.Redeliver(one, function.Disconnect, sandbox.Event("DeleteVpcPeeringConnection", one, pcx, lab.Site{}, lab.Site{}))
		t.Unchanged(mark)
		_, _ = m, f
	})
}

// TestARouteThatChangedMeanwhileIsKept: it is read again immediately before it is deleted.
func TestARouteThatChangedMeanwhileIsKept(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, one)
		pcx := t.Ask(m, f)
		t.Settle()
		var once sync.Once
		defer t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
			again := c.Action == "DescribeRouteTables" && strings.Contains(c.ARN, "autopeer-disconnect") &&
				c.Params["Filter.1.Name"] == "route-table-id"
			if again && c.Params["Filter.1.Value.1"] == string(m.Table) {
				once.Do(func() {
					t.ByHand(one, func(p *lab.Person) { p.ReplaceByGateway(m.VPC, m.Table, "172.31.0.0/16") })
				})
			}
			return nil
		})()
		t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		t.Settle()
		tables, err := t.Network(one).RouteTables(t.Ctx, m.VPC.ID)
		t.Must(err)
		kept := false
		for _, table := range tables {
			for _, r := range table.Routes {
				kept = kept || (table.ID == m.Table && r.Destination == f.VPC.Block && strings.HasPrefix(string(r.Target), "igw-"))
			}
		}
		if !kept {
			t.Error("the route that a person put in its place is gone")
		}
	})
}

func TestFaultsOfDisconnect(t *testing.T) {
	for _, action := range []string{"DescribeVpcPeeringConnections", "DescribeRouteTables", "DescribeSecurityGroupRules",
		"DeleteRoute", "RevokeSecurityGroupIngress", "PutEvents"} {
		for name, failure := range map[string]cloudsim.Failure{
			"throttled":               {Code: "RequestLimitExceeded", Status: 503},
			"an error after the call": {Code: "InternalError", Status: 500, After: true},
			"no answer":               {Drop: true, After: true},
			"no permission yet":       {Code: "UnauthorizedOperation", Status: 403},
		} {
			t.Run(action+", "+name, func(t *testing.T) {
				sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
					m, f := t.Company(one, one)
					pcx := t.Ask(m, f)
					t.Settle()
					defer t.Cloud.Inject(sandboxtest.Times(2, failure, func(c apicall.Call) bool {
						return c.Action == action && strings.Contains(c.ARN, "autopeer-disconnect")
					}))()
					t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
					t.Settle()
					t.Holds()
					t.AnnouncedOnce(outcome.Disconnected, pcx)
					t.InDeadLetters(0)
					_, _ = m, f
				})
			})
		}
	}
}
