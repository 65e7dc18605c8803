package endtoend_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// perSide counts the announcements of the type about the connection by cell and side.
func perSide(t *sandboxtest.T, announced outcome.Type, pcx peering.ConnectionID) map[string]int {
	n := map[string]int{}
	for _, o := range t.Announced(announced, pcx) {
		n[strings.TrimSpace(o.Cell.String()+" "+string(o.Side))]++
	}
	return n
}

// TestASideIsConnectedOnce: CloudTrail's record of the acceptance, autopeer's announcement and the message of the other
// cell arrive apart from each other, and each leads to the same outcome. The record is forwarded a minute late.
func TestASideIsConnectedOnce(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		pcx := t.Ask(m, f)
		time.Sleep(time.Minute)
		for _, cell := range []peering.Cell{one, accepter} {
			t.Redeliver(cell, function.Connect, acceptance(accepter, m, f, pcx))
		}
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		if n := perSide(t, outcome.Connected, pcx); len(n) != 2 ||
			slices.Max([]int{n[one.String()+" requester"], n[accepter.String()+" accepter"]}) != 1 {
			t.Errorf("announced as connected: %v, want each side once", n)
		}
	})
}

// acceptance returns CloudTrail's record of an acceptance.
func acceptance(cell peering.Cell, m, f lab.Site, pcx peering.ConnectionID) string {
	vpc := func(s lab.Site) string {
		return fmt.Sprintf(`{"ownerId":%q,"region":%q,"vpcId":%q}`, s.Cell.Account, s.Cell.Region, s.VPC.ID)
	}
	return fmt.Sprintf(`{"source":"aws.ec2","detail-type":"AWS API Call via CloudTrail","account":%q,"region":%q,"time":%q,
	"detail":{"eventSource":"ec2.amazonaws.com",
		"eventName":"AcceptVpcPeeringConnection","eventVersion":"1.11","eventTime":%[3]q,"eventID":"e-1","awsRegion":%[2]q,
		"requestParameters":{"vpcPeeringConnectionId":%[4]q},
		"responseElements":{"vpcPeeringConnection":{"vpcPeeringConnectionId":%[4]q,"requesterVpcInfo":%[5]s,
		"accepterVpcInfo":%[6]s}}}}`,
		cell.Account, cell.Region, time.Now().UTC().Format(time.RFC3339), pcx, vpc(m), vpc(f))
}

// TestAConnectedSideIsNeverUnannounced: EventBridge refuses the first announcement of a side, and the second event has
// it published.
func TestAConnectedSideIsNeverUnannounced(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		refuse := func(c apicall.Call) bool {
			return c.Action == "PutEvents" && strings.Contains(c.ARN, "autopeer-connect")
		}
		end := t.Cloud.Inject(sandboxtest.Times(4, cloudsim.Failure{Code: "AccessDeniedException", Status: 400}, refuse))
		defer end()
		pcx := t.Ask(m, f)
		time.Sleep(10 * time.Minute)
		if n := perSide(t, outcome.Connected, pcx); len(n) != 2 {
			t.Errorf("announced as connected: %v, want both sides", n)
		}
	})
}

// TestADeletedRequestIsAnnouncedOnce by each cell with a side, in both orders in which the events of the request and
// the deletion are handled.
func TestADeletedRequestIsAnnouncedOnce(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]bool{
		"the request is handled first": true, "the deletion is handled first": false,
	} {
		t.Run(name, func(t *testing.T) {
			everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
				m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
				t.Policy(company(m, f) + entry("marketing", "finance", "approval: manual"))
				release := func() {}
				if !first {
					release = t.Hold(function.Accept)
				}
				pcx := t.Ask(m, f)
				time.Sleep(time.Minute)
				t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
				time.Sleep(time.Minute)
				release()
				time.Sleep(3 * time.Hour)
				want := map[string]int{one.String(): 1, accepter.String(): 1}
				if n := perSide(t, outcome.Disconnected, pcx); fmt.Sprint(n) != fmt.Sprint(want) {
					t.Errorf("announced as ended: %v, want %v", n, want)
				}
				if failed := t.Announced(outcome.Failed, pcx); len(failed) > 0 {
					t.Errorf("announced besides as %+v", failed)
				}
			})
		})
	}
}

// TestRepetitionsAreMarked: a lasting outcome is announced once by the event and, if that was lost, after five minutes.
// All scheduled sweeps after that mark it, in the cell with the obstacle and in the other one.
func TestRepetitionsAreMarked(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*sandboxtest.T, peering.Cell) peering.ConnectionID{
		"a request without an approval": func(t *sandboxtest.T, accepter peering.Cell) peering.ConnectionID {
			m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
			t.Policy(company(m, f) + entry("marketing", "finance", "approval: manual"))
			return t.Ask(m, f)
		},
		"a request that waits for the other cell": func(t *sandboxtest.T, accepter peering.Cell) peering.ConnectionID {
			m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
			t.ByHand(one, func(p *lab.Person) { p.RouteToGateway(m.VPC, m.Table, "172.31.0.0/16") })
			t.Policy(company(m, f) + entry("marketing", "finance"))
			return t.Ask(m, f)
		},
		"an obstacle of an active connection": func(t *sandboxtest.T, accepter peering.Cell) peering.ConnectionID {
			m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
			t.Policy(company(m, f) + entry("marketing", "finance"))
			pcx := t.Ask(m, f)
			t.Settle()
			t.ByHand(one, func(p *lab.Person) {
				p.DeleteRoute(m.Table, "172.31.0.0/16")
				p.RouteToGateway(m.VPC, m.Table, "172.31.0.0/16")
			})
			return pcx
		},
	}
	for name, begin := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
				begun := time.Now()
				pcx := begin(t, accepter)
				time.Sleep(26 * time.Hour)
				marked, unmarked := map[string]int{}, map[string]int{}
				for _, o := range t.Announcements() {
					if o.Connection != pcx || o.Reason.Code == "allowed" || o.Type == outcome.Repaired || o.Type == outcome.Connected {
						continue
					}
					if !o.Repeated {
						unmarked[o.ID]++
						continue
					}
					marked[o.ID]++
					if unmarked[o.ID] == 0 {
						t.Errorf("the first announcement of %s (%s) is marked as repeated", o.Type, o.Reason.Sentence)
					}
				}
				for id, n := range unmarked {
					if n > 4 || marked[id] == 0 {
						t.Errorf("of the announcements with the id %s since %s, %d are not marked and %d are", id, begun, n, marked[id])
					}
				}
				if len(unmarked) == 0 {
					t.Error("nothing is announced")
				}
			})
		})
	}
}

