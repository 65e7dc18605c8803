// Package parallel runs independent tasks concurrently, so that several calls cost one round trip.
package parallel

import (
	"context"
	"fmt"
	"runtime/debug"

	"golang.org/x/sync/errgroup"
)

// Width is the number of changes that are under way at once. The HTTP transport keeps as many idle connections.
const Width = 50

// Task is one piece of work. It ends early when its context does.
type Task func(context.Context) error

// Do runs the tasks and blocks until all of them have ended. The first error cancels the context of the others
// and is returned. A panic becomes an error without a class, because in a goroutine it would end the whole process.
func Do(ctx context.Context, tasks ...Task) error {
	group, each := errgroup.WithContext(ctx)
	for _, task := range tasks {
		group.Go(func() error { return Contained(each, task) })
	}
	return group.Wait()
}

// Read returns the task that calls list with the ids and stores its result in dst. After an error the value of dst
// has no meaning.
func Read[T, ID any](dst *T, list func(context.Context, ...ID) (T, error), ids ...ID) Task {
	return func(ctx context.Context) (err error) {
		*dst, err = list(ctx, ids...)
		return err
	}
}

// Contained runs the task and turns a panic into an error with its stack.
func Contained(ctx context.Context, task Task) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return task(ctx)
}
