package iam_test

import (
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/cloudsim/iam"
)

const (
	bus  = "arn:aws:events:us-east-1:222222222222:event-bus/autopeer"
	rule = "arn:aws:events:us-east-1:111111111111:rule/forward"
)

// statement is one allowing statement with the given members added or replaced at its end.
func statement(more string) string {
	return `{"Version":"2012-10-17","Statement":{"Sid":"Only","Effect":"Allow","Principal":{"AWS":"111111111111"},` +
		`"Action":"events:PutEvents","Resource":"` + bus + `"` + more + `}}`
}

func condition(c string) string { return statement(`,"Condition":{` + c + `}`) }

func TestDecide(t *testing.T) {
	t.Parallel()
	const delegated, allowed, denied, silent = iam.Delegated, iam.Allowed, iam.Denied, iam.Silent
	tests := []struct {
		name   string
		policy string
		want   iam.Decision
	}{
		{"the account named by its id", statement(""), delegated},
		{"the account named by its root", statement(`,"Principal":{"AWS":["arn:aws:iam::111111111111:root"]}`), delegated},
		{"the role named itself", statement(`,"Principal":{"AWS":"arn:aws:iam::111111111111:role/forward"}`), allowed},
		{"the session named itself", statement(`,"Principal":{"AWS":"arn:aws:sts::111111111111:assumed-role/forward/s"}`),
			allowed},
		{"another role", statement(`,"Principal":{"AWS":"arn:aws:iam::111111111111:role/forward2"}`), silent},
		{"another account", statement(`,"Principal":{"AWS":"333333333333"}`), silent},
		{"anyone", statement(`,"Principal":"*"`), allowed},
		{"anyone, spelled with AWS", statement(`,"Principal":{"AWS":"*"}`), allowed},
		{"a service is not an account", statement(`,"Principal":{"Service":"events.amazonaws.com"}`), silent},
		{"another action", statement(`,"Action":"events:PutRule"`), silent},
		{"an action by wildcard, in any case", statement(`,"Action":["events:put*"]`), delegated},
		{"every action but another", `{"Statement":{"Effect":"Allow","Principal":"*","NotAction":"events:PutRule"}}`,
			allowed},
		{"every action but this", `{"Statement":{"Effect":"Allow","Principal":"*","NotAction":"events:Put*"}}`, silent},
		{"another resource", statement(`,"Resource":"arn:aws:events:us-east-1:222222222222:event-bus/default"`), silent},
		{"every resource but another",
			`{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","NotResource":"` + bus + `2"}}`, allowed},
		{"every resource but this",
			`{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","NotResource":"` + bus + `"}}`, silent},
		{"denied", statement(`,"Effect":"Deny"`), denied},
		{"a denial wins over a permission",
			`{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*"},{"Effect":"Allow","Principal":"*","Action":"*"}]}`,
			denied},
		{"a denial whose condition fails",
			`{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*",` +
				`"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`, silent},
		{"no statement", `{"Statement":[]}`, silent},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := decide(t, tt.policy); got != tt.want {
				t.Errorf("Decide() = %v, want %v\n%s", got, tt.want, tt.policy)
			}
		})
	}
}

