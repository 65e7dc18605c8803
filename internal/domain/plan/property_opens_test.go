package plan_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// TestASideHasTheRoutesAndRulesOfTheTerms and no other routes and rules of the connection.
func TestASideHasTheRoutesAndRulesOfTheTerms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSide(t)
		p := plan.Connect(s)
		if p.IsObstructed() {
			return
		}
		after := carryOut(t, s, p)
		wanted := 0
		for _, table := range after.Tables {
			wanted += checkTable(t, after, table)
		}
		for _, g := range after.Groups {
			wanted += checkGroup(t, after, g)
		}
		for _, r := range after.Ours {
			if r.Stale || !slices.ContainsFunc(after.Groups, func(g peering.SecurityGroup) bool {
				return g.ID == r.Group && wantsRule(s, g, r.Permission)
			}) {
				t.Fatalf("%+v is ours, and the terms are %+v", r, s.Terms)
			}
		}
		if len(p.State) != wanted {
			t.Fatalf("%d routes and rules are wanted, and the state is %v", wanted, p.State)
		}
	})
}

// checkTable returns how many routes are wanted in the table.
func checkTable(t *rapid.T, s plan.Side, table peering.RouteTable) (wanted int) {
	for _, dst := range mixed.routed {
		has := slices.Contains(table.Routes, peering.Route{Destination: dst, Target: peering.Target(via)})
		wants := wantsRoute(s, table, dst)
		if wants {
			wanted++
		}
		if has != wants && s.Terms.Routes.Tables.Scope != policy.NoTables {
			t.Fatalf("%s routes %s to the connection: %v; the terms are %+v and the peer's blocks %v", table.ID, dst, has,
				s.Terms.Routes, peerBlocks(s))
		}
	}
	return wanted
}

// checkGroup returns how many rules are wanted in the group. One that will go with a dead connection, or that admits
// no address, doesn't count.
func checkGroup(t *rapid.T, s plan.Side, g peering.SecurityGroup) (wanted int) {
	leaving := func(p peering.Permission) bool {
		return slices.ContainsFunc(slices.Concat(s.Ours, s.Old), func(r peering.IngressRule) bool {
			return r.Group == g.ID && r.Permission == p && (r.Stale || r.Connection() != via)
		})
	}
	for _, p := range everyPermission() {
		if !wantsRule(s, g, p) {
			continue
		}
		wanted++
		if !slices.Contains(g.Ingress, p) || leaving(p) {
			t.Fatalf("%s doesn't admit %+v for good; the terms are %+v", g.ID, p, s.Terms.Allow)
		}
	}
	return wanted
}

// TestNothingIsOpenedThatThePolicyDoesNotName, for all states of the side.
func TestNothingIsOpenedThatThePolicyDoesNotName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSide(t)
		before := withoutOurs(t, s)
		after := carryOut(t, s, plan.Connect(s))
		for i, table := range after.Tables {
			for _, r := range table.Routes {
				if !slices.Contains(s.Tables[i].Routes, r) && !wantsRoute(s, table, r.Destination) {
					t.Fatalf("%s routes %v; the terms are %+v", table.ID, r, s.Terms.Routes)
				}
			}
		}
		for i, g := range after.Groups {
			for _, p := range g.Ingress {
				if !slices.Contains(before.Groups[i].Ingress, p) && !isAmong(s.Ours, g.ID, p) && !wantsRule(s, g, p) {
					t.Fatalf("%s admits %+v; the terms are %+v", g.ID, p, s.Terms.Allow)
				}
			}
		}
	})
}

// TestOmittedBlocksAndGroupsAreNoted: every block or group that the policy names and that is left out has a note,
// unless it is excluded.
func TestOmittedBlocksAndGroupsAreNoted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSide(t)
		p := plan.Connect(s)
		if p.IsObstructed() {
			return
		}
		var want []string
		if s.Terms.Routes.Tables.Scope != policy.NoTables {
			want = unrouted(s)
		}
		for _, a := range s.Terms.Allow {
			want = append(want, unadmitted(s, a)...)
		}
		for _, w := range want {
			if !slices.ContainsFunc(p.Notes, func(n string) bool { return strings.HasPrefix(n, w) }) {
				t.Fatalf("there is no note that %s: %v", w, p.Notes)
			}
		}
	})
}

// unrouted returns the destinations that the peer doesn't have, or that are excluded in part.
func unrouted(s plan.Side) []string {
	r, chosen := s.Terms.Routes, s.Terms.Routes.To
	if len(chosen) == 0 {
		chosen = peerBlocks(s)
	}
	var notes []string
	for _, dst := range chosen {
		excluded := slices.ContainsFunc(r.Except, func(e netip.Prefix) bool { return cidr.Contains(e, dst) })
		hole := !excluded && slices.ContainsFunc(r.Except, dst.Overlaps)
		if hole || !cidr.Covers(peerBlocks(s), dst) {
			notes = append(notes, dst.String()+" is not routed")
		}
	}
	return notes
}

// unadmitted returns the sources of the line that can't be admitted.
func unadmitted(s plan.Side, a policy.Allow) []string {
	var notes []string
	for _, b := range a.Sources.Blocks {
		if !cidr.Covers(peerBlocks(s), b) {
			notes = append(notes, b.String()+" is not admitted")
		}
	}
	for _, g := range a.Sources.Groups {
		if s.Connection.Requester.Region != s.Connection.Accepter.Region {
			notes = append(notes, string(g)+" is not admitted")
		}
	}
	return notes
}
