package clients

import (
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/proof/conformance/report"
)

// TestCount: the script's output, and the checks that are counted in it.
func TestCount(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, out, err, last string }{
		{"checks and differences",
			`{"name":"a","passed":true}` + "\n" + `{"name":"b","passed":false,"want":"1","got":"2"}` + "\n" +
				`{"name":"c","explained":true}`, "", "1 checks passed, 1 failed, 1 differences explained"},
		{"nothing", "", "no check", "0 checks passed, 0 failed"},
		{"something else", "Traceback", "read", "0 checks passed, 0 failed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			r := report.New(&out)
			err := Count(r.Judge("judge"), []byte(tt.out))
			r.Close()
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error = %v, want %q", err, tt.err)
			}
			if !strings.Contains(out.String(), tt.last) {
				t.Errorf("printed %s, want %s", out.String(), tt.last)
			}
		})
	}
}
