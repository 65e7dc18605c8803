package local

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/wiring"
)

// makeBus makes the cell's own bus and lets its counterparts' accounts, and nobody else, send events to it.
func makeBus(ctx context.Context, cloud *cloudsim.Cloud, p *policy.Policy, cell peering.Cell) error {
	client := eventbridge.NewFromConfig(Config(cloud, cell, string(cell.Account)))
	if _, err := client.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: aws.String(wiring.DefaultPrefix)}); err != nil {
		return err
	}
	accounts := wiring.Accounts(p.Counterparts(cell))
	if len(accounts) == 0 {
		return nil
	}
	document, err := json.Marshal(allow("Counterparts", map[string]any{"AWS": accounts}, "events:PutEvents", busARN(cell), nil))
	if err != nil {
		return err
	}
	_, err = client.PutPermission(ctx, &eventbridge.PutPermissionInput{EventBusName: aws.String(wiring.DefaultPrefix), Policy: aws.String(string(document))})
	return err
}

// makeQueue makes a function's queue, whose messages rest in its dead-letter queue in the end, and lets the
// cell's rules send to it.
func makeQueue(ctx context.Context, client *sqs.Client, cell peering.Cell, f function.Name) (url string, err error) {
	name := queueName(f)
	redrive, err := json.Marshal(map[string]any{
		"deadLetterTargetArn": arn("sqs", cell, name+"-dead-letters"), "maxReceiveCount": wiring.MaxReceives,
	})
	if err != nil {
		return "", err
	}
	rules := map[string]any{"ArnLike": map[string]any{"aws:SourceArn": arn("events", cell, "rule/*")}}
	document, err := json.Marshal(allow("Rules", map[string]any{"Service": "events.amazonaws.com"}, "sqs:SendMessage", arn("sqs", cell, name), rules))
	if err != nil {
		return "", err
	}
	out, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(name), Attributes: map[string]string{
		"VisibilityTimeout": strconv.Itoa(int(wiring.VisibilityTimeout.Seconds())),
		"DelaySeconds":      strconv.Itoa(int(wiring.Delay(f).Seconds())),
		"RedrivePolicy":     string(redrive), "Policy": string(document),
	}})
	if err != nil {
		return "", err
	}
	return *out.QueueUrl, nil
}

func allow(sid string, principal map[string]any, action, resource string, condition map[string]any) map[string]any {
	statement := map[string]any{"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource}
	if condition != nil {
		statement["Condition"] = condition
	}
	return map[string]any{"Version": "2012-10-17", "Statement": []any{statement}}
}

func makeRules(ctx context.Context, client *eventbridge.Client, p *policy.Policy, cell peering.Cell) error {
	for _, r := range wiring.Rules(p, cell, wiring.DefaultSweepInterval) {
		if err := makeRule(ctx, client, cell, r); err != nil {
			return fmt.Errorf("rule %s: %w", r.Name, err)
		}
	}
	return nil
}

func makeRule(ctx context.Context, client *eventbridge.Client, cell peering.Cell, r wiring.Rule) error {
	bus, name := aws.String(wiring.DefaultPrefix), aws.String(wiring.DefaultPrefix+"-"+r.Name)
	if r.Bus == wiring.DefaultBus {
		bus = aws.String("default")
	}
	in := &eventbridge.PutRuleInput{Name: name, EventBusName: bus}
	if r.Schedule != "" {
		in.ScheduleExpression = &r.Schedule
	} else {
		pattern, err := json.Marshal(r.Pattern)
		if err != nil {
			return err
		}
		in.EventPattern = aws.String(string(pattern))
	}
	if _, err := client.PutRule(ctx, in); err != nil {
		return err
	}
	out, err := client.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: name, EventBusName: bus, Targets: []types.Target{target(cell, r)}})
	if err == nil && out.FailedEntryCount > 0 {
		err = fmt.Errorf("%s: %s", *out.FailedEntries[0].ErrorCode, *out.FailedEntries[0].ErrorMessage)
	}
	return err
}

// removeRules takes away the cell's bus, with the rules on it, and its rules on the default bus.
func removeRules(ctx context.Context, client *eventbridge.Client, p *policy.Policy, cell peering.Cell) error {
	for _, r := range wiring.Rules(p, cell, wiring.DefaultSweepInterval) {
		if r.Bus != wiring.DefaultBus {
			continue
		}
		name := aws.String(wiring.DefaultPrefix + "-" + r.Name)
		if _, err := client.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: name, Ids: []string{*target(cell, r).Id}}); err != nil {
			return fmt.Errorf("rule %s: %w", r.Name, err)
		}
		if _, err := client.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: name}); err != nil {
			return fmt.Errorf("rule %s: %w", r.Name, err)
		}
	}
	_, err := client.DeleteEventBus(ctx, &eventbridge.DeleteEventBusInput{Name: aws.String(wiring.DefaultPrefix)})
	return err
}

func target(cell peering.Cell, r wiring.Rule) types.Target {
	if r.Queue != "" {
		return types.Target{Id: aws.String("queue"), Arn: aws.String(arn("sqs", cell, queueName(r.Queue)))}
	}
	role := fmt.Sprintf("arn:aws:iam::%s:role/%s-forward", cell.Account, wiring.DefaultPrefix)
	return types.Target{Id: aws.String("bus"), Arn: aws.String(busARN(r.Forward)), RoleArn: aws.String(role)}
}

func busARN(cell peering.Cell) string { return arn("events", cell, "event-bus/"+wiring.DefaultPrefix) }

// SweepRule is the ARN of the rule with the schedule of the cell's sweeps.
func SweepRule(cell peering.Cell) string {
	return arn("events", cell, "rule/"+wiring.DefaultPrefix+"-"+wiring.SweepRule)
}

// SweepQueue is the ARN of the queue of the cell's sweeps.
func SweepQueue(cell peering.Cell) string { return arn("sqs", cell, queueName(function.Sweep)) }
