package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// planRules plans the ingress rules of every group that the terms choose. An existing rule of another principal
// makes a wanted rule unnecessary. The rule of a dead connection doesn't, because disconnect will revoke it: it is
// replaced by a rule of this connection. Our rules that are no longer wanted are revoked.
func planRules(s Side) ([]resource, []string) {
	want, notes := wantedRules(s)
	groups := make([]resource, 0, len(s.Groups))
	for _, g := range sortedGroups(s.Groups) {
		groups = append(groups, planGroup(g, want[g.ID], s))
	}
	return groups, notes
}

func planGroup(g peering.SecurityGroup, want []peering.Permission, s Side) resource {
	r := resource{quotas: ruleQuotas(s, g), losses: goingRules(g.ID, want, s)}
	idle := permissionsIn(g.ID, stale(s.Ours))
	admitted := without(permissionsIn(g.ID, s.Ours), idle)
	for _, p := range without(g.Ingress, idle) {
		if slices.Contains(admitted, p) || slices.Contains(want, p) {
			r.existing = append(r.existing, item{fact: ruleFact(g.ID, p)})
		}
	}
	missing := without(want, without(g.Ingress, slices.Concat(permissionsIn(g.ID, s.Old), idle)))
	for _, p := range missing {
		gain := item{traffic: p, fact: ruleFact(g.ID, p), group: g.ID}
		gain.closes = r.closesOn(p) && covers(admitted, p) && !slices.Contains(g.Ingress, p)
		r.gains = append(r.gains, gain)
	}
	for _, p := range want {
		r.wanted = append(r.wanted, ruleFact(g.ID, p))
	}
	return r
}

// closesOn reports whether a loss that the policy forbids admits some of the traffic.
func (r resource) closesOn(p peering.Permission) bool {
	return slices.ContainsFunc(r.losses, func(loss item) bool { return loss.closes && overlap(loss.traffic, p) })
}

func ruleFact(g peering.SecurityGroupID, p peering.Permission) Fact {
	return Fact{fmt.Sprintf("%s admits %s", g, admits(p)), key("rule", g, permissionKey(p))}
}

// goingRules returns our rules of the group that are no longer wanted, and those of dead connections that are in
// the way.
func goingRules(g peering.SecurityGroupID, want []peering.Permission, s Side) []item {
	var going []item
	for _, r := range s.Ours {
		if r.Group == g && (r.Stale || !slices.Contains(want, r.Permission)) {
			going = append(going, item{traffic: r.Permission, fact: ruleFact(g, r.Permission), rule: r,
				closes: !covers(want, r.Permission)})
		}
	}
	for _, r := range s.Old {
		if r.Group == g && slices.Contains(want, r.Permission) {
			going = append(going, item{traffic: r.Permission, fact: ruleFact(g, r.Permission), rule: r})
		}
	}
	return going
}

// stale returns the rules without effect: EC2 reports that the group to which they refer no longer exists.
func stale(rules []peering.IngressRule) []peering.IngressRule {
	return slices.DeleteFunc(slices.Clone(rules), func(r peering.IngressRule) bool { return !r.Stale })
}

// authorizations returns one call for all blocks, and one for each group and prefix list: EC2 makes all rules of a
// call or none, and a group or prefix list may not exist.
func authorizations(s Side, g peering.SecurityGroupID, missing []peering.Permission) []Change {
	var blocks []peering.Permission
	var changes []Change
	authorize := func(permissions ...peering.Permission) {
		changes = append(changes, Authorize{
			Group: g, Connection: s.Connection.ID, By: s.By, Permissions: permissions,
			Peer:        s.Connection.VPC(s.Role.Other()).Owner,
			Description: peering.Describe(s.Connection.ID, s.Peer, s.Own),
		})
	}
	for _, p := range missing {
		if p.Source.IsValid() {
			blocks = append(blocks, p)
		} else {
			authorize(p)
		}
	}
	if len(blocks) > 0 {
		authorize(blocks...)
	}
	return changes
}

// Doubtful returns the groups where a wanted permission already exists under another owner. The caller has to read the
// owners of these rules: the rule of another principal stays, the rule of a dead connection is revoked.
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

