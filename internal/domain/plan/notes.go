package plan

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// Notes returns a sentence for each resource of the side's VPC with which the routes and rules of the plan have no
// effect. It never reports a resource that the cell can't read.
func (s Side) Notes() []string {
	return slices.Concat(s.unusedTables(), s.besideEndpoints(), s.besideUnreadLists(), s.withoutEgress())
}

// unusedTables returns a note for each route table that the policy selects and that serves no subnet. With the
// scope "all", the subnets have other tables.
func (s Side) unusedTables() []string {
	switch s.Terms.Routes.Tables.Scope {
	case policy.MainTable, policy.TablesByID, policy.TablesByTag:
	default:
		return nil
	}
	chosen, _ := Select(s.Terms.Routes.Tables, s.Tables, s.Subnets)
	var notes []string
	for _, t := range sortedTables(s.Tables) {
		switch {
		case !chosen[t.ID] || len(t.Subnets) > 0 || t.Main && s.usesMain():
		case t.Main:
			notes = append(notes, fmt.Sprintf("%s serves no subnet: each subnet is associated with another route table", t.ID))
		default:
			notes = append(notes, fmt.Sprintf("%s serves no subnet: no subnet is associated with it", t.ID))
		}
	}
	return notes
}

// besideEndpoints returns a note for each routed block inside a block of a prefix list that leads to an endpoint, for
// blocks with public addresses. EC2 takes the longest prefix, and the list is probably that of a gateway endpoint's
// service. A list with a part of the routed block is a conflict instead.
func (s Side) besideEndpoints() []string {
	var notes []string
	for _, t := range s.routedTables() {
		for _, dst := range s.Reached() {
			i := slices.IndexFunc(t.Routes, func(r peering.Route) bool { return leadsToEndpoint(r, dst) })
			if i >= 0 && !cidr.IsPrivate(dst) {
				notes = append(notes, fmt.Sprintf("%s routes %s, which has public addresses, beside %s of %s to %s: calls to "+
					"these addresses go to the peer and not to the endpoint",
					t.ID, dst, t.Routes[i].Destination, t.Routes[i].PrefixList, t.Routes[i].Target))
			}
		}
	}
	return notes
}

// leadsToEndpoint reports whether the route leads all of the destination's addresses to an endpoint by a prefix list.
func leadsToEndpoint(r peering.Route, dst netip.Prefix) bool {
	return r.PrefixList != "" && r.Target.IsEndpoint() && r.Destination.IsValid() && cidr.Contains(r.Destination, dst)
}

// usesMain reports whether the main table serves a subnet, or may do so because the subnets weren't read.
func (s Side) usesMain() bool {
	isAssociated := func(n peering.Subnet) bool {
		return slices.ContainsFunc(s.Tables, func(t peering.RouteTable) bool { return slices.Contains(t.Subnets, n.ID) })
	}
	return len(s.Subnets) == 0 || slices.ContainsFunc(s.Subnets, func(n peering.Subnet) bool { return !isAssociated(n) })
}

// withoutEgress returns a note for each source group of the side's VPC without an egress rule for traffic that the
// peer admits from it.
func (s Side) withoutEgress() []string {
	var notes []string
	for _, a := range s.Terms.Opens {
		for _, g := range s.Groups {
			if slices.Contains(a.Sources.Groups, g.ID) {
				notes = append(notes, s.blocked(g, a)...)
			}
		}
	}
	slices.Sort(notes)
	return slices.Compact(notes)
}

// blocked returns a note for each range of ports, or type, for which the group has no egress rule to a block of the
// peer.
func (s Side) blocked(g peering.SecurityGroup, a policy.Allow) []string {
	var notes []string
	for _, ports := range Ranges(a) {
		p := peering.Permission{Protocol: a.Protocol, From: ports.From, To: ports.To}
		isOut := func(rule peering.Permission) bool {
			return overlapPorts(rule, p) && s.mayReachPeer(rule)
		}
		if !slices.ContainsFunc(g.Egress, isOut) {
			notes = append(notes, fmt.Sprintf("%s has no egress rule for %s to %s: add one",
				g.ID, protocolAndPorts(p), list(s.peerBlocks())))
		}
	}
	return notes
}

// mayReachPeer reports whether the egress rule is for addresses of the peer: a block that overlaps one of its
// blocks, a group of another VPC, or a prefix list, whose entries are unknown.
func (s Side) mayReachPeer(rule peering.Permission) bool {
	switch {
	case rule.Group != "":
		return !slices.ContainsFunc(s.Groups, func(g peering.SecurityGroup) bool { return g.ID == rule.Group })
	case rule.PrefixList != "":
		return true
	}
	return slices.ContainsFunc(s.peerBlocks(), rule.Source.Overlaps)
}
