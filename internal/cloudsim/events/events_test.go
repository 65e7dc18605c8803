package events_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/events"
)

const (
	marketing = "111111111111"
	finance   = "222222222222"
	developer = "333333333333"
	virginia  = "us-east-1"
	ireland   = "eu-west-1"
)

// account is one account in one region, with the clients of a person there.
type account struct {
	t      *testing.T
	id     string
	region string
	bridge *eventbridge.Client
	sqs    *sqs.Client
}

func in(t *testing.T, c *cloudsim.Cloud, id, region string) account {
	t.Helper()
	key := credentials.NewStaticCredentialsProvider(id, "any", "")
	client := &http.Client{Transport: c}
	return account{
		t: t, id: id, region: region,
		bridge: eventbridge.New(eventbridge.Options{
			Region: region, Credentials: key, HTTPClient: client, Retryer: aws.NopRetryer{},
		}),
		sqs: sqs.New(sqs.Options{Region: region, Credentials: key, HTTPClient: client, Retryer: aws.NopRetryer{}}),
	}
}

func (a account) check(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

// queue creates a queue that admits EventBridge, and returns its ARN.
func (a account) queue(name string) string {
	a.t.Helper()
	arn := a.lockedQueue(name)
	a.policy(name,
		`{"Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage",`+
			`"Resource":"`+arn+`"}]}`)
	return arn
}

func (a account) lockedQueue(name string) string {
	a.t.Helper()
	_, err := a.sqs.CreateQueue(a.t.Context(), &sqs.CreateQueueInput{QueueName: &name})
	a.check(err)
	return fmt.Sprintf("arn:aws:sqs:%s:%s:%s", a.region, a.id, name)
}

func (a account) policy(name, document string) {
	a.t.Helper()
	_, err := a.sqs.SetQueueAttributes(a.t.Context(), &sqs.SetQueueAttributesInput{
		QueueUrl: a.url(name), Attributes: map[string]string{"Policy": document},
	})
	a.check(err)
}

func (a account) url(name string) *string {
	return aws.String("https://sqs." + a.region + ".amazonaws.com/" + a.id + "/" + name)
}

// received takes everything out of a queue.
func (a account) received(name string) []sqstypes.Message {
	a.t.Helper()
	out, err := a.sqs.ReceiveMessage(a.t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: a.url(name), MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"},
	})
	a.check(err)
	return out.Messages
}

func (a account) envelopes(name string) []events.Event {
	a.t.Helper()
	var list []events.Event
	for _, m := range a.received(name) {
		var e events.Event
		a.check(json.Unmarshal([]byte(*m.Body), &e))
		list = append(list, e)
	}
	return list
}

func (a account) bus(name string) string {
	a.t.Helper()
	out, err := a.bridge.CreateEventBus(a.t.Context(), &eventbridge.CreateEventBusInput{Name: &name})
	a.check(err)
	return *out.EventBusArn
}

func (a account) permit(bus, principal string) {
	a.t.Helper()
	_, err := a.bridge.PutPermission(a.t.Context(), &eventbridge.PutPermissionInput{
		EventBusName: &bus, Action: aws.String("events:PutEvents"), Principal: &principal,
		StatementId: aws.String("from-" + principal),
	})
	a.check(err)
}

// rule makes a rule for all events of a source to one target.
func (a account) rule(bus, name, source string, target types.Target) {
	a.t.Helper()
	_, err := a.bridge.PutRule(a.t.Context(), &eventbridge.PutRuleInput{
		EventBusName: &bus, Name: &name, EventPattern: aws.String(`{"source":["` + source + `"]}`),
	})
	a.check(err)
	a.check(a.target(bus, name, target))
}

func (a account) target(bus, rule string, targets ...types.Target) error {
	for i := range targets {
		if targets[i].Id == nil {
			targets[i].Id = aws.String(fmt.Sprint("target-", i))
		}
	}
	_, err := a.bridge.PutTargets(a.t.Context(), &eventbridge.PutTargetsInput{
		EventBusName: &bus, Rule: &rule, Targets: targets,
	})
	return err
}

func to(arn string) types.Target { return types.Target{Arn: &arn} }

func (a account) toBus(arn string) types.Target {
	return types.Target{Arn: &arn, RoleArn: aws.String("arn:aws:iam::" + a.id + ":role/forward")}
}

