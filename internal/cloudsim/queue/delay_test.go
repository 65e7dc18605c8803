package queue_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/queue"
)

// sendLater sends with a delay of five minutes.
func sendLater(t *testing.T, client *sqs.Client, url, body string) {
	t.Helper()
	if _, err := client.SendMessage(t.Context(),
		&sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body, DelaySeconds: 300}); err != nil {
		t.Fatal(err)
	}
}

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-timers.html
func TestAMessagesOwnDelayOverridesTheQueues(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		send func(t *testing.T, client *sqs.Client, url string)
		want []string // in order of their delays
		at   []time.Duration
	}{
		{"alone", func(t *testing.T, client *sqs.Client, url string) {
			sendLater(t, client, url, "own")
			send(t, client, url, "queue's")
		}, []string{"queue's", "own"}, []time.Duration{10 * time.Second, 300 * time.Second}},
		{"in a batch, each entry its own", func(t *testing.T, client *sqs.Client, url string) {
			out, err := client.SendMessageBatch(t.Context(),
				&sqs.SendMessageBatchInput{QueueUrl: &url, Entries: []types.SendMessageBatchRequestEntry{
					{Id: aws.String("1"), MessageBody: aws.String("own"), DelaySeconds: 900},
					{Id: aws.String("2"), MessageBody: aws.String("too much"), DelaySeconds: 901},
					{Id: aws.String("3"), MessageBody: aws.String("less"), DelaySeconds: 5},
					{Id: aws.String("4"), MessageBody: aws.String("queue's")},
				}})
			if err != nil || len(out.Failed) != 1 || *out.Failed[0].Id != "2" {
				t.Fatalf("SendMessageBatch = %+v, %v; want a refusal of the second entry alone", out, err)
			}
		}, []string{"less", "queue's", "own"}, []time.Duration{5 * time.Second, 10 * time.Second, 900 * time.Second}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
				client := clientOf(c, owner)
				url := create(t, client, "jobs", map[string]string{"DelaySeconds": "10", "VisibilityTimeout": "3600"})
				started := time.Now()
				tt.send(t, client, url)
				var got []string
				var at []time.Duration
				for time.Since(started) < 20*time.Minute {
					for _, body := range bodies(receive(t, client, url, 20)) {
						got, at = append(got, body), append(at, time.Since(started))
					}
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(tt.at, at); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestSettleWaitsForADelayedMessage(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		url := create(t, client, "jobs", nil)
		f := &function{}
		if _, err := c.Queues.Map(jobsARN, queue.Mapping{}, f); err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		sendLater(t, client, url, "a")
		settle(t, c)
		if diff := cmp.Diff([][]string{{"a"}}, f.invocations()); diff != "" || time.Since(started) != 5*time.Minute {
			t.Errorf("settled after %v with %s, want one invocation after 5m", time.Since(started), diff)
		}
	})
}

// TestEndWindows: a delay goes on when a window ends, and both end with the delays.
func TestEndWindows(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		end  func(*cloudsim.Cloud)
		want int // invocations within two seconds
	}{
		"no end":  {func(*cloudsim.Cloud) {}, 0},
		"windows": {func(c *cloudsim.Cloud) { c.Queues.EndWindows(jobsARN) }, 1},
		"delays":  {func(c *cloudsim.Cloud) { c.Queues.EndDelays(jobsARN) }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
				client := clientOf(c, owner)
				url := create(t, client, "jobs", map[string]string{"VisibilityTimeout": "300"})
				f := &function{}
				if _, err := c.Queues.Map(jobsARN, queue.Mapping{Window: 30 * time.Second}, f); err != nil {
					t.Fatal(err)
				}
				send(t, client, url, "now")
				time.Sleep(100 * time.Millisecond)
				tt.end(c)
				time.Sleep(100 * time.Millisecond)
				sendLater(t, client, url, "later")
				for range 18 {
					tt.end(c)
					time.Sleep(100 * time.Millisecond)
				}
				if got := f.invocations(); len(got) != tt.want {
					t.Errorf("invoked with %v, want %d invocations", got, tt.want)
				}
			})
		})
	}
}

func TestEndDelays(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		url := create(t, client, "jobs", nil)
		send(t, client, url, "received")
		if got := receive(t, client, url, 0); len(got) != 1 {
			t.Fatalf("received %v, want one message", bodies(got))
		}
		f := &function{}
		if _, err := c.Queues.Map(jobsARN, queue.Mapping{}, f); err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		sendLater(t, client, url, "delayed")
		c.Queues.EndDelays("arn:aws:sqs:us-east-1:111111111111:nowhere")
		c.Queues.EndDelays(jobsARN)
		settle(t, c)
		if diff := cmp.Diff([][]string{{"delayed"}, {"received"}}, f.invocations()); diff != "" {
			t.Error(diff)
		}
		if took := time.Since(started); took != 30*time.Second {
			t.Errorf("settled after %v, want the visibility timeout's 30s, which EndDelays leaves alone", took)
		}
	})
}

// A poller that waits for the first message to become visible must notice.
func TestEndDelaysWakesAWaitingReceive(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		url := create(t, client, "jobs", nil)
		sendLater(t, client, url, "a")
		started := time.Now()
		time.AfterFunc(3*time.Second, func() { c.Queues.EndDelays(jobsARN) })
		if got := receive(t, client, url, 20); len(got) != 1 || time.Since(started) != 3*time.Second {
			t.Errorf("received %v after %v, want one message after 3s", bodies(got), time.Since(started))
		}
	})
}
