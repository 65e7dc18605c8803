package connect

import (
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/reach"
)

// obstructions returns what the network ACLs of the side's VPC stop of the traffic that the policy allows, either
// way. autopeer never edits them.
func obstructions(half plan.Side, acls []peering.NetworkACL) []outcome.Obstruction {
	vpc := half.Connection.VPC(half.Role)
	of := reach.Crossing{
		Subnets: half.RoutedSubnets(),
		ACLs:    only(acls, func(a peering.NetworkACL) bool { return a.VPC == vpc.ID }),
	}
	var found []reach.Obstruction
	for _, a := range half.Terms.Allow {
		of.Own, of.Peer, of.Outbound = vpc.Blocks, known(a.Sources, half.Connection.VPC(half.Role.Other()).Blocks), false
		found = append(found, crossings(of, a)...)
	}
	for _, a := range half.Terms.Opens {
		of.Own, of.Peer, of.Outbound = known(a.Sources, vpc.Blocks), half.Reached(), true
		found = append(found, crossings(of, a)...)
	}
	var all []outcome.Obstruction
	for _, f := range found {
		o := outcome.Obstruction{NetworkACL: f.ACL, Rule: f.Rule, Sentence: f.Sentence, Remedy: f.Remedy}
		if !slices.Contains(all, o) {
			all = append(all, o)
		}
	}
	return all
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

// known returns the blocks that sources stand for, as far as the cell can see: a group may be anywhere in its VPC,
// and of a prefix list nothing is known.
func known(s policy.Sources, all []netip.Prefix) []netip.Prefix {
	if s.IsAll() || len(s.Groups) > 0 {
		return all
	}
	return s.Blocks
}
