package cfn_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	runtime "github.com/aws/aws-lambda-go/lambda"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/cfn"
	"github.com/autopeer/autopeer/internal/cloudsim/cloudwatch"
)

// TestMain makes the test binary a function as well, which counts its invocation in a metric, and then fails in
// the way that its variable sets.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		os.Exit(m.Run())
	}
	if os.Getenv("MODE") == "crash" {
		os.Exit(1)
	}
	runtime.Start(func(context.Context, any) (any, error) {
		fmt.Println(`{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"own","Dimensions":[["Function"]],` +
			`"Metrics":[{"Name":"Tries"}]}]},"Function":"work","Tries":1}`)
		switch os.Getenv("MODE") {
		case "exit":
			os.Exit(1)
		case "hang":
			select {}
		case "garbage":
			return "garbage", nil
		case "read":
			data, err := os.ReadFile(os.Getenv("QUEUE"))
			return string(data), err
		}
		return nil, errors.New(os.Getenv("QUEUE"))
	})
}

const (
	account = "111111111111"
	region  = "eu-west-1"
)

// stack is everything that a cell has, in small: a rule on a bus of its own feeds a queue, and the queue a
// function that fails. The order of its resources is not that in which they can be made.
const stack = `{
  "Parameters": {"Version": {"Type": "AWS::SSM::Parameter::Value<String>",
    "Default": "/cdk-bootstrap/hnb659fds/version"}},
  "Rules": {"Bootstrapped": {"Assertions": [
    {"Assert": {"Fn::Not": [{"Fn::Contains": [["1", "2"], {"Ref": "Version"}]}]}, "AssertDescription": "too old"}
  ]}},
  "Resources": {
    "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmName": "dead", "Namespace": "AWS/SQS",
      "MetricName": "ApproximateNumberOfMessagesVisible",
      "Dimensions": [{"Name": "QueueName", "Value": "dead"}], "Statistic": "Maximum",
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
      "Threshold": 1, "Period": 60, "EvaluationPeriods": 1, "TreatMissingData": "notBreaching"}},
    "Errors": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmName": "errors", "Namespace": "AWS/Lambda",
      "MetricName": "Errors",
      "Dimensions": [{"Name": "FunctionName", "Value": "work"}], "Statistic": "Sum",
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
      "Threshold": 2, "Period": 60, "EvaluationPeriods": 1, "TreatMissingData": "notBreaching"}},
    "Tries": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmName": "tries", "Namespace": "own",
      "MetricName": "Tries",
      "Dimensions": [{"Name": "Function", "Value": "work"}], "Statistic": "Sum",
        "ComparisonOperator": "GreaterThanThreshold",
      "Threshold": 1, "Period": 60, "EvaluationPeriods": 1, "TreatMissingData": "notBreaching"}},
    "ARule": {"Type": "AWS::Events::Rule", "Properties": {"Name": "all",
      "EventBusName": {"Ref": "Bus"}, "EventPattern": {"source": ["app"]},
      "Targets": [{"Id": "queue", "Arn": {"Fn::GetAtt": ["Work", "Arn"]}}]}},
    "Clock": {"Type": "AWS::Events::Rule", "Properties": {"Name": "clock",
      "ScheduleExpression": "rate(1 day)", "State": "ENABLED",
      "Targets": [{"Id": "queue", "Arn": {"Fn::GetAtt": ["Later", "Arn"]}}]}},
    "Later": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "later", "DelaySeconds": 300}},
    "LaterPolicy": {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "Later"}],
      "PolicyDocument": {"Version": "2012-10-17", "Statement": [
      {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
        "Resource": {"Fn::GetAtt": ["Later", "Arn"]},
       "Condition": {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["Clock", "Arn"]}}}}]}}},
    "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "own"}},
    "Permission": {"Type": "AWS::Events::EventBusPolicy", "Properties": {"EventBusName": {"Ref": "Bus"},
      "StatementId": "Friend", "Statement":
      {"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "events:PutEvents",
        "Resource": {"Fn::Sub": "${Bus.Arn}"}}}},
    "Work": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "work", "VisibilityTimeout": 1,
      "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 2}}},
    "WorkPolicy": {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "Work"}],
      "PolicyDocument": {"Version": "2012-10-17", "Statement": [
      {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
        "Resource": {"Fn::Sub": "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:work"}}]}}},
    "Dead": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "dead"}},
    "Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "worker",
      "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
      {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]},
      "Policies": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
          "Resource": {"Fn::GetAtt": ["Work", "Arn"]}},
        {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": {"Fn::Join": [":",
          ["arn", "aws", "logs", {"Ref": "AWS::Region"}, {"Ref": "AWS::AccountId"}, "log-group", "/aws/lambda/work",
            "*"]]}}]}}]}},
    "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/aws/lambda/work", "RetentionInDays": 1}},
    "Function": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "work", "Runtime": "provided.al2023",
      "Handler": "bootstrap", "Timeout": 1,
      "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Code": {"S3Bucket": "b", "S3Key": "code.zip"},
        "Environment": {"Variables": {"QUEUE": {"Ref": "Work"}, "MODE": "fail"}},
      "LoggingConfig": {"LogFormat": "JSON", "LogGroup": {"Ref": "Logs"}}}},
    "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"FunctionName": {"Ref": "Function"},
      "EventSourceArn": {"Fn::GetAtt": ["Work", "Arn"]},
      "BatchSize": 1, "FunctionResponseTypes": ["ReportBatchItemFailures"], "ScalingConfig": {"MaximumConcurrency": 2}}}
  }
}`

