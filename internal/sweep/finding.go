package sweep

import (
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/outcome"
)

// The codes of findings.
const (
	unanswered  = "unanswered"  // a request that the policy answers
	unconnected = "unconnected" // an active connection of which this side was never connected
	drifted     = "drift"       // a connected side that differs from the policy
	leftover    = "leftover"    // a route or rule of a dead connection
	removed     = "removed"     // a route or rule of a connection that the policy no longer allows
	retired     = "retired"     // a route or rule of a connection to or from a retired cell
)

// finding is a difference to repair or, as a reminder, an outcome to publish once more.
type finding struct {
	outcome.Outcome
	reminder bool
	leftOut  bool // a reminder of a block that isn't permitted, which is published after a change as well
	missed   bool // an event should have reported it by now; see isMissed
}

// key is the same at the second look.
func (f finding) key() string {
	return strings.Join([]string{string(f.Connection), string(f.Side), string(f.Repair), f.Reason.Code}, " ")
}

type findings []finding

func (all findings) drift() findings { return all.only(func(f finding) bool { return !f.reminder }) }

func (all findings) reminders() findings { return all.only(func(f finding) bool { return f.reminder }) }

// afterChange returns the findings that a change may have caused and that are sent at once.
func (all findings) afterChange() findings {
	return all.only(func(f finding) bool { return !f.reminder || f.leftOut })
}

func (all findings) missed() findings { return all.only(func(f finding) bool { return f.missed }) }

func (all findings) among(keys []string) findings {
	return all.only(func(f finding) bool { return slices.Contains(keys, f.key()) })
}

func (all findings) only(keep func(finding) bool) findings {
	return slices.DeleteFunc(slices.Clone(all), func(f finding) bool { return !keep(f) })
}

func (all findings) keys() []string {
	keys := make([]string, len(all))
	for i, f := range all {
		keys[i] = f.key()
	}
	return keys
}

func (all findings) outcomes() []outcome.Outcome {
	outcomes := make([]outcome.Outcome, len(all))
	for i, f := range all {
		outcomes[i] = f.Outcome
	}
	return outcomes
}
