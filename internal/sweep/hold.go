package sweep

import (
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// isOnHold reports whether the hold is all that the cell knows to keep the request from being accepted or approved.
func isOnHold(c peering.Connection, d policy.Decision) bool {
	return c.IsHeld() && (d.Verdict == policy.Accept || d.Verdict == policy.Ask)
}

// onHold returns the finding as the reminder of a hold: sent at once after a change, which may have been the tag, and by scheduled
// sweeps where it is due. Nothing that is missing on hold is drift.
func (f finding) onHold(due bool) finding {
	f.reminder, f.held, f.announced = true, true, !due
	return f
}
