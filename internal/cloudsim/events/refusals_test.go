package events_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/events"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	putRule := func(change func(*eventbridge.PutRuleInput)) func(account) error {
		return func(a account) error {
			in := &eventbridge.PutRuleInput{Name: aws.String("new"), EventPattern: aws.String(`{"source":["x"]}`)}
			change(in)
			_, err := a.bridge.PutRule(a.t.Context(), in)
			return err
		}
	}
	putTarget := func(target types.Target) func(account) error {
		return func(a account) error { return a.target("default", "ours", target) }
	}
	putPermission := func(in eventbridge.PutPermissionInput) func(account) error {
		return func(a account) error {
			_, err := a.bridge.PutPermission(a.t.Context(), &in)
			return err
		}
	}
	const (
		jobs     = "arn:aws:sqs:us-east-1:111111111111:jobs"
		ownBus   = "arn:aws:events:us-east-1:111111111111:event-bus/autopeer"
		otherBus = "arn:aws:events:us-east-1:222222222222:event-bus/autopeer"
		role     = "arn:aws:iam::111111111111:role/forward"
	)
	tests := []struct {
		name string
		call func(account) error
		want string
	}{
		{"a bus by the name of the default bus", func(a account) error {
			return createBus(a, "default")
		}, "ResourceAlreadyExistsException"},
		{"a bus name with a space", func(a account) error { return createBus(a, "a b") }, "ValidationException"},
		{"deleting the default bus", func(a account) error {
			_, err := a.bridge.DeleteEventBus(a.t.Context(), &eventbridge.DeleteEventBusInput{Name: aws.String("default")})
			return err
		}, "ValidationException"},
		{"deleting a bus that doesn't exist is no mistake", func(a account) error {
			_, err := a.bridge.DeleteEventBus(a.t.Context(), &eventbridge.DeleteEventBusInput{Name: aws.String("nowhere")})
			return err
		}, ""},
		{"describing a bus that doesn't exist", func(a account) error {
			_, err := a.bridge.DescribeEventBus(a.t.Context(), &eventbridge.DescribeEventBusInput{Name: aws.String("nowhere")})
			return err
		}, "ResourceNotFoundException"},
		{"the 101st bus", func(a account) error {
			for i := range 99 {
				a.bus(fmt.Sprint("bus-", i))
			}
			return createBus(a, "one-more")
		}, "LimitExceededException"},

		{"a rule on a bus that doesn't exist", putRule(func(in *eventbridge.PutRuleInput) {
			in.EventBusName = aws.String("nowhere")
		}), "ResourceNotFoundException"},
		{"a rule on another account's bus", putRule(func(in *eventbridge.PutRuleInput) {
			in.EventBusName = aws.String(otherBus)
		}), "AccessDeniedException"},
		{"a rule name with a slash", putRule(func(in *eventbridge.PutRuleInput) {
			in.Name = aws.String("a/b")
		}), "ValidationException"},
		{"a rule without a pattern", putRule(func(in *eventbridge.PutRuleInput) {
			in.EventPattern = nil
		}), "ValidationException"},
		{"a schedule on a bus of one's own", func(a account) error {
			a.bus("autopeer")
			return putRule(func(in *eventbridge.PutRuleInput) {
				in.EventBusName, in.ScheduleExpression = aws.String("autopeer"), aws.String("rate(1 day)")
			})(a)
		}, "ValidationException"},
		{"a malformed pattern", putRule(func(in *eventbridge.PutRuleInput) {
			in.EventPattern = aws.String(`{"source":"x"}`)
		}), "InvalidEventPatternException"},
		{"an unknown state", putRule(func(in *eventbridge.PutRuleInput) { in.State = "ASLEEP" }), "ValidationException"},
		{"a pattern of 2048 characters", putRule(func(in *eventbridge.PutRuleInput) {
			in.EventPattern = aws.String(patternOf(2048))
		}), ""},
		{"a pattern of 2049 characters", putRule(func(in *eventbridge.PutRuleInput) {
			in.EventPattern = aws.String(patternOf(2049))
		}), "LimitExceededException"},
		{"the 301st rule of a bus", func(a account) error {
			for i := range 299 { // beside the one that is there
				if err := putRule(func(in *eventbridge.PutRuleInput) {
					in.Name = aws.String(fmt.Sprint("rule-", i))
				})(a); err != nil {
					return err
				}
			}
			return putRule(func(*eventbridge.PutRuleInput) {})(a)
		}, "LimitExceededException"},
		{"deleting a rule that has targets", func(a account) error {
			a.check(a.target("default", "ours", to(jobs)))
			_, err := a.bridge.DeleteRule(a.t.Context(), &eventbridge.DeleteRuleInput{Name: aws.String("ours")})
			return err
		}, "ValidationException"},
		{"describing a rule that doesn't exist", func(a account) error {
			_, err := a.bridge.DescribeRule(a.t.Context(), &eventbridge.DescribeRuleInput{Name: aws.String("nowhere")})
			return err
		}, "ResourceNotFoundException"},

		{"a target of a rule that doesn't exist", func(a account) error {
			return a.target("default", "nowhere", to(jobs))
		}, "ResourceNotFoundException"},
		{"a target with a wrong id, of a rule that doesn't exist", func(a account) error {
			return a.target("default", "nowhere", types.Target{Arn: aws.String(jobs), Id: aws.String("a b")})
		}, "ValidationException"},
		{"the sixth target", func(a account) error {
			return a.target("default", "ours", to(jobs), to(jobs), to(jobs), to(jobs), to(jobs), to(jobs))
		}, "LimitExceededException"},
		{"another account's bus without a role", putTarget(to(otherBus)), "ValidationException"},
		{"another account's bus with a role", putTarget(types.Target{Arn: aws.String(otherBus), RoleArn: aws.String(role)}),
			""},
		{"the rule's own bus", putTarget(to("arn:aws:events:us-east-1:111111111111:event-bus/default")),
			"ValidationException"},
		{"Input for a bus", putTarget(types.Target{Arn: aws.String(ownBus), Input: aws.String("{}")}), "ValidationException"},
		{"Input and InputPath",
			putTarget(types.Target{Arn: aws.String(jobs), Input: aws.String("{}"), InputPath: aws.String("$")}),
			"ValidationException"},
		{"InputTransformer, which this cloud doesn't have",
			putTarget(types.Target{Arn: aws.String(jobs),
				InputTransformer: &types.InputTransformer{InputTemplate: aws.String("x")}}), "ValidationException"},
		{"a queue of another region", putTarget(to("arn:aws:sqs:eu-west-1:111111111111:jobs")), "ValidationException"},
		{"a dead-letter queue of another region",
			putTarget(types.Target{Arn: aws.String(jobs),
				DeadLetterConfig: &types.DeadLetterConfig{Arn: aws.String("arn:aws:sqs:eu-west-1:111111111111:dead")}}),
			"ValidationException"},
		{"a target of a kind that this cloud doesn't have", putTarget(to("arn:aws:sns:us-east-1:111111111111:topic")),
			"ValidationException"},

		{"a permission without a principal",
			putPermission(eventbridge.PutPermissionInput{Action: aws.String("events:PutEvents"), StatementId: aws.String("x")}),
			"ValidationException"},
		{"a policy that isn't JSON", putPermission(eventbridge.PutPermissionInput{Policy: aws.String("{")}),
			"ValidationException"},
		{"a policy with a multivalued key and no quantifier", putPermission(eventbridge.PutPermissionInput{Policy: aws.String(
			`{"Statement":{"Effect":"Allow","Principal":"*","Action":"events:PutEvents",` +
				`"Condition":{"StringEquals":{"events:detail-type":"x"}}}}`)}), "ValidationException"},
		{"a policy above 10,240 characters",
			putPermission(eventbridge.PutPermissionInput{Policy: aws.String(`{"Statement":[` + strings.Repeat(" ", 10_240) +
				`]}`)}), "PolicyLengthExceededException"},
		{"removing a statement that isn't there", func(a account) error {
			_, err := a.bridge.RemovePermission(a.t.Context(), &eventbridge.RemovePermissionInput{StatementId: aws.String("x")})
			return err
		}, "ResourceNotFoundException"},
		{"a page of 101", func(a account) error {
			_, err := a.bridge.ListRules(a.t.Context(), &eventbridge.ListRulesInput{Limit: aws.Int32(101)})
			return err
		}, "ValidationException"},
		{"a token that isn't one", func(a account) error {
			_, err := a.bridge.ListRules(a.t.Context(), &eventbridge.ListRulesInput{NextToken: aws.String("x")})
			return err
		}, "ValidationException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, events.Options{}, func(t *testing.T, c *cloudsim.Cloud) {
				a := in(t, c, marketing, virginia)
				_, err := a.bridge.PutRule(t.Context(), &eventbridge.PutRuleInput{
					Name: aws.String("ours"), EventPattern: aws.String(`{"source":["x"]}`),
				})
				a.check(err)
				err = tt.call(a)
				if got := code(err); got != tt.want || (tt.want == "" && err != nil) {
					t.Errorf("error code %q, want %q (%v)", got, tt.want, err)
				}
			})
		})
	}
}

