package cfn

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/cloudwatch"
)

type alarmProperties struct {
	AlarmName          string
	AlarmDescription   string
	AlarmActions       []string
	Namespace          string
	MetricName         string
	Dimensions         []struct{ Name, Value string }
	Statistic          string
	ComparisonOperator string
	Threshold          float64
	Period             int
	EvaluationPeriods  int
	DatapointsToAlarm  int
	TreatMissingData   string
}

func createAlarm(d *deployment, id string, p alarmProperties) (made, error) {
	a := cloudwatch.Alarm{
		Name: d.physical(p.AlarmName, id), Description: p.AlarmDescription, Namespace: p.Namespace, Metric: p.MetricName,
		Dimensions: map[string]string{}, Statistic: p.Statistic, Comparison: p.ComparisonOperator, Threshold: p.Threshold,
		Period: time.Duration(p.Period) * time.Second, Periods: p.EvaluationPeriods, Datapoints: p.DatapointsToAlarm, Missing: p.TreatMissingData,
	}
	for _, dimension := range p.Dimensions {
		a.Dimensions[dimension.Name] = dimension.Value
	}
	if err := a.Check(); err != nil {
		return made{}, err
	}
	d.alarms = append(d.alarms, a)
	return made{a.Name, map[string]string{"Arn": d.arn("cloudwatch", "alarm:"+a.Name)}}, nil
}

// counted are the metrics of AWS that the embedded cloud counts.
var counted = map[string][]string{
	"AWS/SQS":    {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"},
	"AWS/Lambda": {"Invocations", "Errors", "Throttles", "Duration"},
}

// checkAlarms refuses an alarm that could never sound: CloudWatch would take it and stay silent.
func (d *deployment) checkAlarms() error {
	for _, a := range d.alarms {
		if strings.HasPrefix(a.Namespace, "AWS/") && !slices.Contains(counted[a.Namespace], a.Metric) {
			return fmt.Errorf("alarm %s: nothing counts %s of %s", a.Name, a.Metric, a.Namespace)
		}
		var known bool
		switch a.Namespace {
		case "AWS/SQS":
			_, known = d.QueueURLs[a.Dimensions["QueueName"]]
		case "AWS/Lambda":
			_, known = d.Functions[a.Dimensions["FunctionName"]]
		default:
			continue
		}
		if !known {
			return fmt.Errorf("alarm %s: the stack has nothing with %v", a.Name, a.Dimensions)
		}
	}
	return nil
}

// Alarms evaluates the stack's alarms now.
func (s *Stack) Alarms() []cloudwatch.Status {
	s.measureQueues()
	now := time.Now()
	var all []cloudwatch.Status
	for _, a := range s.alarms {
		all = append(all, s.metrics.Evaluate(a, now))
	}
	return all
}

// measureQueues counts what waits in queues, as SQS itself does once a minute.
func (s *Stack) measureQueues() {
	for name := range s.QueueURLs {
		visible, oldest := s.cloud.Queues.Backlog("arn:aws:sqs:" + s.Region + ":" + s.Account + ":" + name)
		about := map[string]string{"QueueName": name}
		s.metrics.Put("AWS/SQS", "ApproximateNumberOfMessagesVisible", about, float64(visible))
		s.metrics.Put("AWS/SQS", "ApproximateAgeOfOldestMessage", about, oldest.Seconds())
	}
}

type dashboardProperties struct {
	DashboardName string
	DashboardBody string
}

func createDashboard(d *deployment, id string, p dashboardProperties) (made, error) {
	return made{ref: d.physical(p.DashboardName, id)}, nil
}
