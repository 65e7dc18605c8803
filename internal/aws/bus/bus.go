// Package announce puts outcomes on the cell's own EventBridge bus.
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

// Bus is the cell's bus.
type Bus struct {
	client *eventbridge.Client
	name   string
	now    func() time.Time
}

// New returns the bus of that name.
func New(client *eventbridge.Client, name string, now func() time.Time) *Bus {
	return &Bus{client: client, name: name, now: now}
}

// atOnce is how many events PutEvents takes.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
const atOnce = 10

// Announce seals the outcomes and puts them on the bus. After an error some of them may be there.
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
	for _, o := range outcomes {
		entry, err := b.entry(ctx, o.Sealed(b.now()))
		if err != nil {
			return err
		}
		in.Entries = append(in.Entries, entry)
	}
	out, err := b.client.PutEvents(ctx, in)
	if err != nil {
		return fmt.Errorf("announce on bus %s: %w", b.name, err)
	}
	return refused(b.name, out)
}

func (b *Bus) entry(ctx context.Context, o outcome.Outcome) (types.PutEventsRequestEntry, error) {
	detail, err := json.Marshal(o)
	if err != nil {
		return types.PutEventsRequestEntry{}, fault.Errorf(fault.Permanent, "encode %s: %w", o.Kind, err)
	}
	slog.InfoContext(ctx, "announced", logkey.Outcome, string(o.Kind), logkey.EventID, o.ID,
		logkey.Connection, string(o.Connection), logkey.Reason, o.Reason.Sentence)
	return types.PutEventsRequestEntry{
		EventBusName: aws.String(b.name),
		Source:       aws.String(outcome.Source),
		DetailType:   aws.String(string(o.Kind)),
		Detail:       aws.String(string(detail)),
	}, nil
}

// refused finds entries that EventBridge didn't take although the call succeeded.
func refused(bus string, out *eventbridge.PutEventsOutput) error {
	for _, e := range out.Entries {
		if e.ErrorCode != nil {
			return fmt.Errorf("announce on bus %s: %s: %s", bus, *e.ErrorCode, aws.ToString(e.ErrorMessage))
		}
	}
	return nil
}
