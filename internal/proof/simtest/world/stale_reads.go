package world

import (
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
)

// remember lets both cells of a connection go on for a while to read it as it is now, before a person changes it.
func (w *World) remember(c *ledger.Connection) {
	if !w.Chance(w.faults.StalePercent()) {
		return
	}
	for _, cell := range []peering.Cell{c.Requester.Cell, c.Accepter.Cell} {
		answer, err := w.ask(cell, "DescribeVpcPeeringConnections", "Filter.1.Name", "vpc-peering-connection-id",
			"Filter.1.Value.1", c.ID)
		if err == nil {
			w.faults.Stale(cell, c.ID, answer, w.Duration(time.Second, 15*time.Second))
		}
	}
}

// hide lets the requester not see a new connection for a while.
func (w *World) hide(requester ledger.VPCKey, id string) {
	if w.isNew(id) && w.Chance(w.faults.StalePercent()) {
		const none = `<DescribeVpcPeeringConnectionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">` +
			`<requestId>r</requestId><vpcPeeringConnectionSet/></DescribeVpcPeeringConnectionsResponse>`
		w.faults.Stale(requester.Cell, id, none, w.Duration(time.Second, oracle.Unseen))
	}
}

// isNew reports whether the connection was made just now: EC2 answers a repeated request with the one that exists.
func (w *World) isNew(id string) (isNew bool) {
	w.observer.Look(func(l *ledger.Ledger) {
		c := l.Connections[id]
		isNew = c != nil && c.Created.Equal(time.Now())
	})
	return isNew
}
