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
	"github.com/autopeer/autopeer/internal/domain/wiring"
)

// Watch receives autopeer's announcements. Several cells may call it concurrently.
type Watch func(outcome.Outcome)

const watchName = "watch"

// IsWatch reports whether the ARN is that of a listener's queue.
func IsWatch(queueARN string) bool { return strings.HasSuffix(queueARN, "-"+watchName) }

// watchBus adds a listener to the cell's bus, as a user does who wants to receive announcements: a rule, a queue and a
// function.
func (c *Cell) watchBus(ctx context.Context, cloud *cloudsim.Cloud, watch Watch) error {
	cfg := Config(cloud, c.Cell, string(c.Account))
	queueARN := c.arn("sqs", c.name(watchName))
	attributes, err := c.watchPolicy(queueARN)
	if err != nil {
		return err
	}
	if _, err := sqs.NewFromConfig(cfg).CreateQueue(ctx,
		&sqs.CreateQueueInput{QueueName: aws.String(c.name(watchName)), Attributes: attributes}); err != nil {
		return err
	}
	pattern := map[string]any{
		"source": []string{outcome.Source}, "account": []string{string(c.Account)}, "region": []string{string(c.Region)},
	}
	rule := wiring.Rule{Name: watchName, Bus: wiring.OwnBus, Queue: watchName, Pattern: pattern}
	if err := c.makeRule(ctx, eventbridge.NewFromConfig(cfg), rule); err != nil {
		return err
	}
	c.watch, err = cloud.Queues.Map(queueARN, queue.Mapping{},
		lambda.NewHandler(func(_ context.Context, batch events.SQSEvent) error {
			return pass(batch, watch)
		}))
	return err
}

func (n naming) watchPolicy(queueARN string) (map[string]string, error) {
	rules := map[string]any{"ArnLike": map[string]any{"aws:SourceArn": n.arn("events", "rule/*")}}
	document, err := json.Marshal(allow("Rules", map[string]any{"Service": "events.amazonaws.com"},
		"sqs:SendMessage", queueARN, rules))
	return map[string]string{"Policy": string(document)}, err
}

func pass(batch events.SQSEvent, watch Watch) error {
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
