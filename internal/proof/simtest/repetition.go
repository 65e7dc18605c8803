package simtest

import (
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
)

// repeat repeats the events of all connections, forges messages between cells, and sweeps once more. Autopeer must not
// change anything then.
func (r *run) repeat() {
	r.checker.Finish()
	var connections []*ledger.Connection
	var deployed *plainpolicy.Policy
	r.checker.Look(func(l *ledger.Ledger) {
		for _, id := range l.Requests {
			connections = append(connections, l.Connections[id])
		}
		deployed = l.Policy
	})
	for _, c := range connections {
		for _, cell := range []peering.Cell{c.Requester.Cell, c.Accepter.Cell} {
			if deployed.IsDeployed(cell) {
				r.world.RepeatEvents(cell, c)
			}
		}
		time.Sleep(time.Minute) // the order of the same calls for two connections at one instant is up to Go's scheduler
	}
	r.world.ForgeWithoutEffect()
	if err := r.cloud.Sweep(); err != nil {
		r.report.Fail(nil, "start a sweep: %v", err)
	}
	r.settle()
}
