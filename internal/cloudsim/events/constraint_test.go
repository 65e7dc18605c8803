package events_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/events"
)

// TestConstraintsOfNames: the texts have the form that was recorded for several violations in one request
// (https://github.com/localstack/localstack, test_create_connection_validations) and that users quote
// (https://github.com/aws/aws-sdk-js-v3/issues/2240). The constraints are those of the API's model, in
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RemoveTargets.html for example.
func TestConstraintsOfNames(t *testing.T) {
	t.Parallel()
	const (
		queue   = "arn:aws:sqs:us-east-1:111111111111:jobs"
		rule    = "arn:aws:events:us-east-1:111111111111:rule/ours"
		charset = `Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+`
		is      = "' failed to satisfy constraint: "
	)
	long := strings.Repeat("x", 65)
	put := func(rule string, ids ...string) func(account) error {
		return func(a account) error {
			in := &eventbridge.PutTargetsInput{Rule: &rule, Targets: []types.Target{}}
			for _, id := range ids {
				in.Targets = append(in.Targets, types.Target{Id: &id, Arn: aws.String(queue)})
			}
			_, err := a.bridge.PutTargets(a.t.Context(), in)
			return err
		}
	}
	remove := func(rule string, ids ...string) func(account) error {
		return func(a account) error {
			_, err := a.bridge.RemoveTargets(a.t.Context(), &eventbridge.RemoveTargetsInput{
				Rule: &rule, Ids: append([]string{}, ids...),
			})
			return err
		}
	}
	for name, tt := range map[string]struct {
		call func(account) error
		want string
	}{
		"a target's id with a space": {put("ours", "good", "a b"),
			"1 validation error detected: Value 'a b' at 'targets.2.member.id" + is + charset},
		"a long target's id": {put("ours", long), "1 validation error detected: Value '" + long +
			"' at 'targets.1.member.id" + is + "Member must have length less than or equal to 64"},
		"no targets": {put("ours"), "1 validation error detected: Value '[]' at 'targets" + is +
			"Member must have length greater than or equal to 1"},
		"a removed id with a space and a long one": {remove("nowhere", "a b", long),
			"2 validation errors detected: Value 'a b' at 'ids.1.member" + is + charset + "; Value '" + long +
				"' at 'ids.2.member" + is + "Member must have length less than or equal to 64"},
		"an empty id": {remove("ours", ""), "2 validation errors detected: Value '' at 'ids.1.member" + is +
			"Member must have length greater than or equal to 1; Value '' at 'ids.1.member" + is + charset},
		"no ids": {remove("ours"), "1 validation error detected: Value '[]' at 'ids" + is +
			"Member must have length greater than or equal to 1"},
		"101 ids": {remove("ours", strings.Split(strings.Repeat("x", 101), "")...),
			"at 'ids" + is + "Member must have length less than or equal to 100"},
		"an ARN as the rule of a target": {put(rule, "good"),
			"1 validation error detected: Value '" + rule + "' at 'rule" + is + charset},
		"an ARN as the rule of listed targets": {func(a account) error {
			_, err := a.bridge.ListTargetsByRule(a.t.Context(), &eventbridge.ListTargetsByRuleInput{Rule: aws.String(rule)})
			return err
		}, "1 validation error detected: Value '" + rule + "' at 'rule" + is + charset},
		"an ARN as the name of a described rule": {func(a account) error {
			_, err := a.bridge.DescribeRule(a.t.Context(), &eventbridge.DescribeRuleInput{Name: aws.String(rule)})
			return err
		}, "1 validation error detected: Value '" + rule + "' at 'name" + is + charset},
		"an ARN as the name of a deleted rule": {func(a account) error {
			_, err := a.bridge.DeleteRule(a.t.Context(), &eventbridge.DeleteRuleInput{Name: aws.String(rule)})
			return err
		}, "1 validation error detected: Value '" + rule + "' at 'name" + is + charset},
		"a long name of a rule": {func(a account) error {
			_, err := a.bridge.PutRule(a.t.Context(), &eventbridge.PutRuleInput{
				Name: &long, EventPattern: aws.String(`{"source":["x"]}`),
			})
			return err
		}, "at 'name" + is + "Member must have length less than or equal to 64"},
		"a name of a bus with a space": {func(a account) error { return createBus(a, "a b") },
			`at 'name` + is + `Member must satisfy regular expression pattern: [/\.\-_A-Za-z0-9]+`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, events.Options{}, func(t *testing.T, c *cloudsim.Cloud) {
				a := in(t, c, marketing, virginia)
				a.rule("default", "ours", "x", types.Target{Id: aws.String("good"), Arn: aws.String(queue)})
				err := tt.call(a)
				if got := code(err); got != "ValidationException" {
					t.Fatalf("error code %q: %v", got, err)
				}
				if got := err.Error(); !strings.HasSuffix(got, tt.want) {
					t.Errorf("the refusal is %s, want %s", got, tt.want)
				}
			})
		})
	}
}
