package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/fault"
)

func TestOf(t *testing.T) {
	t.Parallel()
	plain := errors.New("no idea")
	denied := fault.Errorf(fault.Denied, "over quota")
	permanent := fault.As(fault.Permanent, plain)
	tests := []struct {
		name string
		err  error
		want fault.Class
	}{
		{"an unknown error is tried again", plain, fault.Retryable},
		{"a class is kept", permanent, fault.Permanent},
		{"a class survives wrapping", fmt.Errorf("accept: %w", denied), fault.Denied},
		{"a class within a class: the outer one counts", fault.As(fault.Permanent, denied), fault.Permanent},
		{"of several the most hopeful counts", errors.Join(denied, permanent, fmt.Errorf("x: %w", plain)), fault.Retryable},
		{"of two final ones a person's turn comes first", errors.Join(denied, permanent), fault.Permanent},
		{"several denials are a denial", fmt.Errorf("side: %w", errors.Join(denied, denied)), fault.Denied},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := fault.Of(tt.err); got != tt.want {
				t.Errorf("Of(%v) = %v, want %v", tt.err, got, tt.want)
			}
		})
	}
	if err := fault.As(fault.Denied, nil); err != nil {
		t.Errorf("As(Denied, nil) = %v, want nil", err)
	}
	if !errors.Is(permanent, plain) {
		t.Error("a classified error hides its cause")
	}
}
