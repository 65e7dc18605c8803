package simtest

import (
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
)

// connections returns those in one of these states.
func (r *run) connections(states ...string) []*connection {
	return look(r, func(l *ledger) []*connection {
		var all []*connection
		for _, id := range l.requests {
			if c := l.connections[id]; slices.Contains(states, l.state(c, time.Now())) {
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
	p := look(r, func(l *ledger) []entry { return l.policy.peerings })
	return slices.ContainsFunc(p, func(e entry) bool {
		return e.a == a.department && e.b == b.department || e.a == b.department && e.b == a.department
	})
}

func (r *run) request() {
	from, to := r.pair()
	peer := to.vpcKey
	switch {
	case r.Chance(4):
		peer.id = "vpc-0000000000000dead"
	case r.Chance(4):
		peer.Account = random.Pick(r.Source, r.cells...).Account
	}
	r.requestBetween(from.vpcKey, peer)
}

func (r *run) requestBetween(from, to vpcKey) {
	params := []string{"VpcId", from.id, "PeerVpcId", to.id}
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
		r.old[from.String()+id] = oldAnswer{none, time.Now().Add(r.Duration(time.Second, unseen))}
	}
}

// isNew tells a connection that was just made from one that EC2 had already.
func (r *run) isNew(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.ledger.connections[id]
	return c != nil && c.created.Equal(time.Now())
}

// unseen is how long a new connection may not be seen.
const unseen = 20 * time.Second

// decideByHand makes the accepter's call, or the one of either side.
func (r *run) decideByHand(action string, either bool, states ...string) {
	found := r.connections(states...)
	if len(found) == 0 {
		return
	}
	c := random.Pick(r.Source, found...)
	cell := c.accepter.Cell
	if either && r.Chance(60) {
		cell = c.requester.Cell
	}
	r.remember(c)
	r.act(cell, action, "VpcPeeringConnectionId", c.id)
}

func (r *run) acceptByHand() { r.decideByHand("AcceptVpcPeeringConnection", false, pending) }

func (r *run) rejectByHand() { r.decideByHand("RejectVpcPeeringConnection", false, pending) }

func (r *run) deleteConnection() {
	r.decideByHand("DeleteVpcPeeringConnection", true, active, active, pending)
}

// requestAgain asks for what is there or was there.
func (r *run) requestAgain() {
	if found := r.connections(pending, active, dead); len(found) > 0 {
		c := random.Pick(r.Source, found...)
		if r.Chance(50) {
			r.remember(c)
			r.act(c.requester.Cell, "DeleteVpcPeeringConnection", "VpcPeeringConnectionId", c.id)
		}
		r.requestBetween(c.requester, c.accepter)
	}
}

func (r *run) approve() {
	found := r.connections(pending)
	if len(found) == 0 {
		return
	}
	c := random.Pick(r.Source, found...)
	r.remember(c)
	cell := c.accepter.Cell
	if r.Chance(10) {
		cell = c.requester.Cell // where it says nothing
	}
	r.act(cell, "CreateTags", tagged(c.id, peering.TagApproved, random.Pick(r.Source, "true", "true", "true", "false"))...)
}