func entry(bus string) types.PutEventsRequestEntry {
	return types.PutEventsRequestEntry{
		EventBusName: &bus, Source: aws.String("autopeer"), DetailType: aws.String("Peering Accepted"),
		Detail: aws.String(`{"n":1}`),
	}
}

func (a account) put(entries ...types.PutEventsRequestEntry) (*eventbridge.PutEventsOutput, error) {
	return a.bridge.PutEvents(a.t.Context(), &eventbridge.PutEventsInput{Entries: entries})
}

func (a account) mustPut() {
	a.t.Helper()
	out, err := a.put(entry("default"))
	a.check(err)
	if out.FailedEntryCount != 0 {
		a.t.Fatalf("PutEvents = %v", out.Entries)
	}
}

func settle(t *testing.T, c *cloudsim.Cloud) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	if err := c.Settle(ctx); err != nil {
		t.Fatal(err)
	}
}

func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

func inBubble(t *testing.T, o events.Options, f func(t *testing.T, c *cloudsim.Cloud)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := cloudsim.New(cloudsim.Options{Events: o})
		defer c.Close()
		f(t, c)
	})
}

func TestEventReachesTheQueueOfAMatchingRule(t *testing.T) {
	t.Parallel()
	inBubble(t, events.Options{}, func(t *testing.T, c *cloudsim.Cloud) {
		a := in(t, c, marketing, virginia)
		a.bus("autopeer")
		a.rule("autopeer", "ours", "autopeer", to(a.queue("jobs")))
		a.rule("autopeer", "others", "stranger", to(a.queue("others")))
		a.rule("default", "elsewhere", "autopeer", to(a.queue("elsewhere")))
		e := entry("autopeer")
		e.Resources = []string{"pcx-1"}
		e.Time = aws.Time(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
		out, err := a.put(e)
		a.check(err)
		settle(t, c)
		got := a.envelopes("jobs")
		if len(got) != 1 {
			t.Fatalf("%d events in the queue, want 1", len(got))
		}
		want := events.Event{
			Version: "0", ID: *out.Entries[0].EventId, Source: "autopeer", DetailType: "Peering Accepted", Account: marketing,
			Region: virginia,
			Time:   "2026-03-01T12:00:00Z", Resources: []string{"pcx-1"}, Detail: json.RawMessage(`{"n":1}`),
		}
		if fmt.Sprintf("%+v", got[0]) != fmt.Sprintf("%+v", want) {
			t.Errorf("event = %+v, want %+v", got[0], want)
		}
		for _, name := range []string{"others", "elsewhere"} {
			if got := a.received(name); len(got) != 0 {
				t.Errorf("%d events in queue %s, want none", len(got), name)
			}
		}
	})
}

func TestDisabledRuleIsSilent(t *testing.T) {
	t.Parallel()
	inBubble(t, events.Options{}, func(t *testing.T, c *cloudsim.Cloud) {
		a := in(t, c, marketing, virginia)
		a.rule("default", "ours", "autopeer", to(a.queue("jobs")))
		_, err := a.bridge.DisableRule(t.Context(), &eventbridge.DisableRuleInput{Name: aws.String("ours")})
		a.check(err)
		a.mustPut()
		settle(t, c)
		_, err = a.bridge.EnableRule(t.Context(), &eventbridge.EnableRuleInput{Name: aws.String("ours")})
		a.check(err)
		a.mustPut()
		settle(t, c)
		if got := a.received("jobs"); len(got) != 1 {
			t.Errorf("%d events, want only the one after EnableRule", len(got))
		}
	})
}

func TestPutEventsAnswersEachEntry(t *testing.T) {
	t.Parallel()
	change := func(f func(*types.PutEventsRequestEntry)) types.PutEventsRequestEntry {
		e := entry("default")
		f(&e)
		return e
	}
	tests := []struct {
		name  string
		entry types.PutEventsRequestEntry
		want  string
	}{
		{"a good entry", entry("default"), ""},
		{"a bus that doesn't exist takes the event and drops it", entry("nowhere"), ""},
		{"sources that begin with aws. are AWS's own", change(func(e *types.PutEventsRequestEntry) {
			e.Source = aws.String("aws.ec2")
		}), "NotAuthorizedForSourceException"},
		{"no source", change(func(e *types.PutEventsRequestEntry) { e.Source = nil }), "InvalidArgument"},
		{"no detail type", change(func(e *types.PutEventsRequestEntry) { e.DetailType = nil }), "InvalidArgument"},
		{"no detail", change(func(e *types.PutEventsRequestEntry) { e.Detail = nil }), "InvalidArgument"},
		{"a detail that isn't JSON", change(func(e *types.PutEventsRequestEntry) {
			e.Detail = aws.String("{")
		}), "MalformedDetail"},
		{"a detail that isn't an object", change(func(e *types.PutEventsRequestEntry) {
			e.Detail = aws.String("[]")
		}), "MalformedDetail"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, events.Options{}, func(t *testing.T, c *cloudsim.Cloud) {
				a := in(t, c, marketing, virginia)
				out, err := a.put(tt.entry, entry("default"))
				a.check(err)
				if got := aws.ToString(out.Entries[0].ErrorCode); got != tt.want {
					t.Errorf("ErrorCode = %q, want %q", got, tt.want)
				}
				if (out.Entries[0].EventId == nil) != (tt.want != "") || out.Entries[1].EventId == nil {
					t.Errorf("entries = %+v, want an id for each accepted entry", out.Entries)
				}
				if wantFailed := min(len(tt.want), 1); int(out.FailedEntryCount) != wantFailed {
					t.Errorf("FailedEntryCount = %d, want %d", out.FailedEntryCount, wantFailed)
				}
			})
		})
	}
}