// TestTheCheckOfTargetBuses puts two targets, a queue and a bus of finance's or of marketing's own. A refusal puts
// neither.
func TestTheCheckOfTargetBuses(t *testing.T) {
	t.Parallel()
	const foreign, abroad = "arn:aws:events:us-east-1:222222222222:event-bus/autopeer",
		"arn:aws:events:eu-west-1:111111111111:event-bus/autopeer"
	const absent, denied = "ResourceNotFoundException", "AccessDeniedException"
	tests := []struct {
		name, target string
		isThere      bool
		policy       string    // the principal of its only statement
		want         [3]string // the error code of each check
	}{
		{"no bus", foreign, false, "", [3]string{"", absent, absent}},
		{"a bus without a policy", foreign, true, "", [3]string{"", "", denied}},
		{"a bus that admits the account", foreign, true, `{"AWS":"111111111111"}`, [3]string{}},
		{"a bus that admits the role", foreign, true, `{"AWS":"arn:aws:iam::111111111111:role/forward"}`, [3]string{}},
		{"a bus that admits every principal under conditions", foreign, true, `"*"`, [3]string{}},
		{"a bus that admits another account", foreign, true, `{"AWS":"333333333333"}`, [3]string{"", "", denied}},
		{"a bus of the account in another Region", abroad, true, "", [3]string{}},
		{"no bus of the account in another Region", abroad, false, "", [3]string{"", absent, absent}},
	}
	for _, tt := range tests {
		for check, want := range tt.want {
			t.Run(fmt.Sprint(tt.name, "/", check), func(t *testing.T) {
				t.Parallel()
				inBubble(t, events.Options{TargetBus: events.TargetBusCheck(check)}, func(t *testing.T, c *cloudsim.Cloud) {
					other := in(t, c, finance, virginia)
					if tt.target == abroad {
						other = in(t, c, marketing, ireland)
					}
					if tt.isThere {
						other.busFor(tt.policy)
					}
					n, err := in(t, c, marketing, virginia).busTarget(tt.target)
					if got := code(err); got != want || (want == "" && err != nil) {
						t.Errorf("error code %q, want %q (%v)", got, want, err)
					}
					if (n == 2) != (want == "") || n == 1 {
						t.Errorf("%d targets are there, want 2 or, after a refusal, none", n)
					}
				})
			})
		}
	}
}

