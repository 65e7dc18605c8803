// Package apply carries a plan out: the changes that don't depend on one another, together.
package apply

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/logkey"
	"github.com/autopeer/autopeer/internal/parallel"
)

// Width is how many changes are under way at once. The transport must keep as many connections open.
const Width = 50

// Changer makes one change.
type Changer interface {
	Apply(ctx context.Context, change plan.Change) error
}

// All makes the changes and returns those that were made, in words and in the plan's order. Width of them
// are always begun, so that one that keeps failing doesn't keep the others from being made; after a
// Retryable fault no more than that, since the message comes back anyway. Other faults are gathered.
func All(ctx context.Context, changer Changer, changes []plan.Change) ([]string, error) {
	faults := make([]error, len(changes))
	done := make([]bool, len(changes))
	var stop atomic.Bool
	var group errgroup.Group
	group.SetLimit(Width)
	for i, change := range changes {
		if i >= Width && stop.Load() {
			break
		}
		group.Go(func() error {
			faults[i] = parallel.Contained(ctx, func(ctx context.Context) error { return changer.Apply(ctx, change) })
			done[i] = faults[i] == nil
			if !done[i] && fault.Of(faults[i]) == fault.Retryable {
				stop.Store(true)
			}
			return nil
		})
	}
	_ = group.Wait() // the faults are gathered apart, so that one doesn't hide another
	return words(ctx, changes, done), errors.Join(faults...)
}

func words(ctx context.Context, changes []plan.Change, done []bool) []string {
	var made []string
	for i, change := range changes {
		if done[i] {
			slog.InfoContext(ctx, "changed", logkey.Change, change.String())
			made = append(made, change.String())
		}
	}
	return made
}
