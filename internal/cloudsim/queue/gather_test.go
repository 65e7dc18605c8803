package queue_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/queue"
)

const lambdaPayload = 6 << 20 // Lambda's quota for a synchronous invocation

// sendMany sends the numbers from 0 in batches of ten.
func sendMany(tb testing.TB, client *sqs.Client, url string, messages int) {
	tb.Helper()
	for first := 0; first < messages; first += 10 {
		var entries []types.SendMessageBatchRequestEntry
		for i := first; i < min(first+10, messages); i++ {
			n := strconv.Itoa(i)
			entries = append(entries, types.SendMessageBatchRequestEntry{Id: &n, MessageBody: &n})
		}
		in := &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: entries}
		if out, err := client.SendMessageBatch(tb.Context(), in); err != nil || len(out.Failed) > 0 {
			tb.Fatal(err, out)
		}
	}
}

func TestWindowEndsAfterItsFirstMessage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		lowTraffic bool
		window     time.Duration
		want       time.Duration
	}{
		"no window":                            {false, 0, 0},
		"a window":                             {false, 5 * time.Second, 5 * time.Second},
		"no window with little traffic":        {true, 0, 0},
		"a window with little traffic":         {true, 5 * time.Second, 20 * time.Second},
		"a longer window with little traffic":  {true, 25 * time.Second, 25 * time.Second},
		"the longest window of Lambda, 5 min.": {false, 300 * time.Second, 300 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := cloudsim.New(cloudsim.Options{Queues: queue.Switches{LowTrafficWindow: tt.lowTraffic}})
				defer c.Close()
				client := clientOf(c, owner)
				url := create(t, client, "jobs", map[string]string{"VisibilityTimeout": "320"})
				started := time.Now()
				var waited time.Duration
				f := &function{answer: func(context.Context, events.SQSEvent) ([]byte, error) {
					waited = time.Since(started)
					return nil, nil
				}}
				if _, err := c.Queues.Map(jobsARN, queue.Mapping{BatchSize: 10, Window: tt.window}, f); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute) // an empty window would have ended
				started = time.Now()
				send(t, client, url, "a")
				settle(t, c)
				if waited != tt.want || len(f.invocations()) != 1 {
					t.Errorf("invoked %d times, first after %v, want once after %v", len(f.invocations()), waited, tt.want)
				}
			})
		})
	}
}

// TestPayloadOfSixMegabytesEndsABatch sends 7.5 MB. The bodies of 24 messages are 6 MB exactly, and the additions of
// Lambda and SQS to each count, too: the 24th belongs to the second batch.
func TestPayloadOfSixMegabytesEndsABatch(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		url := create(t, client, "jobs", map[string]string{"VisibilityTimeout": "60"})
		const messages, size = 30, 256 << 10
		for i := range messages {
			send(t, client, url, fmt.Sprintf("%02d", i)+strings.Repeat("<", size-2)) // "<" is one byte for Lambda
		}
		started := time.Now()
		var at []time.Duration
		f := &function{answer: func(context.Context, events.SQSEvent) ([]byte, error) {
			at = append(at, time.Since(started))
			return nil, nil
		}}
		m := queue.Mapping{BatchSize: 10_000, Window: 15 * time.Second}
		if _, err := c.Queues.Map(jobsARN, m, f); err != nil {
			t.Fatal(err)
		}
		settle(t, c)
		var got []string
		for _, batch := range f.invocations() {
			got = append(got, fmt.Sprintf("%d from %s", len(batch), batch[0][:2]))
		}
		if diff := cmp.Diff([]string{"23 from 00", "7 from 23"}, got); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]time.Duration{0, 15 * time.Second}, at); diff != "" {
			t.Errorf("invoked at (-want +got):\n%s", diff)
		}
		if p := f.payloads[0]; p > lambdaPayload || p < lambdaPayload-size {
			t.Errorf("payload of %d bytes, want as much as fits into %d", p, lambdaPayload)
		}
	})
}

// exactly is a function that fails every third message once. It checks that no message is with two invocations.
type exactly struct {
	mu        sync.Mutex
	running   map[string]bool
	failed    map[string]bool
	done      map[string]int
	together  []string
	mostBatch int
}

func (f *exactly) begin(e events.SQSEvent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mostBatch = max(f.mostBatch, len(e.Records))
	for _, r := range e.Records {
		if f.running[r.Body] {
			f.together = append(f.together, r.Body)
		}
		f.running[r.Body] = true
	}
}

func (f *exactly) end(e events.SQSEvent) (failures []events.SQSBatchItemFailure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range e.Records {
		f.running[r.Body] = false
		if n, _ := strconv.Atoi(r.Body); n%3 == 0 && !f.failed[r.Body] {
			f.failed[r.Body] = true
			failures = append(failures, events.SQSBatchItemFailure{ItemIdentifier: r.MessageId})
			continue
		}
		f.done[r.Body]++
	}
	return failures
}

func (f *exactly) Invoke(_ context.Context, payload []byte) ([]byte, error) {
	var e events.SQSEvent
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, err
	}
	f.begin(e)
	time.Sleep(2900 * time.Millisecond) // almost the function's timeout
	return json.Marshal(events.SQSEventResponse{BatchItemFailures: f.end(e)})
}

