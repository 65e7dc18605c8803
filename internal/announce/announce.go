// Package announce builds the outcomes of the use cases and publishes them.
package announce

import (
	"context"
	"time"

	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/outcome"
)

// Announcer publishes outcomes. After an error some of them may have been published; they keep their ids when they
// are published again. The error is Retryable, or Permanent for an outcome that can't be encoded.
type Announcer interface {
	Announce(ctx context.Context, outcomes ...outcome.Outcome) error
}

// Bus also sends messages to other cells. After an error some of them may have been sent. The classes are those of
// Announcer.
type Bus interface {
	Announcer
	Send(ctx context.Context, messages ...message.Message) error
}

// Publish publishes the outcomes of the work that the hint asked for, with the time of the request.
//   - If a sweep announced drift, Publish also publishes the repairs.
//   - If a sweep had forbidden routes or rules removed and that is published as no repair, the outcome gets an id of
//     its own, because the same state may have been announced before. So does a connected side whose obstacle has
//     ended.
//   - If a scheduled sweep only repeats a lasting outcome, the outcome is marked as repeated unless something was
//     changed.
//
// The error is that of the Announcer.
func Publish(ctx context.Context, a Announcer, h hint.Hint, outcomes ...outcome.Outcome) error {
	if h.Drift {
		outcomes = append(outcomes, repairs(outcomes, h)...)
	}
	for i := range outcomes {
		o := outcomes[i]
		if found := foundAt(h, o); !found.IsZero() {
			outcomes[i].FoundAt = found
		}
		outcomes[i].RequestedAt = h.RequestedAt
		outcomes[i].Repeated = h.IsRepeated() && len(o.Changes) == 0 && outcomes[i].FoundAt.IsZero()
	}
	return a.Announce(ctx, outcomes...)
}

// foundAt returns the time that gives the outcome an id of its own, zero without one. A connected side that has drifted
// has none, because its repair has one. Neither has a refusal without changes, which sweeps repeat: the removal may be
// the refused change.
func foundAt(h hint.Hint, o outcome.Outcome) time.Time {
	switch {
	case h.Side != "" && o.Side != h.Side, h.Drift && isRight(o.Type):
		return time.Time{}
	case h.Closes && (o.Reason.Code != refused || len(o.Changes) > 0) && o.Type != outcome.Proposed:
		return found(h)
	case o.Type == outcome.Connected:
		return h.FreedAt
	}
	return time.Time{}
}

// found returns the time of the edit that a sweep has found, or else the time at which it has found the difference.
func found(h hint.Hint) time.Time {
	if h.EditedAt.IsZero() {
		return h.At
	}
	return h.EditedAt
}
