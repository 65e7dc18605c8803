package plan_test

import (
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// These functions compute the terms in another way than the plan does: for one route or rule at a time.

func wantsRoute(s plan.Side, t peering.RouteTable, dst netip.Prefix) bool {
	chosen := s.Terms.Routes.To
	if len(chosen) == 0 {
		chosen = peerBlocks(s)
	}
	return wantsTable(s, t) && slices.Contains(chosen, dst) && cidr.Covers(peerBlocks(s), dst) &&
		!slices.ContainsFunc(s.Terms.Routes.Except, dst.Overlaps)
}

func wantsTable(s plan.Side, t peering.RouteTable) bool {
	if t.Gateway {
		return false
	}
	switch scope := s.Terms.Routes.Tables; scope.Scope {
	case policy.NoTables:
		return false
	case policy.MainTable:
		return t.Main
	case policy.TablesByID:
		return slices.Contains(scope.IDs, t.ID)
	case policy.TablesByTag:
		return isTagged(t.Tags, scope.Tags)
	case policy.SubnetTables:
		return slices.ContainsFunc(s.Subnets, func(n peering.Subnet) bool {
			return wantsSubnet(*scope.Subnets, n) && serves(s, t, n.ID)
		})
	}
	return true
}

// isTagged knows that the terms name one tag, if any.
func isTagged(have, want map[string]string) bool {
	for k, v := range want {
		return have[k] == v
	}
	return false
}

func wantsSubnet(want policy.Subnets, n peering.Subnet) bool {
	return slices.Contains(want.IDs, n.ID) || isTagged(n.Tags, want.Tags)
}

// serves reports whether the subnet is the table's, as the main one also when it is no other's.
func serves(s plan.Side, t peering.RouteTable, n peering.SubnetID) bool {
	has := func(t peering.RouteTable) bool { return slices.Contains(t.Subnets, n) }
	return has(t) || t.Main && !slices.ContainsFunc(s.Tables, has)
}

// wantsRule asks each allow line.
func wantsRule(s plan.Side, g peering.SecurityGroup, p peering.Permission) bool {
	return slices.ContainsFunc(s.Terms.Allow, func(a policy.Allow) bool {
		chosen := slices.Contains(a.Groups.IDs, g.ID) || isTagged(g.Tags, a.Groups.Tags)
		return chosen && p.Protocol == a.Protocol && wantsPorts(a, p) && wantsSource(s, a, p)
	})
}

func wantsPorts(a policy.Allow, p peering.Permission) bool {
	ranges := rangesOf(a.Protocol)
	switch {
	case len(a.Ports) > 0:
		return slices.Contains(a.Ports, policy.PortRange{From: p.From, To: p.To})
	case len(a.Types) > 0:
		return slices.Contains(a.Types, policy.ICMPType{Type: p.From, Code: p.To})
	}
	return policy.PortRange{From: p.From, To: p.To} == ranges[len(ranges)-1]
}

func wantsSource(s plan.Side, a policy.Allow, p peering.Permission) bool {
	switch {
	case p.Group != "":
		return slices.Contains(a.Sources.Groups, p.Group) && s.Connection.Requester.Region == s.Connection.Accepter.Region
	case p.PrefixList != "":
		return slices.Contains(a.Sources.PrefixLists, p.PrefixList)
	case p.Protocol == peering.ICMP && p.Source.Addr().Is6(), p.Protocol == peering.ICMPv6 && p.Source.Addr().Is4():
		return false
	}
	named := slices.Contains(a.Sources.Blocks, p.Source) || a.Sources.IsAll() && slices.Contains(peerBlocks(s), p.Source)
	return named && cidr.Covers(peerBlocks(s), p.Source)
}

// everyPermission is each that could be wanted in the universe of mixed.
func everyPermission() []peering.Permission {
	sources := []peering.Permission{{Group: "sg-peer-1"}, {Group: "sg-peer-2"}, {PrefixList: "pl-1"}, {PrefixList: "pl-2"}}
	for _, b := range mixed.blocks {
		sources = append(sources, peering.Permission{Source: b})
	}
	var all []peering.Permission
	for _, protocol := range mixed.protocols {
		for _, r := range rangesOf(protocol) {
			for _, p := range sources {
				p.Protocol, p.From, p.To = protocol, r.From, r.To
				all = append(all, p)
			}
		}
	}
	return all
}
