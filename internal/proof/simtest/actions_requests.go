package simtest

import (
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
)

// connections returns those in one of these states.
func (r *run) connections(states ...ledger.State) []*ledger.Connection {
	return look(r, func(l *ledger.Ledger) []*ledger.Connection {
		var all []*ledger.Connection
		for _, id := range l.Requests {
			if c := l.Connections[id]; slices.Contains(states, l.State(c, time.Now())) {
				all = append(all, c)
			}
		}
		return all
	})
}

// pair returns two different sites, most often of a peering.
func (r *run) pair() (from, to *site) {
	for range 4 {
		from, to = random.Pick(r.Source, r.sites...), random.Pick(r.Source, r.sites...)
		if from != to && (r.Chance(20) || r.isListed(from, to)) {
			return from, to
		}
	}
	return r.sites[0], r.sites[1]
}

func (r *run) isListed(a, b *site) bool {
	p := look(r, func(l *ledger.Ledger) []plainpolicy.Peering { return l.Policy.Peerings })
	return slices.ContainsFunc(p, func(e plainpolicy.Peering) bool {
		return e.A == a.department && e.B == b.department || e.A == b.department && e.B == a.department
	})
}

func (r *run) request() {
	from, to := r.pair()
	peer := to.VPCKey
	switch {
	case r.Chance(4):
		peer.ID = "vpc-0000000000000dead"
	case r.Chance(4):
		peer.Account = random.Pick(r.Source, r.cells...).Account
	}
	r.requestBetween(from.VPCKey, peer)
}

func (r *run) requestBetween(from, to ledger.VPCKey) {
	params := []string{"VpcId", from.ID, "PeerVpcId", to.ID}
	if from.Account != to.Account {
		params = append(params, "PeerOwnerId", string(to.Account))
	}
	if from.Region != to.Region {
		params = append(params, "PeerRegion", string(to.Region))
	}
	answer, err := r.ask(from.Cell, "CreateVpcPeeringConnection", params...)
	if err != nil {
		return
	}
	id := element(answer, "vpcPeeringConnectionId")
	if r.isNew(id) && r.Chance(r.weather.stale) {
		const none = `<DescribeVpcPeeringConnectionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId><vpcPeeringConnectionSet/></DescribeVpcPeeringConnectionsResponse>`
		r.mu.Lock()
		defer r.mu.Unlock()
		r.old[from.String()+id] = oldAnswer{none, time.Now().Add(r.Duration(time.Second, oracle.Unseen))}
	}
}

// isNew tells a connection that was just made from one that EC2 had already.
func (r *run) isNew(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.Ledger.Connections[id]
	return c != nil && c.Created.Equal(time.Now())
}

// decideByHand makes the accepter's call, or the one of either side.
func (r *run) decideByHand(action string, either bool, states ...ledger.State) {
	found := r.connections(states...)
	if len(found) == 0 {
		return
	}
	c := random.Pick(r.Source, found...)
	cell := c.Accepter.Cell
	if either && r.Chance(60) {
		cell = c.Requester.Cell
	}
	r.remember(c)
	r.act(cell, action, "VpcPeeringConnectionId", c.ID)
}

func (r *run) acceptByHand() { r.decideByHand("AcceptVpcPeeringConnection", false, ledger.Pending) }

func (r *run) rejectByHand() { r.decideByHand("RejectVpcPeeringConnection", false, ledger.Pending) }

func (r *run) deleteConnection() {
	r.decideByHand("DeleteVpcPeeringConnection", true, ledger.Active, ledger.Active, ledger.Pending)
}

// requestAgain asks for what is there or was there.
func (r *run) requestAgain() {
	if found := r.connections(ledger.Pending, ledger.Active, ledger.Dead); len(found) > 0 {
		c := random.Pick(r.Source, found...)
		if r.Chance(50) {
			r.remember(c)
			r.act(c.Requester.Cell, "DeleteVpcPeeringConnection", "VpcPeeringConnectionId", c.ID)
		}
		r.requestBetween(c.Requester, c.Accepter)
	}
}

func (r *run) approve() {
	found := r.connections(ledger.Pending)
	if len(found) == 0 {
		return
	}
	c := random.Pick(r.Source, found...)
	r.remember(c)
	cell := c.Accepter.Cell
	if r.Chance(10) {
		cell = c.Requester.Cell // where it says nothing
	}
	r.act(cell, "CreateTags", tagged(c.ID, peering.TagApproved, random.Pick(r.Source, "true", "true", "true", "false"))...)
}
