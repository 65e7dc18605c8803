// Package apply carries out the steps of a plan, and the changes of each step concurrently.
package apply

import (
	"context"
	"errors"
	"log/slog"
	"slices"
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

// Steps makes the steps one after the other and returns a sentence for each change that was made. A step starts only after one
// without a fault. If EC2 refused changes for good, the removals of the later steps are made all the same: closing doesn't
// wait for an addition that a person has to make possible first. After a Retryable fault the message is delivered again.
func Steps(ctx context.Context, changer Changer, steps [][]plan.Change) ([]string, error) {
	var made []string
	var faults error
	for _, step := range steps {
		if faults != nil && fault.Of(faults) == fault.Retryable {
			break
		}
		if faults != nil {
			step = slices.DeleteFunc(slices.Clone(step), func(c plan.Change) bool { return !plan.Removes(c) })
		}
		done, err := All(ctx, changer, step)
		made, faults = append(made, done...), errors.Join(faults, err)
	}
	return made, faults
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
