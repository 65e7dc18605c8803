package parallel_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/parallel"
)

func sum(_ context.Context, numbers ...int) (total int, _ error) {
	for _, n := range numbers {
		total += n
	}
	return total, nil
}

func TestDo(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	var answer int
	tests := []struct {
		name  string
		tasks []parallel.Task
		want  string
	}{
		{"all succeed", []parallel.Task{parallel.Read(&answer, sum, 40, 2)}, ""},
		{"an error ends the others and is returned", []parallel.Task{
			func(context.Context) error { return refused },
			func(ctx context.Context) error { <-ctx.Done(); return nil },
		}, "refused"},
		{"a panic is an error", []parallel.Task{func(context.Context) error {
			panic("out of range")
		}}, "panic: out of range"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := parallel.Do(t.Context(), tt.tasks...)
			if (err == nil) != (tt.want == "") || (err != nil && !strings.HasPrefix(err.Error(), tt.want)) {
				t.Errorf("Do() = %v, want %q", err, tt.want)
			}
		})
	}
	if answer != 42 {
		t.Errorf("Read stored %d, want 42", answer)
	}
}
