package lambdasqs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/aws/lambdasqs"
	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// queue remembers for how long which message was hidden.
type queue struct {
	mu     sync.Mutex
	hidden map[string]time.Duration
	err    error
}

func (q *queue) Hide(_ context.Context, d time.Duration, receiptHandles ...string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, handle := range receiptHandles {
		q.hidden[handle] = d
	}
	return q.err
}

func deletion(connection string) string {
	return fmt.Sprintf(`{"source":"aws.ec2","detail-type":"AWS API Call via CloudTrail","account":"111111111111",
		"detail":{"eventVersion":"1.11","eventSource":"ec2.amazonaws.com","eventName":"DeleteVpcPeeringConnection",
		"requestParameters":{"vpcPeeringConnectionId":%q}}}`, connection)
}

func message(id, body, deliveries string) events.SQSMessage {
	return events.SQSMessage{
		MessageId: id, ReceiptHandle: "r-" + id, Body: body,
		Attributes: map[string]string{"ApproximateReceiveCount": deliveries},
	}
}

// handle ends in the way that the connection's id asks for.
func handle(_ context.Context, h hint.Hint) error {
	switch h.Connection {
	case "":
		return errors.New("called with nothing to handle")
	case "pcx-0000000a":
		return errors.New("throttled")
	case "pcx-0000000b":
		return fault.Errorf(fault.Permanent, "access denied")
	case "pcx-0000000c":
		return fault.Errorf(fault.Denied, "quota")
	case "pcx-0000000d":
		panic("nil map")
	}
	return nil
}

func TestHandler(t *testing.T) {
	tests := []struct {
		name     string
		messages []events.SQSMessage
		failed   []string
		log      string // a piece of a line
	}{
		{"a processed message is not delivered again", []events.SQSMessage{message("1", deletion("pcx-00000000"), "1")}, nil,
			`level=INFO msg="message processed"`},
		{"only the failed message returns",
			[]events.SQSMessage{message("1", deletion("pcx-00000000"), "1"), message("2", deletion("pcx-0000000a"), "1")},
			[]string{"2"}, `level=WARN msg="message failed"`},
		{"a permanent error returns and is logged as an error",
			[]events.SQSMessage{message("1", deletion("pcx-0000000b"), "1")},
			[]string{"1"}, `level=ERROR msg="message failed"`},
		{"a denial is a decision", []events.SQSMessage{message("1", deletion("pcx-0000000c"), "1")}, nil, `fault=denied`},
		{"a panic costs one message",
			[]events.SQSMessage{message("1", deletion("pcx-0000000d"), "1"), message("2", deletion("pcx-00000000"), "1")},
			[]string{"1"}, `panic: nil map`},
		{"a malformed message returns until it reaches the dead-letter queue",
			[]events.SQSMessage{message("1", "garbage", "1"), message("2", "rubbish", "1")},
			[]string{"1", "2"}, `fault=permanent`},
		{"an unrelated event is acknowledged", []events.SQSMessage{message("1", `{"source":"aws.s3"}`, "1")}, nil,
			`msg="message ignored"`},
		{"an empty batch is fine", nil, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			log := captureLog(t)
			q := &queue{hidden: map[string]time.Duration{}}
			response, err := lambdasqs.Handler(func() {}, q, uncounted, handle)(t.Context(),
				events.SQSEvent{Records: tt.messages})
			if err != nil {
				t.Fatal(err)
			}
			var failed []string
			for _, f := range response.BatchItemFailures {
				failed = append(failed, f.ItemIdentifier)
			}
			if diff := cmp.Diff(tt.failed, failed); diff != "" {
				t.Errorf("failed messages (-want +got):\n%s", diff)
			}
			if len(q.hidden) != len(tt.failed) {
				t.Errorf("hidden = %v, want those that failed", q.hidden)
			}
			if !strings.Contains(log.String(), tt.log) {
				t.Errorf("log = %s\nwant in it: %s", log, tt.log)
			}
		})
	}
}

func captureLog(t *testing.T) *bytes.Buffer {
	t.Helper()
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &log
}

func uncounted(int) {}

