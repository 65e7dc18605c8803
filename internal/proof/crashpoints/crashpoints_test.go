package crashpoints_test

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/proof/crashpoints"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

var all = flag.Bool("all", false, "try all crash points, which takes a minute, and not only some")

// some is which of the crash points are tried without -all.
const some = 25

var tried, failed atomic.Int64

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the functions log how they were killed
	code := m.Run()
	fmt.Printf("crash points: %d tried, %d failures\n", tried.Load(), failed.Load())
	os.Exit(code)
}

// TestAtEveryCall: if a process is killed there, before the call or before its answer, the lab ends in the same state.
func TestAtEveryCall(t *testing.T) {
	for _, lab := range crashpoints.Labs {
		t.Run(lab.Name, func(t *testing.T) {
			t.Parallel()
			undisturbed := play(t, lab, crashpoints.Point{})
			if undisturbed.Calls == 0 || undisturbed.DeadLetters > 0 || undisturbed.Changed > 0 ||
				len(undisturbed.Announced) == 0 {
				t.Fatalf("undisturbed it ends as %+v", undisturbed)
			}
			want := undisturbed
			for call := 1; call <= undisturbed.Calls; call++ {
				for _, death := range []local.Death{local.DiesBefore, local.DiesAfter} {
					if !*all && (2*call+int(death))%some != 0 {
						continue
					}
					tried.Add(1)
					got := play(t, lab, crashpoints.Point{Call: call, Death: death})
					got.Calls = want.Calls
					if diff := cmp.Diff(want, got); diff != "" {
						failed.Add(1)
						t.Errorf("killed at call %d of %d, %s (-undisturbed +disturbed):\n%s", call, want.Calls, side(death), diff)
					}
				}
			}
		})
	}
}

func side(d local.Death) string {
	if d == local.DiesBefore {
		return "before it was made"
	}
	return "before its answer was seen"
}

func play(t *testing.T, lab crashpoints.Lab, p crashpoints.Point) (end crashpoints.End) {
	t.Helper()
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) { end = crashpoints.Play(t, lab, p) })
	return end
}
