package iam_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/cloudsim/iam"
)

func TestParseRefusesUnsupportedDocuments(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, policy, want string }{
		{"not JSON", `{`, "EOF"},
		{"an unknown element", statement(`,"NotPrincipal":"x"`), "NotPrincipal"},
		{"an unknown kind of principal", statement(`,"Principal":{"Federated":"x"}`), "Federated"},
		{"an unknown effect", statement(`,"Effect":"Perhaps"`), "effect"},
		{"an unknown principal", statement(`,"Principal":"x"`), "principal"},
		{"no action", `{"Statement":{"Effect":"Allow","Principal":"*"}}`, "action"},
		{"an action and its opposite", statement(`,"NotAction":"x"`), "not-action"},
		{"a resource and its opposite", statement(`,"NotResource":"x"`), "not-resource"},
		{"an unknown operator", condition(`"NumericLessThan":{"a":"1"}`), "NumericLessThan"},
		{"an unknown quantifier", condition(`"ForSomeValues:StringEquals":{"a":"1"}`), "ForSomeValues:StringEquals"},
		{"Null if it exists", condition(`"NullIfExists":{"a":"true"}`), "NullIfExists"},
		{"a multivalued key without a quantifier", condition(`"StringEquals":{"events:detail-type":"x"}`),
			"StringEquals needs ForAllValues: or ForAnyValue: with the multivalued key events:detail-type"},
		{"a multivalued key without a quantifier, if it exists", condition(`"StringLikeIfExists":{"events:source":"x"}`),
			"events:source"},
		{"a multivalued key without a quantifier, negated", condition(`"StringNotEquals":{"aws:TagKeys":"x"}`),
			"aws:TagKeys"},
		{"a multivalued key in another case", condition(`"StringEquals":{"AWS:tagkeys":"x"}`), "AWS:tagkeys"},
		{"a number for a string", statement(`,"Action":1`), "must be a string"},
		{"a policy variable", statement(`,"Resource":"${aws:username}"`), "variables"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := iam.ParseResource([]byte(tt.policy))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("ParseResource(%s) = %v, want an error with %q", tt.policy, err, tt.want)
			}
			if err != nil && strings.Contains(tt.policy, `"Sid":"Only"`) && !strings.Contains(err.Error(), "statement Only") {
				t.Errorf("%q doesn't name the statement", err)
			}
		})
	}
}

// TestParseAcceptsQuantifiers on multivalued keys, and, as AWS does, on others. Null asks for the key and not for its
// values.
func TestParseAcceptsQuantifiers(t *testing.T) {
	t.Parallel()
	for _, c := range []string{
		`"ForAllValues:StringEquals":{"events:source":"aws.ec2"}`,
		`"ForAnyValue:StringEquals":{"events:detail-type":"x"}`,
		`"ForAllValues:StringLikeIfExists":{"aws:TagKeys":"x"}`,
		`"Null":{"aws:TagKeys":"true"}`,
		`"ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-1"}`,
		`"ForAnyValue:ArnLike":{"aws:SourceArn":"*"}`,
	} {
		if _, err := iam.ParseResource([]byte(condition(c))); err != nil {
			t.Errorf("ParseResource() with %s: %v", c, err)
		}
	}
}

func TestParseIdentityWantsResourcesAndNoPrincipal(t *testing.T) {
	t.Parallel()
	for _, policy := range []string{
		`{"Statement":{"Effect":"Allow","Action":"ec2:*"}}`,
		`{"Statement":{"Effect":"Allow","Principal":"*","Action":"ec2:*","Resource":"*"}}`,
	} {
		if _, err := iam.ParseIdentity([]byte(policy)); err == nil {
			t.Errorf("ParseIdentity(%s) succeeded", policy)
		}
	}
}

// FuzzDecide holds two truths against any document: asking never panics, and nothing outweighs a denial of
// everything.
func FuzzDecide(f *testing.F) {
	f.Add(statement(""))
	f.Add(condition(`"ForAllValues:StringLikeIfExists":{"aws:TagKeys":["N*",""]}`))
	f.Add(statement(`,"Principal":{"AWS":["*"],"Service":"x"}`))
	f.Fuzz(func(t *testing.T, document string) {
		p, err := iam.ParseResource([]byte(document))
		if err != nil {
			return
		}
		_ = p.Decide(request())
		none, err := iam.ParseIdentity([]byte(`{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`))
		if err != nil {
			t.Fatal(err)
		}
		if iam.Evaluate(request(), []iam.Policy{none}, p) == nil {
			t.Errorf("%s allows a denied call", document)
		}
	})
}

func FuzzGlob(f *testing.F) {
	f.Add("arn:aws:ec2:*:vpc/vpc-?*", "arn:aws:ec2:us-east-1:1:vpc/vpc-12")
	f.Add("**a*?", "aab")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		for _, s := range []string{pattern, text} {
			if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Skip("names and ARNs are ASCII")
			}
		}
		expression := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
		want := regexp.MustCompile("^(?:" + expression + ")$").MatchString(text)
		if got := iam.Glob(pattern, text); got != want {
			t.Errorf("Glob(%q, %q) = %v, want %v", pattern, text, got, want)
		}
	})
}
