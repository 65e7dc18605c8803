// Package apply carries out the steps of a plan, and the changes of each step concurrently.
package apply

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/logkey"
	"github.com/autopeer/autopeer/internal/parallel"
)

// Changer makes one change. The class of its error decides about the other changes; see Steps.
type Changer interface {
	Apply(ctx context.Context, change plan.Change) error
}

// Steps makes the steps one after the other. It returns a sentence for each change that was made, the additions
// that EC2 refused (Denied or Permanent), and the joined errors of all changes, each with the class that the
// Changer gave it. A step starts only after a step without an error, with these exceptions:
//   - After refusals, the removals of the later steps are made: closing doesn't wait for an addition that a person
//     has to make possible first. Removals whose traffic stays allowed wait, because the addition that carries it
//     may be the refused one.
//   - Removals may have freed quotas, so Denied additions are attempted once more after them.
//   - After a Retryable error the later steps wait for the redelivery of the message if patient is true. Otherwise
//     their removals are made.
func Steps(ctx context.Context, changer Changer, steps [][]plan.Change, patient bool) (
	made []string, refused []plan.Change, err error,
) {
	var r run
	for _, step := range steps {
		if patient && r.faults != nil && fault.Of(r.faults) == fault.Retryable {
			break
		}
		if r.faults != nil || len(r.refused) > 0 {
			step = slices.DeleteFunc(slices.Clone(step),
				func(c plan.Change) bool { return !plan.Removes(c) || plan.IsReplaced(c) })
		}
		r.add(ctx, step, attempt(ctx, changer, step))
	}
	if len(r.refused) == 0 || !r.removed || r.faults != nil {
		return r.made, append(r.refused, r.lost...), errors.Join(r.faults, r.refusals)
	}
	again := run{made: r.made}
	again.add(ctx, r.refused, attempt(ctx, changer, r.refused))
	return again.made, append(again.refused, again.lost...), errors.Join(again.faults, again.refusals)
}

// run has the results of the steps so far.
type run struct {
	made     []string
	removed  bool          // some route or rule
	refused  []plan.Change // additions
	refusals error         // of these
	lost     []plan.Change // additions that can't be made
	faults   error         // all others
}

func (r *run) add(ctx context.Context, step []plan.Change, each []attempted) {
	r.made = append(r.made, describe(ctx, step, each)...)
	for i, change := range step {
		switch err := each[i].fault; {
		case err == nil:
			r.removed = r.removed || each[i].done && plan.Removes(change)
		case fault.Of(err) == fault.Denied && !plan.Removes(change):
			r.refused, r.refusals = append(r.refused, change), errors.Join(r.refusals, err)
		default:
			r.faults = errors.Join(r.faults, err)
			if fault.Of(err) == fault.Permanent && !plan.Removes(change) {
				r.lost = append(r.lost, change)
			}
		}
	}
}

// All makes the changes and returns a sentence for each one that was made, in the plan's order. The first
// parallel.Width changes of each kind are always started, so that one that keeps failing doesn't block the others.
// After a Retryable error no further ones of its kind are started, because the message is delivered again. The error
// joins those of all changes, with the Changer's classes.
func All(ctx context.Context, changer Changer, changes []plan.Change) ([]string, error) {
	each := attempt(ctx, changer, changes)
	faults := make([]error, len(each))
	for i, a := range each {
		faults[i] = a.fault
	}
	return describe(ctx, changes, each), errors.Join(faults...)
}

// attempted is the result of one change. Neither field is set if it wasn't started.
type attempted struct {
	done  bool
	fault error
}

// attempt starts no more changes of a kind after a Retryable error of it. The other kinds go on: a call that keeps
// failing in many places, such as the creation of routes, must not keep the removals from being made.
func attempt(ctx context.Context, changer Changer, changes []plan.Change) []attempted {
	each := make([]attempted, len(changes))
	kinds := map[string]*kind{}
	var group errgroup.Group
	group.SetLimit(parallel.Width)
	for i, change := range changes {
		name := fmt.Sprintf("%T", change)
		if kinds[name] == nil {
			kinds[name] = new(kind)
		}
		k := kinds[name]
		if k.started >= parallel.Width && k.fails.Load() {
			continue
		}
		k.started++
		group.Go(func() error {
			err := parallel.Contained(ctx, func(ctx context.Context) error { return changer.Apply(ctx, change) })
			each[i] = attempted{err == nil, err}
			if err != nil && fault.Of(err) == fault.Retryable {
				k.fails.Store(true)
			}
			return nil
		})
	}
	_ = group.Wait() // its error is always nil: the faults are gathered in a slice, so that none hides another
	return each
}

// kind has the state of the changes of one type.
type kind struct {
	started int
	fails   atomic.Bool // one of them had a Retryable error
}

func describe(ctx context.Context, changes []plan.Change, each []attempted) []string {
	var made []string
	for i, change := range changes {
		if each[i].done {
			slog.InfoContext(ctx, "changed", logkey.Change, change.String())
			made = append(made, change.String())
		}
	}
	return made
}
