package local

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/wiring"
)

// makeBus makes the cell's own bus, to which only its counterparts' accounts may send events.
func (n naming) makeBus(ctx context.Context, cloud *cloudsim.Cloud, p *policy.Policy) error {
	client := eventbridge.NewFromConfig(Config(cloud, n.Cell, string(n.Account)))
	if _, err := client.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: aws.String(string(n.By))}); err != nil {
		return err
	}
	accounts := wiring.Accounts(slices.Concat(p.Counterparts(n.Cell), p.Unpeered(n.Cell)))
	if len(accounts) == 0 {
		return nil
	}
	document, err := json.Marshal(allow("Counterparts", map[string]any{"AWS": accounts},
		"events:PutEvents", n.busIn(n.Cell), nil))
	if err != nil {
		return err
	}
	_, err = client.PutPermission(ctx, &eventbridge.PutPermissionInput{
		EventBusName: aws.String(string(n.By)), Policy: aws.String(string(document)),
	})
	return err
}

// makeQueue makes a function's queue, whose messages rest in its dead-letter queue in the end, and lets the
// cell's rules send to it.
func (n naming) makeQueue(ctx context.Context, client *sqs.Client, f function.Name) (url string, err error) {
	name := n.queue(f)
	redrive, err := json.Marshal(map[string]any{
		"deadLetterTargetArn": n.arn("sqs", name+"-dead-letters"), "maxReceiveCount": wiring.MaxReceives,
	})
	if err != nil {
		return "", err
	}
	rules := map[string]any{"ArnLike": map[string]any{"aws:SourceArn": n.arn("events", "rule/*")}}
	document, err := json.Marshal(allow("Rules", map[string]any{"Service": "events.amazonaws.com"}, "sqs:SendMessage",
		n.arn("sqs", name), rules))
	if err != nil {
		return "", err
	}
	out, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(name), Attributes: map[string]string{
		"VisibilityTimeout": strconv.Itoa(int(wiring.VisibilityTimeout(f).Seconds())),
		"RedrivePolicy":     string(redrive), "Policy": string(document),
	}})
	if err != nil {
		return "", err
	}
	return *out.QueueUrl, nil
}

func allow(sid string, principal map[string]any, action, resource string, condition map[string]any) map[string]any {
	statement := map[string]any{
		"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource,
	}
	if condition != nil {
		statement["Condition"] = condition
	}
	return map[string]any{"Version": "2012-10-17", "Statement": []any{statement}}
}

func (n naming) makeRules(ctx context.Context, client *eventbridge.Client, p *policy.Policy) error {
	for _, r := range wiring.Rules(p, n.Cell, n.By, wiring.DefaultSweepInterval) {
		if err := n.makeRule(ctx, client, r); err != nil {
			return fmt.Errorf("rule %s: %w", r.Name, err)
		}
	}
	return nil
}

func (n naming) makeRule(ctx context.Context, client *eventbridge.Client, r wiring.Rule) error {
	bus, name := aws.String(string(n.By)), aws.String(n.name(r.Name))
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
	out, err := client.PutTargets(ctx, &eventbridge.PutTargetsInput{
		Rule: name, EventBusName: bus, Targets: []types.Target{n.target(r)},
	})
	if err == nil && out.FailedEntryCount > 0 {
		err = fmt.Errorf("%s: %s", *out.FailedEntries[0].ErrorCode, *out.FailedEntries[0].ErrorMessage)
	}
	return err
}

// removeRules takes away the cell's bus, with the rules on it, and its rules on the default bus.
func (n naming) removeRules(ctx context.Context, client *eventbridge.Client, p *policy.Policy) error {
	for _, r := range wiring.Rules(p, n.Cell, n.By, wiring.DefaultSweepInterval) {
		if r.Bus != wiring.DefaultBus {
			continue
		}
		name := aws.String(n.name(r.Name))
		if _, err := client.RemoveTargets(ctx,
			&eventbridge.RemoveTargetsInput{Rule: name, Ids: []string{*n.target(r).Id}}); err != nil {
			return fmt.Errorf("rule %s: %w", r.Name, err)
		}
		if _, err := client.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: name}); err != nil {
			return fmt.Errorf("rule %s: %w", r.Name, err)
		}
	}
	_, err := client.DeleteEventBus(ctx, &eventbridge.DeleteEventBusInput{Name: aws.String(string(n.By))})
	return err
}

func (n naming) target(r wiring.Rule) types.Target {
	if r.Queue != "" {
		return types.Target{Id: aws.String("queue"), Arn: aws.String(n.arn("sqs", n.queue(r.Queue)))}
	}
	role := fmt.Sprintf("arn:aws:iam::%s:role/%s", n.Account, n.name("forward"))
	return types.Target{Id: aws.String("bus"), Arn: aws.String(n.busIn(r.Forward)), RoleArn: aws.String(role)}
}