// busFor makes a bus that admits the principal, if it isn't empty, under a condition that no request without an event
// meets.
func (a account) busFor(principal string) {
	a.t.Helper()
	arn := a.bus("autopeer")
	if principal == "" {
		return
	}
	policy := `{"Statement":{"Effect":"Allow","Principal":` + principal + `,"Action":"events:PutEvents","Resource":"` +
		arn + `","Condition":{"ForAllValues:StringEquals":{"events:source":"aws.ec2"}}}}`
	_, err := a.bridge.PutPermission(a.t.Context(), &eventbridge.PutPermissionInput{
		EventBusName: aws.String("autopeer"), Policy: &policy,
	})
	a.check(err)
}

// busTarget puts a queue and the bus as targets of a rule. It returns the number of targets that the rule has then.
func (a account) busTarget(bus string) (int, error) {
	a.t.Helper()
	rule := aws.String("ours")
	_, err := a.bridge.PutRule(a.t.Context(), &eventbridge.PutRuleInput{
		Name: rule, EventPattern: aws.String(`{"source":["x"]}`),
	})
	a.check(err)
	refusal := a.target("default", *rule, to("arn:aws:sqs:us-east-1:111111111111:jobs"), a.toBus(bus))
	put, err := a.bridge.ListTargetsByRule(a.t.Context(), &eventbridge.ListTargetsByRuleInput{Rule: rule})
	a.check(err)
	return len(put.Targets), refusal
}

