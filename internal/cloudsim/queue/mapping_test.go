package queue_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/queue"
)

const jobsARN = "arn:aws:sqs:us-east-1:111111111111:jobs"

// function is a queue.Function that remembers the batches that it was invoked with.
type function struct {
	mu       sync.Mutex
	batches  [][]string
	payloads []int // in bytes
	answer   func(ctx context.Context, event events.SQSEvent) ([]byte, error)
}

func (f *function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var event events.SQSEvent
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, err
	}
	var batch []string
	for _, r := range event.Records {
		batch = append(batch, r.Body)
	}
	f.mu.Lock()
	f.batches = append(f.batches, batch)
	f.payloads = append(f.payloads, len(payload))
	f.mu.Unlock()
	if f.answer == nil {
		return nil, nil
	}
	return f.answer(ctx, event)
}

func (f *function) invocations() [][]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.batches)
}

func settle(t *testing.T, c *cloudsim.Cloud) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	if err := c.Settle(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestMappingShowsTheFunctionLambdasEvent(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		url := create(t, client, "jobs", nil)
		var got events.SQSMessage
		handler := lambda.NewHandler(func(_ context.Context, event events.SQSEvent) error {
			got = event.Records[0]
			return nil
		})
		if _, err := c.Queues.Map(jobsARN, queue.Mapping{}, handler); err != nil {
			t.Fatal(err)
		}
		send(t, client, url, "hello")
		settle(t, c)
		want := events.SQSMessage{
			MessageId: got.MessageId, ReceiptHandle: got.ReceiptHandle, Body: "hello",
			Md5OfBody: "5d41402abc4b2a76b9719d911017c592", EventSource: "aws:sqs", EventSourceARN: jobsARN, AWSRegion: region,
			MessageAttributes: map[string]events.SQSMessageAttribute{},
			Attributes: map[string]string{
				"ApproximateReceiveCount": "1", "SenderId": owner,
				"SentTimestamp": "946684800000", "ApproximateFirstReceiveTimestamp": "946684800000", // the bubble's midnight
			},
		}
		if diff := cmp.Diff(want, got); diff != "" || got.MessageId == "" || got.ReceiptHandle == "" {
			t.Errorf("record (-want +got):\n%s", diff)
		}
	})
}

func TestTheAnswerNamesTheMessagesToRetry(t *testing.T) {
	t.Parallel()
	const both, none = "a b", ""
	answer := func(text string) func(events.SQSEvent) ([]byte, error) {
		return func(e events.SQSEvent) ([]byte, error) {
			return []byte(strings.ReplaceAll(text, "ID-OF-A", e.Records[0].MessageId)), nil
		}
	}
	tests := []struct {
		name    string
		partial bool
		answer  func(events.SQSEvent) ([]byte, error)
		back    string
	}{
		{"no answer is success", true, answer(""), none},
		{"a null answer is success", true, answer("null"), none},
		{"an empty object is success", true, answer("{}"), none},
		{"a null list is success", true, answer(`{"batchItemFailures":null}`), none},
		{"an empty list is success", true, answer(`{"batchItemFailures":[]}`), none},
		{"a listed message comes back alone", true, answer(`{"batchItemFailures":[{"itemIdentifier":"ID-OF-A"}]}`), "a"},
		{"an unknown identifier fails the batch", true, answer(`{"batchItemFailures":[{"itemIdentifier":"x"}]}`), both},
		{"an unknown identifier beside a known one fails the batch", true,
			answer(`{"batchItemFailures":[{"itemIdentifier":"ID-OF-A"},{"itemIdentifier":"x"}]}`), both},
		{"an empty identifier fails the batch", true, answer(`{"batchItemFailures":[{"itemIdentifier":""}]}`), both},
		{"a null identifier fails the batch", true, answer(`{"batchItemFailures":[{"itemIdentifier":null}]}`), both},
		{"a misspelled key fails the batch", true, answer(`{"batchItemFailures":[{"itemId":"ID-OF-A"}]}`), both},
		{"malformed JSON fails the batch", true, answer(`{"batchItemFailures":`), both},
		{"an answer of another type fails the batch", true, answer(`"done"`), both},
		{"an error fails the batch", true, func(events.SQSEvent) ([]byte, error) { return nil, errors.New("boom") }, both},
		{"a panic fails the batch", true, func(events.SQSEvent) ([]byte, error) { panic("boom") }, both},
		{"an answer after the timeout fails the batch", true, func(events.SQSEvent) ([]byte, error) {
			time.Sleep(4 * time.Second)
			return nil, nil
		}, both},
		{"without ReportBatchItemFailures the answer means nothing", false,
			answer(`{"batchItemFailures":[{"itemIdentifier":"x"}]}`), none},
		{"without ReportBatchItemFailures an error fails the batch", false, func(events.SQSEvent) ([]byte, error) {
			return nil, errors.New("boom")
		}, both},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
				client := clientOf(c, owner)
				url := create(t, client, "jobs", nil)
				send(t, client, url, "a")
				send(t, client, url, "b")
				f := &function{answer: func(_ context.Context, e events.SQSEvent) ([]byte, error) { return tt.answer(e) }}
				p, err := c.Queues.Map(jobsARN, queue.Mapping{ReportBatchItemFailures: tt.partial}, f)
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(5 * time.Second) // longer than the function's timeout, shorter than the queue's
				p.Pause()
				time.Sleep(time.Minute)
				if got := strings.Join(bodies(receive(t, client, url, 0)), " "); got != tt.back {
					t.Errorf("%q came back, want %q", got, tt.back)
				}
				if got := f.invocations(); !cmp.Equal(got, [][]string{{"a", "b"}}) {
					t.Errorf("invoked with %v, want both messages once", got)
				}
			})
		})
	}
}

