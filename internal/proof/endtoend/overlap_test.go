package endtoend_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestAFailedOverlapNamesTheBlocks: EC2 has one message for three causes, and shows the requester's cell no block of
// the accepter. The announcement names those that the policy declares, also where the requester's block isn't declared.
func TestAFailedOverlapNamesTheBlocks(t *testing.T) {
	t.Parallel()
	byID := func(s lab.Site, cidrs ...string) string {
		member := fmt.Sprintf("account: %q, region: %s, vpc: %s", s.Cell.Account, s.Cell.Region, s.VPC.ID)
		if len(cidrs) > 0 {
			member += ", cidrs: [" + strings.Join(cidrs, ", ") + "]"
		}
		return "[{ " + member + " }]"
	}
	within := func(s lab.Site, block string) string {
		return fmt.Sprintf("[{ account: %q, region: %s, within: %s }]", s.Cell.Account, s.Cell.Region, block)
	}
	tests := []struct {
		name                string
		marketing, twin     func(s lab.Site) string
		code, words, beside string
	}{
		{"declared", func(s lab.Site) string { return byID(s) }, func(s lab.Site) string { return byID(s, "10.10.0.0/17") },
			"overlap", "block 10.10.0.0/16 of marketing", "overlaps block 10.10.0.0/17 of twin"},
		{"declared, and the requester's block is not", func(s lab.Site) string {
			return byID(s, "192.0.2.0/24")
		}, func(s lab.Site) string { return byID(s, "10.10.0.0/17") },
			"overlap", "block 10.10.0.0/16 of marketing", "overlaps block 10.10.0.0/17 of twin"},
		{"in a range", func(s lab.Site) string {
			return byID(s)
		}, func(s lab.Site) string { return within(s, "10.10.0.0/16") },
			"failed", "has 10.10.0.0/16, and policy.yaml has only the range 10.10.0.0/16 for vpc-", "overlapping CIDR range"},
		{"not declared", func(s lab.Site) string { return byID(s) }, func(s lab.Site) string { return byID(s) },
			"failed", "has 10.10.0.0/16, and policy.yaml declares no block of vpc-", "overlapping CIDR range"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
				m := t.Build(one, lab.Marketing)
				twin := t.Build(accepter, func(p *lab.Person) lab.Site {
					return lab.ByHand(p, "twin", "10.10.0.0/17", "10.10.9.0/24", "10.10.9.9")
				})
				t.Policy("version: 1\ndepartments:\n  marketing: " + tt.marketing(m) + "\n  twin: " + tt.twin(twin) +
					"\npeerings:\n  - between: [marketing, twin]\n")
				pcx := t.Ask(m, twin)
				t.Settle()
				o := t.AnnouncedOnce(outcome.Failed, pcx)
				if o.Cell != one || o.Reason.Code != tt.code || !strings.Contains(o.Reason.Sentence, tt.words) ||
					!strings.Contains(o.Reason.Sentence, tt.beside) {
					t.Errorf("%s announces %+v, want %s with %q and %q", o.Cell, o.Reason, tt.code, tt.words, tt.beside)
				}
			})
		})
	}
}
