package events

import (
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/pattern"
)

// rule has its targets in the order in which they were put.
type rule struct {
	bus         busName
	name        string
	description string
	state       string
	source      string // of the pattern, as it was given; empty for none
	pattern     pattern.Pattern
	expression  string        // of the schedule; empty for none
	every       time.Duration // from the expression
	rhythm      *rhythm       // nil while the rule has none, or is disabled
	targets     []target
}

const (
	enabled         = "ENABLED"
	disabled        = "DISABLED"
	enabledForReads = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
)

// arn leaves the default bus unnamed.
func (r *rule) arn() string {
	prefix := "arn:aws:events:" + r.bus.region + ":" + r.bus.account + ":rule/"
	if r.bus.name == defaultBus {
		return prefix + r.name
	}
	return prefix + r.bus.name + "/" + r.name
}

func (r *rule) matches(event pattern.Event) bool {
	return r.source != "" && r.state != disabled && r.pattern.MatchRead(event)
}

// target is where a rule sends events. Its JSON is that of PutTargets.
type target struct {
	ID               string            `json:"Id"`
	ARN              string            `json:"Arn"`
	RoleARN          string            `json:"RoleArn,omitempty"`
	Input            string            `json:",omitempty"`
	InputPath        string            `json:",omitempty"`
	InputTransformer map[string]any    `json:",omitempty"`
	DeadLetterConfig *deadLetterConfig `json:",omitempty"`
	RetryPolicy      *retryPolicy      `json:",omitempty"`
	SQSParameters    map[string]any    `json:"SqsParameters,omitempty"`
}

type deadLetterConfig struct {
	ARN string `json:"Arn"`
}

// retryPolicy is kept and given back. Every failure that this cloud knows is one that isn't retried.
type retryPolicy struct {
	MaximumEventAgeInSeconds *int `json:",omitempty"`
	MaximumRetryAttempts     *int `json:",omitempty"`
}

func (t target) isBus() bool { return strings.HasPrefix(t.ARN, "arn:aws:events:") }

func (t target) deadLetterARN() string {
	if t.DeadLetterConfig == nil {
		return ""
	}
	return t.DeadLetterConfig.ARN
}

// check returns EventBridge's refusals, and those of features that this cloud doesn't have.
func (t target) check(r *rule) error {
	reason := t.wrongPlace(r.bus)
	if reason == "" {
		reason = t.wrongInput()
	}
	if reason != "" {
		return invalid("Target " + t.ID + " is not valid. Reason: " + reason)
	}
	return nil
}

// wrongPlace is why a rule can't send to where the target is; empty if it can.
func (t target) wrongPlace(from busName) string {
	bus, isBus := parseBusARN(t.ARN)
	switch {
	case !isBus && !inRegion(t.ARN, from.region):
		return "The embedded cloud delivers to event buses, and to SQS queues of the rule's region."
	case isBus && bus.account != from.account && t.RoleARN == "":
		// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
		return "An event bus of another account requires a RoleArn."
	case isBus && bus == from:
		return "A rule can't send events back to its own event bus."
	case t.DeadLetterConfig != nil && !inRegion(t.DeadLetterConfig.ARN, from.region):
		return "The dead-letter queue must be an SQS queue in the same region as the rule."
	}
	return ""
}

// wrongInput is why the target can't shape its input so; empty if it can. A bus gets whole events:
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html
func (t target) wrongInput() string {
	switch {
	case t.InputTransformer != nil || t.SQSParameters != nil:
		return "The embedded cloud has no InputTransformer and no SqsParameters."
	case t.Input != "" && t.InputPath != "":
		return "Input and InputPath are mutually exclusive."
	case t.isBus() && (t.Input != "" || t.InputPath != ""):
		return "Input and InputPath are not available for an event bus."
	}
	return ""
}

func inRegion(queueARN, region string) bool {
	return strings.HasPrefix(queueARN, "arn:aws:sqs:"+region+":")
}

// put adds a target, or replaces the one with its id.
func (r *rule) put(t target) error {
	if err := t.check(r); err != nil {
		return err
	}
	if i := r.find(t.ID); i >= 0 {
		r.targets[i] = t
		return nil
	}
	if len(r.targets) >= maxTargets {
		return tooMany()
	}
	r.targets = append(r.targets, t)
	return nil
}

func (r *rule) find(id string) int {
	return slices.IndexFunc(r.targets, func(t target) bool { return t.ID == id })
}
