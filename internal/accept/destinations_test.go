package accept_test

import (
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestOnlyChosenDestinationsConflict: a live route stands in the way where it leads to a destination, and
// not where it merely leads to a block of the peer.
func TestOnlyChosenDestinationsConflict(t *testing.T) {
	tests := []struct {
		name, routes, taken string
		want                peering.State
	}{
		{"a route to the peer's block while only a part of the block is chosen", "to: [10.10.1.0/24]",
			"10.10.0.0/16", peering.Active},
		{"a route to the peer's block, which is excluded", "except: [10.10.0.0/16]", "10.10.0.0/16", peering.Active},
		{"a route to the chosen part", "to: [10.10.1.0/24]", "10.10.1.0/24", peering.PendingAcceptance},
		{"a route to it in a chosen subnet's table", "tables: { subnets: { ids: [SUBNET] } }, to: [10.10.1.0/24]",
			"10.10.1.0/24", peering.PendingAcceptance},
		{"a route to it in a table that isn't chosen", "tables: main, to: [10.10.1.0/24]", "10.10.1.0/24", peering.Active},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
				t.ByHand(two, func(p *lab.Person) {
					p.ToInternet(f.VPC, f.Table)
					p.RouteToGateway(f.VPC, f.Table, tt.taken)
				})
				routes := strings.Replace(tt.routes, "SUBNET", string(f.Subnet), 1)
				t.Policy(strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "finance]\n",
					"finance]\n    routes: { finance: { "+routes+" } }\n", 1))
				pcx := t.Ask(m, f)
				t.Settle()
				t.InState(two, pcx, tt.want)
				kind := outcome.Accepted
				if tt.want == peering.PendingAcceptance {
					kind = outcome.Conflicting
				}
				t.AnnouncedOnce(kind, pcx)
				if blocked := t.Announced(outcome.Conflicting, pcx); tt.want == peering.Active && len(blocked) > 0 {
					t.Errorf("announced as conflicting: %s", blocked[0].Reason.Sentence)
				}
			})
		})
	}
}
