package notifier_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/autopeer/autopeer/internal/cloudsim/notifier"
)

func TestUntilLooksAgainAtEveryBeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var p notifier.Notifier
		left := 3
		done := make(chan error)
		go func() { done <- p.WaitUntil(t.Context(), func() bool { return left == 0 }) }()
		for left > 0 {
			synctest.Wait()
			select {
			case err := <-done:
				t.Fatalf("WaitUntil() = %v with %d left", err, left)
			default:
			}
			left--
			p.Notify()
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestUntilDistrustsAConditionDuringWhichSomethingChanged(t *testing.T) {
	t.Parallel()
	var p notifier.Notifier
	looks := 0
	err := p.WaitUntil(t.Context(), func() bool {
		if looks++; looks == 1 {
			p.Notify() // the state had changed by the end of the first look
		}
		return true
	})
	if err != nil || looks != 2 {
		t.Errorf("WaitUntil() = %v after %d looks, want 2", err, looks)
	}
}

func TestUntilEndsWithTheContext(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	var p notifier.Notifier
	if err := p.WaitUntil(ctx, func() bool { return false }); !errors.Is(err, gone) {
		t.Errorf("WaitUntil() = %v, want the context's cause", err)
	}
}