// TestTheEndOfAnObstacleIsNeverUnannounced: a call that reports the end fails. Nothing in AWS shows that there was an
// obstacle, so only the redelivery can report its end.
func TestTheEndOfAnObstacleIsNeverUnannounced(t *testing.T) {
	t.Parallel()
	for name, failing := range map[string]struct {
		action, function string
		nth              int
	}{
		"the announcement":              {"PutEvents", "autopeer-connect", 1},
		"the message to the other cell": {"PutEvents", "autopeer-connect", 2},
		"the finding of the sweep":      {"SendMessageBatch", "autopeer-sweep", 1},
	} {
		t.Run(name, func(t *testing.T) {
			nearAndFar(t, func(t *sandboxtest.T, accepter peering.Cell) {
				m, f := t.Company(one, accepter)
				t.Ask(m, f)
				t.Settle()
				toServer(t, f, quarantined)
				time.Sleep(time.Hour)
				seen, calls := len(t.Announcements()), 0
				fails := func(c apicall.Call) bool {
					if c.Action == failing.action && strings.Contains(c.ARN, failing.function) {
						calls++
					}
					return calls == failing.nth
				}
				defer t.Cloud.Inject(sandboxtest.Times(1, cloudsim.Failure{Code: "AccessDeniedException", Status: 400}, fails))()
				t.ByHand(f.Cell, func(p *lab.Person) { p.DeleteRoute(f.Table, quarantined) })
				time.Sleep(10 * time.Minute)
				want := 0
				if accepter != one {
					want = 1
				}
				connected := slices.ContainsFunc(t.Announcements()[seen:], func(o outcome.Outcome) bool {
					return o.Type == outcome.Connected && o.Side == peering.Accepter
				})
				if n := completed(t, one, seen); n != want || !connected {
					t.Errorf("the end is announced %d times to the other owner, want %d; to this one: %v", n, want, connected)
				}
			})
		})
	}
}

// TestTheEndOfTheFirstObstacleIsFoundOnce: a side that was never connected has a finding with another reason than one
// with an obstacle, and the redelivery of a failed sweep still knows that an obstacle has ended.
func TestTheEndOfTheFirstObstacleIsFoundOnce(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		release := t.Hold(function.Connect)
		pcx := t.Ask(m, f)
		time.Sleep(time.Minute)
		toServer(t, f, quarantined)
		release()
		time.Sleep(time.Hour)
		t.AnnouncedOnce(outcome.Conflicting, pcx)
		seen := len(t.Announcements())
		defer t.Cloud.Inject(sandboxtest.Times(4, cloudsim.Failure{Code: "AccessDeniedException"}, func(c apicall.Call) bool {
			return c.Action == "SendMessageBatch" && strings.Contains(c.ARN, "autopeer-sweep")
		}))()
		t.ByHand(f.Cell, func(p *lab.Person) { p.DeleteRoute(f.Table, quarantined) })
		time.Sleep(10 * time.Minute)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		isEnd := func(o outcome.Outcome) bool {
			return o.Type == outcome.Connected && o.Side == peering.Accepter && !o.FoundAt.IsZero()
		}
		if !slices.ContainsFunc(t.Announcements()[seen:], isEnd) {
			t.Errorf("announced %+v, want the end of the obstacle with the time at which it was found", t.Announcements()[seen:])
		}
	})
}

// TestEachEndOfAnObstacleHasAnIDOfItsOwn: consumers discard events whose id they know, and the side is as it was before
// the obstacle.
func TestEachEndOfAnObstacleHasAnIDOfItsOwn(t *testing.T) {
	t.Parallel()
	everywhere(t, nil, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		pcx := t.Ask(m, f)
		t.Settle()
		for range 2 {
			toServer(t, f, quarantined)
			time.Sleep(2 * time.Minute)
			t.ByHand(f.Cell, func(p *lab.Person) { p.DeleteRoute(f.Table, quarantined) })
			time.Sleep(2 * time.Minute)
		}
		ids := map[string]bool{}
		var ends int
		for _, o := range t.Announced(outcome.Connected, pcx) {
			if o.Side == peering.Requester {
				continue
			}
			ids[o.ID] = true
			if ends++; o.Repeated {
				t.Errorf("announced as repeated: %+v", o)
			}
		}
		want := 3
		if accepter != one {
			want = 5 // with those of the other cell
		}
		if len(ids) != want || ends != want {
			t.Errorf("the side is announced as connected %d times under %d ids, want %d", ends, len(ids), want)
		}
	})
}