func TestPutEventsRefusesRequests(t *testing.T) {
	t.Parallel()
	large := entry("default")
	large.Detail = aws.String(`{"x":"` + strings.Repeat("x", 300<<10) + `"}`)
	tests := []struct {
		name    string
		options events.Options
		entries []types.PutEventsRequestEntry
		want    string
	}{
		{"ten entries are allowed", events.Options{}, make([]types.PutEventsRequestEntry, 10), ""},
		{"eleven entries are not", events.Options{}, make([]types.PutEventsRequestEntry, 11), "ValidationException"},
		{"300 KB are allowed by the user guide", events.Options{}, []types.PutEventsRequestEntry{large}, ""},
		{"300 KB are too much by the API reference", events.Options{MaxRequestBytes: 256 << 10},
			[]types.PutEventsRequestEntry{large}, "ValidationException"},
		{"more than 1 MB in all", events.Options{}, []types.PutEventsRequestEntry{large, large, large, large},
			"ValidationException"},
		{"a bus of another account without permission", events.Options{},
			[]types.PutEventsRequestEntry{entry("arn:aws:events:us-east-1:222222222222:event-bus/default")},
			"AccessDeniedException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, tt.options, func(t *testing.T, c *cloudsim.Cloud) {
				_, err := in(t, c, marketing, virginia).put(tt.entries...)
				if got := code(err); got != tt.want {
					t.Errorf("error code %q, want %q (%v)", got, tt.want, err)
				}
			})
		})
	}
}

func TestForwardingKeepsTheOriginAndGoesOneHop(t *testing.T) {
	t.Parallel()
	inBubble(t, events.Options{}, func(t *testing.T, c *cloudsim.Cloud) {
		first, second := in(t, c, marketing, virginia), in(t, c, finance, ireland)
		bus := second.bus("autopeer")
		second.permit("autopeer", marketing)
		first.rule("default", "forward", "autopeer", first.toBus(bus))
		second.rule("autopeer", "ours", "autopeer", to(second.queue("jobs")))
		first.mustPut()
		settle(t, c)
		got := second.envelopes("jobs")
		if len(got) != 1 || got[0].Account != marketing || got[0].Region != virginia {
			t.Errorf("events = %+v, want one from %s in %s", got, marketing, virginia)
		}
		if failures := c.Events.Failures(); len(failures) != 0 {
			t.Errorf("failures = %+v", failures)
		}
	})
}

// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-bus-to-bus.html
func TestSecondHopIsDropped(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name                  string
		thirdAccount, thirdIn string
		want                  string
	}{
		{"to a third account", developer, virginia, "THIRD_ACCOUNT_HOP_DETECTED"},
		{"back to the first account", marketing, virginia, "THIRD_ACCOUNT_HOP_DETECTED"},
		{"to a third region of the second account", finance, ireland, "THIRD_REGION_HOP_DETECTED"},
		{"to a third bus of the second account", finance, virginia, "THIRD_ACCOUNT_HOP_DETECTED"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, events.Options{}, func(t *testing.T, c *cloudsim.Cloud) {
				first, second, third := in(t, c, marketing, virginia), in(t, c, finance, virginia),
					in(t, c, tt.thirdAccount, tt.thirdIn)
				secondBus, thirdBus := second.bus("autopeer"), third.bus("third")
				second.permit("autopeer", marketing)
				third.permit("third", finance)
				first.rule("default", "forward", "autopeer", first.toBus(secondBus))
				onward := second.toBus(thirdBus)
				onward.DeadLetterConfig = &types.DeadLetterConfig{Arn: aws.String(second.queue("dead"))}
				second.rule("autopeer", "onward", "autopeer", onward)
				third.rule("third", "ours", "autopeer", to(third.queue("jobs")))
				first.mustPut()
				settle(t, c)
				if got := third.received("jobs"); len(got) != 0 {
					t.Errorf("%d events after two hops, want none", len(got))
				}
				dead := second.received("dead")
				if len(dead) != 1 || *dead[0].MessageAttributes["ERROR_CODE"].StringValue != tt.want {
					t.Errorf("dead letters = %+v, want one with %s", dead, tt.want)
				}
			})
		})
	}
}

func TestBusPolicyDecidesForOtherAccounts(t *testing.T) {
	t.Parallel()
	const bus = "arn:aws:events:us-east-1:222222222222:event-bus/autopeer"
	statement := func(principal, condition string) string {
		return `{"Version":"2012-10-17","Statement":[{"Sid":"x","Effect":"Allow","Principal":` + principal +
			`,"Action":"events:PutEvents","Resource":"` + bus + `","Condition":{` + condition + `}}]}`
	}
	tests := []struct {
		name, policy string
		want         bool
	}{
		{"no policy", "", false},
		{"the account", statement(`{"AWS":"111111111111"}`, ""), true},
		{"another account", statement(`{"AWS":"333333333333"}`, ""), false},
		{"the organization", statement(`"*"`, `"StringEquals":{"aws:PrincipalOrgID":"o-ours"}`), true},
		{"another organization", statement(`"*"`, `"StringEquals":{"aws:PrincipalOrgID":"o-theirs"}`), false},
		{"the rule", statement(`"*"`, `"ArnEquals":{"aws:SourceArn":"arn:aws:events:us-east-1:111111111111:rule/forward"}`),
			true},
		{"a rule of another region",
			statement(`"*"`, `"ArnLike":{"aws:SourceArn":"arn:aws:events:eu-*:111111111111:rule/*"}`), false},
		{"the rule's account", statement(`"*"`, `"StringEquals":{"aws:SourceAccount":"111111111111"}`), true},
		{"the event's source", statement(`"*"`, `"ForAllValues:StringEquals":{"events:source":"autopeer"}`), true},
		{"another source", statement(`"*"`, `"ForAllValues:StringEquals":{"events:source":"aws.ec2"}`), false},
		{"the event's detail type", statement(`"*"`, `"ForAllValues:StringEquals":{"events:detail-type":"Peering Accepted"}`),
			true},
		{"another detail type", statement(`"*"`, `"ForAllValues:StringEquals":{"events:detail-type":"Peering Denied"}`),
			false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, events.Options{Organizations: map[string]string{marketing: "o-ours"}},
				func(t *testing.T, c *cloudsim.Cloud) {
					first, second := in(t, c, marketing, virginia), in(t, c, finance, virginia)
					second.bus("autopeer")
					if tt.policy != "" {
						_, err := second.bridge.PutPermission(t.Context(), &eventbridge.PutPermissionInput{
							EventBusName: aws.String("autopeer"), Policy: &tt.policy,
						})
						second.check(err)
					}
					second.rule("autopeer", "ours", "autopeer", to(second.queue("jobs")))
					target := first.toBus(bus)
					target.DeadLetterConfig = &types.DeadLetterConfig{Arn: aws.String(first.queue("dead"))}
					first.rule("default", "forward", "autopeer", target)
					first.mustPut()
					settle(t, c)
					if got := len(second.received("jobs")) == 1; got != tt.want {
						t.Errorf("delivered: %v, want %v", got, tt.want)
					}
					if got := len(first.received("dead")) == 0; got != tt.want {
						t.Errorf("spared the dead-letter queue: %v, want %v", got, tt.want)
					}
				})
		})
	}
}

// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
func TestUndeliveredEventGoesToTheDeadLetterQueue(t *testing.T) {
	t.Parallel()
	const rule = "arn:aws:events:us-east-1:111111111111:rule/ours"
	admit := func(arn string) string {
		return `{"Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage",` +
			`"Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"` + arn + `"}}}]}`
	}
	tests := []struct {
		name       string
		target     string
		policy     string // of the target
		deadPolicy string
		code       string
		dead       bool
	}{
		{"a queue that admits this rule", "jobs", admit(rule), admit(rule), "", false},
		{"a queue without a policy", "jobs", "", admit(rule), "NO_PERMISSIONS", true},
		{"a queue that admits another rule", "jobs", admit(rule + "2"), admit(rule), "NO_PERMISSIONS", true},
		{"a queue that doesn't exist", "nowhere", "", admit(rule), "NO_RESOURCE", true},
		{"a dead-letter queue without a policy loses the event", "nowhere", "", "", "NO_RESOURCE", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, events.Options{}, func(t *testing.T, c *cloudsim.Cloud) {
				a := in(t, c, marketing, virginia)
				a.lockedQueue("jobs")
				a.policy("jobs", tt.policy)
				dead := a.lockedQueue("dead")
				a.policy("dead", tt.deadPolicy)
				arn := "arn:aws:sqs:us-east-1:111111111111:" + tt.target
				a.rule("default", "ours", "autopeer", types.Target{
					Arn: &arn, DeadLetterConfig: &types.DeadLetterConfig{Arn: &dead},
				})
				a.mustPut()
				settle(t, c)
				letters := a.received("dead")
				if got := len(letters) == 1; got != tt.dead {
					t.Fatalf("%d dead letters, want one: %v", len(letters), tt.dead)
				}
				if tt.dead {
					checkDeadLetter(t, letters[0], map[string]string{
						"RULE_ARN": rule, "TARGET_ARN": arn, "ERROR_CODE": tt.code, "RETRY_ATTEMPTS": "0",
						"EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
					})
				}
				failures := c.Events.Failures()
				if tt.code == "" {
					if len(failures) != 0 {
						t.Errorf("failures = %+v, want none", failures)
					}
					return
				}
				if len(failures) != 1 || failures[0].Code != tt.code || failures[0].DeadLetter != tt.dead ||
					failures[0].Rule != rule {
					t.Errorf("failures = %+v, want one with %s", failures, tt.code)
				}
			})
		})
	}
}

func checkDeadLetter(t *testing.T, m sqstypes.Message, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got := aws.ToString(m.MessageAttributes[name].StringValue); got != value {
			t.Errorf("attribute %s = %q, want %q", name, got, value)
		}
	}
	if aws.ToString(m.MessageAttributes["ERROR_MESSAGE"].StringValue) == "" {
		t.Error("no attribute ERROR_MESSAGE")
	}
	var e events.Event
	if err := json.Unmarshal([]byte(*m.Body), &e); err != nil || e.Source != "autopeer" {
		t.Errorf("body = %s, want the event", *m.Body)
	}
}

func TestTargetInput(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		target types.Target
		want   string
	}{
		{"a constant", types.Target{Input: aws.String(`{"a":1}`)}, `{"a":1}`},
		{"a part of the event", types.Target{InputPath: aws.String("$.detail.n")}, `1`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, events.Options{}, func(t *testing.T, c *cloudsim.Cloud) {
				a := in(t, c, marketing, virginia)
				tt.target.Arn = aws.String(a.queue("jobs"))
				a.rule("default", "ours", "autopeer", tt.target)
				a.mustPut()
				settle(t, c)
				if got := a.received("jobs"); len(got) != 1 || *got[0].Body != tt.want {
					t.Errorf("messages = %+v, want %s", got, tt.want)
				}
			})
		})
	}
}

func TestScheduleDropsDoublesAndReorders(t *testing.T) {
	t.Parallel()
	var received int
	o := events.Options{Schedule: func(events.Delivery) []time.Duration {
		received++
		switch received {
		case 1:
			return nil
		case 2:
			return []time.Duration{2 * time.Second, 3 * time.Second}
		default:
			return []time.Duration{time.Second}
		}
	}}
	inBubble(t, o, func(t *testing.T, c *cloudsim.Cloud) {
		a := in(t, c, marketing, virginia)
		a.rule("default", "ours", "autopeer", to(a.queue("jobs")))
		var ids []string
		for range 3 {
			out, err := a.put(entry("default"))
			a.check(err)
			ids = append(ids, *out.Entries[0].EventId)
		}
		settle(t, c)
		var got []string
		for _, e := range a.envelopes("jobs") {
			got = append(got, e.ID)
		}
		want := []string{ids[2], ids[1], ids[1]}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("received %v, want %v", got, want)
		}
	})
}
