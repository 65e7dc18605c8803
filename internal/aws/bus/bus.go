// Package bus publishes outcomes on the cell's EventBridge bus.
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

// New returns the bus with the name. It calls published, if not nil, for every outcome that EventBridge has taken.
func New(client *eventbridge.Client, name string, now func() time.Time, published func(outcome.Outcome)) *Bus {
	return &Bus{client: client, name: name, now: now, published: published}
}

// atOnce is the number of events that PutEvents takes.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
const atOnce = 10

// Announce seals the outcomes and publishes them. After an error some of them may have been published.
func (b *Bus) Announce(ctx context.Context, outcomes ...outcome.Outcome) error {
	for some := range slices.Chunk(outcomes, atOnce) {
		if err := b.put(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bus) put(ctx context.Context, outcomes []outcome.Outcome) error {
	in := &eventbridge.PutEventsInput{}
	sealed := make([]outcome.Outcome, len(outcomes))
	for i, o := range outcomes {
		sealed[i] = o.Sealed(b.now())
		entry, err := b.entry(ctx, sealed[i])
		if err != nil {
			return err
		}
		in.Entries = append(in.Entries, entry)
	}
	out, err := b.client.PutEvents(ctx, in)
	if err != nil {
		return fmt.Errorf("announce on bus %s: %w", b.name, err)
	}
	if err := refused(b.name, out); err != nil {
		return err
	}
	if b.published != nil {
		for _, o := range sealed {
			b.published(o)
		}
	}
	return nil
}

func (b *Bus) entry(ctx context.Context, o outcome.Outcome) (types.PutEventsRequestEntry, error) {
	detail, err := json.Marshal(o)
	if err != nil {
		return types.PutEventsRequestEntry{}, fault.Errorf(fault.Permanent, "encode %s: %w", o.Type, err)
	}
	slog.InfoContext(ctx, "announced", logkey.Outcome, string(o.Type), logkey.EventID, o.ID,
		logkey.Connection, string(o.Connection), logkey.Reason, o.Reason.Sentence)
	return types.PutEventsRequestEntry{
		EventBusName: aws.String(b.name),
		Source:       aws.String(outcome.Source),
		DetailType:   aws.String(string(o.Type)),
		Detail:       aws.String(string(detail)),
	}, nil
}

// refused returns an error where EventBridge didn't take an entry although the call succeeded.
func refused(bus string, out *eventbridge.PutEventsOutput) error {
	for _, e := range out.Entries {
		if e.ErrorCode != nil {
			return fmt.Errorf("announce on bus %s: %s: %s", bus, *e.ErrorCode, aws.ToString(e.ErrorMessage))
		}
	}
	return nil
}
