package simtest

import (
	"net/netip"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

type connection struct {
	id                  string
	requester, accepter vpcKey
	created             time.Time
	judged              bool // whether it could come to be
	failed              bool
	accepted            time.Time
	ended               time.Time
	dns                 map[peering.Role]bool
}

// The states that matter here.
const (
	initiating   = "initiating"
	pending      = "pending"
	provisioning = "provisioning"
	active       = "active"
	dead         = "dead"
)

func (l *ledger) state(c *connection, now time.Time) string {
	l.judge(now)
	switch {
	case c.failed || !c.ended.IsZero():
		return dead
	case !c.accepted.IsZero() && now.Before(c.accepted.Add(l.provisioning)):
		return provisioning
	case !c.accepted.IsZero():
		return active
	case !c.judged:
		return initiating
	}
	return pending
}

// judge fails the requests that can't come to be, once they have been initiated.
func (l *ledger) judge(now time.Time) {
	for _, id := range l.requests {
		c := l.connections[id]
		if c.judged || now.Before(c.created.Add(l.initiating)) {
			continue
		}
		c.judged = true
		there := l.vpcs[c.accepter]
		c.failed = there == nil || c.requester == c.accepter || l.overlapping(c) || l.hasTwin(c)
	}
}

func (l *ledger) overlapping(c *connection) bool {
	a, b := l.vpcs[c.requester], l.vpcs[c.accepter]
	return a != nil && b != nil && anyOverlap(a.blocks, b.blocks)
}

func anyOverlap(a, b []netip.Prefix) bool {
	return slices.ContainsFunc(a, func(p netip.Prefix) bool { return slices.ContainsFunc(b, p.Overlaps) })
}

// hasTwin reports whether an earlier request for the same pair of ids is open.
func (l *ledger) hasTwin(c *connection) bool {
	for _, id := range l.requests {
		o := l.connections[id]
		if o == c {
			return false
		}
		same := o.requester.id == c.requester.id && o.accepter.id == c.accepter.id || o.requester.id == c.accepter.id && o.accepter.id == c.requester.id
		if same && !o.failed && o.ended.IsZero() {
			return true
		}
	}
	return false
}

// side returns the VPC of one half.
func (c *connection) side(r peering.Role) vpcKey {
	if r == peering.Requester {
		return c.requester
	}
	return c.accepter
}

// roles returns the halves that are the cell's.
func (c *connection) roles(cell peering.Cell) []peering.Role {
	var roles []peering.Role
	for _, r := range []peering.Role{peering.Requester, peering.Accepter} {
		if c.side(r).Cell == cell {
			roles = append(roles, r)
		}
	}
	return roles
}

// tagsOn returns the tags that a cell's view of the connection has.
func (l *ledger) tagsOn(c *connection, cell peering.Cell) map[string]string {
	return l.tags[tagKey(c.id, cell)]
}

func tagKey(id string, cell peering.Cell) string {
	if isConnection(id) {
		return id + "@" + cell.String()
	}
	return id
}

func isConnection(id string) bool { return len(id) > 4 && id[:4] == "pcx-" }