func createBus(a account, name string) error {
	_, err := a.bridge.CreateEventBus(a.t.Context(), &eventbridge.CreateEventBusInput{Name: &name})
	return err
}

func patternOf(length int) string {
	const around = len(`{"source":[""]}`)
	return `{"source":["` + strings.Repeat("x", length-around) + `"]}`
}

func TestListsAndDescriptionsShowRulesAndTargets(t *testing.T) {
	t.Parallel()
	inBubble(t, events.Options{}, func(t *testing.T, c *cloudsim.Cloud) {
		a := in(t, c, marketing, virginia)
		a.bus("autopeer")
		a.permit("autopeer", finance)
		a.permit("autopeer", developer)
		a.permit("autopeer", finance) // replaces the statement of the same id
		bus, err := a.bridge.DescribeEventBus(t.Context(), &eventbridge.DescribeEventBusInput{Name: aws.String("autopeer")})
		a.check(err)
		if n := strings.Count(*bus.Policy, "Sid"); n != 2 {
			t.Errorf("policy = %s, want two statements", *bus.Policy)
		}
		none, err := a.bridge.ListRules(t.Context(), &eventbridge.ListRulesInput{EventBusName: aws.String("autopeer")})
		a.check(err)
		if none.Rules == nil {
			t.Error("an empty list is null, want []")
		}
		for range 3 {
			for _, name := range []string{"c", "a", "b"} {
				a.rule("autopeer", name, "autopeer", to("arn:aws:sqs:us-east-1:111111111111:jobs"))
			}
		}
		var names []string
		var token *string
		for {
			out, err := a.bridge.ListRules(t.Context(), &eventbridge.ListRulesInput{
				EventBusName: aws.String("autopeer"), Limit: aws.Int32(2), NextToken: token,
			})
			a.check(err)
			for _, r := range out.Rules {
				names = append(names, *r.Arn)
			}
			if token = out.NextToken; token == nil {
				break
			}
		}
		const prefix = "arn:aws:events:us-east-1:111111111111:rule/autopeer/"
		if got, want := fmt.Sprint(names), fmt.Sprint([]string{prefix + "a", prefix + "b", prefix + "c"}); got != want {
			t.Errorf("rules = %s, want %s", got, want)
		}
		_, err = a.bridge.RemoveTargets(t.Context(), &eventbridge.RemoveTargetsInput{
			EventBusName: aws.String("autopeer"), Rule: aws.String("a"), Ids: []string{"target-0"},
		})
		a.check(err)
		targets, err := a.bridge.ListTargetsByRule(t.Context(), &eventbridge.ListTargetsByRuleInput{
			EventBusName: aws.String("autopeer"), Rule: aws.String("a"),
		})
		a.check(err)
		if len(targets.Targets) != 0 {
			t.Errorf("targets = %+v after RemoveTargets", targets.Targets)
		}
		buses, err := a.bridge.ListEventBuses(t.Context(), &eventbridge.ListEventBusesInput{})
		a.check(err)
		if len(buses.EventBuses) != 2 || *buses.EventBuses[1].Name != "default" {
			t.Errorf("buses = %+v, want autopeer and default", buses.EventBuses)
		}
	})
}

func TestTestEventPattern(t *testing.T) {
	t.Parallel()
	const envelope = `{"id":"1","account":"1","source":"aws.ec2","time":"t","region":"r","resources":[],"detail-type":"d"}`
	tests := []struct {
		name, pattern, event string
		want                 bool
		code                 string
	}{
		{"a match", `{"source":["aws.ec2"]}`, envelope, true, ""},
		{"no match", `{"source":["aws.s3"]}`, envelope, false, ""},
		{"an event without its envelope", `{"source":["aws.ec2"]}`, `{"source":"aws.ec2"}`, false, "ValidationException"},
		{"a malformed pattern", `{}`, envelope, false, "InvalidEventPatternException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, events.Options{}, func(t *testing.T, c *cloudsim.Cloud) {
				out, err := in(t, c, marketing, virginia).bridge.TestEventPattern(t.Context(), &eventbridge.TestEventPatternInput{
					EventPattern: &tt.pattern, Event: &tt.event,
				})
				if got := code(err); got != tt.code {
					t.Fatalf("error code %q, want %q", got, tt.code)
				}
				if err == nil && out.Result != tt.want {
					t.Errorf("Result = %v, want %v", out.Result, tt.want)
				}
			})
		})
	}
}
