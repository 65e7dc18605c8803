// Package metrics writes CloudWatch metrics as log lines in the embedded metric format, which needs no API call and no
// permission.
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
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Namespace is the CloudWatch namespace of the metrics.
const Namespace = "autopeer"

// The dimensions. All have few values: the functions' names, the types of outcomes and the prefix of the names.
const (
	Function     = "Function"
	Outcome      = "Outcome"
	Installation = "Installation"
)

// The metrics. A repeated announcement counts again.
const (
	Outcomes  = "Outcomes"            // by Function and Outcome, and by Function alone: for accept, the requests
	Seconds   = "SecondsSinceRequest" // by Function and Outcome, if the time of the request is known
	APICalls  = "APICalls"            // by Function; every attempt counts
	Throttles = "Throttles"           // by Function; those of the calls that AWS throttled
	Missed    = "MissedEvents"        // by Function: findings of a sweep that an event should have reported
	// by Function: messages that failed so often that SQS's age of the oldest message leaves them out
	Failing = "FailingMessages"
	Repairs = "Repairs" // by Installation: the Drift Repaired of all functions of the cell
)

// Recorder writes the metrics of one function. It is safe for concurrent use.
type Recorder struct {
	out              io.Writer
	function         string
	by               peering.Installation
	now              func() time.Time
	calls, throttles atomic.Int64
}

// New returns a recorder of the installation's function that writes lines to out.
func New(out io.Writer, function string, by peering.Installation, now func() time.Time) *Recorder {
	return &Recorder{out: out, function: function, by: by, now: now}
}

// Called counts a call of an AWS API.
func (r *Recorder) Called(throttled bool) {
	r.calls.Add(1)
	if throttled {
		r.throttles.Add(1)
	}
}

// Missed counts findings of a sweep that an event should have reported.
func (r *Recorder) Missed(events int) { r.count(Missed, events) }

// Failing counts messages that failed once more after many deliveries.
func (r *Recorder) Failing(messages int) { r.count(Failing, messages) }

func (r *Recorder) count(metric string, n int) {
	r.write(line{dimensions: [][]string{{Function}}, units: []unit{{metric, "Count"}}, values: map[string]any{metric: n}})
}

// PerInvocation returns f and writes the counted calls at the end of every invocation.
func PerInvocation[In, Out any](
	r *Recorder, f func(context.Context, In) (Out, error),
) func(context.Context, In) (Out, error) {
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

// Published counts an outcome that was published. A repetition counts again; an outcome that could not be published
// does not count, since it is published later.
func (r *Recorder) Published(o outcome.Outcome) {
	l := line{
		dimensions: [][]string{{Function, Outcome}, {Function}},
		units:      []unit{{Outcomes, "Count"}},
		values:     map[string]any{Outcome: o.Type, Outcomes: 1},
	}
	if !o.RequestedAt.IsZero() {
		l.units = append(l.units, unit{Seconds, "Seconds"})
		l.values[Seconds] = o.SecondsSinceRequest
	}
	r.write(l)
	if o.Type == outcome.Repaired {
		r.write(line{dimensions: [][]string{{Installation}}, units: []unit{{Repairs, "Count"}},
			values: map[string]any{Installation: r.by, Repairs: 1}})
	}
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

// write writes a line with one call, so that lines of different goroutines don't mix. An error is ignored, because a
// message must not fail because of a metric.
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
