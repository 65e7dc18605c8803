// Package cloudwatch implements the embedded cloud's CloudWatch: metrics, those in functions' logs included, and the
// state of alarms on them.
package cloudwatch

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Metrics keeps the data points of one account and region.
type Metrics struct {
	mu     sync.Mutex
	points map[string][]point // by namespace, name and dimensions
}

type point struct {
	at    time.Time
	value float64
}

// New returns no metrics.
func New() *Metrics { return &Metrics{points: map[string][]point{}} }

// Put adds a data point now.
func (m *Metrics) Put(namespace, name string, dimensions map[string]string, value float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := key(namespace, name, dimensions)
	m.points[k] = append(m.points[k], point{time.Now(), value})
}

// key: a metric is another one with every set of dimensions.
func key(namespace, name string, dimensions map[string]string) string {
	var b strings.Builder
	b.WriteString(namespace + "\x00" + name)
	for _, d := range slices.Sorted(maps.Keys(dimensions)) {
		b.WriteString("\x00" + d + "\x00" + dimensions[d])
	}
	return b.String()
}

// directive lists the members of a log line that are metrics.
type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []struct{ Name, Unit string }
}

// ReadLog puts the metrics of a line that is in the embedded metric format, and nothing of any other line:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func (m *Metrics) ReadLog(line string) {
	var members map[string]any
	var envelope struct {
		AWS struct{ CloudWatchMetrics []directive } `json:"_aws"`
	}
	if json.Unmarshal([]byte(line), &envelope) != nil || json.Unmarshal([]byte(line), &members) != nil {
		return
	}
	for _, d := range envelope.AWS.CloudWatchMetrics {
		for _, names := range d.Dimensions {
			m.putAll(d, names, members)
		}
	}
}

// putAll takes metrics that are a number or a list of numbers; CloudWatch drops others.
func (m *Metrics) putAll(d directive, names []string, members map[string]any) {
	dimensions := map[string]string{}
	for _, name := range names {
		dimensions[name] = fmt.Sprint(members[name])
	}
	for _, metric := range d.Metrics {
		values, isList := members[metric.Name].([]any)
		if !isList {
			values = []any{members[metric.Name]}
		}
		for _, v := range values {
			if number, ok := v.(float64); ok {
				m.Put(d.Namespace, metric.Name, dimensions, number)
			}
		}
	}
}

// lastUntil returns when the last data point was added that isn't later than now, and now if there is none.
func (m *Metrics) lastUntil(k string, now time.Time) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range slices.Backward(m.points[k]) {
		if !p.at.After(now) {
			return p.at
		}
	}
	return now
}

// between returns the values of one period.
func (m *Metrics) between(k string, from, to time.Time) []float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	var values []float64
	for _, p := range m.points[k] {
		if p.at.After(from) && !p.at.After(to) {
			values = append(values, p.value)
		}
	}
	return values
}