// TestAMessageThatKeepsFailingIsCounted from its eighth delivery on, because SQS leaves it out of its own metric of
// age.
func TestAMessageThatKeepsFailingIsCounted(t *testing.T) {
	t.Parallel()
	const works, throttled, denied = "pcx-00000000", "pcx-0000000a", "pcx-0000000c"
	tests := []struct {
		name     string
		messages []events.SQSMessage
		want     []int // the counts, one a call
	}{
		{"the seventh failure", []events.SQSMessage{message("1", deletion(throttled), "7")}, nil},
		{"the eighth failure", []events.SQSMessage{message("1", deletion(throttled), "8")}, []int{1}},
		{"two of three",
			[]events.SQSMessage{message("1", deletion(throttled), "9"), message("2", deletion(throttled), "1"),
				message("3", "garbage", "10")}, []int{2}},
		{"success at last", []events.SQSMessage{message("1", deletion(works), "9")}, nil},
		{"a decision", []events.SQSMessage{message("1", deletion(denied), "9")}, nil},
	}
	for _, tt := range tests {
		var got []int
		handler := lambdasqs.Handler(func() {}, &queue{hidden: map[string]time.Duration{}}, func(n int) {
			got = append(got, n)
		}, handle)
		if _, err := handler(t.Context(), events.SQSEvent{Records: tt.messages}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: counts (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestAFailedMessageIsHiddenForLongerEachTime(t *testing.T) {
	t.Parallel()
	want := map[string]time.Duration{
		"1": 2 * time.Second, "2": 4 * time.Second, "7": 128 * time.Second, "8": 256 * time.Second,
		"9": 300 * time.Second, "400": 300 * time.Second, "": 2 * time.Second,
	}
	for deliveries, d := range want {
		q := &queue{hidden: map[string]time.Duration{}, err: errors.New("no such message")} // hiding is a courtesy
		batch := events.SQSEvent{Records: []events.SQSMessage{message("1", deletion("pcx-0000000a"), deliveries)}}
		response, err := lambdasqs.Handler(func() {}, q, uncounted, handle)(t.Context(), batch)
		if err != nil || len(response.BatchItemFailures) != 1 {
			t.Errorf("Handler() = %+v, %v", response, err)
		}
		if q.hidden["r-1"] != d {
			t.Errorf("hidden for %v after %q deliveries, want %v", q.hidden["r-1"], deliveries, d)
		}
	}
}

// TestSlowMessagesAreGivenUpBeforeTheDeadline: Lambda kills a function at its deadline, and then no message is hidden
// or acknowledged.
func TestSlowMessagesAreGivenUpBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		invocation, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		q := &queue{hidden: map[string]time.Duration{}}
		handler := lambdasqs.Handler(func() {}, q, uncounted, func(ctx context.Context, h hint.Hint) error {
			if h.Connection == "pcx-0000000a" {
				<-ctx.Done()
			}
			return ctx.Err()
		})
		batch := events.SQSEvent{Records: []events.SQSMessage{message("1", deletion("pcx-0000000a"), "1"),
			message("2", deletion("pcx-00000000"), "1")}}
		response, err := handler(invocation, batch)
		failed := []events.SQSBatchItemFailure{{ItemIdentifier: "1"}}
		if diff := cmp.Diff(failed, response.BatchItemFailures); diff != "" || err != nil || invocation.Err() != nil {
			t.Errorf("%v, invocation %v; failed (-want +got):\n%s", err, invocation.Err(), diff)
		}
		if diff := cmp.Diff(map[string]time.Duration{"r-1": 2 * time.Second}, q.hidden); diff != "" {
			t.Errorf("hidden (-want +got):\n%s", diff)
		}
	})
}

// hanging is a queue that doesn't answer.
type hanging struct{}

func (hanging) Hide(ctx context.Context, _ time.Duration, _ ...string) error {
	<-ctx.Done()
	return ctx.Err()
}

// TestAQueueThatDoesNotAnswer delays the result, and costs no processed message: Lambda would deliver the whole batch
// again if it killed the function.
func TestAQueueThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		invocation, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		handler := lambdasqs.Handler(func() {}, hanging{}, uncounted, handle)
		batch := events.SQSEvent{Records: []events.SQSMessage{message("1", "garbage", "1"),
			message("2", deletion("pcx-00000000"), "1")}}
		response, err := handler(invocation, batch)
		failed := []events.SQSBatchItemFailure{{ItemIdentifier: "1"}}
		if diff := cmp.Diff(failed, response.BatchItemFailures); diff != "" || err != nil || invocation.Err() != nil {
			t.Errorf("%v, invocation %v; failed (-want +got):\n%s", err, invocation.Err(), diff)
		}
		if end, _ := invocation.Deadline(); time.Until(end) != time.Second {
			t.Errorf("the answer comes %v before the timeout, want a second", time.Until(end))
		}
	})
}

