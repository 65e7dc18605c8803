// Package oracle judges the calls of autopeer and the connections at the end of a run by the policy and the state of
// the cloud. It follows docs/policy.md and shares no code with the packages that autopeer decides by. It reads no
// clock.
package oracle

import (
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
)

// judge reads the policy for the connections of a ledger at an instant.
type judge struct {
	*ledger.Ledger
	now    time.Time
	quotas Quotas
}

func (j judge) stateOf(c *ledger.Connection) ledger.State { return j.State(c, j.now) }

// isDead reports whether the connection can carry no traffic anymore. A connection that was never requested is dead.
func (j judge) isDead(id string) bool {
	c := j.Connections[id]
	return c == nil || j.stateOf(c) == ledger.Dead
}

// side returns one side of a connection as a reading of the policy has it.
func (j judge) side(c *ledger.Connection, role peering.Role, by reading) side {
	return side{judge: j, connection: c, role: role, reading: by}
}
