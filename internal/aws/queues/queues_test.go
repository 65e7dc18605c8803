package queues_test

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/autopeer/autopeer/internal/aws/queues"
	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/outcome"
)

// newQueues makes a cloud with the queues of sweep and connect.
func newQueues(t *testing.T) (*cloudsim.Cloud, *sqs.Client, *queues.Queues, map[string]string) {
	t.Helper()
	cloud := cloudsim.New(cloudsim.Options{})
	t.Cleanup(cloud.Close)
	client := sqs.NewFromConfig(aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("111111111111", "any", ""),
		HTTPClient: &http.Client{Transport: cloud}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
	urls := map[string]string{}
	for _, name := range []string{"sweep", "connect"} {
		out, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name})
		if err != nil {
			t.Fatal(err)
		}
		urls[name] = *out.QueueUrl
	}
	return cloud, client, queues.New(client,
		map[function.Name]string{function.Sweep: urls["sweep"], function.Connect: urls["connect"]}), urls
}

func TestSend(t *testing.T) {
	t.Parallel()
	cloud, client, q, urls := newQueues(t)
	var messages [][]byte
	for i := range 23 {
		messages = append(messages, []byte(strconv.Itoa(i)))
	}
	mark := cloud.Mark()
	if err := q.Send(t.Context(), function.Connect, messages...); err != nil {
		t.Fatal(err)
	}
	if calls := len(cloud.Since(mark)); calls != 3 {
		t.Errorf("23 messages take %d calls, want 3", calls)
	}
	var got []string
	for len(got) < 23 {
		out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
			QueueUrl: aws.String(urls["connect"]), MaxNumberOfMessages: 10,
		})
		if err != nil || len(out.Messages) == 0 {
			t.Fatalf("%d messages are there, %v; want 23", len(got), err)
		}
		for _, m := range out.Messages {
			got = append(got, *m.Body)
		}
	}
	for _, m := range messages {
		if !slices.Contains(got, string(m)) {
			t.Errorf("message %s is lost", m)
		}
	}
}

// TestLongMessages are sent in as many calls as SQS needs, which limits the size of one call.
func TestLongMessages(t *testing.T) {
	t.Parallel()
	cloud, _, q, _ := newQueues(t)
	long, short := bytes.Repeat([]byte("a"), outcome.MaxBytes), []byte("b")
	mark := cloud.Mark()
	if err := q.Send(t.Context(), function.Connect, long, long, long, long, long, short, short); err != nil {
		t.Fatal(err)
	}
	if calls := len(cloud.Since(mark)); calls != 5 {
		t.Errorf("five long messages and two short ones take %d calls, want 5", calls)
	}
}

// TestAMessageThatSQSRefuses checks that the other messages are sent.
func TestAMessageThatSQSRefuses(t *testing.T) {
	t.Parallel()
	cloud, _, q, _ := newQueues(t)
	messages := [][]byte{bytes.Repeat([]byte("a"), 2<<20)}
	for range 10 {
		messages = append(messages, []byte("b"))
	}
	mark := cloud.Mark()
	if err := q.Send(t.Context(), function.Connect, messages...); err == nil {
		t.Error("Send() = nil, want the refusal")
	}
	taken := 0
	for _, c := range cloud.Since(mark) {
		if c.ErrorCode == "" {
			taken++
		}
	}
	if taken != 1 {
		t.Errorf("SQS takes %d calls, want that with the ten short messages", taken)
	}
}

func TestSendLater(t *testing.T) {
	t.Parallel()
	_, client, q, urls := newQueues(t)
	if err := q.SendLater(t.Context(), function.Sweep, 5*time.Minute, []byte("again")); err != nil {
		t.Fatal(err)
	}
	out, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: aws.String(urls["sweep"]), AttributeNames: []types.QueueAttributeName{"All"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if a := out.Attributes; a["ApproximateNumberOfMessagesDelayed"] != "1" || a["ApproximateNumberOfMessages"] != "0" {
		t.Errorf("the queue has %v, want one message that waits", a)
	}
}

func TestNoMessageIsNoCall(t *testing.T) {
	t.Parallel()
	cloud, _, q, _ := newQueues(t)
	mark := cloud.Mark()
	if err := q.Send(t.Context(), function.Connect); err != nil || len(cloud.Since(mark)) > 0 {
		t.Errorf("%d calls, %v; want none", len(cloud.Since(mark)), err)
	}
}

// TestAnEntryThatSQSDoesNotTake is an error, although the call succeeds.
func TestAnEntryThatSQSDoesNotTake(t *testing.T) {
	t.Parallel()
	cloud, _, q, urls := newQueues(t)
	cloud.Inject(func(apicall.Call) *cloudsim.Failure {
		return &cloudsim.Failure{Answer: `{"Successful":[],"Failed":[{"Id":"0","Code":"InternalError","Message":"try ` +
			`again","SenderFault":false}]}`}
	})
	err := q.Send(t.Context(), function.Connect, []byte("a"))
	if err == nil || !strings.Contains(err.Error(), urls["connect"]+": InternalError: try again") {
		t.Errorf("Send() = %v, want the queue, code and message", err)
	}
}
