package queue_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/cloudsim"
)

const (
	owner    = "111111111111"
	stranger = "222222222222"
	region   = "us-east-1"
)

func clientOf(c *cloudsim.Cloud, account string) *sqs.Client {
	return sqs.New(sqs.Options{
		Region: region, Credentials: credentials.NewStaticCredentialsProvider(account, "any", ""),
		HTTPClient: &http.Client{Transport: c}, Retryer: aws.NopRetryer{},
	})
}

func create(t *testing.T, client *sqs.Client, name string, attributes map[string]string) string {
	t.Helper()
	out, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	return *out.QueueUrl
}

func send(t *testing.T, client *sqs.Client, url, body string) {
	t.Helper()
	if _, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body}); err != nil {
		t.Fatal(err)
	}
}

func receive(t *testing.T, client *sqs.Client, url string, wait int32) []types.Message {
	t.Helper()
	out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: 10, WaitTimeSeconds: wait,
		MessageAttributeNames: []string{"All"}, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Messages
}

func bodies(messages []types.Message) []string {
	var list []string
	for _, m := range messages {
		list = append(list, *m.Body)
	}
	return list
}

func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

func inBubble(t *testing.T, f func(t *testing.T, c *cloudsim.Cloud)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := cloudsim.New(cloudsim.Options{})
		defer c.Close()
		f(t, c)
	})
}

// The Go SDK verifies the checksum of a body, others that of the attributes too: this one was computed apart,
// as https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html describes.
func TestMessageComesBackAsItWasSent(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		url := create(t, client, "jobs", nil)
		sent, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{
			QueueUrl: &url, MessageBody: aws.String("häl\nlo"),
			MessageAttributes: map[string]types.MessageAttributeValue{
				"text":   {DataType: aws.String("String"), StringValue: aws.String("ü")},
				"count":  {DataType: aws.String("Number.int"), StringValue: aws.String("3")},
				"binary": {DataType: aws.String("Binary"), BinaryValue: []byte{0, 1, 2}},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		messages := receive(t, client, url, 0)
		if diff := cmp.Diff([]string{"häl\nlo"}, bodies(messages)); diff != "" {
			t.Fatal(diff)
		}
		m := messages[0]
		const sum = "0c4d0e843180198fdd69bb7764413bf0"
		if *sent.MD5OfMessageAttributes != sum || *m.MD5OfMessageAttributes != sum || len(m.MessageAttributes) != 3 {
			t.Errorf("attributes = %v with checksum %s, want three with %s", m.MessageAttributes, *m.MD5OfMessageAttributes, sum)
		}
		if m.Attributes["ApproximateReceiveCount"] != "1" || m.Attributes["SenderId"] != owner ||
			*m.MessageId != *sent.MessageId {
			t.Errorf("message = %+v, want the first receive of %s from %s", m.Attributes, *sent.MessageId, owner)
		}
	})
}

func TestMessageIsHiddenUntilItsVisibilityTimeoutIsOver(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		url := create(t, client, "jobs", map[string]string{"VisibilityTimeout": "60"})
		send(t, client, url, "a")
		first := receive(t, client, url, 0)
		time.Sleep(59 * time.Second)
		if got := receive(t, client, url, 0); len(got) != 0 {
			t.Fatalf("received %v before the timeout is over", bodies(got))
		}
		started := time.Now()
		second := receive(t, client, url, 20)
		if waited := time.Since(started); len(second) != 1 || waited != time.Second {
			t.Fatalf("received %v after %v, want the message after 1s", bodies(second), waited)
		}
		if *first[0].ReceiptHandle == *second[0].ReceiptHandle || second[0].Attributes["ApproximateReceiveCount"] != "2" {
			t.Errorf("second receive = %+v, want a new receipt handle and a count of 2", second[0])
		}
		if _, err := client.DeleteMessage(t.Context(),
			&sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: first[0].ReceiptHandle}); err != nil {
			t.Fatalf("delete with the handle of an earlier receive: %v", err)
		}
		time.Sleep(time.Minute)
		if got := receive(t, client, url, 0); len(got) != 1 {
			t.Error("the handle of an earlier receive deleted the message")
		}
	})
}

func TestLongPollEndsWhenAMessageComes(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		url := create(t, client, "jobs", nil)
		go func() {
			time.Sleep(3 * time.Second)
			send(t, client, url, "a")
		}()
		started := time.Now()
		got := receive(t, client, url, 20)
		if waited := time.Since(started); len(got) != 1 || waited != 3*time.Second {
			t.Errorf("received %v after %v, want one message after 3s", bodies(got), waited)
		}
		started = time.Now()
		_, _ = client.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: &url})
		if got := receive(t, client, url, 5); len(got) != 0 || time.Since(started) != 5*time.Second {
			t.Errorf("received %v after %v, want nothing after 5s", bodies(got), time.Since(started))
		}
	})
}

