package oracle_test

import (
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
)

// byHand accepts pcx-1 and routes a part of blue to it in red, as people do before autopeer has connected it.
func byHand(s scene) {
	s.accept("pcx-1")
	s.route("rtb-red", "10.2.1.0/24", "pcx-1")
}

// TestNothingIsChangedBeforeConsent in the cell with a route that would have to go, unless there is evidence.
func TestNothingIsChangedBeforeConsent(t *testing.T) {
	t.Parallel()
	const waits = ", but pcx-1 has routes that autopeer hasn't made, and no person consented to their removal"
	with := func(change func(scene)) func(scene) {
		return func(s scene) { byHand(s); s.peering().DNS = true; change(s) }
	}
	none := with(func(scene) {})
	remove, create := changeRoute("DeleteRoute", "rtb-red", "10.2.1.0/24"),
		changeRoute("CreateRoute", "rtb-red", "10.2.0.0/16")
	whole := func(s scene) { s.route("rtb-red", "10.2.0.0/16", "pcx-1") }
	checkCalls(t, []callCase{
		{"a removal", with(whole), remove,
			"the route 10.2.1.0/24 → pcx-1 in rtb-red was deleted, but nothing shows that autopeer " +
				"made it, and no person consented"},
		{"a removal with the tag of autopeer", with(func(s scene) {
			whole(s)
			s.tagConnection(redCell, peering.TagManaged, "autopeer")
		}), remove, ""},
		{"a removal with a rule of autopeer", with(func(s scene) {
			whole(s)
			s.rule("sgr-1", "sg-red", https, "pcx-1")
		}), remove, ""},
		{"a removal with a person's consent", with(func(s scene) {
			whole(s)
			s.tagConnection(redCell, peering.TagAdopt, "true")
		}), remove, ""},
		{"a removal with the policy's consent", with(func(s scene) { whole(s); s.peering().Adopt = true }), remove, ""},
		{"a removal with consent in the other cell", with(func(s scene) {
			whole(s)
			s.tagConnection(blueCell, peering.TagAdopt, "true")
		}), remove,
			"the route 10.2.1.0/24 → pcx-1 in rtb-red was deleted, but nothing shows that autopeer " +
				"made it, and no person consented"},
		{"a removal with another value", with(func(s scene) {
			whole(s)
			s.tagConnection(redCell, peering.TagAdopt, "false")
		}), remove,
			"the route 10.2.1.0/24 → pcx-1 in rtb-red was deleted, but nothing shows that autopeer " +
				"made it, and no person consented"},
		{"a route", none, create, "a route was added" + waits},
		{"a route, with consent", with(func(s scene) { s.tagConnection(redCell, peering.TagAdopt, "true") }), create, ""},
		{"a route beside wanted ones", func(s scene) {
			s.accept("pcx-1")
			s.table(red, "rtb-red-2")
			whole(s)
		}, changeRoute("CreateRoute", "rtb-red-2", "10.2.0.0/16"), ""},
		{"a rule", none, authorize(https, "pcx-1"), "a rule was made" + waits},
		{"a tag", none, createTags(peering.TagManaged, "autopeer"), "a tag was set" + waits},
		{"the DNS option", none, modifyOptions(), "the DNS option was changed" + waits},
		{"a tag beside a conflict, which leaves a narrower route for now", with(func(s scene) {
			s.route("rtb-red", "10.2.9.0/24", "igw-1")
		}),
			createTags(peering.TagManaged, "autopeer"), "a tag was set" + waits},
	})
}

// TestAProposalExplainsMissingChanges in its cell, if it was announced.
func TestAProposalExplainsMissingChanges(t *testing.T) {
	t.Parallel()
	surplus := func(change func(scene, *oracle.End)) func(scene, *oracle.End) {
		return func(s scene, e *oracle.End) {
			connected(func(s scene) {
				delete(s.Tags, "pcx-1@"+blueCell.String())
				s.RouteTables["rtb-blue"].Routes[prefixes("10.1.1.0/24")[0]] = ledger.Route{Target: "pcx-1"}
			})(s, e)
			change(s, e)
		}
	}
	proposed := oracle.Announcement{
		At: now, DetailType: "Changes Proposed", Code: "needs-adoption", Connection: "pcx-1",
		Cell: blueCell, Side: peering.Accepter,
	}
	const missing = "the accepter side of pcx-1: it has routes that autopeer hasn't made, and " +
		"their removal wasn't proposed"
	checkEnds(t, true, []endCase{
		{"it was proposed", surplus(func(_ scene, e *oracle.End) {
			e.Announcements = append(e.Announcements, proposed)
		}), ""},
		{"it wasn't", surplus(func(scene, *oracle.End) {}), missing},
		{"an event was lost", surplus(func(_ scene, e *oracle.End) { e.LostEvents = map[string]bool{"pcx-1": true} }), ""},
		{"a sweep failed", surplus(func(_ scene, e *oracle.End) {
			e.FailedSweeps = map[peering.Cell]bool{blueCell: true}
		}), ""},
		{"a person has consented", surplus(func(s scene, _ *oracle.End) { s.peering().Adopt = true }),
			"the accepter side of pcx-1: rtb-blue has a route to 10.1.1.0/24 that the policy doesn't want"},
	})
}
