package resourcepolicy_test

import (
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/cloudsim/resourcepolicy"
)

const (
	bus  = "arn:aws:events:us-east-1:222222222222:event-bus/autopeer"
	rule = "arn:aws:events:us-east-1:111111111111:rule/forward"
)

// statement is one allowing statement with the given members added or replaced at its end.
func statement(more string) string {
	return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"events:PutEvents","Resource":"` + bus + `"` + more + `}}`
}

func condition(c string) string { return statement(`,"Condition":{` + c + `}`) }

func TestDecide(t *testing.T) {
	t.Parallel()
	const allowed, denied, silent = resourcepolicy.Allowed, resourcepolicy.Denied, resourcepolicy.Silent
	tests := []struct {
		name   string
		policy string
		want   resourcepolicy.Decision
	}{
		{"the account named by its id", statement(""), allowed},
		{"the account named by its root", statement(`,"Principal":{"AWS":["arn:aws:iam::111111111111:root"]}`), allowed},
		{"the role named itself", statement(`,"Principal":{"AWS":"arn:aws:iam::111111111111:role/forward"}`), allowed},
		{"another account", statement(`,"Principal":{"AWS":"333333333333"}`), silent},
		{"anyone", statement(`,"Principal":"*"`), allowed},
		{"anyone, spelled with AWS", statement(`,"Principal":{"AWS":"*"}`), allowed},
		{"a service is not an account", statement(`,"Principal":{"Service":"events.amazonaws.com"}`), silent},
		{"another action", statement(`,"Action":"events:PutRule"`), silent},
		{"an action by wildcard, whatever its case", statement(`,"Action":["events:put*"]`), allowed},
		{"another resource", statement(`,"Resource":"arn:aws:events:us-east-1:222222222222:event-bus/default"`), silent},
		{"denied", statement(`,"Effect":"Deny"`), denied},
		{"a denial wins over a permission", `{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*"},{"Effect":"Allow","Principal":"*","Action":"*"}]}`, denied},
		{"no statement", `{"Statement":[]}`, silent},
		{"the organization", condition(`"StringEquals":{"aws:PrincipalOrgID":"o-1"}`), allowed},
		{"another organization", condition(`"StringEquals":{"aws:PrincipalOrgID":"o-2"}`), silent},
		{"a key in another case", condition(`"StringEquals":{"AWS:principalorgid":"o-1"}`), allowed},
		{"one value of a list", condition(`"StringEquals":{"events:source":["x","aws.ec2"]}`), allowed},
		{"two keys, one of which fails", condition(`"StringEquals":{"events:source":"aws.ec2","events:detail-type":"x"}`), silent},
		{"a key that the request lacks", condition(`"StringEquals":{"aws:SourceVpc":"vpc-1"}`), silent},
		{"a key that the request lacks, if it exists", condition(`"StringEqualsIfExists":{"aws:SourceVpc":"vpc-1"}`), allowed},
		{"negation holds where the key is lacking", condition(`"StringNotEquals":{"aws:SourceVpc":"vpc-1"}`), allowed},
		{"negation of what is there", condition(`"StringNotEquals":{"events:source":["aws.ec2","x"]}`), silent},
		{"StringLike", condition(`"StringLike":{"events:source":"aws.?c*"}`), allowed},
		{"StringEquals takes an asterisk literally", condition(`"StringEquals":{"events:source":"aws.*"}`), silent},
		{"ArnEquals has wildcards, as ArnLike has", condition(`"ArnEquals":{"aws:SourceArn":"arn:aws:events:*:111111111111:rule/*"}`), allowed},
		{"an asterisk in an ARN doesn't reach over a colon", condition(`"ArnLike":{"aws:SourceArn":"arn:aws:events:*:rule/*"}`), silent},
		{"ArnNotEquals", condition(`"ArnNotEquals":{"aws:SourceArn":"` + rule + `"}`), silent},
		{"Bool, written without quotes", condition(`"Bool":{"aws:SecureTransport":true}`), allowed},
		{"Bool that fails", condition(`"Bool":{"aws:SecureTransport":"false"}`), silent},
	}
	request := resourcepolicy.Request{
		Account: "111111111111", ARN: "arn:aws:iam::111111111111:role/forward", Action: "events:PutEvents", Resource: bus,
		Keys: map[string]string{
			"aws:PrincipalOrgID": "o-1", "events:source": "aws.ec2", "events:detail-type": "AWS API Call via CloudTrail",
			"aws:SourceArn": rule, "aws:SecureTransport": "true",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := resourcepolicy.Parse([]byte(tt.policy))
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Decide(request); got != tt.want {
				t.Errorf("Decide() = %v, want %v\n%s", got, tt.want, tt.policy)
			}
		})
	}
}

func TestParseRefusesWhatItWouldNotEvaluate(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, policy, want string }{
		{"what isn't JSON", `{`, "EOF"},
		{"an unknown element", statement(`,"NotAction":"x"`), "NotAction"},
		{"an unknown kind of principal", statement(`,"Principal":{"Federated":"x"}`), "Federated"},
		{"an unknown effect", statement(`,"Effect":"Perhaps"`), "effect"},
		{"nobody", statement(`,"Principal":"somebody"`), "principal"},
		{"an unknown operator", condition(`"NumericLessThan":{"a":"1"}`), "NumericLessThan"},
		{"a number for a string", statement(`,"Action":1`), "must be a string"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := resourcepolicy.Parse([]byte(tt.policy))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse(%s) = %v, want an error that says %q", tt.policy, err, tt.want)
			}
		})
	}
}
