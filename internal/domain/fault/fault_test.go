package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/fault"
)

func TestClassesOfErrors(t *testing.T) {
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

func TestIsLacking(t *testing.T) {
	t.Parallel()
	plain := fault.Errorf(fault.Denied, "over quota")
	lacking := fault.Lacking(fault.Errorf(fault.Denied, "no such group"))
	for name, tt := range map[string]struct {
		err  error
		want bool
	}{
		"nil":                         {nil, false},
		"an error without the mark":   {plain, false},
		"one with it":                 {lacking, true},
		"wrapped and keyed":           {fault.Keyed("key", fmt.Errorf("authorize: %w", lacking)), true},
		"several with it":             {errors.Join(errors.Join(nil, lacking), lacking), true},
		"one of several":              {errors.Join(lacking, plain), false},
		"several within one":          {fault.As(fault.Denied, errors.Join(lacking, plain)), false},
		"one that isn't its only one": {fmt.Errorf("%w (%w)", lacking, fault.ErrOutdated), false},
	} {
		if got := fault.IsLacking(tt.err); got != tt.want {
			t.Errorf("%s: IsLacking() = %t, want %t", name, got, tt.want)
		}
	}
	if fault.Lacking(nil) != nil {
		t.Error("Lacking(nil) is an error")
	}
	if fault.Of(lacking) != fault.Denied || lacking.Error() != "no such group" {
		t.Errorf("the marked error is %v and %s", lacking, fault.Of(lacking))
	}
}
