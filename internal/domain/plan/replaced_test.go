package plan_test

import (
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

// TestReplaced: a removal is replaced if the policy allows all its traffic.
func TestReplaced(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*plan.Side)
		want   bool
	}{
		"a narrower route": {func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", leading("172.31.1.0/24", peering.Target(via)))}
		}, true},
		"a route elsewhere": {func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", leading("10.99.0.0/16", peering.Target(via)))}
		}, false},
		"a narrower rule": {func(s *plan.Side) {
			group(s, tcp(443, 443, "172.31.1.0/24"))
			s.Terms.Allow = allowing(443, 443)
		}, true},
		"a rule that no entry allows": {func(s *plan.Side) { group(s, tcp(443, 443, "172.31.0.0/16")) }, false},
	} {
		removals := 0
		for _, c := range plan.Connect(marketing(tt.change)).Changes() {
			if plan.Removes(c) {
				removals++
			}
			if plan.IsReplaced(c) != (tt.want && plan.Removes(c)) {
				t.Errorf("%s: %s is replaced: %v", name, c, plan.IsReplaced(c))
			}
		}
		if removals != 1 {
			t.Errorf("%s: %d removals, want one", name, removals)
		}
	}
}
