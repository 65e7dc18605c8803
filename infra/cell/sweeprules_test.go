package cell_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/cloudsim/pattern"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/wiring"
)

// session is the identity of a session of a role, as CloudTrail records it.
func session(role string) string {
	name := role[strings.LastIndex(role, "/")+1:]
	return fmt.Sprintf(`{"type":"AssumedRole","principalId":"AROAEXAMPLE:s",
	"arn":"arn:aws:sts::111111111111:assumed-role/%s/s","accountId":"111111111111",
		"sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE",
		"arn":"arn:aws:iam::111111111111:role/%s","accountId":"111111111111","userName":%q},
		"webIdFederationData":{},"attributes":{"creationDate":"2026-06-08T07:00:00Z",
		"mfaAuthenticated":"false"}}}`, name, role, name)
}

// principals are those of principals other than the functions.
var principals = map[string]string{
	"an IAM user": `{"type":"IAMUser","arn":"arn:aws:iam::111111111111:user/dana",` +
		`"accountId":"111111111111","userName":"dana"}`,
	"an IAM user in the console": `{"type":"IAMUser","arn":"arn:aws:iam::111111111111:user/dana",` +
		`"sessionContext":{"sessionIssuer":{},"attributes":{"mfaAuthenticated":"true"}}}`,
	"root": `{"type":"Root","arn":"arn:aws:iam::111111111111:root","accountId":"111111111111"}`,
	"a user of IAM Identity Center": session(
		"aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Network_0123456789abcdef"),
	"an AWS service":                 `{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}`,
	"CloudFormation's service role":  session("cdk-hnb659fds-cfn-exec-role-111111111111-us-east-1"),
	"a role for Terraform":           session("terraform"),
	"another installation":           session("blue-connect-us-east-1"),
	"the connect of another Region":  session("autopeer-connect-eu-west-1"),
	"a role with a name like ours":   session("autopeer-connect-us-east-1-too"),
	"a role with our name in a path": session("service-role/autopeer-connect-us-east-1"),
}

// matching returns the names of the rules that match the event, sorted.
func matching(rules map[string]pattern.Pattern, event string) []string {
	var got []string
	for name, p := range rules {
		if p.Match([]byte(event)) {
			got = append(got, name)
		}
	}
	slices.Sort(got)
	return got
}

func edit(call, identity string) string {
	return fmt.Sprintf(`{"source":"aws.ec2","detail-type":"AWS API Call via CloudTrail","account":"111111111111",
	"region":"us-east-1","resources":[],"detail":{
		"eventVersion":"1.11","eventSource":"ec2.amazonaws.com","eventName":%q,"userIdentity":%s,
		"requestParameters":{"routeTableId":"rtb-0a1b2c3d4e5f60001"}}}`, call, identity)
}

// TestEditsOfOthersLeadToASweep, and those of the functions don't, but for disconnect's deletions, which may make room.
func TestEditsOfOthersLeadToASweep(t *testing.T) {
	rules := patterns(t, marketing, false)
	edits := []string{
		"CreateRoute", "ReplaceRoute", "DeleteRoute", "AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress",
		"ModifySecurityGroupRules",
		"ModifyVpcPeeringConnectionOptions",
	}
	for _, call := range edits {
		for name, identity := range principals {
			if diff := cmp.Diff([]string{"sweep-edited"}, matching(rules, edit(call, identity))); diff != "" {
				t.Errorf("%s by %s (-want +got):\n%s", call, name, diff)
			}
		}
		for _, f := range function.All {
			var want []string
			if f == function.Disconnect && (call == "DeleteRoute" || call == "RevokeSecurityGroupIngress") {
				want = []string{"sweep-freed"}
			}
			if diff := cmp.Diff(want,
				matching(rules, edit(call, session(wiring.RoleName("autopeer", f, marketing))))); diff != "" {
				t.Errorf("%s by %s (-want +got):\n%s", call, f, diff)
			}
		}
	}
	for _, call := range []string{"DescribeRouteTables", "CreateVpc", "RunInstances", "AuthorizeSecurityGroupEgress"} {
		if got := matching(rules, edit(call, principals["root"])); len(got) > 0 {
			t.Errorf("%s is matched by %v", call, got)
		}
	}
	if failed := strings.Replace(edit("CreateRoute", principals["root"]), `"eventVersion"`,
		`"errorCode":"Client.RouteAlreadyExists","eventVersion"`, 1); len(matching(rules, failed)) > 0 {
		t.Error("a call that failed is matched")
	}
}

// TestAChangedVPCLeadsToSweeps in its own cell and in those of its counterparts.
func TestAChangedVPCLeadsToSweeps(t *testing.T) {
	rules := patterns(t, marketing, false)
	for _, call := range []string{"DeleteVpc", "ModifyVpcAttribute"} {
		want := []string{"forward-calls-222222222222-eu-west-1", "sweep"}
		if diff := cmp.Diff(want, matching(rules, edit(call, principals["root"]))); diff != "" {
			t.Errorf("rules for %s (-want +got):\n%s", call, diff)
		}
	}
}

// TestADeploymentLeadsToASweep: one of the stack with the functions that is over.
func TestADeploymentLeadsToASweep(t *testing.T) {
	rules := patterns(t, marketing, false)
	const own = "arn:aws:cloudformation:us-east-1:111111111111:stack/autopeer-111111111111-us-east-1/1c2d3e4f-0000"
	for _, tt := range []struct {
		status, stack string
		want          bool
	}{
		{"CREATE_COMPLETE", own, true}, {"UPDATE_COMPLETE", own, true}, {"UPDATE_ROLLBACK_COMPLETE", own, true},
		{"CREATE_IN_PROGRESS", own, false}, {"UPDATE_IN_PROGRESS", own, false},
		{"UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", own, false},
		{"UPDATE_ROLLBACK_IN_PROGRESS", own, false}, {"DELETE_IN_PROGRESS", own, false}, {"ROLLBACK_COMPLETE", own, false},
		{"UPDATE_COMPLETE", strings.Replace(own, "us-east-1/", "us-east-1-bus/", 1), false},
		{"UPDATE_COMPLETE", strings.Replace(own, "stack/autopeer", "stack/blue", 1), false},
		{"UPDATE_COMPLETE", strings.Replace(own, "stack/", "stack/x-", 1), false},
	} {
		event := fmt.Sprintf(`{"source":"aws.cloudformation","detail-type":"CloudFormation Stack Status Change",
		"account":"111111111111","region":"us-east-1",
			"resources":[%q],"detail":{"stack-id":%[1]q,"status-details":{"status":%q,"status-reason":""},
			"client-request-token":""}}`, tt.stack, tt.status)
		if got := matching(rules, event); slices.Equal(got, []string{"sweep-deployed"}) != tt.want ||
			!tt.want && len(got) > 0 {
			t.Errorf("%s of %s is matched by %v, want a sweep: %v", tt.status, tt.stack, got, tt.want)
		}
	}
}
