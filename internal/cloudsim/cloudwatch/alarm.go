package cloudwatch

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Alarm is on one metric. Its strings are as CloudFormation spells them.
type Alarm struct {
	Name, Description string
	Namespace, Metric string
	Dimensions        map[string]string
	Statistic         string
	Comparison        string
	Threshold         float64
	Period            time.Duration
	Periods           int    // that are looked at
	Datapoints        int    // of them that must breach; zero means all
	Missing           string // the treatment of a period without data; empty means missing
}

// State is that of an alarm.
type State string

// The states, as CloudWatch spells them.
const (
	OK               State = "OK"
	Sounding         State = "ALARM"
	InsufficientData State = "INSUFFICIENT_DATA"
)

// Status is an alarm and its state, with the values of its periods that have data, the oldest first.
type Status struct {
	Alarm
	State  State
	Values []float64
}

var statistics = map[string]func([]float64) float64{
	"Sum":         sum,
	"Maximum":     slices.Max[[]float64],
	"Minimum":     slices.Min[[]float64],
	"Average":     func(v []float64) float64 { return sum(v) / float64(len(v)) },
	"SampleCount": func(v []float64) float64 { return float64(len(v)) },
}

func sum(values []float64) (total float64) {
	for _, v := range values {
		total += v
	}
	return total
}

var comparisons = map[string]func(value, threshold float64) bool{
	"GreaterThanOrEqualToThreshold": func(v, t float64) bool { return v >= t },
	"GreaterThanThreshold":          func(v, t float64) bool { return v > t },
	"LessThanThreshold":             func(v, t float64) bool { return v < t },
	"LessThanOrEqualToThreshold":    func(v, t float64) bool { return v <= t },
}

var treatments = []string{"", "missing", "notBreaching", "breaching", ignore}

// ignore keeps the alarm's state while there is no data.
const ignore = "ignore"

// Check refuses alarms that Evaluate can't evaluate.
func (a Alarm) Check() error {
	switch {
	case statistics[a.Statistic] == nil:
		return fmt.Errorf("check alarm %s: unknown statistic %q", a.Name, a.Statistic)
	case comparisons[a.Comparison] == nil:
		return fmt.Errorf("check alarm %s: unknown comparison %q", a.Name, a.Comparison)
	case !slices.Contains(treatments, a.Missing):
		return fmt.Errorf("check alarm %s: unknown treatment of missing data %q", a.Name, a.Missing)
	case a.Missing == ignore && a.Periods > 1:
		return fmt.Errorf("check alarm %s: missing data is ignored in alarms of one period only", a.Name)
	case a.Period <= 0 || a.Periods < 1 || a.Datapoints > a.Periods:
		return fmt.Errorf("check alarm %s: %d of %d periods of %v can't be evaluated", a.Name,
			a.Datapoints, a.Periods, a.Period)
	}
	return nil
}

// Evaluate evaluates the alarm over its periods; the last ends now. CloudWatch aligns them to the clock:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html#alarm-evaluation
func (m *Metrics) Evaluate(a Alarm, now time.Time) Status {
	s := Status{Alarm: a, State: OK}
	k := key(a.Namespace, a.Metric, a.Dimensions)
	if a.Missing == ignore {
		now = m.lastUntil(k, now)
	}
	breaching := 0
	for i := a.Periods; i > 0; i-- {
		from := now.Add(-time.Duration(i) * a.Period)
		values := m.between(k, from, from.Add(a.Period))
		if len(values) == 0 {
			if a.Missing == "breaching" {
				breaching++
			}
			continue
		}
		value := statistics[a.Statistic](values)
		s.Values = append(s.Values, value)
		if comparisons[a.Comparison](value, a.Threshold) {
			breaching++
		}
	}
	switch {
	case breaching >= cmp.Or(a.Datapoints, a.Periods):
		s.State = Sounding
	case len(s.Values) == 0 && (a.Missing == "" || a.Missing == "missing" || a.Missing == ignore):
		s.State = InsufficientData
	}
	return s
}
