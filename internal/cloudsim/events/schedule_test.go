package events_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/events"
)

const sweepRule = "arn:aws:events:us-east-1:111111111111:rule/sweep"

func (a account) schedule(expression string) error {
	_, err := a.bridge.PutRule(a.t.Context(), &eventbridge.PutRuleInput{
		Name: aws.String("sweep"), ScheduleExpression: &expression,
	})
	return err
}

// every makes the rule sweep with a queue of its name, in which a message that was received stays hidden.
func (a account) every(expression string) {
	a.t.Helper()
	a.check(a.schedule(expression))
	a.check(a.target("default", "sweep", to(a.queue("sweep"))))
	_, err := a.sqs.SetQueueAttributes(a.t.Context(), &sqs.SetQueueAttributesInput{
		QueueUrl: a.url("sweep"), Attributes: map[string]string{"VisibilityTimeout": "43200"},
	})
	a.check(err)
}

// pass lets fake time pass, and all that is due by then happen.
func pass(t *testing.T, c *cloudsim.Cloud, d time.Duration) {
	t.Helper()
	time.Sleep(d)
	synctest.Wait()
	settle(t, c)
}

// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
func TestRateExpressions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, expression string
		every            time.Duration // zero if it is refused
	}{
		{"one minute", "rate(1 minute)", time.Minute},
		{"several minutes", "rate(15 minutes)", 15 * time.Minute},
		{"one hour", "rate(1 hour)", time.Hour},
		{"several hours", "rate(2 hours)", 2 * time.Hour},
		{"one day", "rate(1 day)", 24 * time.Hour},
		{"several days", "rate(7 days)", 7 * 24 * time.Hour},
		{"the plural for one", "rate(1 minutes)", 0},
		{"the singular for several", "rate(5 minute)", 0},
		{"nothing", "rate(0 minutes)", 0},
		{"less than nothing", "rate(-1 minutes)", 0},
		{"a fraction", "rate(1.5 hours)", 0},
		{"seconds", "rate(30 seconds)", 0},
		{"two spaces", "rate(5  minutes)", 0},
		{"no rate", "5 minutes", 0},
		{"something behind it", "rate(5 minutes) ", 0},
		{"cron, which this cloud doesn't have", "cron(0 12 * * ? *)", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, events.Options{}, func(t *testing.T, c *cloudsim.Cloud) {
				a := in(t, c, marketing, virginia)
				err := a.schedule(tt.expression)
				if tt.every == 0 {
					if code(err) != "ValidationException" {
						t.Errorf("PutRule = %v, want a ValidationException", err)
					}
					return
				}
				a.every(tt.expression)
				pass(t, c, tt.every-time.Second)
				before := len(a.received("sweep"))
				pass(t, c, time.Second)
				if after := len(a.received("sweep")); before != 0 || after != 1 {
					t.Errorf("%d events before %v are over and %d then, want 0 and 1", before, tt.every, after)
				}
			})
		})
	}
}

func TestScheduledEvent(t *testing.T) {
	t.Parallel()
	inBubble(t, events.Options{}, func(t *testing.T, c *cloudsim.Cloud) {
		a := in(t, c, marketing, virginia)
		a.every("rate(15 minutes)")
		a.rule("default", "all", "aws.events", to(a.queue("all")))
		a.mustPut() // of no concern to a rule without a pattern
		pass(t, c, 15*time.Minute)
		got := a.envelopes("sweep")
		if len(got) != 1 {
			t.Fatalf("%d events, want 1", len(got))
		}
		want := events.Event{
			Version: "0", ID: got[0].ID, Source: "aws.events", DetailType: "Scheduled Event", Account: marketing,
			Region: virginia,
			Time:   "2000-01-01T00:15:00Z", Resources: []string{sweepRule}, Detail: json.RawMessage("{}"),
		}
		if diff := cmp.Diff(want, got[0]); diff != "" {
			t.Error(diff)
		}
		if n := len(a.received("all")); n != 0 {
			t.Errorf("a rule with a pattern got %d events of another rule's schedule", n)
		}
	})
}

func TestCallsStartAndStopASchedule(t *testing.T) {
	t.Parallel()
	disable := func(a account) {
		_, err := a.bridge.DisableRule(a.t.Context(), &eventbridge.DisableRuleInput{Name: aws.String("sweep")})
		a.check(err)
	}
	enable := func(a account) {
		_, err := a.bridge.EnableRule(a.t.Context(), &eventbridge.EnableRuleInput{Name: aws.String("sweep")})
		a.check(err)
	}
	tests := []struct {
		name string
		do   func(a account) // ten minutes after the rule is put
		want []int           // minutes at which it fires within an hour
	}{
		{"it goes on by itself", func(account) {}, []int{15, 30, 45, 60}},
		{"disabled, it ends", disable, nil},
		{"enabled again, it begins anew", func(a account) { disable(a); enable(a) }, []int{25, 40, 55}},
		{"enabled though it is, it goes on", enable, []int{15, 30, 45, 60}},
		{"put again, it begins anew", func(a account) { a.check(a.schedule("rate(20 minutes)")) }, []int{30, 50}},
		{"deleted, it ends", func(a account) {
			_, err := a.bridge.RemoveTargets(a.t.Context(), &eventbridge.RemoveTargetsInput{
				Rule: aws.String("sweep"), Ids: []string{"target-0"},
			})
			a.check(err)
			_, err = a.bridge.DeleteRule(a.t.Context(), &eventbridge.DeleteRuleInput{Name: aws.String("sweep")})
			a.check(err)
			a.check(a.schedule("rate(1 day)"))
			a.check(a.target("default", "sweep", to("arn:aws:sqs:us-east-1:111111111111:sweep")))
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, events.Options{}, func(t *testing.T, c *cloudsim.Cloud) {
				a := in(t, c, marketing, virginia)
				a.every("rate(15 minutes)")
				var got []int
				for minute := 1; minute <= 60; minute++ {
					if minute == 11 {
						tt.do(a)
					}
					pass(t, c, time.Minute)
					for range a.received("sweep") {
						got = append(got, minute)
					}
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("it fires at the wrong minutes: %s", diff)
				}
			})
		})
	}
}

