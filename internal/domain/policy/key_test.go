package policy_test

import (
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// TestKeysOfDecisions states the keys, from which the ids of announcements are made: a changed key is a changed id.
func TestKeysOfDecisions(t *testing.T) {
	t.Parallel()
	m, f, d := vpc(marketingCell, "vpc-m", "10.10.0.0/16"), vpc(financeCell, "vpc-f", "172.31.0.0/16"), vpc(developerCell, "vpc-d", "10.65.0.0/16")
	tests := []struct {
		name                string
		requester, accepter peering.VPC
		want                string
	}{
		{"the line of the entry", m, f, "allowed|marketing|finance|13|[]"},
		{"the line of the entry that names the requester", f, d, "wrong-direction|finance|developer|14|[]"},
		{"the line of the entry that needs approval", m, d, "approval-needed|marketing|developer|15|[]"},
		{"the line and the block of the member", vpc(marketingCell, "vpc-m", "10.11.0.0/16"), f, "cidr-mismatch|marketing|finance|4|[10.11.0.0/16]"},
		{"two blocks and no line", m, vpc(financeCell, "vpc-f", "10.10.4.0/24"), "overlap|marketing|finance|0|[10.10.0.0/16 10.10.4.0/24]"},
		{"no line where no entry matches", m, vpc(developerCell, "vpc-g"), "not-listed|marketing|guest|0|[]"},
		{"one VPC", m, m, "same-vpc|marketing|marketing|0|[]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := company().Decide(request(tt.requester, tt.accepter)).Key(); got != tt.want {
				t.Errorf("Key() = %q, want %q", got, tt.want)
			}
		})
	}
}
