package queue_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/autopeer/autopeer/internal/cloudsim"
)

// The answers and refusals of this file are those of LocalStack's recordings of AWS, test_sqs_move_task, unless a test
// names another source.

const queueARN = "arn:aws:sqs:us-east-1:111111111111:"

// redrives is a queue whose messages become dead letters at their second receive, and its dead-letter queue.
type redrives struct {
	t          *testing.T
	client     *sqs.Client
	jobs, dead string
}

func newRedrives(t *testing.T, c *cloudsim.Cloud) redrives {
	t.Helper()
	client := clientOf(c, owner)
	dead := create(t, client, "dead", nil)
	jobs := create(t, client, "jobs", map[string]string{
		"VisibilityTimeout": "1", "RedrivePolicy": `{"deadLetterTargetArn":"` + queueARN + `dead","maxReceiveCount":1}`,
	})
	return redrives{t, client, jobs, dead}
}

// bury sends messages and lets them become dead letters.
func (r redrives) bury(bodies ...string) {
	r.t.Helper()
	for _, body := range bodies {
		send(r.t, r.client, r.jobs, body)
	}
	receive(r.t, r.client, r.jobs, 0)
	receive(r.t, r.client, r.jobs, 2) // moves them
}

func (r redrives) start(in sqs.StartMessageMoveTaskInput) (string, error) {
	r.t.Helper()
	in.SourceArn = aws.String(queueARN + "dead")
	out, err := r.client.StartMessageMoveTask(r.t.Context(), &in)
	if err != nil {
		return "", err
	}
	return aws.ToString(out.TaskHandle), nil
}

func (r redrives) list() []types.ListMessageMoveTasksResultEntry {
	r.t.Helper()
	out, err := r.client.ListMessageMoveTasks(r.t.Context(), &sqs.ListMessageMoveTasksInput{
		SourceArn: aws.String(queueARN + "dead"), MaxResults: aws.Int32(10),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return out.Results
}

func (r redrives) wants(want ...types.ListMessageMoveTasksResultEntry) {
	r.t.Helper()
	for i := range want {
		want[i].SourceArn = aws.String(queueARN + "dead")
	}
	ignored := cmpopts.IgnoreFields(types.ListMessageMoveTasksResultEntry{}, "StartedTimestamp")
	if diff := cmp.Diff(want, r.list(), ignored,
		cmpopts.IgnoreUnexported(types.ListMessageMoveTasksResultEntry{})); diff != "" {
		r.t.Errorf("tasks (-want +got):\n%s", diff)
	}
}

// TestRedriveToTheSource: the messages return to their queue as new ones. Those in flight stay.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
func TestRedriveToTheSource(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		r := newRedrives(t, c)
		r.bury("a")
		held := receive(t, r.client, r.dead, 0)[0]
		r.bury("b", "c")
		time.Sleep(time.Second)
		started := time.Now()
		if _, err := r.start(sqs.StartMessageMoveTaskInput{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		r.wants(types.ListMessageMoveTasksResultEntry{
			Status: aws.String("COMPLETED"), ApproximateNumberOfMessagesMoved: 2,
			ApproximateNumberOfMessagesToMove: aws.Int64(2),
		})
		if got := r.list()[0].StartedTimestamp; got != started.UnixMilli() {
			t.Errorf("StartedTimestamp = %d, want %d", got, started.UnixMilli())
		}
		got := receive(t, r.client, r.jobs, 0)
		if diff := cmp.Diff([]string{"b", "c"}, bodies(got)); diff != "" {
			t.Fatalf("messages in the source (-want +got):\n%s", diff)
		}
		m := got[0]
		if m.Attributes["ApproximateReceiveCount"] != "1" || m.Attributes["DeadLetterQueueSourceArn"] != "" ||
			m.Attributes["SentTimestamp"] != fmt.Sprint(started.UnixMilli()) || *m.MessageId == *held.MessageId {
			t.Errorf("message = %+v, want a new one of %d", m.Attributes, started.UnixMilli())
		}
		time.Sleep(time.Minute)
		if got := bodies(receive(t, r.client, r.dead, 0)); !slices.Contains(got, "a") {
			t.Errorf("messages in the dead-letter queue = %v, want the one that was in flight", got)
		}
	})
}

func TestRedriveToAnotherQueue(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		r := newRedrives(t, c)
		other := create(t, r.client, "other", map[string]string{"DelaySeconds": "5"})
		r.bury("a")
		send(t, r.client, r.dead, "sent to the dead-letter queue itself")
		if _, err := r.start(sqs.StartMessageMoveTaskInput{DestinationArn: aws.String(queueARN + "other")}); err != nil {
			t.Fatal(err)
		}
		if got := receive(t, r.client, other, 4); len(got) != 0 {
			t.Errorf("messages before the delay of the queue = %v", bodies(got))
		}
		r.wants(types.ListMessageMoveTasksResultEntry{
			Status: aws.String("COMPLETED"), DestinationArn: aws.String(queueARN + "other"),
			ApproximateNumberOfMessagesMoved: 2, ApproximateNumberOfMessagesToMove: aws.Int64(2),
		})
		if got := receive(t, r.client, other, 2); len(got) != 2 {
			t.Errorf("messages = %v, want both", bodies(got))
		}
	})
}

