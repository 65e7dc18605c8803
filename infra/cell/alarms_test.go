package cell_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/autopeer/autopeer/internal/aws/lambdasqs"
	"github.com/autopeer/autopeer/internal/aws/metrics"
	"github.com/autopeer/autopeer/internal/aws/queues"
	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/cloudwatch"
	"github.com/autopeer/autopeer/internal/cloudsim/queue"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/wiring"
	"github.com/autopeer/autopeer/internal/local"
)

// TestThePriceOfTheAlarms compares docs/costs.md with the template.
func TestThePriceOfTheAlarms(t *testing.T) {
	page, err := os.ReadFile("../../docs/costs.md")
	if err != nil {
		t.Fatal(err)
	}
	n := len(alarmsOf(t))
	if row := fmt.Sprintf("| CloudWatch alarms | %d | $0.10 | $%.2f |", n,
		float64(n)/10); !strings.Contains(string(page), row) {
		t.Errorf("docs/costs.md lacks the row %q", row)
	}
}

// alarmsOf returns the synthesized alarms by name, without the prefix, for the embedded CloudWatch.
func alarmsOf(t *testing.T) map[string]cloudwatch.Alarm {
	t.Helper()
	all := map[string]cloudwatch.Alarm{}
	for _, r := range resources(t, stack(t, company, finance), "AWS::CloudWatch::Alarm") {
		p := r.Properties
		seconds := time.Duration(p["Period"].(float64)) * time.Second
		a := cloudwatch.Alarm{
			Name: p["AlarmName"].(string), Namespace: p["Namespace"].(string), Metric: p["MetricName"].(string),
			Dimensions: map[string]string{},
			Statistic:  p["Statistic"].(string), Comparison: p["ComparisonOperator"].(string),
			Threshold: p["Threshold"].(float64),
			Period:    seconds, Periods: int(p["EvaluationPeriods"].(float64)), Missing: p["TreatMissingData"].(string),
		}
		for _, d := range p["Dimensions"].([]any) {
			a.Dimensions[d.(object)["Name"].(string)] = d.(object)["Value"].(string)
		}
		if err := a.Check(); err != nil {
			t.Error(err)
		}
		all[strings.TrimPrefix(a.Name, "autopeer-")] = a
	}
	return all
}

// watch is a CloudWatch with the synthesized alarms, on a virtual clock.
type watch struct {
	*testing.T
	*cloudwatch.Metrics
	alarms map[string]cloudwatch.Alarm
}

func watched(t *testing.T, test func(w watch)) {
	t.Helper()
	alarms := alarmsOf(t) // on the real clock: the CDK is a process
	synctest.Test(t, func(t *testing.T) { test(watch{t, cloudwatch.New(), alarms}) })
}

func (w watch) expect(name string, want cloudwatch.State) {
	w.Helper()
	if got := w.Evaluate(w.alarms[name], time.Now()); got.State != want {
		w.Errorf("after %v alarm %q is %s with %v, want %s", time.Since(start), name, got.State, got.Values, want)
	}
}

// start is when every virtual clock starts.
var start = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// waiting publishes the number of messages in a queue, as SQS does every minute.
func (w watch) waiting(name string, messages float64) {
	w.Put("AWS/SQS", "ApproximateNumberOfMessagesVisible", map[string]string{"QueueName": "autopeer-" + name}, messages)
}

// TestALetterKeepsItsAlarm: after some hours without a call SQS publishes no metrics of a queue, even if it has
// messages.
func TestALetterKeepsItsAlarm(t *testing.T) {
	for alarm, queue := range map[string]string{
		"connect-dead-letters": "connect-dead-letters", "undelivered": "undelivered",
	} {
		watched(t, func(w watch) {
			w.waiting(queue, 0)
			w.expect(alarm, cloudwatch.OK)
			time.Sleep(time.Minute)
			w.waiting(queue, 1)
			w.expect(alarm, cloudwatch.Sounding)
			time.Sleep(7 * 24 * time.Hour)
			w.expect(alarm, cloudwatch.Sounding)
			w.waiting(queue, 0) // a redrive is a call, so SQS publishes again
			time.Sleep(time.Minute)
			w.expect(alarm, cloudwatch.OK)
		})
	}
}

func TestAMissedEventSoundsItsAlarm(t *testing.T) {
	watched(t, func(w watch) {
		w.expect("sweep-missed-events", cloudwatch.OK)
		metrics.New(lines{w.Metrics}, "autopeer-sweep", "autopeer", time.Now).Missed(1)
		w.expect("sweep-missed-events", cloudwatch.Sounding)
		time.Sleep(time.Hour + time.Minute)
		w.expect("sweep-missed-events", cloudwatch.OK)
	})
}

