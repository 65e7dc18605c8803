package accept

import (
	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// accepts returns s as the step that accepts the request, or in report mode as the one that proposes it.
func (a *Accepter) accepts(r request, s step, halves []plan.Side) step {
	if r.decision.Reports {
		s.outcomes = []outcome.Outcome{a.proposal(r, s.outcomes[0], halves)}
		return s
	}
	s.call, s.verb = a.network.Accept, accepts
	return s
}

// proposal returns o as the proposal of the acceptance, if it is the cell's, and of the changes that follow on the
// checked sides.
func (a *Accepter) proposal(r request, o outcome.Outcome, halves []plan.Side) outcome.Outcome {
	var changes []plan.Change
	if r.connection.Accepter.Cell() == a.cell && r.decision.Manages(peering.Accepter) {
		changes = append(changes, plan.Accept{Connection: r.connection.ID})
	}
	known, asks := true, false
	for i, p := range plan.ConnectSides(halves...) {
		shown := halves[i].Connection
		known = known && len(shown.Requester.Blocks) > 0 && len(shown.Accepter.Blocks) > 0
		asks = asks || p.NeedsConsent()
		changes = append(changes, p.Intended()...)
	}
	o = announce.ProposedRequest(o, changes, known)
	if asks {
		o = announce.WithConsent(o)
	}
	if r.decision.Verdict == policy.Ask {
		o.Notes = append(o.Notes,
			"with mode: enforce, a person has to approve the request first: "+announce.ApprovalRequested(o).Next)
	}
	return o
}

// proposesRejection makes the rejection of the step a proposal.
func (s *step) proposesRejection() {
	s.call = nil
	s.outcomes[0] = announce.InReportMode(s.outcomes[0], []plan.Change{plan.Reject{Connection: s.connection.ID}})
}
