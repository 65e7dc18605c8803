// Package announce builds the outcomes of the use cases and publishes them.
package announce

import (
	"context"

	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/outcome"
)

// Announcer publishes outcomes. After an error some of them may have been published; they keep their ids when they
// are published again.
type Announcer interface {
	Announce(ctx context.Context, outcomes ...outcome.Outcome) error
}

// Publish publishes the outcomes of the work that the hint asked for, with the time of the request and, where the
// hint came from a sweep that announced drift, the repairs.
func Publish(ctx context.Context, a Announcer, h hint.Hint, outcomes ...outcome.Outcome) error {
	if h.Drift {
		outcomes = append(outcomes, repairs(outcomes, h.Side, h.At)...)
	}
	for i := range outcomes {
		outcomes[i].RequestedAt = h.RequestedAt
	}
	return a.Announce(ctx, outcomes...)
}