func TestFailureComesBackAfterItsVisibilityTimeoutAndEndsAsADeadLetter(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		dead := create(t, client, "dead", nil)
		url := create(t, client, "jobs", map[string]string{
			"VisibilityTimeout": "10",
			"RedrivePolicy":     `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:111111111111:dead","maxReceiveCount":"3"}`,
		})
		var at []time.Duration
		started := time.Now()
		f := &function{answer: func(context.Context, events.SQSEvent) ([]byte, error) {
			at = append(at, time.Since(started))
			return nil, errors.New("boom")
		}}
		if _, err := c.Queues.Map(jobsARN, queue.Mapping{}, f); err != nil {
			t.Fatal(err)
		}
		send(t, client, url, "a")
		settle(t, c)
		if diff := cmp.Diff([]time.Duration{0, 10 * time.Second, 20 * time.Second}, at); diff != "" {
			t.Errorf("invoked at (-want +got):\n%s", diff)
		}
		if got := bodies(receive(t, client, dead, 0)); !cmp.Equal(got, []string{"a"}) {
			t.Errorf("dead letters = %v, want a", got)
		}
	})
}

func TestWindowGathersABatch(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		url := create(t, client, "jobs", nil)
		f := &function{}
		if _, err := c.Queues.Map(jobsARN, queue.Mapping{BatchSize: 3, Window: 10 * time.Second}, f); err != nil {
			t.Fatal(err)
		}
		for _, body := range []string{"a", "b", "c", "d"} {
			send(t, client, url, body)
			time.Sleep(time.Second)
		}
		settle(t, c)
		if diff := cmp.Diff([][]string{{"a", "b", "c"}, {"d"}}, f.invocations()); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
	})
}

func TestMaximumConcurrencyLimitsInvocations(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		url := create(t, client, "jobs", nil)
		var mu sync.Mutex
		running, most := 0, 0
		count := func(change int) {
			mu.Lock()
			defer mu.Unlock()
			running += change
			most = max(most, running)
		}
		f := &function{answer: func(context.Context, events.SQSEvent) ([]byte, error) {
			count(1)
			defer count(-1)
			time.Sleep(time.Second)
			return nil, nil
		}}
		for range 7 {
			send(t, client, url, "x")
		}
		started := time.Now()
		if _, err := c.Queues.Map(jobsARN, queue.Mapping{BatchSize: 1, MaxConcurrency: 2}, f); err != nil {
			t.Fatal(err)
		}
		settle(t, c)
		if most != 2 || time.Since(started) != 4*time.Second {
			t.Errorf("%d at once for %v, want 2 for 4s", most, time.Since(started))
		}
	})
}

func TestPausedMappingLeavesMessages(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		url := create(t, client, "jobs", nil)
		f := &function{}
		p, err := c.Queues.Map(jobsARN, queue.Mapping{}, f)
		if err != nil {
			t.Fatal(err)
		}
		p.Pause()
		p.Pause()
		send(t, client, url, "a")
		settle(t, c) // messages without a poller aren't waited for
		synctest.Wait()
		if got := f.invocations(); got != nil {
			t.Errorf("invoked with %v while paused", got)
		}
		p.Resume()
		p.Resume()
		settle(t, c)
		if got := f.invocations(); !cmp.Equal(got, [][]string{{"a"}}) {
			t.Errorf("invoked with %v after Resume, want a", got)
		}
		p.Stop()
		p.Resume()
		send(t, client, url, "b")
		synctest.Wait()
		if got := f.invocations(); len(got) != 1 {
			t.Errorf("invoked with %v after Stop", got)
		}
	})
}

func TestCloseCancelsAndWaitsForInvocations(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		url := create(t, client, "jobs", nil)
		var ended error
		f := &function{answer: func(ctx context.Context, _ events.SQSEvent) ([]byte, error) {
			<-ctx.Done()
			time.Sleep(time.Millisecond)
			ended = ctx.Err()
			return nil, ended
		}}
		if _, err := c.Queues.Map(jobsARN, queue.Mapping{}, f); err != nil {
			t.Fatal(err)
		}
		send(t, client, url, "a")
		synctest.Wait()
		c.Close()
		if !errors.Is(ended, context.Canceled) {
			t.Errorf("invocation ended with %v before Close returned, want a cancelation", ended)
		}
	})
}

func TestMappingRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		queue   string
		mapping queue.Mapping
		want    string
	}{
		{"a queue that doesn't exist", jobsARN + "2", queue.Mapping{}, "queue does not exist"},
		{"a batch size above 10000", jobsARN, queue.Mapping{BatchSize: 10_001}, "batch size"},
		{"a batch size above 10 without a window", jobsARN, queue.Mapping{BatchSize: 11}, "window of at least 1 second"},
		{"a window above 300 seconds", jobsARN, queue.Mapping{Window: 301 * time.Second}, "window"},
		{"a maximum concurrency of 1", jobsARN, queue.Mapping{MaxConcurrency: 1}, "from 2 to 1000"},
		{"a function timeout above 15 minutes", jobsARN, queue.Mapping{Timeout: 901 * time.Second}, "900"},
		{"a function timeout above the queue's visibility timeout", jobsARN,
			queue.Mapping{Timeout: 31 * time.Second}, "visibility timeout"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
				create(t, clientOf(c, owner), "jobs", nil)
				_, err := c.Queues.Map(tt.queue, tt.mapping, &function{})
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("Map() = %v, want an error with %q", err, tt.want)
				}
			})
		})
	}
}
