package pulse_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/autopeer/autopeer/internal/cloudsim/pulse"
)

func TestUntilLooksAgainAtEveryBeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var p pulse.Pulse
		left := 3
		done := make(chan error)
		go func() { done <- p.Until(t.Context(), func() bool { return left == 0 }) }()
		for left > 0 {
			synctest.Wait()
			select {
			case err := <-done:
				t.Fatalf("Until() = %v with %d left", err, left)
			default:
			}
			left--
			p.Beat()
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestUntilDistrustsAConditionDuringWhichSomethingChanged(t *testing.T) {
	t.Parallel()
	var p pulse.Pulse
	looks := 0
	err := p.Until(t.Context(), func() bool {
		if looks++; looks == 1 {
			p.Beat() // what the first look saw was no longer so at its end
		}
		return true
	})
	if err != nil || looks != 2 {
		t.Errorf("Until() = %v after %d looks, want 2", err, looks)
	}
}

func TestUntilEndsWithTheContext(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	var p pulse.Pulse
	if err := p.Until(ctx, func() bool { return false }); !errors.Is(err, gone) {
		t.Errorf("Until() = %v, want the context's cause", err)
	}
}
