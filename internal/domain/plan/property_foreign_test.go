package plan_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// TestNoPlanTouchesForeignRoutesAndRules: of the routes only those to the connection may go, and of the rules only
// those with its tag; of the leftovers of dead connections, those that obstruct a wanted route.
func TestNoPlanTouchesForeignRoutesAndRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSide(t)
		after := carryOut(t, s, plan.Connect(s))
		for i, before := range s.Tables {
			for _, r := range before.Routes {
				may := isOurRoute(r) || isLeft(r) && wantsRoute(s, before, r.Destination)
				if !may && !slices.Contains(after.Tables[i].Routes, r) {
					t.Fatalf("%s lost %v", before.ID, r)
				}
			}
		}
		for i, before := range s.Groups {
			for _, p := range before.Ingress {
				may := isAmong(s.Ours, before.ID, p) || isAmong(s.Old, before.ID, p) && wantsRule(s, before, p)
				if !may && !slices.Contains(after.Groups[i].Ingress, p) {
					t.Fatalf("%s lost %v", before.ID, p)
				}
			}
		}
		if name := s.Connection.Tags[peering.TagName]; name != "" && after.Connection.Tags[peering.TagName] != name {
			t.Fatalf("the connection's name was %s and is %s", name, after.Connection.Tags[peering.TagName])
		}
	})
}

// isOurRoute reports whether the route leads to the connection. One to a prefix list autopeer never makes.
func isOurRoute(r peering.Route) bool { return r.Target == peering.Target(via) && r.PrefixList == "" }

// isLeft reports whether a dead connection has left the route.
func isLeft(r peering.Route) bool { return r.Target == other && r.Blackhole }

func isAmong(rules []peering.IngressRule, g peering.SecurityGroupID, p peering.Permission) bool {
	return slices.ContainsFunc(rules, func(r peering.IngressRule) bool { return r.Group == g && r.Permission == p })
}

// TestNoPlanTouchesRoutesOfAnotherTool: where the terms leave all routes of the side to another tool, those to the
// connection belong to it too.
func TestNoPlanTouchesRoutesOfAnotherTool(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSide(t)
		s.Terms.Routes.Tables.Scope = policy.NoTables
		p := plan.Connect(s)
		after := carryOut(t, s, p)
		for i, before := range s.Tables {
			if !slices.Equal(before.Routes, after.Tables[i].Routes) {
				t.Fatalf("the routes of %s were %v and are %v", before.ID, before.Routes, after.Tables[i].Routes)
			}
		}
		if len(p.Conflicts) > 0 {
			t.Fatalf("conflicts: %v", p.Conflicts)
		}
	})
}

// TestDisconnectTakesNothingElse: also of a side that was never made right.
func TestDisconnectTakesNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSide(t)
		after := withoutOurs(t, s)
		for i, before := range s.Tables {
			kept := slices.DeleteFunc(slices.Clone(before.Routes), isOurRoute)
			if !slices.Equal(kept, after.Tables[i].Routes) {
				t.Fatalf("of %v in %s %v are left", before.Routes, before.ID, after.Tables[i].Routes)
			}
		}
		for i, before := range s.Groups {
			kept := slices.DeleteFunc(slices.Clone(before.Ingress), func(p peering.Permission) bool {
				return isAmong(s.Ours, before.ID, p)
			})
			if !slices.Equal(kept, after.Groups[i].Ingress) {
				t.Fatalf("of %v in %s %v are left", before.Ingress, before.ID, after.Groups[i].Ingress)
			}
		}
	})
}
