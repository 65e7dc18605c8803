// Package metrics writes CloudWatch metrics as log lines, from which CloudWatch makes the metrics itself: no
// call, no permission, and nothing to wait for.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
package metrics

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"sync/atomic"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
)

// Namespace is where CloudWatch keeps the metrics.
const Namespace = "autopeer"

// The dimensions. Both have few values: the functions' names and the kinds of outcome.
const (
	Function = "Function"
	Outcome  = "Outcome"
)

// The metrics. A repeated announcement counts again.
const (
	Outcomes  = "Outcomes"            // by Function and Outcome, and by Function alone: for accept, the requests
	Seconds   = "SecondsSinceRequest" // by Function and Outcome, where an event told when the request was
	APICalls  = "APICalls"            // by Function; every attempt counts
	Throttles = "Throttles"           // by Function; those of the calls that AWS throttled
	Missed    = "MissedEvents"        // by Function: what a sweep found and an event should have told
)

// Recorder writes what one function does. It may be used by many goroutines.
type Recorder struct {
	out              io.Writer
	function         string
	now              func() time.Time
	calls, throttles atomic.Int64
}

// New returns a recorder that writes lines to out.
func New(out io.Writer, function string, now func() time.Time) *Recorder {
	return &Recorder{out: out, function: function, now: now}
}

// Called counts a call of an AWS API.
func (r *Recorder) Called(throttled bool) {
	r.calls.Add(1)
	if throttled {
		r.throttles.Add(1)
	}
}

// Missed counts what a sweep found and an event should have told.
func (r *Recorder) Missed(events int) {
	r.write(line{dimensions: [][]string{{Function}}, units: []unit{{Missed, "Count"}}, values: map[string]any{Missed: events}})
}

// PerInvocation returns f, with the calls of every invocation written down when it ends.
func PerInvocation[In, Out any](r *Recorder, f func(context.Context, In) (Out, error)) func(context.Context, In) (Out, error) {
	return func(ctx context.Context, in In) (Out, error) {
		defer r.flush()
		return f(ctx, in)
	}
}

func (r *Recorder) flush() {
	r.write(line{
		dimensions: [][]string{{Function}},
		units:      []unit{{APICalls, "Count"}, {Throttles, "Count"}},
		values:     map[string]any{APICalls: r.calls.Swap(0), Throttles: r.throttles.Swap(0)},
	})
}

// Announcer is what speaks of outcomes.
type Announcer interface {
	Announce(ctx context.Context, outcomes ...outcome.Outcome) error
}

// Counted returns the announcer, with what it has announced written down.
func (r *Recorder) Counted(a Announcer) Announcer { return counted{a, r} }

type counted struct {
	next     Announcer
	recorder *Recorder
}

// Announce counts only what was announced: what wasn't comes again.
func (c counted) Announce(ctx context.Context, outcomes ...outcome.Outcome) error {
	if err := c.next.Announce(ctx, outcomes...); err != nil {
		return err
	}
	for _, o := range outcomes {
		c.recorder.outcome(o)
	}
	return nil
}

func (r *Recorder) outcome(o outcome.Outcome) {
	l := line{
		dimensions: [][]string{{Function, Outcome}, {Function}},
		units:      []unit{{Outcomes, "Count"}},
		values:     map[string]any{Outcome: o.Kind, Outcomes: 1},
	}
	if !o.RequestedAt.IsZero() {
		l.units = append(l.units, unit{Seconds, "Seconds"})
		l.values[Seconds] = o.Sealed(r.now()).SecondsSinceRequest
	}
	r.write(l)
}

// unit is a metric's definition in the embedded metric format.
type unit struct {
	Name string
	Unit string
}

type line struct {
	dimensions [][]string
	units      []unit
	values     map[string]any
}

// write writes one line at once, so that lines of different goroutines don't mix. What can't be written
// is lost: a metric is not worth a message.
func (r *Recorder) write(l line) {
	members := map[string]any{Function: r.function, "_aws": map[string]any{
		"Timestamp":         r.now().UnixMilli(),
		"CloudWatchMetrics": []any{map[string]any{"Namespace": Namespace, "Dimensions": l.dimensions, "Metrics": l.units}},
	}}
	maps.Copy(members, l.values)
	if data, err := json.Marshal(members); err == nil {
		_, _ = r.out.Write(append(data, '\n'))
	}
}
