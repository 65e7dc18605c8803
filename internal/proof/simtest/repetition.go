package simtest

import (
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/wiring"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/sandbox"
)

// hints are the calls that each function hears of.
var hints = []struct {
	function wiring.Function
	call     string
}{
	{wiring.Accept, "CreateVpcPeeringConnection"}, {wiring.Connect, "AcceptVpcPeeringConnection"}, {wiring.Disconnect, "DeleteVpcPeeringConnection"},
}

// onceMore delivers hints at every connection and sweeps once more, and expects that nothing is changed.
func (r *run) onceMore() {
	r.mu.Lock()
	r.still = true
	r.report.Remark("everything is told once more")
	requests, connections, deployed := r.Ledger.Requests, r.Ledger.Connections, r.Ledger.Policy
	r.mu.Unlock()
	for _, id := range requests {
		c := connections[id]
		for _, cell := range []peering.Cell{c.Requester.Cell, c.Accepter.Cell} {
			if deployed.IsDeployed(cell) {
				r.hint(cell, c)
			}
		}
		time.Sleep(time.Minute) // calls for two connections that ask the same at one instant take turns as the scheduler likes
	}
	if err := r.Sweep(); err != nil {
		r.report.Fail(nil, "no sweep: %v", err)
	}
	r.settle()
}

// hint tells every function of the connection what it may have heard long ago.
func (r *run) hint(cell peering.Cell, c *ledger.Connection) {
	for _, h := range hints {
		r.forge(cell, h.function, h.call, c.ID, c.Requester, c.Accepter, time.Hour)
	}
}

// forge puts an event into a function's queue, as if the call had been made that long ago.
func (r *run) forge(cell peering.Cell, f wiring.Function, call, id string, requester, accepter ledger.VPCKey, ago time.Duration) {
	time.Sleep(r.Duration(time.Microsecond, 5*time.Millisecond)) // messages that come at one instant share a batch, or not
	event := sandbox.Event(call, cell, peering.ConnectionID(id), siteOf(requester), siteOf(accepter))
	now := time.Now().UTC()
	event = strings.ReplaceAll(event, now.Format(time.RFC3339), now.Add(-ago).Format(time.RFC3339))
	event = strings.ReplaceAll(event, `"vpcId":`, `"cidrBlock":"198.18.0.0/16","vpcId":`) // nobody's, and none of an event's business
	if err := r.Deliver(r.ctx, cell, f, event); err != nil {
		r.report.Fail(nil, "an event can't be delivered: %v", err)
	}
}

func siteOf(v ledger.VPCKey) lab.Site {
	return lab.Site{Cell: v.Cell, VPC: lab.VPC{ID: peering.VPCID(v.ID)}}
}
