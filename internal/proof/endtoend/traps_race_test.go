package endtoend_test

import (
	"fmt"
	"hash/fnv"
	"slices"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/events"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestTrap13SimultaneousEvents: requests that come at once, with events that come late, twice and in any order, share
// the route tables and the group of one side
// (aws-solutions-library-samples/network-orchestration-for-aws-transit-gateway#1, #145).
func TestTrap13SimultaneousEvents(t *testing.T) {
	t.Parallel()
	for name, way := range map[string]sandbox.Way{
		"in order":                  nil,
		"doubled":                   doubled,
		"doubled, and in any order": shuffled,
	} {
		t.Run(name, func(t *testing.T) {
			nearAndFar(t, func(t *sandboxtest.T, accepter peering.Cell) {
				f := t.Build(accepter, lab.Finance)
				clients := make([]lab.Site, 5)
				var entries string
				for i := range clients {
					name := fmt.Sprintf("client%d", i)
					clients[i] = t.Build(one, func(p *lab.Person) lab.Site {
						v := p.VPC(name, fmt.Sprintf("10.%d.0.0/16", i))
						return lab.Site{Name: name, Cell: p.Cell, VPC: v, Table: v.Main}
					})
					entries += entry(name, "finance",
						fmt.Sprintf("allow: [{ from: %s, to: finance, groups: { tags: { Role: finance-server } }, protocol: icmp }]",
							name))
				}
				t.Policy(company(append(clients, f)...) + entries)
				t.SetWay(way)
				var want []string
				var pcx []peering.ConnectionID
				for i, c := range clients {
					pcx = append(pcx, t.Ask(c, f))
					want = slices.Concat(want, sandbox.Connected(c, f, pcx[i]), []string{sandbox.Admits(f.Group, "icmp", c)})
				}
				t.Settle()
				t.Holds(want...)
				for _, id := range pcx {
					acceptedOnce(t, id)
				}
				for i, id := range pcx {
					t.ByHand([]peering.Cell{one, accepter}[i%2], func(p *lab.Person) { p.Delete(id) })
				}
				t.Settle()
				t.Holds()
				t.InDeadLetters(0)
			})
		})
	}
}

// acceptedOnce checks that of all attempts to accept the connection one has succeeded.
func acceptedOnce(t *sandboxtest.T, pcx peering.ConnectionID) {
	t.Helper()
	n := 0
	for _, c := range calls(t, "AcceptVpcPeeringConnection") {
		if c.Params["VpcPeeringConnectionId"] == string(pcx) && c.ErrorCode == "" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%s is accepted %d times, want once", pcx, n)
	}
}

func doubled(_ events.Delivery, usual time.Duration) []time.Duration {
	return []time.Duration{usual, usual}
}

// shuffled delivers each event after a time of its own, up to a minute, and again after another one.
func shuffled(d events.Delivery, usual time.Duration) []time.Duration {
	h := fnv.New32a()
	_, _ = fmt.Fprint(h, d.Event.ID, d.Target)
	n := time.Duration(h.Sum32() % 60)
	return []time.Duration{usual + n*time.Second, usual + (59-n)*time.Second}
}
