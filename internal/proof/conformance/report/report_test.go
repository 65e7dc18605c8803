package report_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/proof/conformance/report"
)

func TestReport(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		judge func(*report.Judge)
		last  string
		want  bool
	}{
		{"checks that pass are only counted", func(j *report.Judge) {
			j.Check(true, "one", 1, 1)
			j.Error("two", nil)
			j.Explain(3)
		}, "conformance: 1 checks passed, 0 failed, 3 differences explained", true},
		{"one that fails is printed", func(j *report.Judge) {
			j.Check(true, "one", 1, 1)
			j.Check(false, "two", "this", "that")
		}, "FAIL judge: two: want this, got that", false},
		{"an error is one that fails", func(j *report.Judge) {
			j.Error("three", errors.New("gone"))
		}, "FAIL judge: three: want no error, got gone", false},
		{"no check at all is a failure", func(*report.Judge) {},
			"conformance: 0 checks passed, 0 failed, 0 differences explained", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			r := report.New(&out)
			tt.judge(r.Judge("judge"))
			if got := r.Close(); got != tt.want {
				t.Errorf("Close() = %v, want %v", got, tt.want)
			}
			if !strings.Contains(out.String(), tt.last+"\n") {
				t.Errorf("printed\n%s\nwant %s", out.String(), tt.last)
			}
			if lines := strings.Split(strings.TrimSpace(out.String()),
				"\n"); !strings.HasPrefix(lines[len(lines)-1], "conformance: ") {
				t.Errorf("the last line is %q", lines[len(lines)-1])
			}
		})
	}
}
