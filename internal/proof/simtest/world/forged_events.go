package world

import (
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
	"github.com/autopeer/autopeer/internal/sandbox"
)

// hints are the calls whose events the functions act on.
var hints = []struct {
	function function.Name
	call     string
}{
	{function.Accept, "CreateVpcPeeringConnection"}, {function.Connect, "AcceptVpcPeeringConnection"},
	{function.Disconnect, "DeleteVpcPeeringConnection"},
}

// RepeatEvents sends every function of the cell the event of an hour ago that it acts on, for the connection.
func (w *World) RepeatEvents(cell peering.Cell, c *ledger.Connection) {
	for _, h := range hints {
		w.forge(cell, h.function, h.call, c.ID, c.Requester, c.Accepter, time.Hour)
	}
}

// forge sends an event to the queue of a function, as if the call had been made that long ago.
func (w *World) forge(cell peering.Cell, f function.Name, call, id string, requester,
	accepter ledger.VPCKey, ago time.Duration) {
	time.Sleep(w.Duration(time.Microsecond, 5*time.Millisecond)) // messages of one instant may or may not share a batch
	event := sandbox.Event(call, cell, peering.ConnectionID(id), siteOf(requester), siteOf(accepter))
	now := time.Now().UTC()
	event = strings.ReplaceAll(event, now.Format(time.RFC3339), now.Add(-ago).Format(time.RFC3339))
	// a block that no VPC has: autopeer must not believe events
	event = strings.ReplaceAll(event, `"vpcId":`, `"cidrBlock":"198.18.0.0/16","vpcId":`)
	w.put(cell, f, id, event)
}

// put puts an event about a connection into the queue of a function.
func (w *World) put(cell peering.Cell, f function.Name, connection, event string) {
	w.observer.Forged(connection)
	if err := w.sandbox.Deliver(w.ctx, cell, f, event); err != nil {
		w.report.Fail(nil, "deliver an event: %v", err)
	}
}

func siteOf(v ledger.VPCKey) lab.Site {
	return lab.Site{Cell: v.Cell, VPC: lab.VPC{ID: peering.VPCID(v.ID)}}
}

// forgeEvent sends a function an event of a call that may never have been made, or made for other VPCs.
func (w *World) forgeEvent() {
	found := w.connections(ledger.Pending, ledger.Active, ledger.Dead)
	cells := slices.DeleteFunc(slices.Clone(w.cells), func(c peering.Cell) bool {
		return !look(w, func(l *ledger.Ledger) []bool { return []bool{l.Policy.IsDeployed(c)} })[0]
	})
	if len(found) == 0 || len(cells) == 0 {
		return
	}
	h := random.Pick(w.Source, hints...)
	c := random.Pick(w.Source, found...)
	requester, accepter := c.Requester, c.Accepter
	if w.Chance(50) {
		requester, accepter = random.Pick(w.Source, w.sites...).VPCKey, random.Pick(w.Source, w.sites...).VPCKey
	}
	w.forge(random.Pick(w.Source, cells...), h.function, h.call, c.ID, requester, accepter,
		random.Pick(w.Source, 0, time.Minute, time.Hour, time.Hour, time.Hour))
}
