package oracle_test

import (
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
)

// held puts the connection on hold in the cell.
func held(s scene, cell peering.Cell) { s.tagConnection(cell, peering.TagHold, "true") }

// TestNothingIsAddedOnHold in the cell with the tag, unless it keeps a part of the traffic that is there.
func TestNothingIsAddedOnHold(t *testing.T) {
	t.Parallel()
	const toBlue = "10.2.0.0/16"
	inCell := func(cell peering.Cell) func(scene) {
		return func(s scene) { s.accept("pcx-1"); s.peering().DNS = true; held(s, cell) }
	}
	here, there := inCell(redCell), inCell(blueCell)
	part := https
	part.Block = prefixes("10.2.1.0/24")[0]
	narrowed := func(s scene) {
		here(s)
		s.route("rtb-red", toBlue, "pcx-1")
		s.rule("sgr-1", "sg-red", https, "pcx-1")
		s.peering().Routes["red"] = plainpolicy.Routing{To: prefixes("10.2.1.0/24")}
		s.peering().Allow[0].Sources = prefixes("10.2.1.0/24")
	}
	checkCalls(t, []callCase{
		{"an acceptance", func(s scene) { held(s, blueCell) }, accept(blueCell), "pcx-1 was accepted, but it is on hold"},
		{"an acceptance after the hold", func(s scene) {
			s.tagConnection(blueCell, peering.TagHold, "false")
		}, accept(blueCell), ""},
		{"a rejection", func(s scene) {
			s.Policy.Peerings, s.Policy.Reject = nil, true
			held(s, blueCell)
		}, reject(blueCell), ""},
		{"a route", here, changeRoute("CreateRoute", "rtb-red", toBlue),
			"the route 10.2.0.0/16 in rtb-red was added, although pcx-1 is on hold"},
		{"a route, on hold in the other cell", there, changeRoute("CreateRoute", "rtb-red", toBlue), ""},
		{"a part of a route", narrowed, changeRoute("CreateRoute", "rtb-red", "10.2.1.0/24"), ""},
		{"a part of a route that partly leads elsewhere", func(s scene) {
			narrowed(s)
			s.route("rtb-red", "10.2.1.0/28", "igw-1")
		}, changeRoute("CreateRoute", "rtb-red", "10.2.1.0/24"), ""},
		{"a part of a route that leads elsewhere as a whole", func(s scene) {
			narrowed(s)
			s.route("rtb-red", "10.2.0.0/20", "igw-1")
		}, changeRoute("CreateRoute", "rtb-red", "10.2.1.0/24"),
			"the route 10.2.1.0/24 in rtb-red was added, although pcx-1 is on hold"},
		{"a rule", here, authorize(https, "pcx-1"),
			"a rule of sg-red for tcp 443 to 443 from 10.2.0.0/16 was added, although pcx-1 is on hold"},
		{"a rule, on hold in the other cell", there, authorize(https, "pcx-1"), ""},
		{"a part of a rule", narrowed, authorize(part, "pcx-1"), ""},
		{"a tag", here, createTags(peering.TagManaged, "autopeer"), "pcx-1 was tagged, but it is on hold"},
		{"a tag, on hold in the other cell", there, createTags(peering.TagManaged, "autopeer"), ""},
		{"the DNS option", here, modifyOptions(), "the DNS option of pcx-1 was changed, but the connection is on hold"},
		{"the DNS option, on hold in the other cell", there, modifyOptions(), ""},
	})
}

// TestARequestOnHoldIsNotReady in the requester's cell either.
func TestARequestOnHoldIsNotReady(t *testing.T) {
	t.Parallel()
	for cell, want := range map[peering.Cell]string{
		redCell: "pcx-1 was accepted, but it is on hold in the requester's cell", blueCell: "",
	} {
		s := newScene()
		held(s, cell)
		if got := oracle.CheckAgreement(s.Ledger, accept(blueCell)); got != want {
			t.Errorf("on hold in %s, CheckAgreement() = %q, want %q", cell, got, want)
		}
	}
}

// TestAHoldExplainsMissingAdditions in its cell, and no forbidden traffic.
func TestAHoldExplainsMissingAdditions(t *testing.T) {
	t.Parallel()
	without := func(cell peering.Cell) func(scene, *oracle.End) {
		return connected(func(s scene) { held(s, cell); clear(s.RouteTables["rtb-blue"].Routes) })
	}
	checkEnds(t, true, []endCase{
		{"a request is on hold in the accepter's cell", func(s scene, _ *oracle.End) { held(s, blueCell) }, ""},
		{"a request is on hold in the requester's cell", func(s scene, _ *oracle.End) { held(s, redCell) }, ""},
		{"a request is on hold in a third cell", func(s scene, _ *oracle.End) {
			held(s, greenCell)
		}, "pcx-1 is pending, but the policy accepts it"},
		{"a route is missing", without(blueCell), ""},
		{"a route is missing in the other cell", without(redCell),
			"the accepter side of pcx-1: rtb-blue has no route to 10.1.0.0/16"},
		{"a forbidden route stays", connected(func(s scene) {
			held(s, redCell)
			s.RouteTables["rtb-red"].Routes[prefixes("10.9.0.0/16")[0]] = ledger.Route{Target: "pcx-1"}
		}), "the requester side of pcx-1: rtb-red still has a route to 10.9.0.0/16, which the policy forbids"},
	})
}