func TestMessagesThatHintAtTheSameAreAnsweredOnce(t *testing.T) {
	t.Parallel()
	const vpcs = `"requester":{"account":"111111111111","region":"us-east-1","vpc":"vpc-00000001"},` +
		`"accepter":{"account":"111111111111","region":"us-east-1","vpc":"vpc-00000002"}`
	announcement := func(more string) string {
		return `{"source":"autopeer","detail-type":"Peering Accepted","detail":{"version":1,"connection":"pcx-00000001"` +
			more + `}}`
	}
	bare, named, full := announcement(""), announcement(","+vpcs),
		announcement(","+vpcs+`,"requestedAt":"2026-06-08T07:37:56Z"`)
	for name, bodies := range map[string][2]string{
		"a record that names nothing, then the announcement":  {bare, full},
		"the announcement, then a record":                     {full, bare},
		"a record that names the VPCs, then the announcement": {named, full},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var hints []hint.Hint
			woken := 0
			handler := lambdasqs.Handler(func() {
				woken++
			}, &queue{hidden: map[string]time.Duration{}}, uncounted, func(_ context.Context, h hint.Hint) error {
				mu.Lock()
				defer mu.Unlock()
				hints = append(hints, h)
				return errors.New("still provisioning")
			})
			response, err := handler(t.Context(),
				events.SQSEvent{Records: []events.SQSMessage{message("1", bodies[0], "1"), message("2", bodies[1], "1")}})
			if err != nil || len(hints) != 1 {
				t.Fatalf("handled %d times, %v; want once", len(hints), err)
			}
			if !hints[0].NamesVPCs() || hints[0].RequestedAt.IsZero() {
				t.Errorf("hint = %+v, want the more specific one", hints[0])
			}
			if len(response.BatchItemFailures) != 2 || woken != 1 {
				t.Errorf("failed = %v, woken %d times; want both messages, once", response.BatchItemFailures, woken)
			}
		})
	}
}

// TestFindingsOfASweepAreNotLostBesideAnEvent, whichever of the two is more specific.
func TestFindingsOfASweepAreNotLostBesideAnEvent(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 8, 8, 0, 0, 0, time.UTC)
	of := func(side peering.Role) string {
		body, err := hint.Found(hint.Finding{Outcome: outcome.Outcome{Type: outcome.DriftFound, Connection: "pcx-00000001",
			Repair: function.Disconnect, Side: side}, Drift: true}, now)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	suspects := func(keys ...string) string {
		body, err := hint.Suspects(peering.Cell{}, now, keys, false, nil)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	const schedule = `{"source":"aws.events","detail-type":"Scheduled Event","detail":{}}`
	tests := []struct {
		name  string
		batch []string
		want  hint.Hint
	}{
		{"an event first", []string{deletion("pcx-00000001"), of("accepter")}, hint.Hint{Drift: true, Side: "accepter"}},
		{"an event last", []string{of("accepter"), deletion("pcx-00000001")}, hint.Hint{Drift: true, Side: "accepter"}},
		{"both sides", []string{of("accepter"), of("requester")}, hint.Hint{Drift: true}},
		{"a second look and a schedule", []string{suspects("a"), schedule}, hint.Hint{Sweep: hint.Sweep{
			Scheduled: true, Suspects: []string{"a"},
		}}},
		{"two second looks", []string{suspects("a", "b"), suspects("c")},
			hint.Hint{Sweep: hint.Sweep{Suspects: []string{"a", "b", "c"}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var batch events.SQSEvent
			for i, body := range tt.batch {
				batch.Records = append(batch.Records, message(fmt.Sprint(i), body, "1"))
			}
			var got []hint.Hint
			_, err := lambdasqs.Handler(func() {}, &queue{hidden: map[string]time.Duration{}}, uncounted,
				func(_ context.Context, h hint.Hint) error {
					got = append(got, hint.Hint{Drift: h.Drift, Side: h.Side, Sweep: h.Sweep})
					return nil
				})(t.Context(), batch)
			if diff := cmp.Diff([]hint.Hint{tt.want}, got); diff != "" || err != nil {
				t.Errorf("%v, hints (-want +got):\n%s", err, diff)
			}
		})
	}
}
