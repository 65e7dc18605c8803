package reach_test

import (
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/reach"
)

// TestOverAThirdVPC: only where a user may expect a path over a third VPC, the answer mentions that there is none.
func TestOverAThirdVPC(t *testing.T) {
	t.Parallel()
	const (
		noRoute = "no route in rtb-a leads to 10.3.0.0/16"
		over    = "peering is not transitive: vpc-a and vpc-c are peered with vpc-b and not with one another; " + noRoute
	)
	pending, deleted := state(peering.PendingAcceptance), state(peering.Deleted)
	ask(t, steps(vpc("a", "10.1.0.0/16"), vpc("b", "10.2.0.0/16"), vpc("c", "10.3.0.0/16")), []question{
		{"both are peered with it", steps(peer("a", "b"), peer("b", "c")), ping("a", "c"), reach.NotTransitive, over},
		{"an unused address is where its block is", steps(peer("a", "b"), peer("b", "c")), pingAddress("10.3.0.77"),
			reach.NotTransitive, over},
		{"only the source is peered with it", peer("a", "b"), ping("a", "c"), reach.NoRoute, noRoute},
		{"only the destination is peered with it", peer("b", "c"), ping("a", "c"), reach.NoRoute, noRoute},
		{"the source's connection is pending", steps(peer("a", "b"), pending, peer("b", "c")),
			ping("a", "c"), reach.NoRoute, noRoute},
		{"the destination's connection is pending", steps(peer("a", "b"), peer("b", "c"), pending),
			ping("a", "c"), reach.NoRoute, noRoute},
		{"a connection of their own is a better hope", steps(peer("a", "b"), peer("b", "c"), peer("a", "c"), pending),
			ping("a", "c"), reach.NoRoute, noRoute},
		{"a connection of their own that is gone is none", steps(peer("a", "b"), peer("b", "c"), peer("a", "c"), deleted),
			ping("a", "c"), reach.NotTransitive, over},
		{"an address of no VPC is behind none", steps(peer("a", "b"), peer("a", "c")),
			pingAddress("192.0.2.1"), reach.NoRoute,
			"no route in rtb-a leads to 192.0.2.1"},
	})
}
