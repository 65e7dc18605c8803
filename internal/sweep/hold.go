package sweep

import (
	"maps"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// isOnHold reports whether the hold is the only known reason for which the request isn't accepted or approved.
func isOnHold(c peering.Connection, d policy.Decision) bool {
	return c.IsHeld() && (d.Verdict == policy.Accept || d.Verdict == policy.Ask)
}

// released returns the side as it is without the hold.
func released(side plan.Side) plan.Side {
	side.Connection.Tags = maps.Clone(side.Connection.Tags)
	delete(side.Connection.Tags, peering.TagHold)
	return side
}

// onHold returns the finding as the reminder of a hold. It is sent immediately after a change, which may have been
// the tag, and by scheduled sweeps when it is due. Routes and rules that are missing on hold are no drift.
func (f finding) onHold(due bool) finding {
	f.reminder, f.held, f.announced = true, true, !due
	return f
}
