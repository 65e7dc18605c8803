package cfn_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/cfn"
)

const stackARN = "arn:aws:cloudformation:eu-west-1:111111111111:stack/test/0"

// statusEvent is the event as its users read it.
type statusEvent struct {
	DetailType string `json:"detail-type"`
	Source     string
	Account    string
	Region     string
	Resources  []string
	Detail     struct {
		StackID       string `json:"stack-id"`
		StatusDetails struct {
			Status string
			Reason string `json:"status-reason"`
		} `json:"status-details"`
		ClientRequestToken string `json:"client-request-token"`
	}
}

// listen returns a function that returns the stack's events since the last call. A rule on the default bus selects them
// by prefix of the stack's ID, and sends them to a queue.
func listen(t *testing.T, cloud *cloudsim.Cloud) func() []statusEvent {
	t.Helper()
	messages, rules := sqs.NewFromConfig(config(cloud)), eventbridge.NewFromConfig(config(cloud))
	queue, err := messages.CreateQueue(t.Context(),
		&sqs.CreateQueueInput{QueueName: aws.String("statuses"), Attributes: map[string]string{
			"Policy": `{"Statement": {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": ` +
				`"sqs:SendMessage", "Resource": "*"}}`,
		}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rules.PutRule(t.Context(),
		&eventbridge.PutRuleInput{Name: aws.String("statuses"), EventPattern: aws.String(
			`{"source": ["aws.cloudformation"], "detail": {"stack-id": [{"prefix": ` +
				`"arn:aws:cloudformation:eu-west-1:111111111111:stack/test/"}]}}`,
		)}); err != nil {
		t.Fatal(err)
	}
	if _, err := rules.PutTargets(t.Context(),
		&eventbridge.PutTargetsInput{Rule: aws.String("statuses"), Targets: []types.Target{
			{Id: aws.String("queue"), Arn: aws.String("arn:aws:sqs:eu-west-1:111111111111:statuses")},
		}}); err != nil {
		t.Fatal(err)
	}
	return func() []statusEvent {
		t.Helper()
		settle(t, cloud)
		return received(t, messages, *queue.QueueUrl)
	}
}

// received takes all messages out of the queue.
func received(t *testing.T, client *sqs.Client, url string) []statusEvent {
	t.Helper()
	var all []statusEvent
	for {
		out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return all
		}
		for _, m := range out.Messages {
			var e statusEvent
			if err := json.Unmarshal([]byte(*m.Body), &e); err != nil {
				t.Fatal(err)
			}
			all = append(all, e)
		}
	}
}

func statuses(events []statusEvent) []string {
	var all []string
	for _, e := range events {
		all = append(all, e.Detail.StatusDetails.Status)
	}
	return all
}

// TestStatusEvents checks the events of a stack that is created: their shape, their order and their token.
func TestStatusEvents(t *testing.T) {
	t.Parallel()
	cloud := cloudsim.New(cloudsim.Options{})
	t.Cleanup(cloud.Close)
	reported := listen(t, cloud)
	for name, want := range map[string][]string{"test": {"CREATE_IN_PROGRESS", "CREATE_COMPLETE"}, "other": nil} {
		if _, err := cfn.Deploy(t.Context(), cloud, cfn.Source{
			Account: account, Region: region, Name: name, Template: []byte(`{"Resources": {"R": {"Type": "AWS::SQS::Queue"}}}`),
		}); err != nil {
			t.Fatal(err)
		}
		got := reported()
		if !slices.Equal(statuses(got), want) {
			t.Errorf("stack %s has the statuses %v, want %v", name, statuses(got), want)
		}
		for _, e := range got {
			checkEvent(t, e, got[0].Detail.ClientRequestToken)
		}
	}
}

// checkEvent compares everything but the status and its reason.
func checkEvent(t *testing.T, got statusEvent, token string) {
	t.Helper()
	want := statusEvent{
		DetailType: "CloudFormation Stack Status Change", Source: "aws.cloudformation", Account: account, Region: region,
		Resources: []string{stackARN},
	}
	want.Detail.StackID, want.Detail.StatusDetails, want.Detail.ClientRequestToken = stackARN,
		got.Detail.StatusDetails, token
	if diff := cmp.Diff(want, got); diff != "" || token == "" {
		t.Errorf("event with token %q (-want +got):\n%s", token, diff)
	}
}
