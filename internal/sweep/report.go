package sweep

import (
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// proposed returns the findings of a connection in report mode as reminders: the functions only announce the
// changes, and nothing is drift. An active connection is announced even if it would not be changed, so that the
// announcement names the mode.
func (s *Sweeper) proposed(c peering.Connection, d policy.Decision, current observed, found findings) findings {
	if len(found) == 0 && c.State == peering.Active && s.policy.Maintains(c, d, current.Rules) {
		found = findings{s.remind(c, d, function.Connect)}
	}
	due := s.isFirstOfDay()
	if c.State == peering.PendingAcceptance {
		due = s.isDue(c)
	}
	for i, f := range found {
		switch {
		case f.waits: // every sweep asks the other cell, and the proposal follows its answer
			found[i].due = false
		case f.reminder && c.State != peering.Active: // it is due
		default:
			found[i] = f.asProposal(due)
		}
	}
	return found
}

// asProposal returns the finding as the reminder of a proposal. It is sent immediately after a change or an edit,
// and by scheduled sweeps when it is due.
func (f finding) asProposal(due bool) finding {
	f.proposal, f.reminder, f.announced = true, true, !due
	f.closes, f.prompt, f.doubtful, f.obstructed, f.held, f.kept = false, false, false, false, false, false
	return f
}
