package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// TestEvidenceGoesLast: without the tag of the installation, rules may be the only evidence that the routes are its
// own. They are revoked once the routes are deleted, and before the rules for which they make room.
func TestEvidenceGoesLast(t *testing.T) {
	t.Parallel()
	surplus := leading("10.99.0.0/16", peering.Target(via))
	const (
		deletion   = "delete route 10.99.0.0/16 → pcx-new in rtb-1"
		whole      = "delete route 172.31.0.0/16 → pcx-new in rtb-1"
		narrower   = "create route 172.31.1.0/24 → pcx-new in rtb-1"
		revocation = "revoke sgr-1 in sg-1"
		narrowRule = "authorize tcp 443 from 172.31.1.0/24 in sg-1"
	)
	tests := []struct {
		name   string
		change func(*plan.Side)
		want   []string
	}{
		{"with the tag", func(s *plan.Side) {
			s.Connection.Tags[peering.TagManaged] = string(installation)
		}, []string{deletion, revocation}},
		{"without a tag", func(*plan.Side) {}, []string{deletion, "then " + revocation}},
		{"without a surplus route", func(s *plan.Side) { s.Tables = nil }, []string{revocation}},
		{"without a surplus rule", func(s *plan.Side) { s.Terms.Allow = allowing(443, 443) }, []string{deletion}},
		{"narrower routes", func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", toPeer(peering.Target(via), false))}
			s.Terms.Routes.To = prefixes("172.31.1.0/24")
		}, []string{narrower, "then " + whole, "then then " + revocation}},
		{"narrower routes and rules", func(s *plan.Side) {
			s.Tables = []peering.RouteTable{table("rtb-1", toPeer(peering.Target(via), false))}
			s.Terms.Routes.To, s.Terms.Allow = prefixes("172.31.1.0/24"), allowing(443, 443, "172.31.1.0/24")
		}, []string{narrower, narrowRule, "then " + whole, "then then " + revocation}},
		{"a narrower rule in a full group", func(s *plan.Side) {
			s.Terms.Allow, s.Limits.Rules = allowing(443, 443, "172.31.1.0/24"), 1
		}, []string{deletion, "then " + revocation, "then then " + narrowRule}},
		{"on hold", func(s *plan.Side) {
			s.Connection.Tags[peering.TagHold] = "true"
		}, []string{deletion, "then " + revocation}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := plan.Connect(marketing(func(s *plan.Side) {
				s.Terms.Tags = policy.NoTags
				s.Connection.Tags = map[string]string{peering.TagName: mine}
				s.Tables = []peering.RouteTable{table("rtb-1", surplus, toPeer(peering.Target(via), false))}
				group(s, tcp(443, 443, "172.31.0.0/16"))
				tt.change(s)
			}))
			if diff := cmp.Diff(tt.want, sentences(plan.Plan{Steps: p.Steps})); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
		})
	}
}

// TestTurns: rules that may be the evidence for a route of the other side are revoked after its deletion.
func TestTurns(t *testing.T) {
	t.Parallel()
	route, rule := plan.DeleteRoute{Table: "rtb-1", Via: via}, plan.Revoke{Group: "sg-1", Connection: via}
	add := plan.CreateRoute{Table: "rtb-1", Via: via}
	for name, tt := range map[string]struct {
		managed  peering.Installation
		one, two []plan.Change
		want     [][]int
	}{
		"with the tag":                     {installation, []plan.Change{rule}, []plan.Change{route}, [][]int{{0, 1}}},
		"rules and routes":                 {"", []plan.Change{add, rule}, []plan.Change{add, route}, [][]int{{1}, {0}}},
		"routes and rules":                 {"", []plan.Change{route}, []plan.Change{rule}, [][]int{{0}, {1}}},
		"both on both sides":               {"", []plan.Change{route, rule}, []plan.Change{route, rule}, [][]int{{0}, {1}}},
		"rules alone":                      {"", []plan.Change{rule}, []plan.Change{add}, [][]int{{1, 0}}},
		"routes alone":                     {"", []plan.Change{route}, []plan.Change{route}, [][]int{{0, 1}}},
		"another installation's tag":       {"green", []plan.Change{rule}, []plan.Change{route}, [][]int{{1}, {0}}},
		"a route of the side of the rules": {"", []plan.Change{route, rule}, []plan.Change{add}, [][]int{{1}, {0}}},
	} {
		s := marketing(func(s *plan.Side) { s.Connection.Tags = map[string]string{peering.TagManaged: string(tt.managed)} })
		got := plan.Turns([]plan.Side{s, s}, []plan.Plan{{Steps: [][]plan.Change{tt.one}}, {Steps: [][]plan.Change{tt.two}}})
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: turns (-want +got):\n%s", name, diff)
		}
	}
}

// TestACompleteSideBesideAProposal keeps its state, and has no step for the tag that the proposal of the other side
// has.
func TestACompleteSideBesideAProposal(t *testing.T) {
	t.Parallel()
	complete := marketing(func(s *plan.Side) {
		byHand(s)
		s.Tables = []peering.RouteTable{table("rtb-3", toPeer(peering.Target(via), false))}
	})
	plans := plan.ConnectSides(marketing(byHand), complete)
	if p := plans[1]; !plans[0].NeedsConsent() || p.NeedsConsent() || len(p.Steps) > 0 || len(p.State) != 1 {
		t.Errorf("the plans are %+v, want no step of the second side, and its route as the state", plans)
	}
}

// TestARevocationOfABlindSideReplacesNothing, so that it doesn't wait for an addition.
func TestARevocationOfABlindSideReplacesNothing(t *testing.T) {
	t.Parallel()
	p := plan.Connect(marketing(func(s *plan.Side) {
		group(s, tcp(443, 443, "172.31.0.0/16"))
		s.Connection.Accepter.Blocks = nil
	}))
	if changes := p.Changes(); len(changes) != 1 || plan.IsReplaced(changes[0]) {
		t.Errorf("changes = %v, want the revocation of a rule that nothing replaces", changes)
	}
}