func decide(t *testing.T, policy string) iam.Decision {
	t.Helper()
	p, err := iam.ParseResource([]byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	return p.Decide(request())
}

func request() iam.Request {
	return iam.Request{
		Principal: iam.Principal{Account: "111111111111", ARN: "arn:aws:sts::111111111111:assumed-role/forward/s"},
		Action:    "events:PutEvents", Resource: bus, Owner: "222222222222",
		Keys: iam.Keys{
			"aws:PrincipalOrgID": {"o-1"}, "events:source": {"aws.ec2"}, "events:detail-type": {"AWS API Call via CloudTrail"},
			"aws:SourceArn": {rule}, "aws:SecureTransport": {"true"}, "aws:TagKeys": {"Name", "Role"},
			"aws:PrincipalTag/team": {"network"}, "aws:PrincipalTag/both": {"Name", "Role"},
		},
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		condition string
		want      bool
	}{
		{"StringEquals", `"StringEquals":{"aws:PrincipalOrgID":"o-1"}`, true},
		{"StringEquals with another value", `"StringEquals":{"aws:PrincipalOrgID":"o-2"}`, false},
		{"a key in another case", `"StringEquals":{"AWS:principalorgid":"o-1"}`, true},
		{"a value in another case", `"StringEquals":{"aws:PrincipalOrgID":"O-1"}`, false},
		{"a value in another case, where that is ignored", `"StringEqualsIgnoreCase":{"aws:PrincipalOrgID":"O-1"}`, true},
		{"one value of a list", `"StringEquals":{"aws:PrincipalTag/team":["x","network"]}`, true},
		{"two keys, and one fails", `"StringEquals":{"aws:PrincipalTag/team":"network","aws:PrincipalTag/site":"x"}`, false},
		{"two operators, and one fails",
			`"StringEquals":{"aws:PrincipalTag/team":"network"},"StringLike":{"aws:PrincipalTag/team":"x*"}`, false},
		{"a key that the request lacks", `"StringEquals":{"aws:SourceVpc":"vpc-1"}`, false},
		{"a key that the request lacks, if it exists", `"StringEqualsIfExists":{"aws:SourceVpc":"vpc-1"}`, true},
		{"a key that the request has, if it exists", `"StringEqualsIfExists":{"aws:PrincipalTag/team":"x"}`, false},
		{"negation holds where the key is lacking", `"StringNotEquals":{"aws:SourceVpc":"vpc-1"}`, true},
		{"negation of what is there", `"StringNotEquals":{"aws:PrincipalTag/team":["network","x"]}`, false},
		{"StringLike", `"StringLike":{"aws:PrincipalTag/team":"net?ork"}`, true},
		{"StringNotLike", `"StringNotLike":{"aws:PrincipalTag/team":"net*"}`, false},
		{"StringEquals takes an asterisk literally", `"StringEquals":{"aws:PrincipalTag/team":"net*"}`, false},
		{"ArnEquals has wildcards, as ArnLike has", `"ArnEquals":{"aws:SourceArn":"arn:aws:events:*:111111111111:rule/*"}`,
			true},
		{"an asterisk in an ARN doesn't reach over a colon", `"ArnLike":{"aws:SourceArn":"arn:aws:events:*:rule/*"}`, false},
		{"an ARN is compared with nothing else", `"ArnLike":{"aws:PrincipalTag/team":"*"}`, false},
		{"ArnNotEquals", `"ArnNotEquals":{"aws:SourceArn":"` + rule + `"}`, false},
		{"Bool, written without quotes", `"Bool":{"aws:SecureTransport":true}`, true},
		{"Bool that fails", `"Bool":{"aws:SecureTransport":"false"}`, false},
		{"Null of a key that the request lacks", `"Null":{"aws:SourceVpc":true}`, true},
		{"Null of a key that it has", `"Null":{"events:source":"true"}`, false},
		{"not Null of a key that it has", `"Null":{"events:source":"false"}`, true},
		{"all values are listed", `"ForAllValues:StringEquals":{"aws:TagKeys":["Name","Role","Tier"]}`, true},
		{"one of all values isn't listed", `"ForAllValues:StringEquals":{"aws:TagKeys":["Name"]}`, false},
		{"all values of a key that the request lacks", `"ForAllValues:StringEquals":{"aws:SourceVpc":"vpc-1"}`, true},
		{"no value is listed", `"ForAllValues:StringNotEquals":{"aws:TagKeys":"Tier"}`, true},
		{"any value is listed", `"ForAnyValue:StringEquals":{"aws:TagKeys":["Name"]}`, true},
		{"no value is listed", `"ForAnyValue:StringEquals":{"aws:TagKeys":["Tier"]}`, false},
		{"any value of a key that the request lacks", `"ForAnyValue:StringLike":{"aws:SourceVpc":"*"}`, false},
		{"any value of a key that the request lacks, negated", `"ForAnyValue:StringNotLike":{"aws:SourceVpc":"x"}`, false},
		{"any value of a key that the request lacks, if it exists",
			`"ForAnyValue:StringLikeIfExists":{"aws:SourceVpc":"*"}`, false},
		{"any other value of a key that the request lacks, if it exists",
			`"ForAnyValue:StringNotLikeIfExists":{"aws:SourceVpc":"x"}`, false},
		{"several values without a quantifier", `"StringEquals":{"aws:PrincipalTag/both":["Name","Role"]}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := decide(t, condition(tt.condition)) != iam.Silent; got != tt.want {
				t.Errorf("%s holds: %v, want %v", tt.condition, got, tt.want)
			}
		})
	}
}

func TestEvaluate(t *testing.T) {
	t.Parallel()
	const (
		everything = `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
		nothing    = `{"Statement":[]}`
		deny       = `{"Statement":{"Effect":"Deny","Action":"events:*","Resource":"*"}}`
		denyAll    = `{"Statement":{"Effect":"Deny","Principal":"*","Action":"*"}}`
		toAccount  = `{"Statement":{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"*"}}`
		toRole     = `{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/forward"},` +
			`"Action":"*"}}`
		toService  = `{"Statement":{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"*"}}`
		noIdentity = "because no identity-based policy allows the events:PutEvents action"
		noResource = "because no resource-based policy allows the events:PutEvents action"
	)
	const same, other = "111111111111", "222222222222"
	tests := []struct {
		name               string
		owner              string
		identity, resource string
		service            string
		want               string // why not; empty if it is allowed
	}{
		{"no policy has a statement", same, nothing, nothing, "", noIdentity},
		{"within an account the role's policy is enough", same, everything, nothing, "", ""},
		{"within an account the resource's is enough if it names the role", same, nothing, toRole, "", ""},
		{"within an account naming the account leaves it to the role's policy", same, nothing, toAccount, "", noIdentity},
		{"between accounts the role's alone isn't", other, everything, nothing, "", noResource},
		{"between accounts the resource's alone isn't", other, nothing, toRole, "", noIdentity},
		{"between accounts both", other, everything, toAccount, "", ""},
		{"denied by the role's policy", same, deny, toRole, "", "with an explicit deny in an identity-based policy"},
		{"denied by the resource's policy", same, everything, denyAll, "",
			"with an explicit deny in a resource-based policy"},
		{"a service needs the resource's policy", same, nothing, nothing, "events.amazonaws.com", noResource},
		{"a service needs nothing else", same, nothing, toService, "events.amazonaws.com", ""},
		{"another service", same, nothing, toService, "lambda.amazonaws.com", noResource},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := request()
			r.Owner = tt.owner
			if tt.service != "" {
				r.Principal = iam.Principal{Service: tt.service}
			}
			identity, err := iam.ParseIdentity([]byte(tt.identity))
			if err != nil {
				t.Fatal(err)
			}
			resource := iam.Policy{}
			if tt.resource != nothing {
				if resource, err = iam.ParseResource([]byte(tt.resource)); err != nil {
					t.Fatal(err)
				}
			}
			got := iam.Evaluate(r, []iam.Policy{identity}, resource)
			if (got == nil) != (tt.want == "") || got != nil && !strings.HasSuffix(got.Error(), " "+tt.want) {
				t.Errorf("Evaluate() = %v, want %q", got, tt.want)
			}
		})
	}
}

