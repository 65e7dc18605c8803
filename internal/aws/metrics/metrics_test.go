package metrics_test

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/aws/metrics"
	"github.com/autopeer/autopeer/internal/domain/outcome"
)

var now = time.Date(2026, 6, 8, 7, 38, 11, 0, time.UTC)

func clock() time.Time { return now }

// lines returns the written objects, one a line.
func lines(t *testing.T, out *bytes.Buffer) []map[string]any {
	t.Helper()
	var all []map[string]any
	for decoder := json.NewDecoder(out); decoder.More(); {
		var line map[string]any
		if err := decoder.Decode(&line); err != nil {
			t.Fatal(err)
		}
		all = append(all, line)
	}
	return all
}

func TestAPublishedOutcomeIsCounted(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := metrics.New(&out, "autopeer-connect", "autopeer", clock)
	r.Published(outcome.Outcome{Type: outcome.Connected, RequestedAt: now.Add(-15 * time.Second)}.Sealed(now))
	r.Published(outcome.Outcome{Type: outcome.Conflicting}.Sealed(now))
	definition := func(units ...any) map[string]any {
		return map[string]any{"Timestamp": float64(now.UnixMilli()), "CloudWatchMetrics": []any{map[string]any{
			"Namespace": "autopeer", "Dimensions": []any{[]any{"Function", "Outcome"}, []any{"Function"}}, "Metrics": units,
		}}}
	}
	count := map[string]any{"Name": "Outcomes", "Unit": "Count"}
	want := []map[string]any{
		{"Function": "autopeer-connect", "Outcome": "Peering Connected", "Outcomes": 1.0, "SecondsSinceRequest": 15.0,
			"_aws": definition(count, map[string]any{"Name": "SecondsSinceRequest", "Unit": "Seconds"})},
		{"Function": "autopeer-connect", "Outcome": "Peering Conflicting", "Outcomes": 1.0, "_aws": definition(count)},
	}
	if diff := cmp.Diff(want, lines(t, &out)); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// TestARepairIsCountedForTheCell as well, whichever function made it.
func TestARepairIsCountedForTheCell(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	metrics.New(&out, "blue-connect", "blue", clock).Published(outcome.Outcome{Type: outcome.Repaired}.Sealed(now))
	want := map[string]any{"Function": "blue-connect", "Installation": "blue", "Repairs": 1.0, "_aws": map[string]any{
		"Timestamp": float64(now.UnixMilli()), "CloudWatchMetrics": []any{map[string]any{
			"Namespace": "autopeer", "Dimensions": []any{[]any{"Installation"}},
			"Metrics": []any{map[string]any{"Name": "Repairs", "Unit": "Count"}},
		}},
	}}
	if got := lines(t, &out); len(got) != 2 || got[0]["Outcome"] != "Drift Repaired" || !cmp.Equal(want, got[1]) {
		t.Errorf("lines = %v, want the outcome and %v", got, want)
	}
}

func TestEveryInvocationWritesItsOwnCalls(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := metrics.New(&out, "autopeer-accept", "autopeer", clock)
	invoke := metrics.PerInvocation(r, func(_ context.Context, calls int) (string, error) {
		for range calls {
			r.Called(false)
		}
		r.Called(true)
		return "done", nil
	})
	for _, calls := range []int{4, 0} {
		if answer, err := invoke(t.Context(), calls); answer != "done" || err != nil {
			t.Errorf("invoke() = %q, %v", answer, err)
		}
	}
	var got [][2]any
	for _, line := range lines(t, &out) {
		got = append(got, [2]any{line["APICalls"], line["Throttles"]})
	}
	if diff := cmp.Diff([][2]any{{5.0, 1.0}, {1.0, 1.0}}, got); diff != "" {
		t.Errorf("calls and throttles (-want +got):\n%s", diff)
	}
}

func TestCounts(t *testing.T) {
	t.Parallel()
	for metric, count := range map[string]func(*metrics.Recorder, int){
		"MissedEvents": (*metrics.Recorder).Missed, "FailingMessages": (*metrics.Recorder).Failing,
	} {
		var out bytes.Buffer
		count(metrics.New(&out, "autopeer-sweep", "autopeer", clock), 3)
		want := []map[string]any{{"Function": "autopeer-sweep", metric: float64(3), "_aws": map[string]any{
			"Timestamp": float64(now.UnixMilli()), "CloudWatchMetrics": []any{map[string]any{
				"Namespace": "autopeer", "Dimensions": []any{[]any{"Function"}},
				"Metrics": []any{map[string]any{"Name": metric, "Unit": "Count"}},
			}},
		}}}
		if diff := cmp.Diff(want, lines(t, &out)); diff != "" {
			t.Errorf("line (-want +got):\n%s", diff)
		}
	}
}
