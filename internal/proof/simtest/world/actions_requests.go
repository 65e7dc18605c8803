package world

import (
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
)

// connections returns the connections in one of the states, in the order of their requests.
func (w *World) connections(states ...ledger.State) []*ledger.Connection {
	return look(w, func(l *ledger.Ledger) []*ledger.Connection {
		var all []*ledger.Connection
		for _, id := range l.Requests {
			if c := l.Connections[id]; slices.Contains(states, l.State(c, time.Now())) {
				all = append(all, c)
			}
		}
		return all
	})
}

// pair returns two different sites, mostly of two departments that the policy has a peering for.
func (w *World) pair() (from, to *site) {
	for range 4 {
		from, to = random.Pick(w.Source, w.sites...), random.Pick(w.Source, w.sites...)
		if from != to && (w.Chance(20) || w.isListed(from, to)) {
			return from, to
		}
	}
	return w.sites[0], w.sites[1]
}

func (w *World) isListed(a, b *site) bool {
	p := look(w, func(l *ledger.Ledger) []plainpolicy.Peering { return l.Policy.Peerings })
	return slices.ContainsFunc(p, func(e plainpolicy.Peering) bool {
		return e.A == a.department && e.B == b.department || e.A == b.department && e.B == a.department
	})
}

// Request lets a person request a connection, mostly of two departments that the policy has a peering for.
func (w *World) Request() {
	from, to := w.pair()
	peer := to.VPCKey
	switch {
	case w.Chance(4):
		peer.ID = "vpc-0000000000000dead"
	case w.Chance(4):
		peer.Account = random.Pick(w.Source, w.cells...).Account
	}
	w.requestBetween(from.VPCKey, peer)
}

func (w *World) requestBetween(from, to ledger.VPCKey) {
	params := []string{"VpcId", from.ID, "PeerVpcId", to.ID}
	if from.Account != to.Account {
		params = append(params, "PeerOwnerId", string(to.Account))
	}
	if from.Region != to.Region {
		params = append(params, "PeerRegion", string(to.Region))
	}
	answer, err := w.ask(from.Cell, "CreateVpcPeeringConnection", params...)
	if err != nil {
		return
	}
	w.hide(from, element(answer, "vpcPeeringConnectionId"))
}

// decideByHand makes a call about a connection in one of the states: the accepter does, or either side.
func (w *World) decideByHand(action string, either bool, states ...ledger.State) {
	found := w.connections(states...)
	if len(found) == 0 {
		return
	}
	c := random.Pick(w.Source, found...)
	cell := c.Accepter.Cell
	if either && w.Chance(60) {
		cell = c.Requester.Cell
	}
	w.remember(c)
	w.act(cell, action, "VpcPeeringConnectionId", c.ID)
}

func (w *World) acceptByHand() { w.decideByHand("AcceptVpcPeeringConnection", false, ledger.Pending) }

func (w *World) rejectByHand() { w.decideByHand("RejectVpcPeeringConnection", false, ledger.Pending) }

func (w *World) deleteConnection() {
	w.decideByHand("DeleteVpcPeeringConnection", true, ledger.Active, ledger.Active, ledger.Pending)
}

// requestAgain repeats a request, half the time after the connection was deleted.
func (w *World) requestAgain() {
	if found := w.connections(ledger.Pending, ledger.Active, ledger.Dead); len(found) > 0 {
		c := random.Pick(w.Source, found...)
		if w.Chance(50) {
			w.remember(c)
			w.act(c.Requester.Cell, "DeleteVpcPeeringConnection", "VpcPeeringConnectionId", c.ID)
		}
		w.requestBetween(c.Requester, c.Accepter)
	}
}

func (w *World) approve() {
	found := w.connections(ledger.Pending)
	if len(found) == 0 {
		return
	}
	c := random.Pick(w.Source, found...)
	w.remember(c)
	cell := c.Accepter.Cell
	if w.Chance(10) {
		cell = c.Requester.Cell // where the tag has no effect
	}
	w.act(cell, "CreateTags", tagged(c.ID, peering.TagApproved, random.Pick(w.Source, "true", "true", "true", "false"))...)
}
