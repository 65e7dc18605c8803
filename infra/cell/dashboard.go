package cell

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/autopeer/autopeer/internal/aws/metrics"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/logkey"
)

// widget is one widget of the dashboard, in CloudWatch's JSON format.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
type widget struct {
	Type       string         `json:"type"`
	X          int            `json:"x"`
	Y          int            `json:"y"`
	Width      int            `json:"width"`
	Height     int            `json:"height"`
	Properties map[string]any `json:"properties"`
}

// addDashboard adds a dashboard with the alarms, the outcomes, the waiting messages, and the latest announcements with
// their codes and next steps. Its name is unique in the account, so it has the Region.
func (b builder) addDashboard(scope constructs.Construct) {
	body := encoded(map[string]any{"widgets": b.widgets()})
	awscloudwatch.NewCfnDashboard(group(scope, "Dashboard"), jsii.String("Dashboard"), &awscloudwatch.CfnDashboardProps{
		DashboardName: jsii.String(b.prefix + "-" + string(b.Region)), DashboardBody: jsii.String(string(body)),
	})
}

func (b builder) widgets() []widget {
	return []widget{
		{"alarm", 0, 0, 8, 6, map[string]any{"title": "Alarms", "alarms": b.alarmARNs()}},
		b.graph(8, 0, "Outcomes of requests", "Sum", b.outcomeMetrics(function.Accept, metrics.Outcomes,
			outcome.Accepted, outcome.Denied, outcome.Conflicting, outcome.AskApproval, outcome.Failed)),
		b.graph(16, 0, "Connected and disconnected", "Sum", append(
			b.outcomeMetrics(function.Connect, metrics.Outcomes, outcome.Connected, outcome.Conflicting, outcome.Denied),
			b.outcomeMetrics(function.Disconnect, metrics.Outcomes, outcome.Disconnected)...)),
		b.graph(0, 6, "Seconds from request to connected (95th percentile)", "p95",
			b.outcomeMetrics(function.Connect, metrics.Seconds, outcome.Connected)),
		b.graph(8, 6, "Waiting messages: age of the oldest one in seconds", "Maximum",
			b.queueMetrics("ApproximateAgeOfOldestMessage")),
		b.graph(16, 6, "Calls to AWS, and those that AWS throttled", "Sum", b.callMetrics()),
		b.table(0, 12, 24, "Refusals and their reasons", outcome.Denied, outcome.Conflicting, outcome.Failed),
		b.table(0, 20, 24, "Approvals and changes that wait for a person", outcome.AskApproval, outcome.Proposed),
		b.table(0, 28, 12, "Connections", outcome.Connected, outcome.Disconnected),
		b.table(12, 28, 12, "Findings of sweeps", outcome.DriftFound, outcome.Repaired),
		b.graph(0, 36, "Drift found and repaired, and missed events", "Sum", b.driftMetrics()),
		b.graph(8, 36, "Messages that keep failing", "Sum", b.failingMetrics()),
		b.graph(16, 36, "Lost messages between cells: the ten rules with the most", "Sum", b.lostMessages()),
	}
}

func (b builder) alarmARNs() []string {
	var arns []string
	for _, a := range b.alarms() {
		arns = append(arns, b.arn("cloudwatch", "alarm:"+b.name(a.name())))
	}
	return arns
}

// lostMessages counts the messages between cells that the rules on the cell's bus could not deliver. These rules
// have no dead-letter queue. One expression finds them for any number of counterparts, by a word in their names.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
func (b builder) lostMessages() []any {
	search := fmt.Sprintf(`SEARCH('{AWS/Events,EventBusName,RuleName} MetricName="FailedInvocations" EventBusName="%s" `+
		`(messages OR told)', 'Sum', 300)`, b.prefix)
	return []any{[]any{map[string]string{"expression": "SORT(" + search + ", SUM, DESC, 10)", "id": "lost"}}}
}

func (b builder) graph(x, y int, title, statistic string, lines any) widget {
	return widget{"metric", x, y, 8, 6, map[string]any{
		"title": title, "region": b.Region, "stat": statistic, "period": 300, "metrics": lines,
	}}
}

// outcomeMetrics returns a line for each of the outcome types of the function.
func (b builder) outcomeMetrics(f function.Name, metric string, types ...outcome.Type) [][]string {
	var lines [][]string
	for _, outcomeType := range types {
		lines = append(lines, []string{metrics.Namespace, metric, metrics.Function, b.function(f),
			metrics.Outcome, string(outcomeType)})
	}
	return lines
}

// driftMetrics counts the findings of sweeps, the repairs and the missed events.
func (b builder) driftMetrics() [][]string {
	lines := b.outcomeMetrics(function.Sweep, metrics.Outcomes, outcome.DriftFound)
	for _, f := range []function.Name{function.Accept, function.Connect, function.Disconnect} {
		lines = append(lines, b.outcomeMetrics(f, metrics.Outcomes, outcome.Repaired)...)
	}
	return append(lines, []string{metrics.Namespace, metrics.Missed, metrics.Function, b.function(function.Sweep)})
}

func (b builder) queueMetrics(metric string) [][]string {
	var lines [][]string
	for _, f := range function.All {
		lines = append(lines, []string{"AWS/SQS", metric, "QueueName", b.function(f)})
	}
	return lines
}

func (b builder) failingMetrics() [][]string {
	var lines [][]string
	for _, f := range function.All {
		lines = append(lines, []string{metrics.Namespace, metrics.Failing, metrics.Function, b.function(f)})
	}
	return lines
}

func (b builder) callMetrics() [][]string {
	var lines [][]string
	for _, f := range function.All {
		lines = append(lines,
			[]string{metrics.Namespace, metrics.APICalls, metrics.Function, b.function(f)},
			[]string{metrics.Namespace, metrics.Throttles, metrics.Function, b.function(f)})
	}
	return lines
}

// table lists the latest announcements of the types, from the logs. The width is in CloudWatch's grid of 24 columns.
func (b builder) table(x, y, width int, title string, types ...outcome.Type) widget {
	var query strings.Builder
	for _, f := range function.All {
		fmt.Fprintf(&query, "SOURCE '%s' | ", b.logGroup(f))
	}
	wanted := make([]string, len(types))
	for i, outcomeType := range types {
		wanted[i] = fmt.Sprintf("%q", outcomeType)
	}
	columns := []string{"@timestamp", logkey.Outcome, logkey.Code, logkey.Connection, logkey.Reason, logkey.Next}
	fmt.Fprintf(&query, "fields %s | filter message = \"announced\" and %s in [%s] | sort @timestamp desc | limit 50",
		strings.Join(columns, ", "), logkey.Outcome, strings.Join(wanted, ", "))
	return widget{"log", x, y, width, 8, map[string]any{"title": title, "region": b.Region, "view": "table",
		"query": query.String()}}
}
