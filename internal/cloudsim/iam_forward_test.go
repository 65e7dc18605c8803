package cloudsim_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/autopeer/autopeer/internal/cloudsim"
)

// TestAForwardNeedsTheRoleAndTheBus sends an event from one bus to another by a rule with a role.
func TestAForwardNeedsTheRoleAndTheBus(t *testing.T) {
	t.Parallel()
	const (
		here, abroad, other = "111111111111:us-east-1", "111111111111:eu-west-1", "222222222222:us-east-1"
		trustEvents         = `{"Statement":{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},` +
			`"Action":"sts:AssumeRole"}}`
		trustRule = `{"Statement":{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sts:AssumeRole",
		"Condition":{
			"StringEquals":{"aws:SourceAccount":"ACCOUNT"},"ArnLike":{"aws:SourceArn":"arn:aws:events:us-east-1:*:rule/RULE"}}}}`
		maySend     = `{"Statement":{"Effect":"Allow","Action":"events:PutEvents","Resource":"*"}}`
		mayNothing  = `{"Statement":[]}`
		fromAccount = `{"Statement":{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"events:PutEvents"}}`
		fromRole    = `{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/forward"},` +
			`"Action":"events:PutEvents"}}`
		fromRule = `{"Statement":{"Effect":"Allow","Principal":"*","Action":"events:PutEvents",` +
			`"Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:events:us-east-1:111111111111:rule/RULE"}}}}`
	)
	tests := []struct {
		name             string
		to               string
		trust, role, bus string
		why              string // not delivered; empty if it is
	}{
		{"another account with both", other, trustEvents, maySend, fromAccount, ""},
		{"another account without the role's permission", other, trustEvents, mayNothing, fromAccount,
			"no identity-based policy"},
		{"another account without the bus's", other, trustEvents, maySend, "", "no resource-based policy"},
		{"another account that names the rule", other, trustEvents, maySend,
			strings.Replace(fromRule, "RULE", "forward", 1), ""},
		{"another account that names another rule", other, trustEvents, maySend,
			strings.Replace(fromRule, "RULE", "other", 1), "no resource-based policy"},
		{"a role that doesn't trust EventBridge", other, trustLambda, maySend, fromAccount, "sts:AssumeRole"},
		{"a role that trusts the rule of the account", other,
			strings.NewReplacer("ACCOUNT", "111111111111", "RULE", "forward").Replace(trustRule), maySend, fromAccount, ""},
		{"a role that trusts another rule", other,
			strings.NewReplacer("ACCOUNT", "111111111111", "RULE", "other").Replace(trustRule), maySend,
			fromAccount, "sts:AssumeRole"},
		{"a role that trusts another account", other,
			strings.NewReplacer("ACCOUNT", "222222222222", "RULE", "forward").Replace(trustRule), maySend,
			fromAccount, "sts:AssumeRole"},
		{"another region with the role's permission", abroad, trustEvents, maySend, "", ""},
		{"another region with neither", abroad, trustEvents, mayNothing, "", "no identity-based policy"},
		{"another region whose bus names the account", abroad, trustEvents, mayNothing, fromAccount,
			"no identity-based policy"},
		{"another region whose bus names the role", abroad, trustEvents, mayNothing, fromRole, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := cloudsim.New(cloudsim.Options{})
				defer c.Close()
				check(t, c.IAM.PutRole(account, "forward", tt.trust, tt.role))
				target := newBus(t, c, tt.to, tt.bus)
				from := bridge(c, here)
				rule := aws.String("forward")
				_, err := from.PutRule(t.Context(), &eventbridge.PutRuleInput{
					Name: rule, EventPattern: aws.String(`{"source":["us"]}`),
				})
				check(t, err)
				_, err = from.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: rule, Targets: []ebtypes.Target{
					{Id: aws.String("bus"), Arn: &target, RoleArn: aws.String("arn:aws:iam::111111111111:role/forward")},
				}})
				check(t, err)
				_, err = from.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{
					{Source: aws.String("us"), DetailType: aws.String("x"), Detail: aws.String("{}")},
				}})
				check(t, err)
				check(t, c.Settle(t.Context()))
				var why string
				for _, f := range c.Events.Failures() {
					why += f.Code + " " + f.Message
				}
				if (why == "") != (tt.why == "") || !strings.Contains(why, tt.why) {
					t.Errorf("not delivered for %q, want %q", why, tt.why)
				}
			})
		})
	}
}

// bridge returns EventBridge for an account:region.
func bridge(c *cloudsim.Cloud, cell string) *eventbridge.Client {
	account, region, _ := strings.Cut(cell, ":")
	return eventbridge.New(eventbridge.Options{
		Region: region, Credentials: credentials.NewStaticCredentialsProvider(account, "any", ""),
		HTTPClient: &http.Client{Transport: c}, Retryer: aws.NopRetryer{},
	})
}

func newBus(t *testing.T, c *cloudsim.Cloud, cell, policy string) (arn string) {
	t.Helper()
	client, name := bridge(c, cell), aws.String("there")
	made, err := client.CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: name})
	check(t, err)
	if policy != "" {
		_, err = client.PutPermission(t.Context(), &eventbridge.PutPermissionInput{EventBusName: name, Policy: &policy})
		check(t, err)
	}
	return *made.EventBusArn
}

// TestTargetsNeedPassRole: PutTargets with a role answers AccessDeniedException unless the caller may pass it to
// EventBridge, as narrow execution policies of CloudFormation have shown.
func TestTargetsNeedPassRole(t *testing.T) {
	t.Parallel()
	const forwardRole = "arn:aws:iam::111111111111:role/forward"
	pass := func(service string) string {
		return `,{"Effect":"Allow","Action":"iam:PassRole","Resource":"` + forwardRole +
			`","Condition":{"StringEquals":{"iam:PassedToService":"` + service + `"}}}`
	}
	for name, tt := range map[string]struct{ statement, code string }{
		"to EventBridge":     {pass("events.amazonaws.com"), ""},
		"to another service": {pass("lambda.amazonaws.com"), "AccessDeniedException"},
		"not at all":         {"", "AccessDeniedException"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := cloudsim.New(cloudsim.Options{})
				defer c.Close()
				check(t,
					c.IAM.PutRole(account, "worker", trustLambda,
						`{"Statement":[{"Effect":"Allow","Action":"events:*","Resource":"*"}`+tt.statement+`]}`))
				key, secret, err := c.Assume("lambda.amazonaws.com", "arn:aws:iam::111111111111:role/worker", "run")
				check(t, err)
				target := newBus(t, c, "222222222222:us-east-1", "")
				client := eventbridge.New(eventbridge.Options{
					Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider(key, secret, ""),
					HTTPClient: &http.Client{Transport: c}, Retryer: aws.NopRetryer{},
				})
				rule := aws.String("forward")
				_, err = client.PutRule(t.Context(), &eventbridge.PutRuleInput{
					Name: rule, EventPattern: aws.String(`{"source":["us"]}`),
				})
				check(t, err)
				_, err = client.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: rule, Targets: []ebtypes.Target{
					{Id: aws.String("bus"), Arn: &target, RoleArn: aws.String(forwardRole)},
				}})
				if got := code(err); got != tt.code {
					t.Errorf("PutTargets answers %q (%v), want %q", got, err, tt.code)
				}
			})
		})
	}
}
