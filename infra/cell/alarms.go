package cell

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/autopeer/autopeer/internal/aws/metrics"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/outcome"
)

// alarm is a CloudWatch alarm. Its heading is one of docs/runbook.md, which alarms of several functions share.
type alarm struct {
	heading     string
	of          string // the function; empty for an alarm that a cell has once
	description string
	namespace   string
	metric      string
	about       map[string]string // CloudWatch's dimensions
	statistic   string
	threshold   float64 // the value at which the alarm begins
	seconds     int
	periods     int
	missing     string // CloudWatch's treatment of periods without data; empty for notBreaching
}

// runbook is the address of the page with a heading for each alarm. An alarm's e-mail has no other link to it.
const runbook = "https://github.com/autopeer/autopeer/blob/main/docs/runbook.md#"

// overdue is the age in seconds at which a message is too old. SQS leaves out messages that were received three
// times or more, so this alarm detects messages that no function receives. The metric of failing messages counts
// the others.
const overdue = 15 * 60

// alarms returns the alarms of a cell. Each one requires an action of a person.
func (b builder) alarms() []alarm {
	all := []alarm{lettersIn(alarm{heading: "undelivered",
		description: "A rule could not deliver an event: it tried for 24 hours, or has no permission."},
		b.name("undelivered"))}
	for _, f := range function.All {
		name := b.function(f)
		all = append(all,
			lettersIn(alarm{heading: "dead-letters", of: string(f),
				description: "A message failed ten times and waits in the dead-letter queue."}, name+"-dead-letters"),
			alarm{heading: "oldest-message", of: string(f),
				description: "A message has waited in the queue for more than 15 minutes.",
				namespace:   "AWS/SQS", metric: "ApproximateAgeOfOldestMessage", about: map[string]string{"QueueName": name},
				statistic: "Maximum", threshold: overdue, seconds: 300, periods: 1},
			alarm{heading: "failing-messages", of: string(f),
				description: "A message has been failing for more than four minutes.",
				namespace:   metrics.Namespace, metric: metrics.Failing, about: map[string]string{metrics.Function: name},
				statistic: "Sum", threshold: 1, seconds: 300, periods: 1},
			ofFunction(alarm{heading: "errors", of: string(f),
				description: "An invocation crashed, ran out of time or could not start.", periods: 1}, "Errors", name),
			ofFunction(alarm{heading: "throttles", of: string(f),
				description: "Lambda had no free environment for the function for 15 minutes.", periods: 3}, "Throttles", name),
		)
	}
	for _, f := range []function.Name{function.Accept, function.Connect} {
		all = append(all,
			b.outcomes(alarm{heading: "conflicts", of: string(f),
				description: "A live route, or another installation, is in the way of a connection.",
				threshold:   1}, outcome.Conflicting),
			b.outcomes(alarm{heading: "denials", of: string(f),
				description: "Ten Peering Denied in an hour: the policy doesn't allow the connections, or they wait.",
				threshold:   10}, outcome.Denied),
		)
	}
	all = append(all, alarm{heading: "repeated-repairs",
		description: "Five repairs of drift in an hour: another automation or a person undoes changes of autopeer.",
		namespace:   metrics.Namespace, metric: metrics.Repairs, about: map[string]string{metrics.Installation: b.prefix},
		statistic: "Sum", threshold: 5, seconds: 3600, periods: 1})
	return append(all, alarm{heading: "missed-events", of: string(function.Sweep),
		description: "A sweep found a request whose event has not arrived within 15 minutes.",
		namespace:   metrics.Namespace, metric: metrics.Missed,
		about:     map[string]string{metrics.Function: b.function(function.Sweep)},
		statistic: "Sum", threshold: 1, seconds: 3600, periods: 1})
}

// lettersIn completes an alarm that lasts as long as the queue has a message. SQS publishes no metrics for a queue
// that was not used for hours, even if it has messages, so the alarm then keeps its state.
func lettersIn(a alarm, queue string) alarm {
	a.missing = "ignore"
	a.namespace, a.metric, a.about = "AWS/SQS", "ApproximateNumberOfMessagesVisible", map[string]string{"QueueName": queue}
	a.statistic, a.threshold, a.seconds, a.periods = "Maximum", 1, 60, 1
	return a
}

func ofFunction(a alarm, metric, name string) alarm {
	a.namespace, a.metric, a.about = "AWS/Lambda", metric, map[string]string{"FunctionName": name}
	a.statistic, a.threshold, a.seconds = "Sum", 1, 300
	return a
}

// outcomes completes an alarm on a function's announcements of one type within an hour.
func (b builder) outcomes(a alarm, outcomeType outcome.Type) alarm {
	a.namespace, a.metric = metrics.Namespace, metrics.Outcomes
	a.about = map[string]string{metrics.Function: b.name(a.of), metrics.Outcome: string(outcomeType)}
	a.statistic, a.seconds, a.periods = "Sum", 3600, 1
	return a
}

func (a alarm) name() string { return strings.Trim(a.of+"-"+a.heading, "-") }

func (b builder) addAlarms(scope constructs.Construct, topic *string) {
	this := group(scope, "Watch")
	for _, a := range b.alarms() {
		var dimensions []any
		for _, name := range sortedKeys(a.about) {
			dimensions = append(dimensions, &awscloudwatch.CfnAlarm_DimensionProperty{Name: &name,
				Value: jsii.String(a.about[name])})
		}
		awscloudwatch.NewCfnAlarm(this, jsii.String(title(a.name())), &awscloudwatch.CfnAlarmProps{
			AlarmName:        jsii.String(b.name(a.name())),
			AlarmDescription: jsii.String(a.description + " See " + runbook + a.heading),
			Namespace:        &a.namespace, MetricName: &a.metric, Dimensions: dimensions, Statistic: &a.statistic,
			Threshold: &a.threshold, ComparisonOperator: jsii.String("GreaterThanOrEqualToThreshold"),
			Period: jsii.Number(a.seconds), EvaluationPeriods: jsii.Number(a.periods),
			TreatMissingData: jsii.String(cmp.Or(a.missing, "notBreaching")), AlarmActions: &[]any{topic},
		})
	}
}

// title returns the name of a construct for the name of a resource.
func title(s string) string {
	var words strings.Builder
	for word := range strings.SplitSeq(s, "-") {
		words.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return words.String()
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
