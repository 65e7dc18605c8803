// Package together runs what doesn't depend on one another at once: one round trip instead of several.
package parallel

import (
	"context"
	"fmt"
	"runtime/debug"

	"golang.org/x/sync/errgroup"
)

// Task is one piece of work. It ends early when its context does.
type Task func(context.Context) error

// Do runs the tasks and waits for all of them. The first error ends the context of the others and is
// returned. A panic becomes an error: in a goroutine of its own it would end the whole process.
func Do(ctx context.Context, tasks ...Task) error {
	group, each := errgroup.WithContext(ctx)
	for _, task := range tasks {
		group.Go(func() error { return Contained(each, task) })
	}
	return group.Wait()
}

// Into returns the task that reads a value and keeps it in dst.
func Into[T any](dst *T, read func(context.Context) (T, error)) Task {
	return func(ctx context.Context) (err error) {
		*dst, err = read(ctx)
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