func TestDelayAndRetention(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		url := create(t, client, "jobs", map[string]string{"DelaySeconds": "10", "MessageRetentionPeriod": "60"})
		send(t, client, url, "a")
		if got := receive(t, client, url, 9); len(got) != 0 {
			t.Errorf("received %v before its delay is over", bodies(got))
		}
		if got := attributes(t, client, url)["ApproximateNumberOfMessagesDelayed"]; got != "1" {
			t.Errorf("%s delayed messages, want 1", got)
		}
		if got := receive(t, client, url, 1); len(got) != 1 {
			t.Error("received nothing after the delay")
		}
		time.Sleep(time.Minute)
		if got := attributes(t, client, url)["ApproximateNumberOfMessages"]; got != "0" {
			t.Errorf("%s messages after the retention period, want 0", got)
		}
	})
}

func attributes(t *testing.T, client *sqs.Client, url string) map[string]string {
	t.Helper()
	out, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{"All"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Attributes
}

func TestMessageGoesToTheDeadLetterQueueAfterItsLastReceive(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		dead := create(t, client, "dead", nil)
		url := create(t, client, "jobs", map[string]string{
			"VisibilityTimeout": "1",
			"RedrivePolicy":     `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:111111111111:dead","maxReceiveCount":2}`,
		})
		send(t, client, url, "a")
		for range 2 {
			if got := receive(t, client, url, 2); len(got) != 1 {
				t.Fatalf("received %v, want the message", bodies(got))
			}
		}
		if got := receive(t, client, url, 2); len(got) != 0 {
			t.Errorf("received %v a third time", bodies(got))
		}
		got := receive(t, client, dead, 0)
		if diff := cmp.Diff([]string{"a"}, bodies(got)); diff != "" {
			t.Fatal(diff)
		}
		if source := got[0].Attributes["DeadLetterQueueSourceArn"]; source != "arn:aws:sqs:us-east-1:111111111111:jobs" {
			t.Errorf("DeadLetterQueueSourceArn = %q", source)
		}
	})
}

func TestChangeMessageVisibility(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		url := create(t, client, "jobs", nil)
		send(t, client, url, "a")
		handle := receive(t, client, url, 0)[0].ReceiptHandle
		change := func(seconds int32) error {
			_, err := client.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{
				QueueUrl: &url, ReceiptHandle: handle, VisibilityTimeout: seconds,
			})
			return err
		}
		if err := change(0); err != nil {
			t.Fatal(err)
		}
		if got := receive(t, client, url, 0); len(got) != 1 {
			t.Error("a timeout of 0 doesn't make the message visible")
		}
		if got := code(change(10)); got != "AWS.SimpleQueueService.MessageNotInflight" {
			t.Errorf("changing a message by the handle of an earlier receive: %q, want MessageNotInflight", got)
		}
	})
}

