package oracle_test

import (
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
)

// reported has the peering of the scene in report mode. Removed connections are disconnected, so that the cells aren't
// in report mode as a whole.
func reported(s scene) { s.peering().Report, s.Policy.Disconnect = true, true }

// TestNothingIsChangedInReportMode for the connection, dead or alive.
func TestNothingIsChangedInReportMode(t *testing.T) {
	t.Parallel()
	const toBlue = "10.2.0.0/16"
	active := func(s scene) { s.accept("pcx-1"); s.peering().DNS = true; reported(s) }
	dead := func(s scene) { s.connect(); s.delete("pcx-1"); reported(s) }
	other := func(s scene) { // that is enforced, and follows pcx-1
		dead(s)
		s.Policy.Add("green", plainpolicy.Member{Cell: greenCell, VPC: green.ID})
		s.Policy.Peerings = append(s.Policy.Peerings, plainpolicy.Peering{A: "red", B: "green"})
	}
	in := func(call string) string { return call + " for pcx-1, which is in report mode" }
	checkCalls(t, []callCase{
		{"an acceptance", reported, accept(blueCell), in("autopeer-accept called AcceptVpcPeeringConnection")},
		{"a tag", active, createTags(peering.TagManaged, "autopeer"), in("autopeer-connect called CreateTags")},
		{"a route", active, changeRoute("CreateRoute", "rtb-red", toBlue), in("autopeer-connect called CreateRoute")},
		{"a rule", active, authorize(https, "pcx-1"), in("autopeer-connect called AuthorizeSecurityGroupIngress")},
		{"the DNS option", active, modifyOptions(), in("autopeer-connect called ModifyVpcPeeringConnectionOptions")},
		{"the deletion of a blackhole", dead, deleteRouteOf("rtb-red", toBlue), in("autopeer-disconnect called DeleteRoute")},
		{"the revocation of a leftover", dead, revoke(), in("autopeer-connect called RevokeSecurityGroupIngress")},
		{"another connection's route in place of the blackhole", other, replaceByGreens("rtb-red", toBlue),
			in("autopeer-connect called ReplaceRoute")},
		{"a rejection in a cell that only reports", func(s scene) {
			s.Policy.Peerings[0].Report, s.Policy.Reject = true, true
			s.request("pcx-2", green, blue)
			s.Connections["pcx-1"] = s.Connections["pcx-2"]
		}, reject(blueCell), in("autopeer-accept called RejectVpcPeeringConnection")},
	})
}

// deleteRouteOf returns the record of a deletion by disconnect of red's cell.
func deleteRouteOf(table, dst string) ledger.Record {
	return record("disconnect", redCell, "DeleteRoute", object{"routeTableId": table, destinationParameter(dst): dst}, nil)
}

// replaceByGreens returns the record of a call that replaces a route by one to pcx-2.
func replaceByGreens(table, dst string) ledger.Record {
	return record("connect", redCell, "ReplaceRoute",
		object{"routeTableId": table, destinationParameter(dst): dst, "vpcPeeringConnectionId": "pcx-2"}, nil)
}

// TestReportModeExplainsMissingChanges: requests stay pending, sides unconnected, and leftovers of the dead.
func TestReportModeExplainsMissingChanges(t *testing.T) {
	t.Parallel()
	checkEnds(t, true, []endCase{
		{"a request", func(s scene, _ *oracle.End) { reported(s) }, ""},
		{"an active connection without routes", func(s scene, _ *oracle.End) { s.accept("pcx-1"); reported(s) }, ""},
		{"a forbidden route", connected(func(s scene) {
			s.route("rtb-red", "10.9.0.0/16", "pcx-1")
			reported(s)
		}), ""},
		{"leftovers", connected(func(s scene) { s.delete("pcx-1"); reported(s) }), ""},
		{"leftovers of an enforced peering", connected(func(s scene) {
			s.delete("pcx-1")
		}), "the route 10.2.0.0/16 in rtb-red remains of pcx-1"},
	})
}