// deploy deploys the template after changes, which are pairs of an old and a new text.
func deploy(t *testing.T, changes ...string) (*cloudsim.Cloud, *cfn.Stack, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	code := t.TempDir()
	if err := os.Symlink(self, filepath.Join(code, "bootstrap")); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(stack, changes[i]) {
			t.Fatalf("the template has no %s", changes[i])
		}
	}
	cloud := cloudsim.New(cloudsim.Options{})
	cloud.IAM.Enforce()
	s, err := cfn.Deploy(t.Context(), cloud, cfn.Source{
		Account: account, Region: region, Name: "test", Template: []byte(strings.NewReplacer(changes...).Replace(stack)),
		Assets: map[string]string{"code.zip": code},
	})
	t.Cleanup(func() {
		cloud.Close()
		s.Close()
	})
	return cloud, s, err
}

// TestAFailedMessageSoundsTheAlarms: for each way to fail, the message is moved to the dead-letter queue in the end,
// and the alarms of the template sound.
func TestAFailedMessageSoundsTheAlarms(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string][]string{
		"fail":    {"dead", "errors", "tries"},
		"crash":   {"dead", "errors"},
		"exit":    {"dead", "errors", "tries"},
		"hang":    {"dead", "errors", "tries"},
		"garbage": {"dead", "tries"}, // the invocation itself succeeds
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			cloud, s, err := deploy(t, `"MODE": "fail"`, `"MODE": "`+mode+`"`)
			if err != nil {
				t.Fatal(err)
			}
			if got := sounding(s); len(got) > 0 {
				t.Errorf("alarms %v sound before anything happens", got)
			}
			put(t, cloud, account)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			if err := cloud.Settle(ctx); err != nil {
				t.Fatal(err)
			}
			if got := sounding(s); !slices.Equal(got, want) {
				t.Errorf("alarms %v sound, want %v", got, want)
			}
			const url = "https://sqs.eu-west-1.amazonaws.com/111111111111/work"
			if log := fmt.Sprint(s.Functions["work"].Log()); mode == "fail" && !strings.Contains(log, url) {
				t.Errorf("the function wrote %s, want the values of its environment", log)
			}
		})
	}
}

// sounding returns the names of the alarms that sound, sorted.
func sounding(s *cfn.Stack) []string {
	var names []string
	for _, a := range s.Alarms() {
		if a.State == cloudwatch.Sounding {
			names = append(names, a.Name)
		}
	}
	slices.Sort(names)
	return names
}

