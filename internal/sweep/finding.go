package sweep

import (
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/outcome"
)

// The codes of what is found.
const (
	unanswered  = "unanswered"  // a request that the policy has an answer to
	unconnected = "unconnected" // an active connection of which this side was never connected
	drifted     = "drift"       // a side that was, and isn't as the policy says
	leftover    = "leftover"    // of a dead connection
	removed     = "removed"     // of a connection that the policy no longer allows
)

// finding is something to be repaired, or, as a reminder, to be answered or announced once more.
type finding struct {
	outcome.Outcome
	reminder bool
	// missed says that an event should have told. Nobody tells of what a third party does, nor of what people do to
	// routes and rules by hand.
	missed bool
}

// key is the same at the second look.
func (f finding) key() string {
	return strings.Join([]string{string(f.Connection), string(f.Side), string(f.Repair), f.Reason.Code}, " ")
}

type findings []finding

func (all findings) drift() findings { return all.only(func(f finding) bool { return !f.reminder }) }

func (all findings) reminders() findings { return all.only(func(f finding) bool { return f.reminder }) }

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
	said := make([]outcome.Outcome, len(all))
	for i, f := range all {
		said[i] = f.Outcome
	}
	return said
}
