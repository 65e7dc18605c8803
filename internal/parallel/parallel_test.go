package together_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/together"
)

func TestDo(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	var answer int
	tests := []struct {
		name  string
		tasks []together.Task
		want  string
	}{
		{"all succeed", []together.Task{together.Into(&answer, func(context.Context) (int, error) { return 42, nil })}, ""},
		{"an error ends the others and is returned", []together.Task{
			func(context.Context) error { return refused },
			func(ctx context.Context) error { <-ctx.Done(); return nil },
		}, "refused"},
		{"a panic is an error", []together.Task{func(context.Context) error { panic("out of range") }}, "panic: out of range"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := together.Do(t.Context(), tt.tasks...)
			if (err == nil) != (tt.want == "") || (err != nil && !strings.HasPrefix(err.Error(), tt.want)) {
				t.Errorf("Do() = %v, want %q", err, tt.want)
			}
		})
	}
	if answer != 42 {
		t.Errorf("Into kept %d, want 42", answer)
	}
}
