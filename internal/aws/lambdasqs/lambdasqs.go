// Package lambdasqs turns a use case into a Lambda handler for batches of SQS messages: it parses and groups the
// messages, logs, and reports the ids of those that failed. A bad message or a panic fails only its own message.
package lambdasqs

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/logkey"
	"github.com/autopeer/autopeer/internal/parallel"
)

// Queue hides received messages for some time before they are delivered again. After an error some of them may be
// hidden.
type Queue interface {
	Hide(ctx context.Context, d time.Duration, receiptHandles ...string) error
}

// Handle is a use case. The class of its error decides whether the message is delivered again; see package fault.
type Handle func(context.Context, hint.Hint) error

// Func is the handler that aws-lambda-go starts. Its error is always nil: a batch never fails as a whole.
type Func = func(context.Context, events.SQSEvent) (events.SQSEventResponse, error)

// Handler returns the Lambda handler of a use case. Messages with the same hint.Key are handled once, others
// concurrently. A message that failed is hidden for longer each time. Every invocation begins with wake. failing
// counts the messages that failed at a late delivery, and isn't called for none.
func Handler(wake func(), queue Queue, failing func(messages int), handle Handle) Func {
	return func(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
		wake()
		items := grouped(batch.Records)
		tasks := make([]parallel.Task, len(items))
		for i := range items {
			tasks[i] = func(ctx context.Context) error {
				items[i].handle(ctx, handle)
				return nil
			}
		}
		inTime, cancel := withReserve(ctx, reserve)
		defer cancel()
		_ = parallel.Do(inTime, tasks...) // each item keeps its own error
		messages := failed(items)
		if n := len(late(messages)); n > 0 {
			failing(n)
		}
		whileHiding, cancelHiding := withReserve(ctx, answerReserve)
		defer cancelHiding()
		return retried(whileHiding, queue, messages), nil
	}
}

// reserve is the part of an invocation's time that remains for reporting failures. Without it, Lambda would end a
// function during a call that is throttled for too long, and the whole batch would wait for its visibility timeout.
const reserve = 3 * time.Second

// answerReserve is the part of reserve that is kept for the answer. Without it, an SQS that doesn't answer would have
// Lambda kill the function while it hides the failed messages.
const answerReserve = time.Second

// withReserve returns ctx with a deadline that much before the invocation's.
func withReserve(ctx context.Context, reserve time.Duration) (context.Context, context.CancelFunc) {
	end, known := ctx.Deadline()
	if !known {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, end.Add(-reserve))
}

// workItem is the work for one or several messages of a batch.
type workItem struct {
	hint     hint.Hint
	messages []events.SQSMessage
	err      error
}

// grouped returns one work item for the messages of each key. A message that is ignored or can't be parsed is an
// item of its own.
func grouped(messages []events.SQSMessage) []*workItem {
	byKey := map[hint.Key]*workItem{}
	var all []*workItem
	for _, m := range messages {
		h, err := hint.Parse([]byte(m.Body))
		asksForWork := err == nil && h.Kind != hint.Ignored
		if same := byKey[h.Key()]; same != nil && asksForWork {
			same.hint = hint.Merge(same.hint, h)
			same.messages = append(same.messages, m)
			continue
		}
		item := &workItem{h, []events.SQSMessage{m}, err}
		all = append(all, item)
		if asksForWork {
			byKey[h.Key()] = item
		}
	}
	return all
}

func (w *workItem) handle(ctx context.Context, handle Handle) {
	start := time.Now()
	if w.err == nil && w.hint.Kind != hint.Ignored {
		w.err = parallel.Contained(ctx, func(ctx context.Context) error { return handle(ctx, w.hint) })
	}
	w.log(ctx, time.Since(start))
}

// log writes one line for each message.
func (w *workItem) log(ctx context.Context, took time.Duration) {
	level, text := slog.LevelInfo, "message processed"
	attrs := []any{
		logkey.EventID, w.hint.EventID, logkey.Connection, string(w.hint.Connection),
		logkey.Hint, w.hint.Kind.String(), logkey.DurationMs, took.Milliseconds(),
	}
	switch {
	case w.err == nil && w.hint.Kind == hint.Ignored:
		text, attrs = "message ignored", append(attrs, logkey.Reason, w.hint.Why)
	case w.err != nil:
		level, text = slog.LevelWarn, "message failed"
		if fault.Of(w.err) == fault.Permanent {
			level = slog.LevelError
		}
		attrs = append(attrs, logkey.Fault, fault.Of(w.err).String(), logkey.Error, w.err.Error())
	}
	for _, message := range w.messages {
		slog.Log(ctx, level, text, append(attrs, logkey.MessageID, message.MessageId, logkey.Deliveries,
			deliveries(message))...)
	}
}

// failed returns the messages to deliver again. A denial is a decision that has been announced, and not a failure.
func failed(items []*workItem) []events.SQSMessage {
	var messages []events.SQSMessage
	for _, w := range items {
		if w.err != nil && fault.Of(w.err) != fault.Denied {
			messages = append(messages, w.messages...)
		}
	}
	return messages
}

// lateDelivery is the first delivery whose failure counts as failing, four minutes after the first delivery. EC2 rarely
// takes so long to show a change, and nine minutes remain until the last delivery.
const lateDelivery = 8

func late(messages []events.SQSMessage) []events.SQSMessage {
	return slices.DeleteFunc(slices.Clone(messages),
		func(m events.SQSMessage) bool { return deliveries(m) < lateDelivery })
}

// retried hides the messages for some time and returns the response that makes SQS deliver them again.
func retried(ctx context.Context, queue Queue, messages []events.SQSMessage) events.SQSEventResponse {
	var response events.SQSEventResponse
	handles := map[time.Duration][]string{}
	for _, m := range messages {
		after := backoff(deliveries(m))
		handles[after] = append(handles[after], m.ReceiptHandle)
		response.BatchItemFailures = append(response.BatchItemFailures,
			events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
	}
	for _, after := range slices.Sorted(maps.Keys(handles)) {
		hide(ctx, queue, after, handles[after])
	}
	return response
}

// hide replaces the queue's own visibility timeout, which is minutes long because of functions that are killed. If
// the call fails, messages are delivered later.
func hide(ctx context.Context, queue Queue, d time.Duration, handles []string) {
	if err := queue.Hide(ctx, d, handles...); err != nil {
		slog.WarnContext(ctx, "messages not hidden", logkey.Error, err.Error())
	}
}

const longestBackoff = 300 * time.Second

// backoff doubles from two seconds: a new connection is active within a few seconds, and the ten deliveries span
// almost the quarter of an hour that EC2 may take to show a change.
func backoff(deliveries int) time.Duration {
	if deliveries > 8 {
		return longestBackoff
	}
	return min(time.Second<<max(deliveries, 1), longestBackoff)
}

func deliveries(m events.SQSMessage) int {
	n, err := strconv.Atoi(m.Attributes["ApproximateReceiveCount"])
	if err != nil {
		return 1
	}
	return n
}
