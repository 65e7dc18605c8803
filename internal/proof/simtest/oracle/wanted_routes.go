package oracle

import (
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
)

// wantedRoutes returns the destinations that the policy wants the route table to send to the side's connection.
func (s side) wantedRoutes(t *ledger.RouteTable) []netip.Prefix {
	own, _ := s.departments()
	r := s.reading.peering.Routes[own]
	if t.VPC != s.own() || !s.selects(r, t) {
		return nil
	}
	return destinations(r, s.peerBlocks())
}

// destinations returns the blocks that are selected, not excluded, and within the peer's.
func destinations(r plainpolicy.Routing, peer []netip.Prefix) []netip.Prefix {
	from := r.To
	if len(from) == 0 {
		from = peer
	}
	return slices.DeleteFunc(slices.Clone(from), func(p netip.Prefix) bool {
		return !isInside(p, peer) || ledger.AnyOverlap(r.Except, []netip.Prefix{p})
	})
}

// selects reports whether the policy selects a route table of the side's own VPC.
func (s side) selects(r plainpolicy.Routing, t *ledger.RouteTable) bool {
	switch {
	case r.Main:
		return t.Main
	case len(r.Tables) > 0:
		return slices.Contains(r.Tables, t.ID)
	case len(r.Tags) > 0:
		return hasAll(s.Tags[t.ID], r.Tags)
	case len(r.Subnets)+len(r.SubnetTags) > 0:
		return slices.ContainsFunc(s.SubnetsOf(s.own()), func(n *ledger.Subnet) bool {
			return s.selectsSubnet(r, n) && s.TableOf(n, s.own()) == t.ID
		})
	}
	return true
}

func (s side) selectsSubnet(r plainpolicy.Routing, n *ledger.Subnet) bool {
	return slices.Contains(r.Subnets, n.ID) || len(r.SubnetTags) > 0 && hasAll(s.Tags[n.ID], r.SubnetTags)
}

func hasAll(have, want map[string]string) bool {
	for k, v := range want {
		if have[k] != v {
			return false
		}
	}
	return true
}
