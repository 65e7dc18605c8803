package simtest

import (
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// judge reads the policy for the connections of a ledger at an instant.
type judge struct {
	*Ledger
	now time.Time
}

func (j judge) stateOf(c *Connection) State { return j.State(c, j.now) }

// isDead reports whether the connection can carry no traffic anymore. A connection that was never requested is dead.
func (j judge) isDead(id string) bool {
	c := j.Connections[id]
	return c == nil || j.stateOf(c) == Dead
}

// side returns one side of a connection as a reading of the policy has it.
func (j judge) side(c *Connection, role peering.Role, by reading) side {
	return side{judge: j, connection: c, role: role, reading: by}
}
