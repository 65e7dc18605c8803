package iam_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/cloudsim/iam"
)

// policies are the statements of a role and of a resource, each a JSON object.
type policies struct{ identity, resource []json.RawMessage }

// allows reports whether a request is allowed, and whether the statements can be parsed at all.
func (p policies) allows(r iam.Request) (allowed, ok bool) {
	identity, err := iam.ParseIdentity(document(p.identity))
	if err != nil {
		return false, false
	}
	resource, err := iam.ParseResource(document(p.resource))
	if err != nil {
		return false, false
	}
	return iam.Evaluate(r, []iam.Policy{identity}, resource) == nil, true
}

func document(statements []json.RawMessage) []byte {
	if len(statements) == 0 {
		return []byte(`{"Statement":[]}`)
	}
	data, _ := json.Marshal(map[string][]json.RawMessage{"Statement": statements}) // they have been parsed as JSON
	return data
}

// statementsOf accepts a list of statements.
func statementsOf(text string) (statements []json.RawMessage, ok bool) {
	err := json.Unmarshal([]byte(text), &statements)
	return statements, err == nil
}

func isDeny(statement json.RawMessage) bool {
	var s struct{ Effect string }
	return json.Unmarshal(statement, &s) == nil && s.Effect == "Deny"
}

// FuzzEvaluate checks rules that hold for any two policies.
func FuzzEvaluate(f *testing.F) {
	const (
		accept = `[{"Effect":"Allow","Action":"ec2:AcceptVpcPeeringConnection",
		"Resource":"arn:aws:ec2:us-east-1:222222222222:vpc-peering-connection/*",
			"Condition":{"ArnEquals":{"ec2:RequesterVpc":"arn:aws:ec2:us-east-1:111111111111:vpc/vpc-1"}}},
			{"Effect":"Deny","NotAction":["ec2:Accept*","events:PutEvents"],"Resource":"*"}]`
		put = `[{"Effect":"Allow","Action":["events:PutEvents"],"Resource":"` + bus +
			`","Condition":{"ForAnyValue:StringNotEquals":{"events:source":["x","y"]},"Bool":{"aws:SecureTransport":true}}}]`
		own = `[{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"events:*"},{"Effect":"Deny","Principal":"*",
		"Action":"*",
			"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]`
		tags = `[{"Effect":"Allow","NotAction":"x","NotResource":"y",` +
			`"Condition":{"ForAllValues:StringLikeIfExists":{"aws:TagKeys":"N*"},"Null":{"k":false}}}]`
	)
	f.Add(put, own, "events:PutEvents", bus, "222222222222", "events:source", "aws.ec2")
	f.Add(put, `[]`, "events:PutEvents", bus, "111111111111", "aws:TagKeys", "Name")
	f.Add(accept, `[]`, "ec2:AcceptVpcPeeringConnection",
		"arn:aws:ec2:us-east-1:222222222222:vpc-peering-connection/pcx-1", "111111111111",
		"ec2:RequesterVpc", "arn:aws:ec2:us-east-1:111111111111:vpc/vpc-1")
	f.Add(tags, `[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"*"}]`, "a:b", "*",
		"111111111111", "k", "v")
	f.Fuzz(func(t *testing.T, identity, resource, action, arn, owner, key, value string) {
		var p policies
		var ok, alsoOK bool
		p.identity, ok = statementsOf(identity)
		p.resource, alsoOK = statementsOf(resource)
		r := request()
		r.Action, r.Resource, r.Owner = action, arn, owner
		maps.DeleteFunc(r.Keys, func(k string, _ []string) bool { return strings.EqualFold(k, key) })
		r.Keys[key] = []string{value}
		if _, parsed := p.allows(r); !ok || !alsoOK || !parsed {
			t.Skip("no policies")
		}
		checkStatements(t, p, r)
		checkAll(t, p, r)
		checkNegations(t, r, key, value)
	})
}

// checkStatements takes each statement out: without a denial no less is allowed, without a permission no more.
func checkStatements(t *testing.T, p policies, r iam.Request) {
	t.Helper()
	allowed, _ := p.allows(r)
	for _, of := range []struct {
		whose string
		all   []json.RawMessage
		with  func([]json.RawMessage) policies
	}{
		{"role", p.identity, func(s []json.RawMessage) policies { return policies{s, p.resource} }},
		{"resource", p.resource, func(s []json.RawMessage) policies { return policies{p.identity, s} }},
	} {
		for i, statement := range of.all {
			without := of.with(slices.Delete(slices.Clone(of.all), i, i+1))
			less, _ := without.allows(r)
			if isDeny(statement) && allowed && !less || !isDeny(statement) && !allowed && less {
				t.Errorf("allowed: %v, and %v without this statement of the %s: %s", allowed, less, of.whose, statement)
			}
		}
		backward := slices.Clone(of.all)
		slices.Reverse(backward)
		if same, _ := of.with(slices.Concat(of.all, backward)).allows(r); same != allowed {
			t.Errorf("allowed: %v, and %v with the statements of the %s in another order and twice", allowed, same, of.whose)
		}
	}
}

// checkAll adds a statement about everything to either policy.
func checkAll(t *testing.T, p policies, r iam.Request) {
	t.Helper()
	everything := func(effect, who string) json.RawMessage {
		return json.RawMessage(`{"Effect":"` + effect + `",` + who + `"Action":"*","Resource":"*"}`)
	}
	allowed, _ := p.allows(r)
	add := func(effect string) (byRole, byResource policies) {
		return policies{append(slices.Clip(p.identity), everything(effect, "")), p.resource},
			policies{p.identity, append(slices.Clip(p.resource), everything(effect, `"Principal":"*",`))}
	}
	byRole, byResource := add("Deny")
	for whose, denied := range map[string]policies{"role": byRole, "resource": byResource} {
		if got, _ := denied.allows(r); got {
			t.Errorf("allowed, though the policy of the %s denies everything", whose)
		}
	}
	byRole, byResource = add("Allow")
	for whose, more := range map[string]policies{"role": byRole, "resource": byResource} {
		if got, _ := more.allows(r); allowed && !got {
			t.Errorf("no longer allowed, since the policy of the %s allows everything", whose)
		}
	}
}

// checkNegations asks of the request's one value whether an operator holds, and its opposite: one of them does.
func checkNegations(t *testing.T, r iam.Request, key, value string) {
	t.Helper()
	for _, operator := range []string{"StringNotEquals", "StringNotLike", "StringNotEqualsIgnoreCase",
		"ArnNotEquals", "ArnNotLike"} {
		for _, want := range []string{value, "*", value + "x"} {
			holds, ok := conditionHolds(t, r, operator, key, want)
			positive := "String" + operator[len("StringNot"):]
			if operator[0] == 'A' {
				positive = "Arn" + operator[len("ArnNot"):]
			}
			if opposite, _ := conditionHolds(t, r, positive, key, want); ok && holds == opposite {
				t.Errorf("%s and %s of %q and %q are both %v", operator, positive, want, r.Keys[key], holds)
			}
		}
	}
}

// conditionHolds is also false where the condition can't be written.
func conditionHolds(t *testing.T, r iam.Request, operator, key, want string) (holds, ok bool) {
	t.Helper()
	condition, err := json.Marshal(map[string]map[string]string{operator: {key: want}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := iam.ParseIdentity([]byte(`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":` +
		string(condition) + `}}`))
	return p.Decide(r) == iam.Allowed, err == nil
}
