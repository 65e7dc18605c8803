package local

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/queue"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/wiring"
)

// Watch is given what autopeer announces. Several cells may call it at once.
type Watch func(outcome.Outcome)

const watchName = wiring.DefaultPrefix + "-watch"

// IsWatch reports whether the ARN is that of a listener's queue.
func IsWatch(queueARN string) bool { return strings.HasSuffix(queueARN, ":"+watchName) }

// watchBus hangs a listener on the cell's bus, as anybody would who wants to be told: a rule, a queue and a
// function.
func (c *Cell) watchBus(ctx context.Context, cloud *cloudsim.Cloud, watch Watch) error {
	cell := c.Cell
	cfg := Config(cloud, cell, string(cell.Account))
	attributes, err := watchPolicy(cell)
	if err != nil {
		return err
	}
	if _, err := sqs.NewFromConfig(cfg).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(watchName), Attributes: attributes}); err != nil {
		return err
	}
	pattern := map[string]any{"source": []string{outcome.Source}, "account": []string{string(cell.Account)}, "region": []string{string(cell.Region)}}
	rule := wiring.Rule{Name: "watch", Bus: wiring.OwnBus, Queue: "watch", Pattern: pattern}
	if err := makeRule(ctx, eventbridge.NewFromConfig(cfg), cell, rule); err != nil {
		return err
	}
	c.watch, err = cloud.Queues.Map(arn("sqs", cell, watchName), queue.Mapping{}, lambda.NewHandler(func(_ context.Context, batch events.SQSEvent) error {
		return tell(batch, watch)
	}))
	return err
}

func watchPolicy(cell peering.Cell) (map[string]string, error) {
	rules := map[string]any{"ArnLike": map[string]any{"aws:SourceArn": arn("events", cell, "rule/*")}}
	document, err := json.Marshal(allow("Rules", map[string]any{"Service": "events.amazonaws.com"}, "sqs:SendMessage", arn("sqs", cell, watchName), rules))
	return map[string]string{"Policy": string(document)}, err
}

func tell(batch events.SQSEvent, watch Watch) error {
	for _, m := range batch.Records {
		var event struct {
			DetailType outcome.Type    `json:"detail-type"`
			Detail     outcome.Outcome `json:"detail"`
		}
		if err := json.Unmarshal([]byte(m.Body), &event); err != nil {
			return fmt.Errorf("read announcement: %w", err)
		}
		event.Detail.Type = event.DetailType
		watch(event.Detail)
	}
	return nil
}
