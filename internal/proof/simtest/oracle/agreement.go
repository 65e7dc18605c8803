package oracle

import (
	"fmt"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
)

// mustAgree reports whether the sides of a connection are in two cells that answer requests. These have to agree
// before the connection is accepted.
func (j judge) mustAgree(c *ledger.Connection) bool {
	return c.Requester.Cell != c.Accepter.Cell && j.Policy.Answers(c.Requester.Cell) && j.Policy.Answers(c.Accepter.Cell)
}

// answering returns the sides that have to be free when the accepter's cell accepts a request.
func (j judge) answering(c *ledger.Connection) []peering.Role {
	if j.mustAgree(c) {
		return roles
	}
	return c.Roles(c.Accepter.Cell)
}

// CheckAgreement returns the obstacle on the requester's side of a connection that autopeer accepts, in a sentence; ""
// if the side is free in this state, or if the two sides need not agree. Messages between cells may be ten minutes
// old, so an acceptance is right if the side was free at one moment of that time.
func CheckAgreement(l *ledger.Ledger, rec ledger.Record) string {
	if rec.Call != "AcceptVpcPeeringConnection" {
		return ""
	}
	j := judge{Ledger: l, now: rec.At} // without EC2's quotas: autopeer knows only those in the policy
	c := j.Connections[rec.Connection()]
	switch {
	case c == nil:
		return rec.Connection() + " wasn't requested yet"
	case !j.mustAgree(c) || !c.Accepted.IsZero():
		return ""
	}
	by := j.read(c)
	if !by.allows() {
		return c.ID + " was accepted, but the requester's cell doesn't allow it"
	}
	if j.isHeld(c, c.Requester.Cell) {
		return c.ID + " was accepted, but it is on hold in the requester's cell"
	}
	s := j.side(c, peering.Requester, by)
	if twin := j.acceptedTwin(c); twin != "" {
		return fmt.Sprintf("%s was accepted, but %s connects the same VPCs", c.ID, twin)
	}
	if route, found := s.conflict(); found {
		return fmt.Sprintf("%s was accepted, but on the requester's side it conflicts with %s", c.ID, route)
	}
	if s.isShort() || j.countConnections(c.Requester) >= j.peeringQuota() {
		return c.ID + " was accepted, but a quota doesn't suffice on the requester's side"
	}
	return ""
}

// acceptedTwin returns another connection of the same two VPCs, in either direction, that was accepted; "" if there is
// none.
func (j judge) acceptedTwin(c *ledger.Connection) string {
	return j.twin(c, func(o *ledger.Connection) bool {
		return slices.Contains([]ledger.State{ledger.Provisioning, ledger.Active}, j.stateOf(o))
	})
}

// twin returns another connection of the same two VPCs to which the condition applies; "" if there is none.
func (j judge) twin(c *ledger.Connection, applies func(*ledger.Connection) bool) string {
	for _, id := range j.Requests {
		o := j.Connections[id]
		same := o.Requester == c.Requester && o.Accepter == c.Accepter ||
			o.Requester == c.Accepter && o.Accepter == c.Requester
		if o != c && same && applies(o) {
			return id
		}
	}
	return ""
}

// hasRival reports whether another connection of the same two VPCs keeps the request from being accepted: one that is
// accepted, or an older request that the policy allows. Age is counted in seconds, as EC2 shows it.
func (j judge) hasRival(c *ledger.Connection) bool {
	earlier := j.twin(c, func(o *ledger.Connection) bool {
		age := o.Created.Truncate(time.Second).Compare(c.Created.Truncate(time.Second))
		return j.stateOf(o) == ledger.Pending && (age < 0 || age == 0 && o.ID < c.ID) && len(allowing(j.readings(o))) > 0
	})
	return j.acceptedTwin(c) != "" || earlier != ""
}