func TestBatchesKeepOutcomesApart(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		url := create(t, client, "jobs", map[string]string{"MaximumMessageSize": "1024"})
		sent, err := client.SendMessageBatch(t.Context(),
			&sqs.SendMessageBatchInput{QueueUrl: &url, Entries: []types.SendMessageBatchRequestEntry{
				{Id: aws.String("small"), MessageBody: aws.String("a")},
				{Id: aws.String("large"), MessageBody: aws.String(strings.Repeat("x", 1025))},
			}})
		if err != nil {
			t.Fatal(err)
		}
		if len(sent.Successful) != 1 || *sent.Successful[0].Id != "small" || len(sent.Failed) != 1 ||
			*sent.Failed[0].Id != "large" {
			t.Errorf("SendMessageBatch = %+v, want small sent and large refused", sent)
		}
		handle := receive(t, client, url, 0)[0].ReceiptHandle
		deleted, err := client.DeleteMessageBatch(t.Context(),
			&sqs.DeleteMessageBatchInput{QueueUrl: &url, Entries: []types.DeleteMessageBatchRequestEntry{
				{Id: aws.String("good"), ReceiptHandle: handle}, {Id: aws.String("bad"), ReceiptHandle: aws.String("x")},
			}})
		if err != nil {
			t.Fatal(err)
		}
		if len(deleted.Successful) != 1 || len(deleted.Failed) != 1 || *deleted.Failed[0].Id != "bad" {
			t.Errorf("DeleteMessageBatch = %+v, want good deleted and bad refused", deleted)
		}
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	const jobs = "https://sqs.us-east-1.amazonaws.com/111111111111/jobs"
	createQueue := func(name string, attributes map[string]string) func(*testing.T, *sqs.Client) error {
		return func(t *testing.T, client *sqs.Client) error {
			_, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
			return err
		}
	}
	redrive := func(target, count string) map[string]string {
		return map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + target + `","maxReceiveCount":` + count + `}`}
	}
	sendMessage := func(in sqs.SendMessageInput) func(*testing.T, *sqs.Client) error {
		return func(t *testing.T, client *sqs.Client) error {
			if in.QueueUrl == nil {
				in.QueueUrl = aws.String(jobs)
			}
			_, err := client.SendMessage(t.Context(), &in)
			return err
		}
	}
	sendBatch := func(ids ...string) func(*testing.T, *sqs.Client) error {
		return func(t *testing.T, client *sqs.Client) error {
			in := &sqs.SendMessageBatchInput{QueueUrl: aws.String(jobs), Entries: []types.SendMessageBatchRequestEntry{}}
			for _, id := range ids {
				in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: &id, MessageBody: aws.String("x")})
			}
			_, err := client.SendMessageBatch(t.Context(), in)
			return err
		}
	}
	tests := []struct {
		name string
		call func(*testing.T, *sqs.Client) error
		want string
	}{
		{"a queue that doesn't exist, by the name that clients of the query protocol know",
			sendMessage(sqs.SendMessageInput{QueueUrl: aws.String(jobs + "2"), MessageBody: aws.String("x")}),
			"AWS.SimpleQueueService.NonExistentQueue"},
		{"a name with a dot", createQueue("a.b", nil), "InvalidParameterValue"},
		{"a FIFO queue, which this cloud doesn't have", createQueue("a.fifo", nil), "InvalidParameterValue"},
		{"the same name with other attributes", createQueue("jobs", map[string]string{"VisibilityTimeout": "99"}),
			"QueueAlreadyExists"},
		{"an unknown attribute", createQueue("new", map[string]string{"Shape": "round"}), "InvalidAttributeName"},
		{"a visibility timeout above 12 hours", createQueue("new", map[string]string{"VisibilityTimeout": "43201"}),
			"InvalidAttributeValue"},
		{"a message size above 1 MiB", createQueue("new", map[string]string{"MaximumMessageSize": "1048577"}),
			"InvalidAttributeValue"},
		{"a malformed policy", createQueue("new", map[string]string{"Policy": "{"}), "InvalidAttributeValue"},
		{"a dead-letter queue of another region", createQueue("new", redrive("arn:aws:sqs:eu-west-1:111111111111:dead", "3")),
			"InvalidParameterValue"},
		{"a dead-letter queue of another account",
			createQueue("new", redrive("arn:aws:sqs:us-east-1:222222222222:dead", "3")), "InvalidParameterValue"},
		{"a dead-letter queue that doesn't exist",
			createQueue("new", redrive("arn:aws:sqs:us-east-1:111111111111:dead", "3")), "InvalidParameterValue"},
		{"no receive at all", createQueue("new", redrive("arn:aws:sqs:us-east-1:111111111111:jobs", "0")),
			"InvalidParameterValue"},
		{"an empty body", sendMessage(sqs.SendMessageInput{MessageBody: aws.String("")}), "MissingParameter"},
		{"a message above the queue's size",
			sendMessage(sqs.SendMessageInput{MessageBody: aws.String(strings.Repeat("x", 1<<20+1))}), "InvalidParameterValue"},
		{"a delay above 15 minutes", sendMessage(sqs.SendMessageInput{MessageBody: aws.String("x"), DelaySeconds: 901}),
			"InvalidParameterValue"},
		{"an attribute of an unknown type",
			sendMessage(sqs.SendMessageInput{MessageBody: aws.String("x"),
				MessageAttributes: map[string]types.MessageAttributeValue{"a": {DataType: aws.String("Date"),
					StringValue: aws.String("x")}}}), "InvalidParameterValue"},
		{"an empty batch", sendBatch(), "AWS.SimpleQueueService.EmptyBatchRequest"},
		{"eleven entries", sendBatch("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"),
			"AWS.SimpleQueueService.TooManyEntriesInBatchRequest"},
		{"an id twice", sendBatch("a", "a"), "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"},
		{"an id with a space", sendBatch("a b"), "AWS.SimpleQueueService.InvalidBatchEntryId"},
		{"more than ten messages at once", func(t *testing.T, client *sqs.Client) error {
			_, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
				QueueUrl: aws.String(jobs), MaxNumberOfMessages: 11,
			})
			return err
		}, "InvalidParameterValue"},
		{"a long poll above 20 seconds", func(t *testing.T, client *sqs.Client) error {
			_, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
				QueueUrl: aws.String(jobs), WaitTimeSeconds: 21,
			})
			return err
		}, "InvalidParameterValue"},
		{"a receipt handle that is none", func(t *testing.T, client *sqs.Client) error {
			_, err := client.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{
				QueueUrl: aws.String(jobs), ReceiptHandle: aws.String("x"),
			})
			return err
		}, "ReceiptHandleIsInvalid"},
		{"a second purge within 60 seconds", func(t *testing.T, client *sqs.Client) error {
			_, first := client.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: aws.String(jobs)})
			_, second := client.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: aws.String(jobs)})
			if first != nil {
				return first
			}
			return second
		}, "AWS.SimpleQueueService.PurgeQueueInProgress"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
				client := clientOf(c, owner)
				create(t, client, "jobs", nil)
				if got := code(tt.call(t, client)); got != tt.want {
					t.Errorf("error code %q, want %q", got, tt.want)
				}
			})
		})
	}
}

