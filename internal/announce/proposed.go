package announce

import (
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

// Proposed returns o as the proposal of the changes, which are not made before a person consents. Its id depends on them, so that a
// repetition has the same id as long as the same changes would be made. The caller gives the reason and the next step.
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
	return o
}
