package checks

import (
	"testing"

	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/proof/simtest/report"
)

func TestOwnEditsStartNoSweep(t *testing.T) {
	t.Parallel()
	role := func(f string) string {
		return "arn:aws:sts::222222222222:assumed-role/autopeer-" + f + "-us-east-1/" + f
	}
	tests := []struct {
		name, source, by, call string
		fail                   bool
	}{
		{"a user deletes a route", "aws.ec2", "arn:aws:iam::222222222222:user/alice", "DeleteRoute", false},
		{"another role makes a route", "aws.ec2", "arn:aws:sts::222222222222:assumed-role/admin/alice", "CreateRoute", false},
		{"connect makes a route", "aws.ec2", role("connect"), "CreateRoute", true},
		{"connect deletes a route", "aws.ec2", role("connect"), "DeleteRoute", true},
		{"disconnect deletes a route", "aws.ec2", role("disconnect"), "DeleteRoute", false},
		{"disconnect revokes a rule", "aws.ec2", role("disconnect"), "RevokeSecurityGroupIngress", false},
		{"disconnect deletes a tag", "aws.ec2", role("disconnect"), "DeleteTags", true},
		{"no call", "aws.cloudformation", role("connect"), "CreateRoute", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := report.New(1)
			detail := map[string]any{"eventName": tt.call, "userIdentity": map[string]string{"arn": tt.by}}
			arrive(New(r, ec2.Options{}), tt.source, "arn:aws:sqs:us-east-1:222222222222:autopeer-sweep", detail, 1)
			if f := r.Failure(); (f != nil) != tt.fail {
				t.Errorf("failure %v, want one: %v", f, tt.fail)
			}
		})
	}
}
