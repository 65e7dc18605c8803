package policy_test

import (
	"testing"

	"github.com/autopeer/autopeer/internal/domain/policy"
)

// TestValuesAreAnInterface: events and packed policies contain them, and other programs read them.
func TestValuesAreAnInterface(t *testing.T) {
	t.Parallel()
	values := map[string]string{
		"accept": string(policy.Accept), "reject": string(policy.Reject), "leave": string(policy.Leave),
		"ask":     string(policy.Ask),
		"allowed": string(policy.Allowed), "approval-needed": string(policy.ApprovalNeeded),
		"overlap":       string(policy.Overlap),
		"cidr-mismatch": string(policy.CIDRMismatch), "wrong-direction": string(policy.WrongDirection),
		"same-vpc":  string(policy.SameVPC),
		"multipath": string(policy.Multipath), "enforce": string(policy.EnforceMode),
		"not-listed": string(policy.NotListed), "report": string(policy.ReportRemoved),
		"disconnect": string(policy.DisconnectRemoved),
		"manual":     string(policy.ManualApproval), "all": string(policy.AllTables), "none": string(policy.NoTables),
		"main": string(policy.MainTable),
		"ids":  string(policy.TablesByID), "tags": string(policy.TablesByTag), "subnets": string(policy.SubnetTables),
	}
	for want, got := range values {
		if got != want {
			t.Errorf("the value is %q, want %q", got, want)
		}
	}
	if policy.ReportMode != "report" {
		t.Errorf("the mode is %q, want report", policy.ReportMode)
	}
	if policy.NoTags != "none" {
		t.Errorf("tags is %q, want none", policy.NoTags)
	}
	if policy.LeaveOthers != "leave" || policy.RejectOthers != "reject" {
		t.Errorf("otherwise is %q or %q, want leave or reject", policy.LeaveOthers, policy.RejectOthers)
	}
}
