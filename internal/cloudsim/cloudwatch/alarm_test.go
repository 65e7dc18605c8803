package cloudwatch_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/cloudwatch"
)

var about = map[string]string{"QueueName": "q"}

// alarm returns one that is raised when two of three minutes have a sum of 5.
func alarm() cloudwatch.Alarm {
	return cloudwatch.Alarm{
		Name: "a", Namespace: "n", Metric: "m", Dimensions: about, Statistic: "Sum",
		Comparison: "GreaterThanOrEqualToThreshold",
		Threshold:  5, Period: time.Minute, Periods: 3, Datapoints: 2, Missing: "notBreaching",
	}
}

func TestEvaluate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		minute [3]float64 // 0 is no data
		change func(*cloudwatch.Alarm)
		want   cloudwatch.State
	}{
		{"two of three minutes", [3]float64{5, 0, 6}, nil, cloudwatch.Sounding},
		{"one of three minutes", [3]float64{5, 4, 4}, nil, cloudwatch.OK},
		{"all are needed without a number of datapoints", [3]float64{5, 0, 6}, func(a *cloudwatch.Alarm) {
			a.Datapoints = 0
		}, cloudwatch.OK},
		{"no data is fine if the alarm sets that", [3]float64{}, nil, cloudwatch.OK},
		{"no data is too little otherwise", [3]float64{}, func(a *cloudwatch.Alarm) {
			a.Missing = ""
		}, cloudwatch.InsufficientData},
		{"no data may breach", [3]float64{}, func(a *cloudwatch.Alarm) { a.Missing = "breaching" }, cloudwatch.Sounding},
		{"another comparison", [3]float64{5, 5, 5}, func(a *cloudwatch.Alarm) {
			a.Comparison = "GreaterThanThreshold"
		}, cloudwatch.OK},
		{"another statistic", [3]float64{6, 6, 6}, func(a *cloudwatch.Alarm) { a.Statistic = "Maximum" }, cloudwatch.OK},
		{"another queue's metric", [3]float64{6, 6, 6}, func(a *cloudwatch.Alarm) {
			a.Dimensions = map[string]string{"QueueName": "p"}
		}, cloudwatch.OK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := cloudwatch.New()
				time.Sleep(time.Second)
				for _, total := range tt.minute {
					for _, half := range []float64{total / 2, total / 2} {
						if half > 0 {
							m.Put("n", "m", about, half)
						}
					}
					time.Sleep(time.Minute)
				}
				a := alarm()
				if tt.change != nil {
					tt.change(&a)
				}
				if err := a.Check(); err != nil {
					t.Fatal(err)
				}
				if got := m.Evaluate(a, time.Now().Add(-time.Second)); got.State != tt.want {
					t.Errorf("state = %s with %v, want %s", got.State, got.Values, tt.want)
				}
			})
		})
	}
}

// TestIgnoredMissingData: an alarm keeps its state for as long as there is no data.
func TestIgnoredMissingData(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, a := cloudwatch.New(), alarm()
		a.Periods, a.Datapoints, a.Missing = 1, 0, "ignore"
		state := func(want cloudwatch.State) {
			t.Helper()
			if got := m.Evaluate(a, time.Now()); got.State != want {
				t.Errorf("state = %s with %v, want %s", got.State, got.Values, want)
			}
		}
		state(cloudwatch.InsufficientData)
		for value, want := range map[float64]cloudwatch.State{5: cloudwatch.Sounding, 0: cloudwatch.OK} {
			m.Put("n", "m", about, value)
			state(want)
			time.Sleep(24 * time.Hour)
			state(want)
		}
	})
}

func TestReadLog(t *testing.T) {
	t.Parallel()
	m := cloudwatch.New()
	for _, line := range []string{
		`{"_aws":{"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[["QueueName"],[]],"Metrics":[{"Name":"m"},` +
			`{"Name":"text"}]}]},"QueueName":"q","m":[2,3],"text":"no"}`,
		`{"msg":"m is 5","m":5}`, `plain text`, `[1]`, ``,
	} {
		m.ReadLog(line)
	}
	a := alarm()
	a.Periods, a.Datapoints = 1, 0
	if got := m.Evaluate(a, time.Now()); len(got.Values) != 1 || got.Values[0] != 5 {
		t.Errorf("m is %v, want 5", got.Values)
	}
	a.Dimensions = nil
	if got := m.Evaluate(a, time.Now()); len(got.Values) != 1 || got.Values[0] != 5 {
		t.Errorf("m without dimensions is %v, want 5", got.Values)
	}
	a.Metric = "text"
	if got := m.Evaluate(a, time.Now()); len(got.Values) != 0 {
		t.Errorf("text is %v, want nothing", got.Values)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*cloudwatch.Alarm){
		"an unknown statistic":     func(a *cloudwatch.Alarm) { a.Statistic = "p99" },
		"an unknown comparison":    func(a *cloudwatch.Alarm) { a.Comparison = "Equals" },
		"an unknown treatment":     func(a *cloudwatch.Alarm) { a.Missing = "forget" },
		"ignored periods":          func(a *cloudwatch.Alarm) { a.Missing = "ignore" },
		"no period":                func(a *cloudwatch.Alarm) { a.Period = 0 },
		"more points than periods": func(a *cloudwatch.Alarm) { a.Datapoints = 4 },
	} {
		a := alarm()
		change(&a)
		if a.Check() == nil {
			t.Errorf("%s is let through", name)
		}
	}
}
