package cell_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/autopeer/autopeer/internal/cloudsim/iam"
)

// TestThePassRoleStatementInTheDocs asks IAM whether docs/deploy.md lets CloudFormation pass every role of a cell to
// the service that the role trusts, and no other role or service.
func TestThePassRoleStatementInTheDocs(t *testing.T) {
	document, err := os.ReadFile("../../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(document)
	if found == nil {
		t.Fatal("docs/deploy.md has no policy")
	}
	p, err := iam.ParseIdentity(found[1])
	if err != nil {
		t.Fatal(err)
	}
	mayPass := func(role, to string) bool {
		return p.Decide(iam.Request{
			Action: "iam:PassRole", Resource: "arn:aws:iam::222222222222:role/" + role,
			Keys: iam.Keys{"iam:PassedToService": {to}},
		}) == iam.Allowed
	}
	for _, r := range resources(t, stack(t, company, finance), "AWS::IAM::Role") {
		trust := r.Properties["AssumeRolePolicyDocument"].(object)["Statement"].([]any)[0].(object)
		role, taker := r.Properties["RoleName"].(string), trust["Principal"].(object)["Service"].(string)
		if !mayPass(role, taker) {
			t.Errorf("%s can't be passed to %s", role, taker)
		}
		if mayPass(role, "ec2.amazonaws.com") || mayPass("admin", taker) {
			t.Errorf("more can be passed than %s to %s", role, taker)
		}
	}
}