// TestFiveRepairsInAnHourSoundAnAlarm, of all functions of the cell together. Four don't, nor five in two hours, nor
// those of another installation.
func TestFiveRepairsInAnHourSoundAnAlarm(t *testing.T) {
	functions := []string{"connect", "connect", "connect", "disconnect", "accept"}
	tests := []struct {
		name    string
		by      peering.Installation
		repairs int
		each    time.Duration
		want    cloudwatch.State
	}{
		{"five within an hour", "autopeer", 5, 14 * time.Minute, cloudwatch.Sounding},
		{"four within an hour", "autopeer", 4, 14 * time.Minute, cloudwatch.OK},
		{"five in two hours", "autopeer", 5, 29 * time.Minute, cloudwatch.OK},
		{"five of another installation", "other", 5, 14 * time.Minute, cloudwatch.OK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			watched(t, func(w watch) {
				for i, f := range functions[:tt.repairs] {
					if i > 0 {
						w.expect("repeated-repairs", cloudwatch.OK)
						time.Sleep(tt.each)
					}
					recorder := metrics.New(lines{w.Metrics}, string(tt.by)+"-"+f, tt.by, time.Now)
					recorder.Published(outcome.Outcome{Type: outcome.Repaired})
					recorder.Published(outcome.Outcome{Type: outcome.Connected})
				}
				w.expect("repeated-repairs", tt.want)
				time.Sleep(time.Hour + time.Minute)
				w.expect("repeated-repairs", cloudwatch.OK)
			})
		})
	}
}

// lines has CloudWatch read a function's log.
type lines struct{ *cloudwatch.Metrics }

func (l lines) Write(line []byte) (int, error) {
	l.ReadLog(string(line))
	return len(line), nil
}

// TestAMessageThatKeepsFailingSoundsItsAlarm: it does before the message is a dead letter, and although the message is
// invisible for the metric of age. A message that needs two minutes raises none.
func TestAMessageThatKeepsFailingSoundsItsAlarm(t *testing.T) {
	tests := []struct {
		name   string
		heals  time.Duration
		sounds cloudwatch.State
	}{
		{"forever", time.Hour, cloudwatch.Sounding},
		{"two minutes", 2 * time.Minute, cloudwatch.OK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			watched(t, func(w watch) {
				f := newFailing(w, tt.heals)
				defer f.cloud.Close()
				time.Sleep(9 * time.Minute)
				f.measure(w)
				w.expect("connect-failing-messages", tt.sounds)
				w.expect("connect-oldest-message", cloudwatch.OK)
				w.expect("connect-dead-letters", cloudwatch.OK)
				time.Sleep(8 * time.Minute) // the last delivery was the tenth, and the message still waits
				f.measure(w)
				w.expect("connect-oldest-message", cloudwatch.OK)
				time.Sleep(2 * time.Minute)
				f.measure(w)
				w.expect("connect-failing-messages", cloudwatch.OK)
				w.expect("connect-dead-letters", tt.sounds)
			})
		})
	}
}

// failing is connect with one message and the queues of the templates.
type failing struct{ cloud *cloudsim.Cloud }

// newFailing has connect fail until some time has passed.
func newFailing(w watch, heals time.Duration) failing {
	w.Helper()
	f := failing{cloudsim.New(cloudsim.Options{})}
	client := sqs.NewFromConfig(local.Config(f.cloud, finance, string(finance.Account)))
	f.addQueue(w, client, "autopeer-connect-dead-letters", nil)
	url := f.addQueue(w, client, "autopeer-connect", map[string]string{
		"VisibilityTimeout": strconv.Itoa(int(wiring.VisibilityTimeout(function.Connect).Seconds())),
		"RedrivePolicy": `{"deadLetterTargetArn":"` + f.arn("-dead-letters") + `","maxReceiveCount":` +
			strconv.Itoa(wiring.MaxReceives) + `}`,
	})
	recorder := metrics.New(lines{w.Metrics}, "autopeer-connect", "autopeer", time.Now)
	handler := lambdasqs.Handler(func() {}, queues.NewSource(client, url), recorder.Failing,
		func(context.Context, hint.Hint) error {
			if time.Since(start) < heals {
				return errors.New("throttled")
			}
			return nil
		})
	mapping := queue.Mapping{
		BatchSize: wiring.BatchSize(function.Connect), MaxConcurrency: wiring.MaxConcurrency, ReportBatchItemFailures: true,
		Timeout: wiring.FunctionTimeout,
	}
	if _, err := f.cloud.Queues.Map(f.arn(""), mapping, lambda.NewHandler(handler)); err != nil {
		w.Fatal(err)
	}
	body := `{"source":"aws.ec2","detail-type":"AWS API Call via CloudTrail","detail":{"eventVersion":"1.11",
	"eventSource":"ec2.amazonaws.com",
		"eventName":"AcceptVpcPeeringConnection","requestParameters":{"vpcPeeringConnectionId":"pcx-0123456789abcdef0"}}}`
	if _, err := client.SendMessage(w.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body}); err != nil {
		w.Fatal(err)
	}
	return f
}

func (f failing) arn(suffix string) string {
	return "arn:aws:sqs:" + string(finance.Region) + ":" + string(finance.Account) + ":autopeer-connect" + suffix
}

func (f failing) addQueue(w watch, client *sqs.Client, name string, attributes map[string]string) (url string) {
	w.Helper()
	made, err := client.CreateQueue(w.Context(), &sqs.CreateQueueInput{
		QueueName: aws.String(name), Attributes: attributes,
	})
	if err != nil {
		w.Fatal(err)
	}
	return *made.QueueUrl
}

// measure publishes the metrics of SQS.
func (f failing) measure(w watch) {
	for _, suffix := range []string{"", "-dead-letters"} {
		visible, oldest := f.cloud.Queues.Backlog(f.arn(suffix))
		w.waiting("connect"+suffix, float64(visible))
		w.Put("AWS/SQS", "ApproximateAgeOfOldestMessage", map[string]string{"QueueName": "autopeer-connect" + suffix},
			oldest.Seconds())
	}
}
