package iam_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/autopeer/autopeer/internal/cloudsim/iam"
)

const (
	account = "111111111111"
	role    = "arn:aws:iam::111111111111:role/autopeer-accept"
	session = "arn:aws:sts::111111111111:assumed-role/autopeer-accept/accept"
	trust   = `{"Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}`
	logs    = `{"Statement":{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],` +
		`"Resource":"arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/accept:*"}}`
	group = "arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/accept"
)

func registry(t *testing.T, policies ...string) *iam.Registry {
	t.Helper()
	g := iam.NewRegistry()
	if err := g.PutRole(account, "autopeer-accept", trust, policies...); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestPrincipals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, principal  string
		lenient, enforce bool
	}{
		{"a role has the permissions of its policies", role, false, false},
		{"a session has the permissions of its role", session, false, false},
		{"an account may do everything", "arn:aws:iam::111111111111:root", true, true},
		{"a role that isn't registered may until roles are enforced", "arn:aws:iam::111111111111:role/other", true, false},
		{"and so may its session", "arn:aws:sts::111111111111:assumed-role/other/s", true, false},
		{"a role of the same name in another account is another role",
			"arn:aws:sts::222222222222:assumed-role/autopeer-accept/s", true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := registry(t, logs)
			if got := g.AuthorizeRole(tt.principal, "ec2:CreateRoute", "*") == nil; got != tt.lenient {
				t.Errorf("before Enforce: %v, want %v", got, tt.lenient)
			}
			g.Enforce()
			if got := g.AuthorizeRole(tt.principal, "ec2:CreateRoute", "*") == nil; got != tt.enforce {
				t.Errorf("after Enforce: %v, want %v", got, tt.enforce)
			}
		})
	}
}

// TestEvaluationsAreObserved covers a request of a role, which its policies allow, and the role's trust policy, which
// doesn't.
func TestEvaluationsAreObserved(t *testing.T) {
	t.Parallel()
	g := registry(t, logs)
	var got []string
	g.Observe(func(e iam.Evaluation) {
		got = append(got,
			fmt.Sprintf("%s%s %s %s %s %t", e.ARN, e.Service, e.Action, e.Identity, e.ResourcePolicy, e.Allowed))
	})
	_ = g.AuthorizeRole(role, "logs:PutLogEvents", group+":x")
	_ = g.MayAssume("ec2.amazonaws.com", role, nil)
	want := []string{
		role + " logs:PutLogEvents [" + logs + "]  true",
		"ec2.amazonaws.com sts:AssumeRole [] " + trust + " false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("observed %q, want %q", got, want)
	}
}

func TestADenyInAnyPolicyOfARoleDenies(t *testing.T) {
	t.Parallel()
	g := registry(t, logs, `{"Statement":{"Effect":"Deny","Action":"logs:PutLogEvents","Resource":"*"}}`)
	var refusal *iam.Refusal
	if err := g.MayWriteLogs(role, group); !errors.As(err, &refusal) || refusal.Action != "logs:PutLogEvents" {
		t.Errorf("MayWriteLogs() = %v, want a denial of logs:PutLogEvents", err)
	}
}

func TestMayWriteLogs(t *testing.T) {
	t.Parallel()
	g := registry(t, logs)
	if err := g.MayWriteLogs(role, group); err != nil {
		t.Error(err)
	}
	if g.MayWriteLogs(role, group+"2") == nil {
		t.Error("the role writes another function's log")
	}
	g.DeleteRole(account, "autopeer-accept")
	g.Enforce()
	if g.MayWriteLogs(role, group) == nil {
		t.Error("a deleted role writes a log")
	}
}

func TestMayAssume(t *testing.T) {
	t.Parallel()
	g := registry(t)
	if err := g.MayAssume("lambda.amazonaws.com", role, nil); err != nil {
		t.Error(err)
	}
	if g.MayAssume("events.amazonaws.com", role, nil) == nil {
		t.Error("the role is taken on by a service that it doesn't trust")
	}
	if err := g.MayAssume("events.amazonaws.com", role+"2", nil); err != nil {
		t.Errorf("before Enforce: %v", err)
	}
	g.Enforce()
	if g.MayAssume("events.amazonaws.com", role+"2", nil) == nil {
		t.Error("a role is taken on that there isn't")
	}
}