// TestRedriveWithoutASource: a message that was sent to the dead-letter queue itself comes from no queue.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/troubleshooting-dlq-redrive.html
func TestRedriveWithoutASource(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		r := newRedrives(t, c)
		send(t, r.client, r.dead, "a")
		if _, err := r.start(sqs.StartMessageMoveTaskInput{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		r.wants(types.ListMessageMoveTasksResultEntry{
			Status: aws.String("FAILED"), FailureReason: aws.String("CouldNotDetermineMessageSource"),
			ApproximateNumberOfMessagesToMove: aws.Int64(1),
		})
	})
}

// TestCancelARedrive also checks the rate: the first message is moved after one interval.
func TestCancelARedrive(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		r := newRedrives(t, c)
		r.bury("a", "b", "c", "d")
		handle, err := r.start(sqs.StartMessageMoveTaskInput{MaxNumberOfMessagesPerSecond: aws.Int32(1)})
		if err != nil {
			t.Fatal(err)
		}
		task := types.ListMessageMoveTasksResultEntry{
			Status: aws.String("RUNNING"), TaskHandle: &handle, MaxNumberOfMessagesPerSecond: aws.Int32(1),
			ApproximateNumberOfMessagesToMove: aws.Int64(4),
		}
		r.wants(task)
		_, err = r.start(sqs.StartMessageMoveTaskInput{})
		refused(t, err, "InvalidParameterValue",
			"There is already a task running. Only one active task is allowed for a source queue arn at a given time.")
		time.Sleep(2*time.Second + time.Second/2)
		out, err := r.client.CancelMessageMoveTask(t.Context(), &sqs.CancelMessageMoveTaskInput{TaskHandle: &handle})
		if err != nil || out.ApproximateNumberOfMessagesMoved != 2 {
			t.Fatalf("CancelMessageMoveTask() = %+v, %v; want 2 moved messages", out, err)
		}
		time.Sleep(time.Second)
		task.Status, task.TaskHandle, task.ApproximateNumberOfMessagesMoved = aws.String("CANCELLED"), nil, 2
		r.wants(task)
		_, err = r.client.CancelMessageMoveTask(t.Context(), &sqs.CancelMessageMoveTaskInput{TaskHandle: &handle})
		refused(t, err, "AWS.SimpleQueueService.UnsupportedOperation", "A task can be canceled only while it is running.")

		if _, err := r.start(sqs.StartMessageMoveTaskInput{}); err != nil {
			t.Fatalf("another task after that one: %v", err)
		}
		time.Sleep(time.Second)
		last := types.ListMessageMoveTasksResultEntry{
			Status: aws.String("COMPLETED"), ApproximateNumberOfMessagesMoved: 2,
			ApproximateNumberOfMessagesToMove: aws.Int64(2),
		}
		r.wants(last, task)
		one, err := r.client.ListMessageMoveTasks(t.Context(),
			&sqs.ListMessageMoveTasksInput{SourceArn: aws.String(queueARN + "dead")})
		if err != nil || len(one.Results) != 1 || *one.Results[0].Status != "COMPLETED" {
			t.Errorf("ListMessageMoveTasks() = %+v, %v; want the latest task", one, err)
		}
	})
}

func TestRedriveToAQueueThatIsDeleted(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		r := newRedrives(t, c)
		r.bury("a", "b")
		if _, err := r.start(sqs.StartMessageMoveTaskInput{MaxNumberOfMessagesPerSecond: aws.Int32(1)}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second + time.Second/2)
		if _, err := r.client.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: &r.jobs}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		r.wants(types.ListMessageMoveTasksResultEntry{
			Status: aws.String("FAILED"), FailureReason: aws.String("AWS.SimpleQueueService.NonExistentQueue"),
			MaxNumberOfMessagesPerSecond:     aws.Int32(1),
			ApproximateNumberOfMessagesMoved: 1, ApproximateNumberOfMessagesToMove: aws.Int64(2),
		})
	})
}

func refused(t *testing.T, err error, code, message string) {
	t.Helper()
	e, ok := errors.AsType[smithy.APIError](err)
	if !ok || e.ErrorCode() != code || e.ErrorMessage() != message {
		t.Errorf("refused with %v, want %s: %s", err, code, message)
	}
}

