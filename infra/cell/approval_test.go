package cell_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/autopeer/autopeer/internal/cloudsim/iam"
)

// TestTheApproversPoliciesInTheDocs checks with IAM the permissions that docs/security.md gives to approvers and denies
// to others.
func TestTheApproversPoliciesInTheDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(text, -1)
	if len(found) != 2 {
		t.Fatalf("docs/security.md has %d policies, want the approvers' and the one for everybody else", len(found))
	}
	var policies [2]iam.Policy
	for i, m := range found {
		if policies[i], err = iam.ParseIdentity(m[1]); err != nil {
			t.Fatal(err)
		}
	}
	const (
		connection = "arn:aws:ec2:eu-west-1:222222222222:vpc-peering-connection/pcx-1"
		approver   = "arn:aws:iam::222222222222:role/peering-approver"
		stranger   = "arn:aws:iam::222222222222:role/developer"
	)
	tests := []struct {
		name             string
		by, action       string
		resource         string
		key, value       string
		approvers, other iam.Decision
	}{
		{"an approver approves", approver, "ec2:CreateTags", connection, "autopeer:approved", "true",
			iam.Allowed, iam.Silent},
		{"an approver sets no other value", approver, "ec2:CreateTags", connection, "autopeer:approved",
			"false", iam.Silent, iam.Silent},
		{"an approver sets no other tag", approver, "ec2:CreateTags", connection, "autopeer:managed",
			"true", iam.Silent, iam.Silent},
		{"an approver tags no route table", approver, "ec2:CreateTags",
			"arn:aws:ec2:eu-west-1:222222222222:route-table/rtb-1", "autopeer:approved", "true", iam.Silent, iam.Silent},
		{"no other principal approves", stranger, "ec2:CreateTags", connection, "autopeer:approved", "true",
			iam.Allowed, iam.Denied},
		{"not in other letters either", stranger, "ec2:CreateTags", connection, "Autopeer:Approved",
			"true", iam.Silent, iam.Denied},
		{"no other principal withdraws an approval", stranger, "ec2:DeleteTags", connection, "autopeer:approved",
			"true", iam.Silent, iam.Denied},
		{"everybody names connections as before", stranger, "ec2:CreateTags", connection, "Name",
			"true", iam.Silent, iam.Silent},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := iam.Request{Action: tt.action, Resource: tt.resource, Keys: iam.Keys{
				"aws:PrincipalArn": {tt.by}, "aws:TagKeys": {tt.key}, "aws:RequestTag/" + tt.key: {tt.value},
			}}
			if got := policies[0].Decide(r); got != tt.approvers {
				t.Errorf("the approvers' policy results in %v, want %v", got, tt.approvers)
			}
			if got := policies[1].Decide(r); got != tt.other {
				t.Errorf("the policy for other principals results in %v, want %v", got, tt.other)
			}
		})
	}
}
