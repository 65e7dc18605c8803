package rush_test

import (
	"bytes"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/proof/load/rush"
)

// TestRun is the same as the thousand requests, but for the number: `make load` has that.
func TestRun(t *testing.T) {
	t.Parallel()
	w, err := local.Prepare(t.Context(), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	ok, err := rush.Run(t.Context(), &out, w, rush.Size{Departments: 2, VPCs: 5, Requests: 20, Within: 2 * time.Second})
	if err != nil || !ok {
		t.Errorf("Run() = %v, %v", ok, err)
	}
	wanted := []string{"20 requested", "p95 ", "\nload: 20 requests, 20 connected, 0 lost\n"}
	if runtime.GOOS == "linux" { // elsewhere there is no /proc
		wanted = append(wanted, " MB at half time")
	}
	for _, want := range wanted {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it doesn't print %q", want)
		}
	}
	if t.Failed() {
		t.Log(out.String())
	}
}
