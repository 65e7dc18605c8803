package queue_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/autopeer/autopeer/internal/cloudsim"
)

// The tests of this file compare the embedded SQS with LocalStack's recordings of AWS's answers.

// TestRecordedChangeOfVisibilityAfterTheTimeout: ChangeMessageVisibility answers 200 once the visibility timeout has
// run out, and the message is in flight again.
func TestRecordedChangeOfVisibilityAfterTheTimeout(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		url := create(t, client, "jobs", map[string]string{"VisibilityTimeout": "5"})
		send(t, client, url, "a")
		handle := receive(t, client, url, 0)[0].ReceiptHandle
		time.Sleep(6 * time.Second)
		_, err := client.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{
			QueueUrl: &url, ReceiptHandle: handle, VisibilityTimeout: 10,
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := receive(t, client, url, 9); len(got) != 0 {
			t.Error("the message is received before its new timeout")
		}
		if got := receive(t, client, url, 2); len(got) != 1 || got[0].Attributes["ApproximateReceiveCount"] != "2" {
			t.Errorf("received %v, want the message a second time", bodies(got))
		}
	})
}

// TestRecordedReceiveCountInTheDeadLetterQueue: a message that was received once in its queue has
// ApproximateReceiveCount 2 at its first receive in the dead-letter queue.
func TestRecordedReceiveCountInTheDeadLetterQueue(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		dead := create(t, client, "dead", nil)
		url := create(t, client, "jobs", map[string]string{
			"VisibilityTimeout": "1",
			"RedrivePolicy":     `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:111111111111:dead","maxReceiveCount":1}`,
		})
		send(t, client, url, "a")
		receive(t, client, url, 0)
		receive(t, client, url, 2) // moves it
		if got := receive(t, client, dead, 0); len(got) != 1 || got[0].Attributes["ApproximateReceiveCount"] != "2" {
			t.Errorf("received %+v, want the message with a receive count of 2", got)
		}
	})
}

// TestRecordedQueueDeletedRecently: CreateQueue refuses the name of a deleted queue for 60 seconds.
func TestRecordedQueueDeletedRecently(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		url := create(t, client, "jobs", nil)
		_, err := client.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: &url})
		if err != nil {
			t.Fatal(err)
		}
		again := func() string {
			_, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("jobs")})
			return code(err)
		}
		time.Sleep(59 * time.Second)
		if got := again(); got != "AWS.SimpleQueueService.QueueDeletedRecently" {
			t.Errorf("after 59 seconds CreateQueue answers %q, want QueueDeletedRecently", got)
		}
		time.Sleep(time.Second)
		if got := again(); got != "" {
			t.Errorf("after 60 seconds CreateQueue answers %q", got)
		}
	})
}