// put puts an event on the stack's bus.
func put(t *testing.T, cloud *cloudsim.Cloud, caller string) {
	t.Helper()
	body := `{"Entries":[{"EventBusName":"arn:aws:events:eu-west-1:111111111111:event-bus/own","Source":"app",` +
		`"DetailType":"d","Detail":"{}"}]}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://events/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", "AWSEvents.PutEvents")
	r.Header.Set("Authorization",
		"AWS4-HMAC-SHA256 Credential="+caller+"/20260101/"+region+"/events/aws4_request, Signature=0")
	response, err := cloud.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("PutEvents: %d", response.StatusCode)
	}
}

func TestTheBusPolicyIsDeployed(t *testing.T) {
	t.Parallel()
	cloud, s, err := deploy(t)
	if err != nil {
		t.Fatal(err)
	}
	s.Mappings["work"].Pause()
	put(t, cloud, "222222222222")
}

// TestScheduleAndDelayAreDeployed: the rule puts its event into the queue, where it waits for the queue's delay.
func TestScheduleAndDelayAreDeployed(t *testing.T) {
	t.Parallel()
	const rule, later = "arn:aws:events:eu-west-1:111111111111:rule/clock", "arn:aws:sqs:eu-west-1:111111111111:later"
	cloud, _, err := deploy(t)
	if err != nil {
		t.Fatal(err)
	}
	if err := cloud.Events.Fire(rule); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := cloud.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	if n, _ := cloud.Queues.Backlog(later); n != 0 {
		t.Errorf("%d messages are visible before the delay is over", n)
	}
	cloud.Queues.EndDelays(later)
	if n, _ := cloud.Queues.Backlog(later); n != 1 {
		t.Errorf("%d messages are visible, want the event of the schedule", n)
	}
}

func TestErrorsOfADeploymentNameTheResource(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, old, now string
		want           []string
	}{
		{"an unknown type", `"AWS::Logs::LogGroup"`, `"AWS::Logs::Stream"`,
			[]string{"Logs (AWS::Logs::Stream)", "no such type"}},
		{"an unknown property", `"RetentionInDays": 1`, `"Retention": 1`, []string{"Logs (", `unknown field "Retention"`}},
		{"a property of another type", `"RetentionInDays": 1`, `"RetentionInDays": "long"`,
			[]string{"Logs (", "RetentionInDays"}},
		{"an unresolved reference", `"EventBusName": {"Ref": "Bus"}, "EventPattern"`,
			`"EventBusName": {"Ref": "Buss"}, "EventPattern"`, []string{"ARule (", "unresolved reference to Buss"}},
		{"an attribute that a type hasn't", `{"Fn::GetAtt": ["Dead", "Arn"]}`, `{"Fn::GetAtt": ["Dead", "Url"]}`,
			[]string{"Work (", "unresolved reference to Dead.Url"}},
		{"an unknown function", `{"Fn::Sub":`, `{"Fn::ImportValue":`,
			[]string{"Permission (", "unknown function Fn::ImportValue"}},
		{"a reference within a text", `${Bus.Arn}`, `${Bus.Url}`,
			[]string{"Permission (", "unresolved reference to Bus.Url"}},
		{"a circle", `"Dead": {"Type": "AWS::SQS::Queue",`, `"Dead": {"Type": "AWS::SQS::Queue", "DependsOn": "Work",`,
			[]string{"it depends on itself"}},
		{"a section that it doesn't know", `"Rules": {`, `"Conditions": {}, "Rules": {`,
			[]string{`unknown field "Conditions"`}},
		{"a rule that doesn't hold", `["1", "2"]`, `["30"]`, []string{"rule Bootstrapped: too old"}},
		{"an output for other stacks", `"Resources": {`,
			`"Outputs": {"O": {"Value": 1, "Export": {"Name": "n"}}}, "Resources": {`, []string{`unknown field "Export"`}},
		{"an asset that isn't there", "code.zip", "other.zip", []string{"Function (", `no asset "other.zip"`}},
		{"a role that Lambda can't assume", "lambda.amazonaws.com", "ec2.amazonaws.com", []string{
			"Function (", "cannot be assumed by Lambda",
		}},
		{"a role that can't take messages", "sqs:DeleteMessage", "sqs:SendMessage", []string{
			"Mapping (", "permissions to call DeleteMessage",
		}},
		{"a target's unknown property", `"Id": "queue",`, `"Id": "queue", "KinesisParameters": {},`,
			[]string{"ARule (", "unknown property KinesisParameters"}},
		{"a refusal of EventBridge", `{"source": ["app"]}`, `{"source": "app"}`,
			[]string{"ARule (", "InvalidEventPatternException"}},
		{"a schedule that isn't one", "rate(1 day)", "rate(1 days)", []string{"Clock (", "ScheduleExpression is not valid"}},
		{"a rule of neither pattern nor schedule", `"ScheduleExpression": "rate(1 day)", `, ``,
			[]string{"Clock (", "must be specified"}},
		{"an unknown property of a rule", `"ScheduleExpression"`, `"Schedule"`,
			[]string{"Clock (", `unknown field "Schedule"`}},
		{"a refusal of SQS", `"maxReceiveCount": 2`, `"maxReceiveCount": 0`,
			[]string{"Work (", "maxReceiveCount must be from 1"}},
		{"a refusal of Lambda", `"VisibilityTimeout": 1,`, `"VisibilityTimeout": 0,`,
			[]string{"Mapping (", "less than function timeout"}},
		{"a large batch without a window", `"BatchSize": 1,`, `"BatchSize": 1000,`,
			[]string{"Mapping (", "needs a batching window"}},
		{"a window above Lambda's", `"BatchSize": 1,`, `"BatchSize": 1, "MaximumBatchingWindowInSeconds": 301,`,
			[]string{"Mapping (", "batching window must be"}},
		{"an alarm on nothing", `"Value": "dead"`, `"Value": "none"`, []string{"alarm dead", "none"}},
		{"a metric that nothing counts", `"MetricName": "Errors"`, `"MetricName": "DeadLetterErrors"`,
			[]string{"alarm errors", "nothing counts DeadLetterErrors"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := deploy(t, tt.old, tt.now)
			if err == nil {
				t.Fatal("it is deployed")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error = %v\nwant in it: %s", err, want)
				}
			}
		})
	}
}