func TestARefusalHasTheMessageOfAWS(t *testing.T) {
	t.Parallel()
	const want = "User: arn:aws:sts::111111111111:assumed-role/forward/s is not authorized to perform: " +
		"events:PutEvents on resource: " + bus +
		" because no resource-based policy allows the events:PutEvents action"
	if err := iam.Evaluate(request(), nil, iam.Policy{}); err == nil || err.Error() != want {
		t.Errorf("Evaluate() = %v\nwant %s", err, want)
	}
}

// TestDocumentedAcceptPolicy is the example of
// https://docs.aws.amazon.com/vpc/latest/peering/security-iam.html, whose statements each allow one of the resources.
func TestDocumentedAcceptPolicy(t *testing.T) {
	t.Parallel()
	p, err := iam.ParseIdentity([]byte(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"ec2:AcceptVpcPeeringConnection",
		"Resource":"arn:aws:ec2:us-east-1:123456789012:vpc-peering-connection/*",
		 "Condition":{"ArnEquals":{"ec2:RequesterVpc":"arn:aws:ec2:us-east-1:111122223333:vpc/*"}}},
		{"Effect":"Allow","Action":"ec2:AcceptVpcPeeringConnection",
		"Resource":"arn:aws:ec2:us-east-1:123456789012:vpc/*"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	const here = "arn:aws:ec2:us-east-1:123456789012:"
	tests := []struct {
		name, resource, requester string
		want                      iam.Decision
	}{
		{"a connection that the account asks for", here + "vpc-peering-connection/pcx-1",
			"arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1", iam.Allowed},
		{"a connection that another asks for", here + "vpc-peering-connection/pcx-1",
			"arn:aws:ec2:us-east-1:444455556666:vpc/vpc-1", iam.Silent},
		{"the accepter's VPC, for any requester", here + "vpc/vpc-2", "", iam.Allowed},
		{"a VPC elsewhere", "arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-2", "", iam.Silent},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := iam.Request{
				Action: "ec2:AcceptVpcPeeringConnection", Resource: tt.resource, Keys: iam.Keys{"ec2:RequesterVpc": {tt.requester}},
			}
			if got := p.Decide(r); got != tt.want {
				t.Errorf("Decide() = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestAdmits(t *testing.T) {
	t.Parallel()
	const unmet = `,"Condition":{"ForAllValues:StringEquals":{"events:source":"x"}}`
	tests := []struct {
		name, policy string
		want         bool
	}{
		{"the account, under a condition", statement(unmet), true},
		{"a denial", statement(unmet + `,"Effect":"Deny"`), false},
		{"another account", statement(unmet + `,"Principal":{"AWS":"333333333333"}`), false},
		{"another action", statement(unmet + `,"Action":"events:PutRule"`), false},
		{"another bus", statement(unmet + `,"Resource":"` + bus + `2"`), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := iam.ParseResource([]byte(tt.policy))
			if err != nil {
				t.Fatal(err)
			}
			r := iam.Request{
				Principal: iam.Principal{Account: "111111111111", ARN: "arn:aws:iam::111111111111:role/forward"},
				Action:    "events:PutEvents", Resource: bus,
			}
			if got := p.Admits(r); got != tt.want {
				t.Errorf("Admits() = %v, want %v", got, tt.want)
			}
		})
	}
}
