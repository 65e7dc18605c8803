package plan

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/cidr"
	"github.com/autopeer/autopeer/internal/peering"
	"github.com/autopeer/autopeer/internal/policy"
)

// planRules plans the ingress rules of every group that the terms choose. A rule that somebody else made
// and that admits the same counts as there, but not one that a dead connection has left: that will go when
// the connection is cleaned up after, so it makes room for one of this connection's own. EC2 may refuse the
// new one while the old one is there; then the next delivery adds it. Rules of ours that are no longer
// wanted are revoked.
func planRules(s Side) Plan {
	want, notes := wantedRules(s)
	p := Plan{Notes: notes}
	for _, g := range sortedGroups(s.Groups) {
		missing := without(want[g.ID], without(g.Ingress, permissionsIn(g.ID, s.Old)))
		if len(missing) > 0 {
			p.Changes = append(p.Changes, Authorize{
				Group: g.ID, Connection: s.Connection.ID, Permissions: missing,
				// EC2 allows few characters here, and no "<" or ">".
				Description: fmt.Sprintf("autopeer %s %s to %s", s.Connection.ID, s.Peer, s.Own),
			})
		}
		for _, w := range want[g.ID] {
			p.State = append(p.State, fmt.Sprintf("%s admits %s", g.ID, admits(w)))
		}
	}
	surplus := slices.DeleteFunc(slices.Clone(s.Ours), func(r peering.IngressRule) bool {
		return slices.Contains(want[r.Group], r.Permission)
	})
	inTheWay := slices.DeleteFunc(slices.Clone(s.Old), func(r peering.IngressRule) bool {
		return !slices.Contains(want[r.Group], r.Permission)
	})
	p.Changes = append(p.Changes, revocations(slices.Concat(surplus, inTheWay))...)
	return p
}

// Doubtful returns the groups that admit something that is wanted by a rule that isn't this connection's.
// Whose it is has to be looked up: somebody else's stays, a dead connection's doesn't.
func Doubtful(s Side) []peering.SecurityGroupID {
	want, _ := wantedRules(s)
	var ids []peering.SecurityGroupID
	for _, g := range sortedGroups(s.Groups) {
		missing := without(want[g.ID], permissionsIn(g.ID, s.Ours))
		if len(without(missing, g.Ingress)) < len(missing) {
			ids = append(ids, g.ID)
		}
	}
	return ids
}

func permissionsIn(g peering.SecurityGroupID, rules []peering.IngressRule) []peering.Permission {
	var all []peering.Permission
	for _, r := range rules {
		if r.Group == g {
			all = append(all, r.Permission)
		}
	}
	return all
}

// wantedRules returns what each group shall admit, sorted and without repetition.
func wantedRules(s Side) (map[peering.SecurityGroupID][]peering.Permission, []string) {
	want := map[peering.SecurityGroupID][]peering.Permission{}
	var notes []string
	for _, allow := range s.Terms.Allow {
		groups, lacking := chosenGroups(allow.Groups, s.Groups)
		notes = append(notes, lacking...)
		permissions := permissions(allow, s.peerBlocks())
		for _, g := range groups {
			want[g] = append(want[g], permissions...)
		}
	}
	for g := range want {
		slices.SortFunc(want[g], comparePermissions)
		want[g] = slices.Compact(want[g])
	}
	return want, notes
}

func chosenGroups(want policy.Groups, groups []peering.SecurityGroup) ([]peering.SecurityGroupID, []string) {
	chosen := map[peering.SecurityGroupID]bool{}
	for _, g := range groups {
		if slices.Contains(want.IDs, g.ID) || (len(want.Tags) > 0 && hasTags(g.Tags, want.Tags)) {
			chosen[g.ID] = true
		}
	}
	notes := slices.Concat(lacking(want.IDs, chosen), noneChosen(chosen, "security group", want.Tags))
	return slices.Sorted(maps.Keys(chosen)), notes
}

// permissions returns what one allow line of the policy admits from a peer with these blocks.
func permissions(allow policy.Allow, peerBlocks []netip.Prefix) []peering.Permission {
	var all []peering.Permission
	for _, source := range sources(allow, peerBlocks) {
		for _, ports := range portRanges(allow) {
			all = append(all, peering.Permission{Protocol: allow.Protocol, From: ports.From, To: ports.To, Source: source})
		}
	}
	return all
}

// sources returns the blocks that the traffic may come from: those that the policy names and the peer
// really has, or all of the peer's, in either case of the protocol's family.
func sources(allow policy.Allow, peerBlocks []netip.Prefix) []netip.Prefix {
	candidates := peerBlocks
	if len(allow.Sources) > 0 {
		candidates = slices.DeleteFunc(slices.Clone(allow.Sources), func(p netip.Prefix) bool { return !cidr.Covers(peerBlocks, p) })
	}
	return slices.DeleteFunc(cidr.Sorted(candidates), func(p netip.Prefix) bool {
		return (allow.Protocol == peering.ICMP && !p.Addr().Is4()) || (allow.Protocol == peering.ICMPv6 && p.Addr().Is4())
	})
}

// portRanges returns the ranges as EC2 stores them when the policy names none.
func portRanges(allow policy.Allow) []policy.PortRange {
	switch {
	case len(allow.Ports) > 0:
		return allow.Ports
	case allow.Protocol == peering.TCP || allow.Protocol == peering.UDP:
		return []policy.PortRange{{From: 0, To: 65535}}
	}
	return []policy.PortRange{{From: -1, To: -1}}
}

func revocations(rules []peering.IngressRule) []Change {
	byGroup := map[peering.SecurityGroupID][]peering.RuleID{}
	for _, r := range rules {
		byGroup[r.Group] = append(byGroup[r.Group], r.ID)
	}
	var changes []Change
	for _, g := range slices.Sorted(maps.Keys(byGroup)) {
		changes = append(changes, Revoke{Group: g, Rules: slices.Sorted(slices.Values(byGroup[g]))})
	}
	return changes
}

func without(want, have []peering.Permission) []peering.Permission {
	return slices.DeleteFunc(slices.Clone(want), func(p peering.Permission) bool { return slices.Contains(have, p) })
}

func comparePermissions(a, b peering.Permission) int {
	return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), a.Source.Compare(b.Source))
}

func sortedGroups(groups []peering.SecurityGroup) []peering.SecurityGroup {
	return slices.SortedFunc(slices.Values(groups), func(a, b peering.SecurityGroup) int { return cmp.Compare(a.ID, b.ID) })
}
