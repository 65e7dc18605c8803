// Package lambdasqs turns a use case into a Lambda handler: a batch of SQS messages in, the ids of those
// that failed out. It parses, logs and contains panics, so that one bad message costs only itself.
package lambdasqs

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/logkey"
	"github.com/autopeer/autopeer/internal/parallel"
)

// Queue hides a message for some time before it is delivered again.
type Queue interface {
	Hide(ctx context.Context, receiptHandle string, d time.Duration) error
}

// Handle is a use case.
type Handle func(context.Context, hint.Hint) error

// Func is what aws-lambda-go starts. Its error is always nil: a whole batch never fails for one message.
type Func = func(context.Context, events.SQSEvent) (events.SQSEventResponse, error)

// Handler returns the Lambda handler of a use case. Messages that hint at the same thing are answered
// once, different ones at the same time. A message that failed is hidden for longer each time. Every
// invocation begins with wake.
func Handler(wake func(), queue Queue, handle Handle) Func {
	return func(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
		wake()
		matters := grouped(batch.Records)
		tasks := make([]parallel.Task, len(matters))
		for i := range matters {
			tasks[i] = func(ctx context.Context) error {
				matters[i].answer(ctx, handle)
				return nil
			}
		}
		inTime, cancel := early(ctx)
		defer cancel()
		_ = parallel.Do(inTime, tasks...) // each matter keeps its own error
		return failures(ctx, queue, matters), nil
	}
}

// reserve is the part of an invocation's time that is kept for telling what came of it. Without, one call that is
// throttled to the end would have Lambda kill the function, and the whole batch wait for its visibility timeout.
const reserve = 3 * time.Second

// early ends what it returns a little before Lambda ends the invocation.
func early(ctx context.Context) (context.Context, context.CancelFunc) {
	end, known := ctx.Deadline()
	if !known {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, end.Add(-reserve))
}

// matter is what some messages of a batch have in common.
type matter struct {
	hint     hint.Hint
	messages []events.SQSMessage
	err      error
}

// grouped puts messages together that hint at the same thing: a CloudTrail record and autopeer's own
// announcement of one acceptance usually come as a pair. What can't be parsed is a matter of its own.
func grouped(messages []events.SQSMessage) []*matter {
	type key struct {
		kind       hint.Kind
		connection string
	}
	byKey := map[key]*matter{}
	var all []*matter
	for _, m := range messages {
		h, err := hint.Parse([]byte(m.Body))
		k := key{h.Kind, string(h.Connection)}
		if same := byKey[k]; same != nil && err == nil && h.Kind != hint.Ignored {
			same.hint = merged(same.hint, h)
			same.messages = append(same.messages, m)
			continue
		}
		one := &matter{h, []events.SQSMessage{m}, err}
		all = append(all, one)
		if err == nil {
			byKey[k] = one
		}
	}
	return all
}

// merged returns the hint that says more, with what only the other one says of drift.
func merged(a, b hint.Hint) hint.Hint {
	drift, suspects := a.Drift || b.Drift, slices.Concat(a.Suspects, b.Suspects)
	side := cmp.Or(a.Side, b.Side)
	if a.Side != "" && b.Side != "" && a.Side != b.Side {
		side = ""
	}
	if (!a.NamesVPCs() && b.NamesVPCs()) || (a.RequestedAt.IsZero() && !b.RequestedAt.IsZero()) {
		a = b
	}
	a.Drift, a.Side, a.Suspects = drift, side, suspects
	return a
}

func (m *matter) answer(ctx context.Context, handle Handle) {
	start := time.Now()
	if m.err == nil && m.hint.Kind != hint.Ignored {
		m.err = parallel.Contained(ctx, func(ctx context.Context) error { return handle(ctx, m.hint) })
	}
	m.log(ctx, time.Since(start))
}

// log writes one line a message, whatever became of it.
func (m *matter) log(ctx context.Context, took time.Duration) {
	level, text := slog.LevelInfo, "handled"
	attrs := []any{
		logkey.EventID, m.hint.EventID, logkey.Connection, string(m.hint.Connection),
		logkey.Hint, m.hint.Kind.String(), logkey.DurationMs, took.Milliseconds(),
	}
	switch {
	case m.err == nil && m.hint.Kind == hint.Ignored:
		text, attrs = "ignored", append(attrs, logkey.Reason, m.hint.Why)
	case m.err != nil:
		level, text = slog.LevelWarn, "not handled"
		if fault.Of(m.err) == fault.Permanent {
			level = slog.LevelError
		}
		attrs = append(attrs, logkey.Fault, fault.Of(m.err).String(), logkey.Error, m.err.Error())
	}
	for _, message := range m.messages {
		slog.Log(ctx, level, text, append(attrs, logkey.MessageID, message.MessageId, logkey.Deliveries, deliveries(message))...)
	}
}

// failures lists the messages that shall come back, and hides them for a while. A denial is a decision
// that has been announced, and not a failure.
func failures(ctx context.Context, queue Queue, matters []*matter) events.SQSEventResponse {
	var failed events.SQSEventResponse
	for _, c := range matters {
		if c.err == nil || fault.Of(c.err) == fault.Denied {
			continue
		}
		for _, m := range c.messages {
			hide(ctx, queue, m)
			failed.BatchItemFailures = append(failed.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		}
	}
	return failed
}

// hide replaces the queue's own visibility timeout, which is made for functions that were killed and is
// minutes long. If it can't, the message just comes back later.
func hide(ctx context.Context, queue Queue, m events.SQSMessage) {
	if err := queue.Hide(ctx, m.ReceiptHandle, backoff(deliveries(m))); err != nil {
		slog.WarnContext(ctx, "message not hidden", logkey.MessageID, m.MessageId, logkey.Error, err.Error())
	}
}

const longestBackoff = 300 * time.Second

// backoff doubles from two seconds: a new connection is active within a few, and ten deliveries reach
// over the quarter of an hour that EC2 may take to become consistent.
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