func TestQueuePolicyDecidesForOtherAccounts(t *testing.T) {
	t.Parallel()
	const resource = `"Resource":"arn:aws:sqs:us-east-1:111111111111:jobs"`
	tests := []struct {
		name, account, policy, want string
	}{
		{"a stranger needs permission", stranger, "", "AccessDenied"},
		{"a stranger with permission", stranger,
			`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"sqs:SendMessage",` + resource + `}]}`,
			""},
		{"a stranger with permission for something else", stranger,
			`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"sqs:ReceiveMessage",` +
				resource + `}]}`, "AccessDenied"},
		{"the owner needs none", owner, "", ""},
		{"the owner can be denied", owner,
			`{"Statement":[{"Effect":"Deny","Principal":"*","Action":"sqs:SendMessage",` + resource + `}]}`, "AccessDenied"},
		{"a denial of unencrypted calls denies no encrypted one", owner,
			`{"Statement":[{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"sqs:*",` + resource +
				`,"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
				attributes := map[string]string{}
				if tt.policy != "" {
					attributes["Policy"] = tt.policy
				}
				url := create(t, clientOf(c, owner), "jobs", attributes)
				_, err := clientOf(c, tt.account).SendMessage(t.Context(), &sqs.SendMessageInput{
					QueueUrl: &url, MessageBody: aws.String("x"),
				})
				if got := code(err); got != tt.want {
					t.Errorf("error code %q, want %q (%v)", got, tt.want, err)
				}
			})
		})
	}
}

func TestListQueuesPages(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		var want []string
		for _, name := range []string{"a-1", "a-2", "a-3", "b-1"} {
			url := create(t, client, name, nil)
			if strings.HasPrefix(name, "a-") {
				want = append(want, url)
			}
		}
		create(t, clientOf(c, stranger), "a-4", nil)
		pages := sqs.NewListQueuesPaginator(client, &sqs.ListQueuesInput{
			QueueNamePrefix: aws.String("a-"), MaxResults: aws.Int32(2),
		})
		var got []string
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, page.QueueUrls...)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestDeletedQueueIsGone(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		url := create(t, client, "jobs", nil)
		lookUp := func() error {
			_, err := client.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("jobs")})
			return err
		}
		if err := lookUp(); err != nil {
			t.Fatal(err)
		}
		if _, err := client.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: &url}); err != nil {
			t.Fatal(err)
		}
		if got := code(lookUp()); got != "AWS.SimpleQueueService.NonExistentQueue" {
			t.Errorf("GetQueueUrl after DeleteQueue: %q", got)
		}
	})
}

func TestAnotherAccountsQueueIsFoundByItsOwner(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		url := create(t, clientOf(c, owner), "jobs", map[string]string{
			"Policy": `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"sqs:GetQueueUrl",` +
				`"Resource":"arn:aws:sqs:us-east-1:111111111111:jobs"}]}`,
		})
		out, err := clientOf(c, stranger).GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{
			QueueName: aws.String("jobs"), QueueOwnerAWSAccountId: aws.String(owner),
		})
		if err != nil || *out.QueueUrl != url {
			t.Errorf("GetQueueUrl = %v, %v, want %s", out, err, url)
		}
	})
}

func TestChangeMessageVisibilityBatch(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		url := create(t, client, "jobs", nil)
		send(t, client, url, "a")
		out, err := client.ChangeMessageVisibilityBatch(t.Context(), &sqs.ChangeMessageVisibilityBatchInput{
			QueueUrl: &url, Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
				{Id: aws.String("good"), ReceiptHandle: receive(t, client, url, 0)[0].ReceiptHandle, VisibilityTimeout: 5},
				{Id: aws.String("bad"), ReceiptHandle: aws.String("x"), VisibilityTimeout: 5},
			},
		})
		if err != nil || len(out.Successful) != 1 || len(out.Failed) != 1 {
			t.Fatalf("ChangeMessageVisibilityBatch = %+v, %v, want one success and one failure", out, err)
		}
		started := time.Now()
		if got := receive(t, client, url, 20); len(got) != 1 || time.Since(started) != 5*time.Second {
			t.Errorf("received %v after %v, want the message after 5s", bodies(got), time.Since(started))
		}
	})
}