// wantedRules returns the wanted permissions of each group, sorted and without repetition, and notes for those that
// can't be made.
func wantedRules(s Side) (map[peering.SecurityGroupID][]peering.Permission, []string) {
	want := map[peering.SecurityGroupID][]peering.Permission{}
	var notes []string
	for _, allow := range s.Terms.Allow {
		groups, lacking := chosenGroups(allow.Groups, s.Groups)
		groups, foreign := s.withoutParticipants(groups)
		notes = slices.Concat(notes, lacking, foreign)
		permissions, unadmitted := permissions(allow, s)
		notes = append(notes, unadmitted...)
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

// withoutParticipants leaves out the groups of accounts that a subnet of the VPC is shared with, and returns a
// sentence for each. The VPC's owner can describe them and change none:
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-share-limitations.html
func (s Side) withoutParticipants(ids []peering.SecurityGroupID) (own []peering.SecurityGroupID, notes []string) {
	owner := s.Connection.VPC(s.Role).Owner
	for _, id := range ids {
		i := slices.IndexFunc(s.Groups, func(g peering.SecurityGroup) bool { return g.ID == id })
		if by := s.Groups[i].Owner; by != "" && by != owner {
			notes = append(notes,
				fmt.Sprintf("%s gets no rules: it belongs to the account %s, a participant in a shared subnet of the VPC, "+
					"and only that account can change it", id, by))
			continue
		}
		own = append(own, id)
	}
	return own, notes
}

// permissions returns the permissions of one allow line of the policy, and a note for each source that can't be
// admitted.
func permissions(allow policy.Allow, s Side) (all []peering.Permission, notes []string) {
	sources, notes := sources(allow, s)
	for _, source := range sources {
		for _, ports := range Ranges(allow) {
			source.Protocol, source.From, source.To = allow.Protocol, ports.From, ports.To
			all = append(all, source)
		}
	}
	return all, notes
}

// sources returns the sources of the traffic, as permissions without protocol and ports. They are the groups and prefix
// lists that the policy names, and blocks of the protocol's family. The blocks are the permitted ones that the policy
// names and the peer has, or all permitted blocks of the peer if the policy names no source.
func sources(allow policy.Allow, s Side) (from []peering.Permission, notes []string) {
	blocks := s.peerBlocks()
	if !allow.Sources.IsAll() {
		blocks = allow.Sources.Blocks
	}
	for _, b := range cidr.Sorted(blocks) {
		switch {
		case !cidr.Covers(s.peerBlocks(), b):
			notes = append(notes, fmt.Sprintf("%s is not admitted: the peer's permitted blocks are %s", b, list(s.peerBlocks())))
		case b.Addr().Is4() && allow.Protocol != peering.ICMPv6, b.Addr().Is6() && allow.Protocol != peering.ICMP:
			from = append(from, peering.Permission{Source: b})
		}
	}
	groups, more := s.sourceGroups(allow.Sources.Groups)
	from, notes = append(from, groups...), append(notes, more...)
	for _, l := range allow.Sources.PrefixLists {
		from = append(from, peering.Permission{PrefixList: l})
	}
	return from, notes
}

// sourceGroups returns the groups of the list that the connection admits, as permissions that lack protocol and ports.
// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html
func (s Side) sourceGroups(groups []peering.SecurityGroupID) (from []peering.Permission, notes []string) {
	for _, g := range groups {
		switch {
		case s.owns(g): // EC2 accepts such a rule, which admits traffic inside the VPC
			notes = append(notes,
				fmt.Sprintf("%s is not admitted: it is a security group of the VPC itself; name one of the peer's VPC", g))
		case s.Connection.Requester.Region != s.Connection.Accepter.Region:
			notes = append(notes, fmt.Sprintf("%s is not admitted: a group of another Region can't be referenced; name blocks",
				g))
		case s.isElsewhere(g):
			notes = append(notes, fmt.Sprintf("%s is not admitted: it is not a group of %s",
				g, s.Connection.VPC(s.Role.Other()).ID))
		default:
			from = append(from, peering.Permission{Group: g})
		}
	}
	return from, notes
}

// isElsewhere reports whether the source group is known to be in another VPC than the peer's: each connection
// admits the groups of its own VPC. A rule of the connection for the group stays: the list of groups may be older
// than the group.
func (s Side) isElsewhere(g peering.SecurityGroupID) bool {
	if slices.ContainsFunc(s.Ours, func(r peering.IngressRule) bool { return r.Permission.Group == g && !r.Stale }) {
		return false
	}
	if slices.ContainsFunc(s.PeerGroups, func(known peering.SecurityGroup) bool { return known.ID == g }) {
		return false
	}
	isPeered := func(own peering.SecurityGroup) bool { return own.Peered[g] != "" && own.Peered[g] != s.Connection.ID }
	return len(s.PeerGroups) > 0 || slices.ContainsFunc(s.Groups, isPeered)
}

// Ranges returns the ports, or types and codes, of an allow line as EC2 stores them, also when it names none.
func Ranges(allow policy.Allow) []policy.PortRange {
	switch {
	case len(allow.Ports) > 0:
		return allow.Ports
	case len(allow.Types) > 0:
		return typeRanges(allow.Types)
	case allow.Protocol == peering.TCP || allow.Protocol == peering.UDP:
		return []policy.PortRange{{From: 0, To: 65535}}
	}
	return []policy.PortRange{{From: -1, To: -1}}
}

// typeRanges writes types and codes as EC2 does, in the place of ports.
func typeRanges(types []policy.ICMPType) []policy.PortRange {
	ranges := make([]policy.PortRange, len(types))
	for i, t := range types {
		ranges[i] = policy.PortRange{From: t.Type, To: t.Code}
	}
	return ranges
}

// revocations returns one change for each group, connection and installation, since a change names the tags that
// all its rules carry. Either all the rules are replaced by others or none is.
func revocations(rules []peering.IngressRule, replaced bool) []Change {
	type owner struct {
		group      peering.SecurityGroupID
		connection peering.ConnectionID
		by         peering.Installation
	}
	byOwner := map[owner][]peering.RuleID{}
	for _, r := range rules {
		of := owner{r.Group, r.Connection(), r.MadeBy()}
		byOwner[of] = append(byOwner[of], r.ID)
	}
	owners := slices.SortedFunc(maps.Keys(byOwner), func(a, b owner) int {
		return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(a.connection, b.connection), cmp.Compare(a.by, b.by))
	})
	var changes []Change
	for _, of := range owners {
		changes = append(changes, Revoke{Group: of.group, Connection: of.connection, By: of.by,
			Rules: slices.Sorted(slices.Values(byOwner[of])), Replaced: replaced})
	}
	return changes
}

func without(want, have []peering.Permission) []peering.Permission {
	return slices.DeleteFunc(slices.Clone(want), func(p peering.Permission) bool { return slices.Contains(have, p) })
}

func comparePermissions(a, b peering.Permission) int {
	return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To),
		a.Source.Compare(b.Source), cmp.Compare(a.Group, b.Group), cmp.Compare(a.PrefixList, b.PrefixList))
}

func sortedGroups(groups []peering.SecurityGroup) []peering.SecurityGroup {
	return slices.SortedFunc(slices.Values(groups),
		func(a, b peering.SecurityGroup) int { return cmp.Compare(a.ID, b.ID) })
}
