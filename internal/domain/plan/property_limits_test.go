package plan_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// TestConflictsAreTheRoutesInTheWay, all of them and no others.
func TestConflictsAreTheRoutesInTheWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSide(t)
		var want, got []string
		for _, table := range s.Tables {
			for _, r := range table.Routes {
				for _, dst := range mixed.blocks {
					if wantsRoute(s, table, dst) && isInTheWay(r, dst) && !isKept(s, r, dst) {
						want = append(want, fmt.Sprint(plan.Conflict{
							Table: table.ID, Route: r, Destination: dst, Wanted: via, Own: s.Own,
						}))
					}
				}
			}
		}
		for _, c := range plan.Connect(s).Conflicts {
			got = append(got, c.String())
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("conflicts (-want +got):\n%s", diff)
		}
	})
}

// isInTheWay reports whether the route leads to addresses of the destination, or to another peer that would lose
// addresses to the destination.
func isInTheWay(r peering.Route, dst netip.Prefix) bool {
	switch {
	case r.PrefixList != "", isOurRoute(r), isLeft(r):
		return false
	case cidr.Contains(dst, r.Destination):
		return true
	}
	return cidr.Contains(r.Destination, dst) && r.Target.IsConnection()
}

// isKept reports whether the terms keep the route, which leads a part of the destination elsewhere.
func isKept(s plan.Side, r peering.Route, dst netip.Prefix) bool {
	return r.Destination != dst && cidr.Contains(dst, r.Destination) && slices.Contains(s.Terms.Routes.Keep, r.Destination)
}

// TestForeseeFindsTheObstaclesOfConnect, once the blocks are known.
func TestForeseeFindsTheObstaclesOfConnect(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSide(t)
		p := plan.Connect(s)
		if p.Closes() {
			return // its removals change the figures
		}
		conflicts, shortages := plan.Foresee(s)
		want := everything(plan.Plan{Conflicts: p.Conflicts, Shortages: p.Shortages})
		if diff := cmp.Diff(want, everything(plan.Plan{Conflicts: conflicts, Shortages: shortages})); diff != "" {
			t.Fatalf("foreseen (-connect +foresee):\n%s", diff)
		}
	})
}

// TestShortagesAreTheAdditionsBeyondTheLimits, counted in the plan that there would be without limits.
func TestShortagesAreTheAdditionsBeyondTheLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSide(t)
		free := s
		free.Limits = policy.Limits{Routes: 1000, Rules: 1000}
		unlimited := plan.Connect(free)
		if len(unlimited.Conflicts) > 0 {
			return
		}
		var want []string
		for _, f := range []string{"IPv4", "IPv6"} {
			want = slices.Concat(want, tooManyRoutes(s, f, unlimited.Changes()), tooManyRules(s, f, unlimited.Changes()))
		}
		p := plan.Connect(s)
		if p.Closes() {
			return // the figures count its removals; see TestNarrowingInAFullGroup
		}
		var got []string
		for _, shortage := range p.Shortages {
			got = append(got, shortage.String())
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("shortages (-want +got):\n%s", diff)
		}
	})
}

func isOf(family string, p netip.Prefix) bool {
	return p.IsValid() && p.Addr().Is4() == (family == "IPv4")
}

func tooManyRoutes(s plan.Side, family string, changes []plan.Change) []string {
	have, need := map[peering.RouteTableID]int{}, map[peering.RouteTableID]int{}
	for _, t := range s.Tables {
		for _, r := range t.Routes {
			if !r.Propagated && isOf(family, r.Destination) {
				have[t.ID]++
			}
		}
	}
	for _, c := range changes {
		if create, ok := c.(plan.CreateRoute); ok && isOf(family, create.Destination) {
			need[create.Table]++
		}
		if gone, ok := c.(plan.DeleteRoute); ok && isOf(family, gone.Destination) {
			have[gone.Table]--
		}
	}
	return beyond(have, need, s.Limits.OrDefaults().Routes, family+" routes")
}

// tooManyRules counts rules without a block for both families.
func tooManyRules(s plan.Side, family string, changes []plan.Change) []string {
	have, need := map[peering.SecurityGroupID]int{}, map[peering.SecurityGroupID]int{}
	count := func(n map[peering.SecurityGroupID]int, g peering.SecurityGroupID, permissions []peering.Permission) {
		for _, p := range permissions {
			if !p.Source.IsValid() || isOf(family, p.Source) {
				n[g]++
			}
		}
	}
	for _, g := range s.Groups {
		count(have, g.ID, g.Ingress)
	}
	for _, c := range changes {
		switch c := c.(type) {
		case plan.Authorize:
			count(need, c.Group, c.Permissions)
		case plan.Revoke:
			gone := map[peering.SecurityGroupID]int{}
			count(gone, c.Group, revoked(s, c))
			have[c.Group] -= gone[c.Group]
		}
	}
	return beyond(have, need, s.Limits.OrDefaults().Rules, "ingress rules for "+family)
}

// revoked returns the permissions of the revoked rules.
func revoked(s plan.Side, c plan.Revoke) []peering.Permission {
	var all []peering.Permission
	for _, r := range slices.Concat(s.Ours, s.Old) {
		if slices.Contains(c.Rules, r.ID) {
			all = append(all, r.Permission)
		}
	}
	return all
}

// TestNoStepExceedsALimit, not even for the moment in which everything is added and nothing has gone yet: the changes
// of a step are made together, in any order.
func TestNoStepExceedsALimit(t *testing.T) {
	all, several := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		s := drawSide(t)
		p := plan.Connect(s)
		all++
		if len(p.Steps) > 1 {
			several++
		}
		for i, after := range moments(t, s, p) {
			added := slices.DeleteFunc(slices.Clone(p.Steps[i]), plan.Removes)
			for _, f := range []string{"IPv4", "IPv6"} {
				if over := slices.Concat(tooManyRoutes(s, f, added), tooManyRules(s, f, added)); len(over) > 0 {
					t.Fatalf("%v would be too much: %v", added, over)
				}
			}
			s = after
		}
	})
	if all >= 1000 && several == 0 {
		t.Errorf("of %d sides none has a plan of several steps", all)
	}
}

func beyond[ID ~string](have, need map[ID]int, limit int, of string) []string {
	var all []string
	for id, n := range need {
		if have[id]+n > limit {
			all = append(all, plan.Shortage{Resource: string(id), Of: of, Have: have[id], Need: n, Limit: limit}.String())
		}
	}
	return all
}