func TestRefusedRedrives(t *testing.T) {
	t.Parallel()
	handle := func(task, source string) string {
		return base64.StdEncoding.EncodeToString([]byte(`{"taskId":"` + task + `","sourceArn":"` + source + `"}`))
	}
	const (
		noSource, noDestination = "The resource that you specified for the SourceArn parameter doesn't exist.",
			"The resource that you specified for the DestinationArn parameter doesn't exist."
		invalid, missing, notFound = "InvalidParameterValue", "MissingParameter", "ResourceNotFoundException"
	)
	start := func(source, destination string, perSecond int32) func(*testing.T, *sqs.Client) error {
		return func(t *testing.T, client *sqs.Client) error {
			in := &sqs.StartMessageMoveTaskInput{SourceArn: &source}
			if destination != "" {
				in.DestinationArn = &destination
			}
			if perSecond != 0 {
				in.MaxNumberOfMessagesPerSecond = &perSecond
			}
			_, err := client.StartMessageMoveTask(t.Context(), in)
			return err
		}
	}
	cancel := func(handle string) func(*testing.T, *sqs.Client) error {
		return func(t *testing.T, client *sqs.Client) error {
			_, err := client.CancelMessageMoveTask(t.Context(), &sqs.CancelMessageMoveTaskInput{TaskHandle: &handle})
			return err
		}
	}
	list := func(source string, most int32) func(*testing.T, *sqs.Client) error {
		return func(t *testing.T, client *sqs.Client) error {
			_, err := client.ListMessageMoveTasks(t.Context(),
				&sqs.ListMessageMoveTasksInput{SourceArn: &source, MaxResults: &most})
			return err
		}
	}
	tests := []struct {
		name          string
		call          func(*testing.T, *sqs.Client) error
		code, message string
	}{
		{"a queue that isn't there", start(queueARN+"none", "", 0), notFound, noSource},
		{"a queue of another Region", start("arn:aws:sqs:eu-west-1:111111111111:dead", "", 0), notFound, noSource},
		{"no source", start("", "", 0), missing, "The request must contain the parameter SourceArn."},
		{"a queue that has no dead letters", start(queueARN+"jobs", "", 0), invalid,
			"Source queue must be configured as a Dead Letter Queue."},
		{"no such destination", start(queueARN+"dead", queueARN+"none", 0), notFound, noDestination},
		{"a rate that is too low", start(queueARN+"dead", "", -1), invalid,
			"Value -1 for parameter MaxNumberOfMessagesPerSecond is invalid."},
		{"a rate that is too high", start(queueARN+"dead", "", 501), invalid,
			"Value 501 for parameter MaxNumberOfMessagesPerSecond is invalid."},
		{"tasks of no queue", list(queueARN+"none", 1), notFound, noSource},
		{"no tasks", list(queueARN+"dead", 0), invalid, "Value 0 for parameter MaxResults is invalid."},
		{"too many tasks", list(queueARN+"dead", 11), invalid, "Value 11 for parameter MaxResults is invalid."},
		{"a handle that is none", cancel("foobar"), invalid, "Value for parameter TaskHandle is invalid."},
		{"no handle", cancel(""), missing, "The request must contain the parameter TaskHandle."},
		{"a handle of no queue", cancel(handle("1", queueARN+"none")), notFound, noSource},
		{"a handle of no task", cancel(handle("1", queueARN+"dead")), notFound, "Task does not exist."},
	}
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		r := newRedrives(t, c)
		for _, tt := range tests {
			t.Log(tt.name)
			refused(t, tt.call(t, r.client), tt.code, tt.message)
		}
	})
}

// TestPermissionsToRedrive: the caller receives and deletes the messages, and sends them.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
func TestPermissionsToRedrive(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		r := newRedrives(t, c)
		allow := func(queue, action string) string {
			return `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"` + stranger + `"},"Action":[` + action +
				`],"Resource":"` + queueARN + queue + `"}]}`
		}
		set := func(url, policy string) {
			t.Helper()
			_, err := r.client.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{
				QueueUrl: &url, Attributes: map[string]string{"Policy": policy},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		c.IAM.Enforce()
		client := clientOf(c, stranger)
		start := func() string {
			_, err := client.StartMessageMoveTask(t.Context(),
				&sqs.StartMessageMoveTaskInput{SourceArn: aws.String(queueARN + "dead")})
			return code(err)
		}
		set(r.dead, allow("dead", `"sqs:StartMessageMoveTask","sqs:ReceiveMessage","sqs:DeleteMessage"`))
		set(r.jobs, allow("jobs", `"sqs:SendMessage"`))
		if got := start(); got != "AccessDenied" {
			t.Errorf("without GetQueueAttributes: %q", got)
		}
		set(r.dead,
			allow("dead", `"sqs:StartMessageMoveTask","sqs:ReceiveMessage","sqs:DeleteMessage","sqs:GetQueueAttributes"`))
		set(r.jobs, allow("jobs", `"sqs:ReceiveMessage"`))
		if got := start(); got != "AccessDenied" {
			t.Errorf("without SendMessage: %q", got)
		}
		set(r.jobs, allow("jobs", `"sqs:SendMessage"`))
		if got := start(); got != "" {
			t.Errorf("with all permissions: %q", got)
		}
	})
}