func TestTheHookIsAskedForDeliveriesOfScheduledEventsOnly(t *testing.T) {
	t.Parallel()
	var asked []string
	o := events.Options{Schedule: func(d events.Delivery) []time.Duration {
		asked = append(asked, fmt.Sprint(d.Stage, d.Event.DetailType))
		return []time.Duration{0, time.Second}
	}}
	inBubble(t, o, func(t *testing.T, c *cloudsim.Cloud) {
		a := in(t, c, marketing, virginia)
		a.every("rate(1 hour)")
		pass(t, c, time.Hour)
		if n := len(a.received("sweep")); n != 2 {
			t.Errorf("%d events, want the two that the hook made of one", n)
		}
		if diff := cmp.Diff([]string{"targetScheduled Event"}, asked); diff != "" {
			t.Error(diff)
		}
	})
}

// Not in a bubble: in real time a day would not pass.
func TestSettleDoesNotWaitForASchedule(t *testing.T) {
	t.Parallel()
	c := cloudsim.New(cloudsim.Options{})
	defer c.Close()
	a := in(t, c, marketing, virginia)
	a.every("rate(1 day)")
	settle(t, c)
}

func TestCloseStopsSchedules(t *testing.T) {
	t.Parallel()
	inBubble(t, events.Options{}, func(t *testing.T, c *cloudsim.Cloud) {
		a := in(t, c, marketing, virginia)
		a.every("rate(1 hour)")
		c.Close()
		pass(t, c, 2*time.Hour)
		if n := len(a.received("sweep")); n != 0 {
			t.Errorf("a closed cloud made %d events", n)
		}
	})
}

func TestFire(t *testing.T) {
	t.Parallel()
	inBubble(t, events.Options{}, func(t *testing.T, c *cloudsim.Cloud) {
		a := in(t, c, marketing, virginia)
		a.every("rate(15 minutes)")
		a.rule("default", "ours", "autopeer", to(a.queue("jobs")))
		time.Sleep(10 * time.Minute)
		a.check(c.Events.Fire(sweepRule))
		settle(t, c)
		if n := len(a.received("sweep")); n != 1 {
			t.Errorf("Fire made %d events, want 1", n)
		}
		pass(t, c, 5*time.Minute)
		if n := len(a.received("sweep")); n != 1 {
			t.Errorf("after 15 minutes there are %d events, want 1: Fire must not change the rhythm", n)
		}
		if c.Events.Fire("arn:aws:events:us-east-1:111111111111:rule/ours") == nil ||
			c.Events.Fire("arn:aws:events:us-east-1:111111111111:rule/none") == nil {
			t.Error("a rule without a schedule, or none at all, must be refused")
		}
		_, err := a.bridge.DisableRule(t.Context(), &eventbridge.DisableRuleInput{Name: aws.String("sweep")})
		a.check(err)
		if c.Events.Fire(sweepRule) == nil {
			t.Error("a disabled rule must be refused")
		}
	})
}

func TestARuleMayHaveAScheduleAndAPattern(t *testing.T) {
	t.Parallel()
	inBubble(t, events.Options{}, func(t *testing.T, c *cloudsim.Cloud) {
		a := in(t, c, marketing, virginia)
		a.every("rate(1 hour)")
		_, err := a.bridge.PutRule(t.Context(), &eventbridge.PutRuleInput{
			Name: aws.String("sweep"), ScheduleExpression: aws.String("rate(1 hour)"),
			EventPattern: aws.String(`{"source":["autopeer"]}`),
		})
		a.check(err)
		a.mustPut()
		pass(t, c, time.Hour)
		if n := len(a.received("sweep")); n != 2 {
			t.Errorf("%d events, want one by the pattern and one by the schedule", n)
		}
		rule, err := a.bridge.DescribeRule(t.Context(), &eventbridge.DescribeRuleInput{Name: aws.String("sweep")})
		a.check(err)
		list, err := a.bridge.ListRules(t.Context(), &eventbridge.ListRulesInput{})
		a.check(err)
		if *rule.ScheduleExpression != "rate(1 hour)" || *list.Rules[0].ScheduleExpression != "rate(1 hour)" {
			t.Errorf("DescribeRule shows %v, ListRules %v", rule.ScheduleExpression, list.Rules[0].ScheduleExpression)
		}
	})
}