// TestWindowsLoseNothing sends messages in every phase of a window, under the visibility timeout that AWS recommends,
// and disables the mapping meanwhile.
func TestWindowsLoseNothing(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		url := create(t, client, "jobs", map[string]string{"VisibilityTimeout": strconv.Itoa(6*3 + 2)})
		f := &exactly{running: map[string]bool{}, failed: map[string]bool{}, done: map[string]int{}}
		m := queue.Mapping{
			BatchSize: 300, Window: 2 * time.Second, MaxConcurrency: 5, ReportBatchItemFailures: true, Timeout: 3 * time.Second,
		}
		p, err := c.Queues.Map(jobsARN, m, f)
		if err != nil {
			t.Fatal(err)
		}
		const messages = 2000
		for i := range messages {
			send(t, client, url, strconv.Itoa(i))
			time.Sleep(7 * time.Millisecond)
			if i%400 == 399 {
				p.Pause()
				p.Resume()
			}
		}
		settle(t, c)
		if len(f.done) != messages || len(f.together) > 0 || f.mostBatch > 300 {
			t.Errorf("%d messages done, %v with two invocations, up to %d in a batch", len(f.done), f.together, f.mostBatch)
		}
		for body, times := range f.done {
			if times != 1 {
				t.Errorf("message %s succeeded %d times", body, times)
			}
		}
	})
}

// TestEndOfAMappingGivesItsWindowBack: the next mapping, or a person, gets the messages at once and not after the
// visibility timeout.
func TestEndOfAMappingGivesItsWindowBack(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*queue.Poller){
		"disabled": (*queue.Poller).Pause, "deleted": (*queue.Poller).Stop,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
				client := clientOf(c, owner)
				url := create(t, client, "jobs", map[string]string{"VisibilityTimeout": "3600"})
				f := &function{answer: func(context.Context, events.SQSEvent) ([]byte, error) {
					return nil, errors.New("unexpected")
				}}
				p, err := c.Queues.Map(jobsARN, queue.Mapping{BatchSize: 100, Window: time.Minute}, f)
				if err != nil {
					t.Fatal(err)
				}
				sendMany(t, client, url, 4)
				time.Sleep(30 * time.Second)
				if got := receive(t, client, url, 0); len(got) != 0 {
					t.Errorf("%v visible while a batch has them", bodies(got))
				}
				end(p)
				if got := bodies(receive(t, client, url, 0)); !cmp.Equal(got, []string{"0", "1", "2", "3"}) {
					t.Errorf("%v visible after the end, want all four", got)
				}
				if got := f.invocations(); got != nil {
					t.Errorf("invoked with %v", got)
				}
			})
		})
	}
}

// TestVisibilityTimeoutHasToCoverTheWindow: a message that is visible again before its batch is deleted goes to a
// second batch, and only the last receive counts. Lambda accepts such a queue.
func TestVisibilityTimeoutHasToCoverTheWindow(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		url := create(t, client, "jobs", map[string]string{"VisibilityTimeout": "5"})
		var mu sync.Mutex
		var receives []string
		f := &function{answer: func(_ context.Context, e events.SQSEvent) ([]byte, error) {
			mu.Lock()
			receives = append(receives, e.Records[0].Attributes["ApproximateReceiveCount"])
			n := len(receives)
			mu.Unlock()
			if n == 2 {
				return nil, errors.New("boom")
			}
			time.Sleep(4 * time.Second)
			return nil, nil
		}}
		m := queue.Mapping{BatchSize: 100, Window: 4 * time.Second, Timeout: 5 * time.Second}
		if _, err := c.Queues.Map(jobsARN, m, f); err != nil {
			t.Fatal(err)
		}
		send(t, client, url, "a")
		time.Sleep(14*time.Second + 500*time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		if diff := cmp.Diff([]string{"1", "2", "3"}, receives); diff != "" {
			t.Errorf("receives (-want +got):\n%s", diff)
		}
	})
}

// BenchmarkLargeBatches shows a time per message that doesn't grow with their number: receiving, invoking and deleting
// read the queue once a batch.
func BenchmarkLargeBatches(b *testing.B) {
	for _, messages := range []int{500, 2000, 8000} {
		b.Run(strconv.Itoa(messages), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				c := cloudsim.New(cloudsim.Options{})
				client := sqs.New(sqs.Options{
					Region: region, Credentials: credentials.NewStaticCredentialsProvider(owner, "any", ""),
					HTTPClient: &http.Client{Transport: c}, Retryer: aws.NopRetryer{},
				})
				out, err := client.CreateQueue(b.Context(), &sqs.CreateQueueInput{QueueName: aws.String("jobs")})
				if err != nil {
					b.Fatal(err)
				}
				sendMany(b, client, *out.QueueUrl, messages)
				b.StartTimer()
				m := queue.Mapping{BatchSize: messages, Window: time.Second}
				if _, err := c.Queues.Map(jobsARN, m, &function{}); err != nil {
					b.Fatal(err)
				}
				if err := c.Settle(b.Context()); err != nil {
					b.Fatal(err)
				}
				c.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*messages), "ns/message")
		})
	}
}
