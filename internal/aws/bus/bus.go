// Package bus publishes outcomes and messages to other cells on the cell's EventBridge bus.
package bus

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/logkey"
)

// Bus is the cell's event bus.
type Bus struct {
	client    *eventbridge.Client
	name      string
	now       func() time.Time
	published func(outcome.Outcome)
}

// New returns the bus with the name. It calls published, if not nil, for every outcome that EventBridge has accepted.
func New(client *eventbridge.Client, name string, now func() time.Time, published func(outcome.Outcome)) *Bus {
	return &Bus{client: client, name: name, now: now, published: published}
}

// atOnce is the number of events that PutEvents accepts in one call.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
const atOnce = 10

// bytesAtOnce is the size of all entries that the API reference permits for one PutEvents. The user guide permits
// four times as much.
const bytesAtOnce = 256 << 10

// envelope is an upper bound of the bytes that count for the source, the detail-type and the time of an event.
const envelope = 128

// Announce seals the outcomes and publishes them. After an error some of them may have been published. An error of
// EventBridge, also one for a single entry, is Retryable. An outcome that can't be encoded is Permanent.
func (b *Bus) Announce(ctx context.Context, outcomes ...outcome.Outcome) error {
	sealed := make([]outcome.Outcome, len(outcomes))
	entries := make([]types.PutEventsRequestEntry, len(outcomes))
	for i, o := range outcomes {
		sealed[i] = o.Sealed(b.now())
		var err error
		if entries[i], err = b.entry(outcome.Source, string(o.Type), sealed[i]); err != nil {
			return err
		}
	}
	for len(entries) > 0 {
		n := together(entries)
		if err := b.put(ctx, sealed[:n], entries[:n]); err != nil {
			return err
		}
		sealed, entries = sealed[n:], entries[n:]
	}
	return nil
}

// together returns the number of the first entries that fit into one PutEvents, at least one.
func together(entries []types.PutEventsRequestEntry) int {
	n, size := 0, 0
	for ; n < min(len(entries), atOnce); n++ {
		if size += len(*entries[n].Detail) + envelope; n > 0 && size > bytesAtOnce {
			break
		}
	}
	return n
}

func (b *Bus) put(ctx context.Context, sealed []outcome.Outcome, entries []types.PutEventsRequestEntry) error {
	for _, o := range sealed {
		slog.InfoContext(ctx, "announced", logged(o)...)
	}
	if err := b.publish(ctx, entries); err != nil {
		return fmt.Errorf("announce on bus %s: %w", b.name, err)
	}
	if b.published != nil {
		for _, o := range sealed {
			b.published(o)
		}
	}
	return nil
}

// logged returns the fields of an outcome that the dashboard shows.
func logged(o outcome.Outcome) []any {
	fields := []any{logkey.Outcome, string(o.Type), logkey.EventID, o.ID, logkey.Connection, string(o.Connection),
		logkey.Code, o.Reason.Code, logkey.Reason, o.Reason.Sentence}
	if o.Next != "" {
		fields = append(fields, logkey.Next, o.Next)
	}
	return fields
}

// Send seals the messages and publishes them, for the rules that forward each to its addressee. After an error some
// of them may have been sent. The errors have the classes of Announce.
func (b *Bus) Send(ctx context.Context, messages ...message.Message) error {
	for some := range slices.Chunk(messages, atOnce) {
		entries := make([]types.PutEventsRequestEntry, len(some))
		for i, m := range some {
			m = m.Sealed()
			var err error
			if entries[i], err = b.entry(message.Source, string(m.Type), m); err != nil {
				return err
			}
			slog.InfoContext(ctx, "sent", logkey.CellMessage, string(m.Type), logkey.EventID, m.ID,
				logkey.Connection, string(m.Connection), logkey.Reason, string(m.Code))
		}
		if err := b.publish(ctx, entries); err != nil {
			return fmt.Errorf("send to another cell on bus %s: %w", b.name, err)
		}
	}
	return nil
}

func (b *Bus) entry(source, detailType string, detail any) (types.PutEventsRequestEntry, error) {
	data, err := json.Marshal(detail)
	if err != nil {
		return types.PutEventsRequestEntry{}, fault.Errorf(fault.Permanent, "encode %s: %w", detailType, err)
	}
	return types.PutEventsRequestEntry{
		EventBusName: aws.String(b.name),
		Source:       aws.String(source),
		DetailType:   aws.String(detailType),
		Detail:       aws.String(string(data)),
	}, nil
}

func (b *Bus) publish(ctx context.Context, entries []types.PutEventsRequestEntry) error {
	out, err := b.client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries})
	if err != nil {
		return err
	}
	return refused(out)
}

// refused returns an error if EventBridge didn't accept an entry although the call succeeded.
func refused(out *eventbridge.PutEventsOutput) error {
	for _, e := range out.Entries {
		if e.ErrorCode != nil {
			return fmt.Errorf("%s: %s", *e.ErrorCode, aws.ToString(e.ErrorMessage))
		}
	}
	return nil
}
