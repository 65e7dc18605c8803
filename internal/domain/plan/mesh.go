package plan

import (
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// inMesh returns the terms of a side whose two VPCs are of one department. Each allow line applies in both directions,
// so its sources may be of either VPC. Those of the side's VPC count for the traffic to the peer, and the others for
// the traffic from it.
func (s Side) inMesh() policy.Terms {
	own, peer := s.Permitted(s.Role), s.peerBlocks()
	isOwn := func(b netip.Prefix) bool { return cidr.Covers(own, b) }
	isOther := func(b netip.Prefix) bool { return !isOwn(b) || cidr.Covers(peer, b) } // examples of VPCs may overlap
	terms := s.Terms
	terms.Allow = withSources(terms.Allow, isOther, func(g peering.SecurityGroupID) bool { return !s.owns(g) })
	terms.Opens = withSources(terms.Opens, isOwn, s.owns)
	return terms
}

// withSources returns the lines with only the kept blocks and groups as sources, and omits lines that have lost all
// sources. A line without sources stays: it means all blocks.
func withSources(
	all []policy.Allow, keepBlock func(netip.Prefix) bool, keepGroup func(peering.SecurityGroupID) bool,
) []policy.Allow {
	var kept []policy.Allow
	for _, a := range all {
		isAll := a.Sources.IsAll()
		a.Sources.Blocks = only(a.Sources.Blocks, keepBlock)
		a.Sources.Groups = only(a.Sources.Groups, keepGroup)
		if isAll || !a.Sources.IsAll() {
			kept = append(kept, a)
		}
	}
	return kept
}

// owns reports whether the security group is one of the side's VPC.
func (s Side) owns(id peering.SecurityGroupID) bool {
	return slices.ContainsFunc(s.Groups, func(g peering.SecurityGroup) bool { return g.ID == id })
}
