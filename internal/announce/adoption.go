package announce

import (
	"fmt"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

// NeedsAdoption returns o as the proposal of the plan for one side, whose changes wait for a person's consent, with
// the ways to give it. Obstacles that would keep further additions waiting are part of it, and so are prefix lists that
// couldn't be read.
func NeedsAdoption(o outcome.Outcome, p plan.Plan) outcome.Outcome {
	o = Proposed(o, p.Proposal)
	next := "to have the changes made, " + consent(o)
	o.Next = next
	sentence := fmt.Sprintf("nothing shows that autopeer has connected %s in %s, and the policy doesn't allow all "+
		"routes to it, so nothing is changed without the consent of a person",
		o.Connection, o.Cell)
	switch {
	case p.HasObstacle():
		o = Obstructed(o, p.Conflicts, p.Shortages)
		sentence += "; after these changes, further additions wait: " + o.Reason.Sentence
		o.Type, o.Next = outcome.Proposed, next
	case p.IsUnread:
		sentence += "; after these changes, further additions wait until autopeer can read the prefix lists of the tables"
		return o.Because("needs-adoption", sentence, "unread")
	}
	return o.Because("needs-adoption", sentence)
}

// AlsoNeedsAdoption returns o, a proposal in report mode, with the consent that its changes would need with the
// mode enforce as well.
func AlsoNeedsAdoption(o, adoption outcome.Outcome) outcome.Outcome {
	o = StillObstructed(o, adoption)
	o.Conflicts, o.Shortages = adoption.Conflicts, adoption.Shortages
	return WithConsent(o)
}

// WithConsent returns o, a proposal in report mode, with the ways to consent to the removal of routes that others made.
func WithConsent(o outcome.Outcome) outcome.Outcome {
	o.Next += "; and to consent, " + consent(o)
	o.Keys = append(slices.Clone(o.Keys), "needs-adoption")
	return o
}

// consent returns the ways to consent to changes of a connection.
func consent(o outcome.Outcome) string {
	tag := fmt.Sprintf("in %s: aws ec2 create-tags --region %s --resources %s --tags Key=%s,Value=true",
		o.Cell.Account, o.Cell.Region, o.Connection, peering.TagAdopt)
	if o.Peering == nil {
		return tag
	}
	return fmt.Sprintf("%s; or set adopt: true for the peering in line %d of %s", tag, o.Peering.Line, o.Peering.File)
}
