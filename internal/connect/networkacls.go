package connect

import (
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/reach"
)

// obstructions returns the entries of the network ACLs of the side's VPC that deny traffic which the policy allows, in
// either direction, each once. autopeer never edits network ACLs.
func obstructions(half plan.Side, acls []peering.NetworkACL) []reach.Obstruction {
	vpc := half.Connection.VPC(half.Role).ID
	of := reach.Crossing{
		Subnets: half.RoutedSubnets(),
		ACLs:    slices.DeleteFunc(slices.Clone(acls), func(a peering.NetworkACL) bool { return a.VPC != vpc }),
	}
	var found []reach.Obstruction
	for _, a := range half.Terms.Allow {
		of.Own, of.Peer, of.Outbound = half.Permitted(half.Role), known(a.Sources, half.Permitted(half.Role.Other())), false
		found = append(found, crossings(of, a)...)
	}
	for _, a := range half.Terms.Opens {
		of.Own, of.Peer, of.Outbound = known(a.Sources, half.Permitted(half.Role)), half.Reached(), true
		found = append(found, crossings(of, a)...)
	}
	var distinct []reach.Obstruction
	for _, f := range found {
		if !slices.ContainsFunc(distinct, func(o reach.Obstruction) bool { return o.Key == f.Key }) {
			distinct = append(distinct, f)
		}
	}
	return distinct
}

func crossings(c reach.Crossing, a policy.Allow) []reach.Obstruction {
	var found []reach.Obstruction
	c.Protocol = a.Protocol
	for _, r := range plan.Ranges(a) {
		c.From, c.To = r.From, r.To
		found = append(found, c.Obstructions()...)
	}
	return found
}

// known returns the permitted blocks of the sources that the cell can see: a group may be anywhere in its VPC, and
// the entries of a prefix list are unknown.
func known(s policy.Sources, all []netip.Prefix) []netip.Prefix {
	if s.IsAll() || len(s.Groups) > 0 {
		return all
	}
	return slices.DeleteFunc(slices.Clone(s.Blocks), func(b netip.Prefix) bool { return !cidr.Covers(all, b) })
}
