package plan_test

import (
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

// TestRemainsAreNotReplaced: nothing carries their traffic any more.
func TestRemainsAreNotReplaced(t *testing.T) {
	t.Parallel()
	changes := plan.Disconnect(plan.Remains{
		Connection: via, Tables: []peering.RouteTable{table("rtb-1", toPeer(peering.Target(via), true))},
		Rules: []peering.IngressRule{ruleOf(via, "sgr-1", "sg-1")},
	}).Changes()
	if len(changes) != 2 || plan.IsReplaced(changes[0]) || plan.IsReplaced(changes[1]) {
		t.Errorf("Disconnect() = %+v, want two removals that don't wait", changes)
	}
}

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