// TestATrustPolicyMayNameTheSource: the service states for which account and resource it takes on the role.
func TestATrustPolicyMayNameTheSource(t *testing.T) {
	t.Parallel()
	const rule = "arn:aws:events:us-east-1:111111111111:rule/ours"
	g := iam.NewRegistry()
	conditioned := `{"Statement":{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},
	"Action":"sts:AssumeRole","Condition":{
		"StringEquals":{"aws:SourceAccount":"111111111111"},"ArnLike":{"aws:SourceArn":"arn:aws:events:*:*:rule/ours"}}}}`
	if err := g.PutRole(account, "forward", conditioned); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		keys iam.Keys
		want bool
	}{
		"both":            {iam.Keys{"aws:SourceAccount": {account}, "aws:SourceArn": {rule}}, true},
		"another account": {iam.Keys{"aws:SourceAccount": {"222222222222"}, "aws:SourceArn": {rule}}, false},
		"another rule":    {iam.Keys{"aws:SourceAccount": {account}, "aws:SourceArn": {rule + "2"}}, false},
		"neither":         {nil, false},
	} {
		if err := g.MayAssume("events.amazonaws.com", "arn:aws:iam::111111111111:role/forward",
			tt.keys); (err == nil) != tt.want {
			t.Errorf("%s: %v, want it admitted: %v", name, err, tt.want)
		}
	}
}

func TestPutRoleRefusesMistakes(t *testing.T) {
	t.Parallel()
	g := iam.NewRegistry()
	if g.PutRole(account, "a", `{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole"}}`) == nil {
		t.Error("a trust policy without a principal was taken")
	}
	if g.PutRole(account, "a", trust, trust) == nil {
		t.Error("a policy with a principal was taken")
	}
}

func TestWithoutARegistryResourcesAloneDecide(t *testing.T) {
	t.Parallel()
	var none *iam.Registry
	if err := none.AuthorizeRole(role, "sqs:ReceiveMessage", "*"); err != nil {
		t.Error(err)
	}
}

func TestAssumeRole(t *testing.T) {
	t.Parallel()
	const (
		reader = "arn:aws:iam::222222222222:role/reader"
		person = "arn:aws:sts::111111111111:assumed-role/person/anna"
	)
	g := iam.NewRegistry()
	g.Enforce()
	mustPut := func(account, name, trust string, policies ...string) {
		t.Helper()
		if err := g.PutRole(account, name, trust, policies...); err != nil {
			t.Fatal(err)
		}
	}
	condition := `"Condition":{"StringEquals":{"sts:ExternalId":"ours"}},`
	mustPut("222222222222", "reader",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+condition+`"Principal":{"AWS":"111111111111"},`+
			`"Action":"sts:AssumeRole"}]}`)
	mustPut("111111111111", "person", `{"Version":"2012-10-17","Statement":[]}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"`+reader+`"}]}`)
	root := iam.Principal{Account: "111111111111", ARN: "arn:aws:iam::111111111111:root"}
	ours := iam.Keys{"sts:ExternalId": {"ours"}}
	for _, tt := range []struct {
		name    string
		caller  iam.Principal
		role    string
		keys    iam.Keys
		allowed bool
	}{
		{"a trusted account", root, reader, ours, true},
		{"without the external id", root, reader, nil, false},
		{"an account that isn't trusted", iam.Principal{Account: "333333333333", ARN: "arn:aws:iam::333333333333:root"},
			reader, ours, false},
		{"a principal whose own policy allows it", iam.Principal{Account: "111111111111", ARN: person}, reader, ours, true},
		{"a role that isn't there, by an account", root, "arn:aws:iam::222222222222:role/OrganizationAccountAccessRole",
			nil, true},
		{"a role that isn't there, by a principal that may not", iam.Principal{Account: "111111111111", ARN: person},
			"arn:aws:iam::111111111111:role/admin", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := g.AssumeRole(tt.caller, tt.role, tt.keys); (err == nil) != tt.allowed {
				t.Errorf("AssumeRole = %v", err)
			}
		})
	}
}

func TestARoleThatWasMadeByAssumingItMayDoEverything(t *testing.T) {
	t.Parallel()
	g := iam.NewRegistry()
	g.Enforce()
	session := iam.Principal{Account: "222222222222", ARN: "arn:aws:sts::222222222222:assumed-role/admin/anna"}
	request := iam.Request{Principal: session, Owner: "222222222222", Action: "ec2:CreateVpc", Resource: "*"}
	if err := g.Authorize(request, iam.Policy{}); err == nil {
		t.Error("a session of a role that isn't there is allowed")
	}
	root := iam.Principal{Account: "111111111111", ARN: "arn:aws:iam::111111111111:root"}
	if err := g.AssumeRole(root, "arn:aws:iam::222222222222:role/admin", nil); err != nil {
		t.Fatal(err)
	}
	if err := g.Authorize(request, iam.Policy{}); err != nil {
		t.Error(err)
	}
}
