package ledger

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Connection is a peering connection. Its state follows from its times and the ledger: see Ledger.State.
type Connection struct {
	ID                  string
	Requester, Accepter VPCKey
	Created             time.Time
	Accepted            time.Time             // zero before
	DNS                 map[peering.Role]bool // the DNS resolution option by side

	initiated bool // EC2 has decided whether it failed
	failed    bool
	ended     time.Time // rejected or deleted; zero before
}

// State is the state of a connection. Dead stands for all states that a connection never leaves.
type State string

// The states of a connection.
const (
	Initiating   State = "initiating"
	Pending      State = "pending"
	Provisioning State = "provisioning"
	Active       State = "active"
	Dead         State = "dead"
)

// State returns the state of the connection at an instant, which must not be before the last record.
func (l *Ledger) State(c *Connection, now time.Time) State {
	l.initiate(now)
	switch {
	case c.failed || !c.ended.IsZero():
		return Dead
	case !c.Accepted.IsZero() && now.Before(c.Accepted.Add(l.provisioning)):
		return Provisioning
	case !c.Accepted.IsZero():
		return Active
	case !c.initiated:
		return Initiating
	}
	return Pending
}

// initiate ends the initiation of connections whose time has come. EC2 fails those that are impossible.
func (l *Ledger) initiate(now time.Time) {
	for _, id := range l.Requests {
		c := l.Connections[id]
		if c.initiated || now.Before(c.Created.Add(l.initiating)) {
			continue
		}
		c.initiated = true
		there := l.VPCs[c.Accepter]
		c.failed = there == nil || c.Requester == c.Accepter || l.overlapping(c)
	}
}

func (l *Ledger) overlapping(c *Connection) bool {
	a, b := l.VPCs[c.Requester], l.VPCs[c.Accepter]
	return a != nil && b != nil && AnyOverlap(a.Blocks, b.Blocks)
}

// AnyOverlap reports whether a block of a overlaps one of b.
func AnyOverlap(a, b []netip.Prefix) bool {
	return slices.ContainsFunc(a, func(p netip.Prefix) bool { return slices.ContainsFunc(b, p.Overlaps) })
}

// VPC returns the VPC of one side.
func (c *Connection) VPC(r peering.Role) VPCKey {
	if r == peering.Requester {
		return c.Requester
	}
	return c.Accepter
}

// Roles returns the sides that the cell owns: none, one or both.
func (c *Connection) Roles(cell peering.Cell) []peering.Role {
	var roles []peering.Role
	for _, r := range []peering.Role{peering.Requester, peering.Accepter} {
		if c.VPC(r).Cell == cell {
			roles = append(roles, r)
		}
	}
	return roles
}

// TagsOn returns the tags of the connection in a cell: each side has tags of its own.
func (l *Ledger) TagsOn(c *Connection, cell peering.Cell) map[string]string {
	return l.Tags[tagKey(c.ID, cell)]
}

func tagKey(id string, cell peering.Cell) string {
	if IsConnectionID(id) {
		return id + "@" + cell.String()
	}
	return id
}

// IsConnectionID reports whether the id is that of a peering connection.
func IsConnectionID(id string) bool { return strings.HasPrefix(id, "pcx-") }
