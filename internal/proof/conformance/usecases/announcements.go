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
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

const busName = "autopeer"

// ear is a bus on which a cell announces, and a queue that hears what is announced there.
type ear struct {
	bus   *bus.Bus
	queue *sqs.Client
	url   string

	mu   sync.Mutex
	said []outcome.Outcome
	new  int // of said: how many were taken before
}

// Announce puts the outcomes on the bus.
func (e *ear) Announce(ctx context.Context, outcomes ...outcome.Outcome) error {
	if err := e.bus.Announce(ctx, outcomes...); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.said = append(e.said, outcomes...)
	return nil
}

// take returns what was announced since it was asked last.
func (e *ear) take() []outcome.Outcome {
	e.mu.Lock()
	defer e.mu.Unlock()
	news := slices.Clone(e.said[e.new:])
	e.new = len(e.said)
	return news
}

// listen makes bus, queue, and the rule that leads from one to the other.
func listen(ctx context.Context, cfg aws.Config, cell peering.Cell) (*ear, error) {
	events, queues := eventbridge.NewFromConfig(cfg), sqs.NewFromConfig(cfg)
	made, err := queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("heard"), Attributes: map[string]string{"Policy": fmt.Sprintf(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":%q}]}`, queueARN(cell))}})
	if err != nil {
		return nil, fmt.Errorf("make queue in %s: %w", cell, err)
	}
	if _, err = events.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: aws.String(busName)}); err != nil {
		return nil, fmt.Errorf("make bus in %s: %w", cell, err)
	}
	rule, name := aws.String("all"), aws.String(busName)
	if _, err = events.PutRule(ctx, &eventbridge.PutRuleInput{Name: rule, EventBusName: name, EventPattern: aws.String(`{"source":["autopeer"]}`)}); err != nil {
		return nil, fmt.Errorf("make rule in %s: %w", cell, err)
	}
	_, err = events.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: rule, EventBusName: name, Targets: []eventtypes.Target{{Id: aws.String("queue"), Arn: aws.String(queueARN(cell))}}})
	if err != nil {
		return nil, fmt.Errorf("make target in %s: %w", cell, err)
	}
	return &ear{bus: bus.New(events, busName, time.Now, nil), queue: queues, url: *made.QueueUrl}, nil
}

func queueARN(cell peering.Cell) string {
	return fmt.Sprintf("arn:aws:sqs:%s:%s:heard", cell.Region, cell.Account)
}

// expected is what must have arrived in the end, a line an announcement.
func (e *ear) expected() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var lines []string
	for _, o := range e.said {
		lines = append(lines, fmt.Sprintf("%s %s", o.Type, o.Sealed(time.Time{}).ID))
	}
	slices.Sort(lines)
	return lines
}

// arrived empties the queue, which is done when it has given what is expected or nothing for a second.
func (e *ear) arrived(ctx context.Context, expected int) ([]string, error) {
	var lines []string
	for len(lines) < expected {
		out, err := e.queue.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &e.url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1})
		if err != nil {
			return nil, fmt.Errorf("receive: %w", err)
		}
		if len(out.Messages) == 0 {
			break
		}
		for _, m := range out.Messages {
			var event struct {
				Kind   outcome.Type    `json:"detail-type"`
				Detail outcome.Outcome `json:"detail"`
			}
			if err := json.Unmarshal([]byte(*m.Body), &event); err != nil {
				return nil, fmt.Errorf("read what arrived: %w", err)
			}
			lines = append(lines, fmt.Sprintf("%s %s", event.Kind, event.Detail.ID))
		}
	}
	slices.Sort(lines)
	return lines, nil
}
