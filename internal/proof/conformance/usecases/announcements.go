package usecases

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/autopeer/autopeer/internal/aws/bus"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

const (
	busName   = "autopeer"
	queueName = "announcements"
)

// announcer announces on the bus of a cell, and has a queue that receives the announcements.
type announcer struct {
	bus   *bus.Bus
	queue *sqs.Client
	url   string

	mu    sync.Mutex
	post  []message.Message // to other cells
	sent  []outcome.Outcome
	taken int // how many of sent take has returned
}

// Announce puts the outcomes on the bus.
func (a *announcer) Announce(ctx context.Context, outcomes ...outcome.Outcome) error {
	if err := a.bus.Announce(ctx, outcomes...); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sent = append(a.sent, outcomes...)
	return nil
}

// Send puts the messages on the bus, from which no rule forwards them here, and keeps them for the stage.
func (a *announcer) Send(ctx context.Context, messages ...message.Message) error {
	if err := a.bus.Send(ctx, messages...); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.post = append(a.post, messages...)
	return nil
}

// collect returns the messages that were sent since the last call.
func (a *announcer) collect() []message.Message {
	a.mu.Lock()
	defer a.mu.Unlock()
	post := a.post
	a.post = nil
	return post
}

// take returns the outcomes that were announced since the last call.
func (a *announcer) take() []outcome.Outcome {
	a.mu.Lock()
	defer a.mu.Unlock()
	news := slices.Clone(a.sent[a.taken:])
	a.taken = len(a.sent)
	return news
}

// newAnnouncer creates the bus, the queue, and the rule that sends from the bus to the queue.
func newAnnouncer(ctx context.Context, cfg aws.Config, cell peering.Cell) (*announcer, error) {
	events, queues := eventbridge.NewFromConfig(cfg), sqs.NewFromConfig(cfg)
	made, err := queues.CreateQueue(ctx,
		&sqs.CreateQueueInput{QueueName: aws.String(queueName), Attributes: map[string]string{"Policy": fmt.Sprintf(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},`+
				`"Action":"sqs:SendMessage","Resource":%q}]}`, queueARN(cell))}})
	if err != nil {
		return nil, fmt.Errorf("make queue in %s: %w", cell, err)
	}
	if _, err = events.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: aws.String(busName)}); err != nil {
		return nil, fmt.Errorf("make bus in %s: %w", cell, err)
	}
	rule, name := aws.String("all"), aws.String(busName)
	if _, err = events.PutRule(ctx,
		&eventbridge.PutRuleInput{Name: rule, EventBusName: name,
			EventPattern: aws.String(`{"source":["autopeer"]}`)}); err != nil {
		return nil, fmt.Errorf("make rule in %s: %w", cell, err)
	}
	_, err = events.PutTargets(ctx, &eventbridge.PutTargetsInput{
		Rule: rule, EventBusName: name, Targets: []eventtypes.Target{{
			Id: aws.String("queue"), Arn: aws.String(queueARN(cell)),
		}},
	})
	if err != nil {
		return nil, fmt.Errorf("make target in %s: %w", cell, err)
	}
	return &announcer{bus: bus.New(events, busName, time.Now, nil), queue: queues, url: *made.QueueUrl}, nil
}

func queueARN(cell peering.Cell) string {
	return fmt.Sprintf("arn:aws:sqs:%s:%s:%s", cell.Region, cell.Account, queueName)
}

// expected returns a line for each announcement that must arrive, sorted.
func (a *announcer) expected() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var lines []string
	for _, o := range a.sent {
		lines = append(lines, fmt.Sprintf("%s %s", o.Type, o.Sealed(time.Time{}).ID))
	}
	slices.Sort(lines)
	return lines
}

// arrived receives from the queue until it has the expected number of announcements, or none for a second.
func (a *announcer) arrived(ctx context.Context, expected int) ([]string, error) {
	var lines []string
	for len(lines) < expected {
		out, err := a.queue.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &a.url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1,
		})
		if err != nil {
			return nil, fmt.Errorf("receive: %w", err)
		}
		if len(out.Messages) == 0 {
			break
		}
		for _, m := range out.Messages {
			var event struct {
				DetailType outcome.Type    `json:"detail-type"`
				Detail     outcome.Outcome `json:"detail"`
			}
			if err := json.Unmarshal([]byte(*m.Body), &event); err != nil {
				return nil, fmt.Errorf("read announcement: %w", err)
			}
			lines = append(lines, fmt.Sprintf("%s %s", event.DetailType, event.Detail.ID))
		}
	}
	slices.Sort(lines)
	return lines, nil
}
