package connect

import (
	"net/netip"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// TestBlocksThatAreNotPermittedAreNotObstructed: no traffic of such a block is wanted, so no network ACL stops it.
func TestBlocksThatAreNotPermittedAreNotObstructed(t *testing.T) {
	t.Parallel()
	block := netip.MustParsePrefix
	sources := policy.Sources{Blocks: []netip.Prefix{block("100.64.1.0/24")}}
	tests := []struct {
		name    string
		denied  string // by the network ACL of the subnet
		subnet  string
		terms   policy.Terms
		leftOut policy.LeftOut
	}{
		{"a peer's block as the source", "100.64.0.0/16", "172.31.1.0/24",
			policy.Terms{Allow: []policy.Allow{{Protocol: peering.TCP}}},
			policy.LeftOut{Role: peering.Requester, Block: block("100.64.0.0/16")}},
		{"a part of a peer's block as the source", "100.64.0.0/16", "172.31.1.0/24", policy.Terms{Allow: []policy.Allow{{
			Protocol: peering.TCP, Sources: sources,
		}}},
			policy.LeftOut{Role: peering.Requester, Block: block("100.64.0.0/16")}},
		{"a peer's block as the destination", "100.64.0.0/16", "172.31.1.0/24",
			policy.Terms{Opens: []policy.Allow{{Protocol: peering.TCP}}},
			policy.LeftOut{Role: peering.Requester, Block: block("100.64.0.0/16")}},
		{"an own block as the destination", "10.10.0.0/16", "100.65.1.0/24",
			policy.Terms{Allow: []policy.Allow{{Protocol: peering.TCP}}},
			policy.LeftOut{Role: peering.Accepter, Block: block("100.65.0.0/16")}},
		{"an own block as the source", "10.10.0.0/16", "100.65.1.0/24",
			policy.Terms{Opens: []policy.Allow{{Protocol: peering.TCP}}},
			policy.LeftOut{Role: peering.Accepter, Block: block("100.65.0.0/16")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.terms.Routes.Tables.Scope = policy.AllTables
			side := plan.Side{
				Connection: peering.Connection{
					Requester: peering.VPC{ID: "vpc-1", Blocks: []netip.Prefix{block("10.10.0.0/16"), block("100.64.0.0/16")}},
					Accepter:  peering.VPC{ID: "vpc-2", Blocks: []netip.Prefix{block("172.31.0.0/16"), block("100.65.0.0/16")}},
				},
				Role: peering.Accepter, Terms: tt.terms,
				Tables:  []peering.RouteTable{{ID: "rtb-2", VPC: "vpc-2", Main: true}},
				Subnets: []peering.Subnet{{ID: "subnet-2", VPC: "vpc-2", Blocks: []netip.Prefix{block(tt.subnet)}}},
			}
			acls := []peering.NetworkACL{{ID: "acl-2", VPC: "vpc-2", Subnets: []peering.SubnetID{"subnet-2"},
				Entries: []peering.ACLEntry{
					{Number: 90, Protocol: peering.AllProtocols, From: -1, To: -1, Block: block(tt.denied)},
					{Number: 90, Egress: true, Protocol: peering.AllProtocols, From: -1, To: -1, Block: block(tt.denied)},
					{Number: 100, Allow: true, Protocol: peering.AllProtocols, From: -1, To: -1, Block: block("0.0.0.0/0")},
					{
						Number: 100, Egress: true, Allow: true, Protocol: peering.AllProtocols, From: -1, To: -1,
						Block: block("0.0.0.0/0"),
					},
				}}}
			if len(obstructions(side, acls)) == 0 {
				t.Error("permitted, the block isn't obstructed")
			}
			side.LeftOut = []policy.LeftOut{tt.leftOut}
			if found := obstructions(side, acls); len(found) > 0 {
				t.Errorf("obstructions = %+v, want none", found)
			}
		})
	}
}
