package announce

import (
	"fmt"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

// Proposed returns o as the proposal of the changes, which are not made before a person consents. Its id depends on
// them, so that a repetition has the same id as long as the same changes would be made. The caller gives the reason
// and the next step.
func Proposed(o outcome.Outcome, changes []plan.Change) outcome.Outcome {
	o.Type, o.Changes = outcome.Proposed, nil
	for _, c := range changes {
		o.Keys = append(o.Keys, c.Key())
		if plan.Removes(c) {
			o.Removals = append(o.Removals, c.String())
		} else {
			o.Additions = append(o.Additions, c.String())
		}
	}
	slices.Sort(o.Removals) // their order in a plan depends on free quotas, and the id must not
	slices.Sort(o.Additions)
	return o
}

// reportMode is the code of a proposal that waits for the mode enforce.
const reportMode = "report-mode"

// InReportMode returns o as the proposal of the changes that the mode enforce would lead to. The State of o has the
// routes and rules that exist.
func InReportMode(o outcome.Outcome, changes []plan.Change) outcome.Outcome {
	o = Proposed(o, changes)
	o.Next = "check the changes; to have them made, remove mode: report from the policy and deploy it"
	sentence := fmt.Sprintf("autopeer is in report mode for %s, so it changes nothing in %s and only lists "+
		"the changes that it would make", o.Connection, o.Cell)
	if len(changes) == 0 {
		o.Next = ""
		sentence = fmt.Sprintf("autopeer is in report mode for %s, and it would change nothing in %s", o.Connection, o.Cell)
	}
	if len(o.State) > 0 {
		sentence += "; existing routes and rules stay"
	}
	return o.Because(reportMode, sentence)
}

// StillObstructed returns o, a proposal, with the reason of the obstacle's outcome, for which additions would wait
// in the mode enforce as well.
func StillObstructed(o, obstacle outcome.Outcome) outcome.Outcome {
	why := obstacle.Reason
	return o.Because(reportMode, o.Reason.Sentence+"; with mode: enforce, additions would wait: "+why.Sentence,
		append(slices.Clone(why.Keys), why.Code)...)
}

// ProposedRequest returns o, the outcome of a request that would be accepted or rejected in the mode enforce, as
// the proposal of that and of the changes that follow on the cell's sides. The changes are known only with the
// blocks of both VPCs.
func ProposedRequest(o outcome.Outcome, changes []plan.Change, blocksAreKnown bool) outcome.Outcome {
	o = InReportMode(o, changes)
	if !blocksAreKnown {
		o.Notes = append(o.Notes,
			"the routes and rules depend on blocks of the other VPC, which aren't known before the acceptance")
	}
	return o
}

// ProposedRemoval returns o, which has the reason why its connection is disconnected, as the proposal of that.
func ProposedRemoval(o outcome.Outcome, changes []plan.Change) outcome.Outcome {
	why := o.Reason
	o = InReportMode(o, changes)
	return o.Because(reportMode, o.Reason.Sentence+", because "+why.Sentence, append(slices.Clone(why.Keys), why.Code)...)
}
