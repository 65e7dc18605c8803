package cfn

import (
	"fmt"
	"maps"
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
		Period: time.Duration(p.Period) * time.Second, Periods: p.EvaluationPeriods, Datapoints: p.DatapointsToAlarm,
		Missing: p.TreatMissingData,
	}
	for _, dimension := range p.Dimensions {
		a.Dimensions[dimension.Name] = dimension.Value
	}
	if err := a.Check(); err != nil {
		return made{}, err
	}
	d.alarms[a.Name] = a
	return made{a.Name, map[string]string{"Arn": d.arn("cloudwatch", "alarm:"+a.Name)}}, nil
}

func removeAlarm(d *deployment, r made, _ alarmProperties) error {
	delete(d.alarms, r.ref)
	return nil
}

// counted are the metrics of AWS that the embedded cloud counts.
var counted = map[string][]string{
	"AWS/SQS":    {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"},
	"AWS/Lambda": {"Invocations", "Errors", "Throttles", "Duration"},
}

// checkAlarms refuses an alarm that could never sound: CloudWatch would take it and stay silent.
func (d *deployment) checkAlarms() error {
	for _, id := range d.order {
		a, found := d.alarms[d.physicals[id].ref]
		if !found {
			continue
		}
		if strings.HasPrefix(a.Namespace, "AWS/") && !slices.Contains(counted[a.Namespace], a.Metric) {
			return fmt.Errorf("alarm %s: nothing counts %s of %s", a.Name, a.Metric, a.Namespace)
		}
		if !d.measured(a) {
			return fmt.Errorf("alarm %s: the stack has nothing with %v", a.Name, a.Dimensions)
		}
	}
	return nil
}

// measured reports whether the template has the queue or the function that the alarm is about.
func (d *deployment) measured(a cloudwatch.Alarm) bool {
	var resourceType, name string
	switch a.Namespace {
	case "AWS/SQS":
		resourceType, name = "AWS::SQS::Queue", a.Dimensions["QueueName"]
	case "AWS/Lambda":
		resourceType, name = "AWS::Lambda::Function", a.Dimensions["FunctionName"]
	default:
		return true
	}
	return slices.ContainsFunc(d.order, func(id string) bool {
		p := d.physicals[id]
		return p.Type == resourceType && (p.ref == name || p.attributes["QueueName"] == name)
	})
}

// Alarms evaluates the stack's alarms now.
func (s *Stack) Alarms() []cloudwatch.Status {
	s.measureQueues()
	now := time.Now()
	var all []cloudwatch.Status
	for _, name := range slices.Sorted(maps.Keys(s.alarms)) {
		all = append(all, s.metrics.Evaluate(s.alarms[name], now))
	}
	return all
}

// measureQueues counts the messages that wait in queues, as SQS does once a minute.
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
