package events_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/events"
)

// The tests of this file compare the embedded EventBridge with LocalStack's recordings of AWS's answers.

// TestRecordedIDOfAForwardedEvent: in the six variants of test_events_cross_account_region, a bus in the same Region
// gets the event with its id, and a bus in another Region gets a new id. Account and Region are those of the origin.
func TestRecordedIDOfAForwardedEvent(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, account, region string
		kept                  bool
	}{
		{"to another bus of the account", marketing, virginia, true},
		{"to another account", finance, virginia, true},
		{"to another Region", marketing, ireland, false},
		{"to another account in another Region", finance, ireland, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, events.Options{}, func(t *testing.T, c *cloudsim.Cloud) {
				first, second := in(t, c, marketing, virginia), in(t, c, tt.account, tt.region)
				bus := second.bus("autopeer")
				second.permit("autopeer", marketing)
				first.rule("default", "forward", "autopeer", first.toBus(bus))
				first.rule("default", "near", "autopeer", to(first.queue("near")))
				second.rule("autopeer", "far", "autopeer", to(second.queue("far")))
				first.mustPut()
				settle(t, c)
				near, far := first.envelopes("near")[0], second.envelopes("far")[0]
				if kept := near.ID == far.ID; kept != tt.kept || far.ID == "" {
					t.Errorf("the ids are %q and %q, want the same: %v", near.ID, far.ID, tt.kept)
				}
				if far.Account != marketing || far.Region != virginia {
					t.Errorf("the event is of %s in %s, want its origin", far.Account, far.Region)
				}
			})
		})
	}
}

// TestRecordedTestEventPatternWithoutResources: no event of the 150 validated event pattern templates has resources.
func TestRecordedTestEventPatternWithoutResources(t *testing.T) {
	t.Parallel()
	inBubble(t, events.Options{}, func(t *testing.T, c *cloudsim.Cloud) {
		out, err := in(t, c, marketing, virginia).bridge.TestEventPattern(t.Context(), &eventbridge.TestEventPatternInput{
			EventPattern: aws.String(`{"number":[300]}`),
			Event: aws.String(`{"id":"1","account":"1","source":"s","time":"t","region":"r","detail-type":"d",` +
				`"number":300.0}`),
		})
		if err != nil || !out.Result {
			t.Errorf("TestEventPattern answers %+v, %v, want a match", out, err)
		}
	})
}

// TestRecordedRefusalOfAComplexPattern: the template content_wildcard_complex is refused.
func TestRecordedRefusalOfAComplexPattern(t *testing.T) {
	t.Parallel()
	inBubble(t, events.Options{}, func(t *testing.T, c *cloudsim.Cloud) {
		_, err := in(t, c, marketing, virginia).bridge.PutRule(t.Context(), &eventbridge.PutRuleInput{
			Name: aws.String("complex"), EventPattern: aws.String(`{"EventBusArn":[{"wildcard":"*:*:*:*:*:event-bus/*"}]}`),
		})
		if code(err) != "InvalidEventPatternException" || !strings.Contains(err.Error(), "too complex") {
			t.Errorf("PutRule answers %v, want that the pattern is too complex", err)
		}
	})
}

// TestRecordedTargetIDs: a ValidationException quotes the constraint [\.\-_A-Za-z0-9]+ and the length of 64.
func TestRecordedTargetIDs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ id, code string }{
		"64 characters": {strings.Repeat("x", 61) + ".-_", ""},
		"65 characters": {strings.Repeat("x", 65), "ValidationException"},
		"a slash":       {"a/b", "ValidationException"},
		"a space":       {"a b", "ValidationException"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, events.Options{}, func(t *testing.T, c *cloudsim.Cloud) {
				a := in(t, c, marketing, virginia)
				a.rule("default", "calls", "aws.ec2", to(a.queue("jobs")))
				target := to(a.queue("others"))
				target.Id = &tt.id
				if got := code(a.target("default", "calls", target)); got != tt.code {
					t.Errorf("the id %q is answered with %q, want %q", tt.id, got, tt.code)
				}
			})
		})
	}
}

// TestRecordedTimesOfABus: DescribeEventBus and ListEventBuses answer CreationTime and LastModifiedTime.
func TestRecordedTimesOfABus(t *testing.T) {
	t.Parallel()
	inBubble(t, events.Options{}, func(t *testing.T, c *cloudsim.Cloud) {
		a := in(t, c, marketing, virginia)
		created := time.Now()
		a.bus("autopeer")
		time.Sleep(time.Hour)
		one, err := a.bridge.DescribeEventBus(t.Context(), &eventbridge.DescribeEventBusInput{Name: aws.String("autopeer")})
		a.check(err)
		all, err := a.bridge.ListEventBuses(t.Context(), &eventbridge.ListEventBusesInput{NamePrefix: aws.String("autopeer")})
		a.check(err)
		listed := all.EventBuses[0]
		for name, got := range map[string]*time.Time{
			"one CreationTime": one.CreationTime, "one LastModifiedTime": one.LastModifiedTime,
			"listed CreationTime": listed.CreationTime, "listed LastModifiedTime": listed.LastModifiedTime,
		} {
			if got == nil || got.Sub(created).Abs() > time.Second {
				t.Errorf("%s = %v, want %v", name, got, created)
			}
		}
	})
}
