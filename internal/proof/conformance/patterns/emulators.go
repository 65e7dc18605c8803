package patterns

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"github.com/autopeer/autopeer/internal/proof/conformance/emulator"
	"github.com/autopeer/autopeer/internal/proof/conformance/report"
)

const account = "111111111111"

func config(url string) aws.Config {
	return aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider(account, "any", ""), BaseEndpoint: &url,
		HTTPClient: &http.Client{Transport: emulator.Transport{}},
		Retryer:    func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// matcher answers a case; not every matcher can be asked all of them.
type matcher func(context.Context, Case) (answer Answer, asked bool, err error)

// JudgeByMiniStack asks MiniStack at the address with TestEventPattern.
func JudgeByMiniStack(ctx context.Context, j *report.Judge, url string) {
	client := eventbridge.NewFromConfig(config(url))
	judge(ctx, j, miniStackDiffers, func(ctx context.Context, c Case) (Answer, bool, error) {
		event, err := whole(c.Event)
		if err != nil {
			return "", false, err
		}
		out, err := client.TestEventPattern(ctx, &eventbridge.TestEventPatternInput{EventPattern: &c.Pattern, Event: &event})
		if refused(err) || err != nil {
			return Refused, refused(err), unlessRefused(err)
		}
		return answerOf(out.Result), true, nil
	})
}

// whole adds the fields that EventBridge requires to an event.
func whole(event string) (string, error) {
	all := map[string]any{
		"id": "1", "account": account, "source": "s", "time": "2026-06-08T07:37:56Z", "region": "us-east-1",
		"resources": []any{}, "detail-type": "t", "detail": map[string]any{},
	}
	if err := json.Unmarshal([]byte(event), &all); err != nil {
		return "", err
	}
	text, err := json.Marshal(all)
	return string(text), err
}

func refused(err error) bool {
	refusal, ok := errors.AsType[smithy.APIError](err)
	return ok && refusal.ErrorCode() == "InvalidEventPatternException"
}

func unlessRefused(err error) error {
	if refused(err) {
		return nil
	}
	return err
}

func answerOf(matches bool) Answer {
	if matches {
		return Matches
	}
	return Differs
}

// JudgeByMoto lets moto at the address deliver each event to a queue, or not: its TestEventPattern has no answer.
func JudgeByMoto(ctx context.Context, j *report.Judge, url string) {
	m := &delivery{events: eventbridge.NewFromConfig(config(url)), queues: sqs.NewFromConfig(config(url))}
	queue, err := m.queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("matched")})
	if err != nil {
		j.Error("make a queue on moto", err)
		return
	}
	m.queue = *queue.QueueUrl
	judge(ctx, j, motoDiffers, m.ask)
}

// delivery is a rule that leads to a queue, in account 123456789012, which moto assumes for unknown keys.
type delivery struct {
	events *eventbridge.Client
	queues *sqs.Client
	queue  string
}

func (d *delivery) ask(ctx context.Context, c Case) (Answer, bool, error) {
	entry, possible := entryOf(c.Event)
	if !possible {
		return "", false, nil
	}
	_, err := d.events.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: &c.Pattern})
	if err != nil {
		return Refused, true, unlessRefused(err)
	}
	target := types.Target{Id: aws.String("q"), Arn: aws.String("arn:aws:sqs:us-east-1:123456789012:matched")}
	if _, err := d.events.PutTargets(ctx,
		&eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: []types.Target{target}}); err != nil {
		return "", false, err
	}
	if _, err := d.events.PutEvents(ctx,
		&eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{entry}}); err != nil {
		return "", false, err
	}
	got, err := d.queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &d.queue, MaxNumberOfMessages: 10})
	if err != nil {
		return "", false, err
	}
	return answerOf(len(got.Messages) > 0), true, nil
}

// entryOf converts an event to an entry of PutEvents, unless it has a field that PutEvents doesn't accept.
func entryOf(event string) (types.PutEventsRequestEntry, bool) {
	var e struct {
		Source     string          `json:"source"`
		DetailType string          `json:"detail-type"`
		Time       time.Time       `json:"time"`
		Resources  []string        `json:"resources"`
		Detail     json.RawMessage `json:"detail"`
	}
	var all map[string]json.RawMessage
	if json.Unmarshal([]byte(event), &e) != nil || json.Unmarshal([]byte(event), &all) != nil {
		return types.PutEventsRequestEntry{}, false
	}
	for _, name := range []string{"source", "detail-type", "time", "resources", "detail"} {
		delete(all, name)
	}
	entry := types.PutEventsRequestEntry{
		Source: &e.Source, DetailType: aws.String("t"), Detail: aws.String(string(e.Detail)), Resources: e.Resources,
	}
	if e.DetailType != "" {
		entry.DetailType = &e.DetailType
	}
	if !e.Time.IsZero() {
		entry.Time = &e.Time
	}
	return entry, len(all) == 0
}

// judge asks a matcher all cases.
func judge(ctx context.Context, j *report.Judge, k known, ask matcher) {
	cp := newComparison(j, k)
	defer cp.close()
	for _, c := range Cases {
		got, asked, err := ask(ctx, c)
		j.Error(fmt.Sprintf("ask for pattern %s, event %s", c.Pattern, c.Event), err)
		if asked {
			cp.compare(c, c.Want, got)
		}
	}
}
