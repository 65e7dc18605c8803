package sweep

import (
	"strings"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
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

// asProposal returns the finding as the reminder of changes that wait for a person's consent. It is sent like that of a hold, and
// also after an edit of the route tables, since other changes may be proposed then. None of them is drift.
func (f finding) asProposal(p plan.Plan, due bool) finding {
	f.obstructed = false
	for _, c := range p.Proposal {
		resource, _, _ := strings.Cut(plan.ItemOf(c), " ")
		f.resources = append(f.resources, resource)
	}
	f.proposed = true
	return f.onHold(due)
}
