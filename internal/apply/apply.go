// Package apply carries out the changes of a plan concurrently.
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

// Changer makes one change.
type Changer interface {
	Apply(ctx context.Context, change plan.Change) error
}

// All makes the changes and returns a sentence for each one that was made, in the plan's order. The first parallel.Width
// changes are always started, so that one that keeps failing doesn't block the others. After a Retryable fault no further
// ones are started, since the message is delivered again. The error joins the faults.
func All(ctx context.Context, changer Changer, changes []plan.Change) ([]string, error) {
	faults := make([]error, len(changes))
	done := make([]bool, len(changes))
	var stop atomic.Bool
	var group errgroup.Group
	group.SetLimit(parallel.Width)
	for i, change := range changes {
		if i >= parallel.Width && stop.Load() {
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
	_ = group.Wait() // its error is always nil: the faults are gathered in a slice, so that none hides another
	return describe(ctx, changes, done), errors.Join(faults...)
}

func describe(ctx context.Context, changes []plan.Change, done []bool) []string {
	var made []string
	for i, change := range changes {
		if done[i] {
			slog.InfoContext(ctx, "changed", logkey.Change, change.String())
			made = append(made, change.String())
		}
	}
	return made
}
