package oracle

import (
	"net/netip"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
)

// side is one side of a connection for which the policy has a peering.
type side struct {
	judge
	connection *ledger.Connection
	role       peering.Role
	reading    reading
}

func (s side) own() ledger.VPCKey  { return s.connection.VPC(s.role) }
func (s side) peer() ledger.VPCKey { return s.connection.VPC(s.role.Other()) }

// departments returns the department of the side's own VPC and that of its peer.
func (s side) departments() (own, peer string) {
	if s.role == peering.Requester {
		return s.reading.requester, s.reading.accepter
	}
	return s.reading.accepter, s.reading.requester
}

// peerBlocks returns the blocks of the peer that may be routed and admitted.
func (s side) peerBlocks() []netip.Prefix {
	_, peer := s.departments()
	return s.permitted(peer, s.peer(), everything)
}

// conflict returns a route that conflicts with one that the side wants, if there is one.
func (s side) conflict() (route string, found bool) {
	for _, t := range s.RouteTablesOf(s.own()) {
		for _, dst := range s.wantedRoutes(t) {
			if route, found := s.conflictWith(t, dst); found {
				return route, true
			}
		}
	}
	return "", false
}

// conflictWith returns a route of the table, or a local one of the VPC, that conflicts with a wanted destination.
func (s side) conflictWith(t *ledger.RouteTable, dst netip.Prefix) (route string, found bool) {
	for there, r := range t.Routes {
		if s.isConflict(there, r, dst) {
			return "the route " + there.String() + " in " + t.ID, true
		}
	}
	for _, b := range s.VPCs[s.own()].Blocks {
		if b.Overlaps(dst) && b.Bits() >= dst.Bits() {
			return "the local route " + b.String(), true
		}
	}
	return "", false
}

// isConflict reports whether a route diverts traffic from the destination, or a route for the destination would divert
// traffic from another connection. Routes of dead connections conflict with nothing, but for those of one in report
// mode, which nothing replaces.
func (s side) isConflict(there netip.Prefix, r ledger.Route, dst netip.Prefix) bool {
	toConnection := ledger.IsConnectionID(r.Target)
	if r.Target == s.connection.ID || !there.Overlaps(dst) ||
		toConnection && s.isDead(r.Target) && !s.staysReported(r.Target) {
		return false
	}
	return there.Bits() >= dst.Bits() || toConnection
}

// staysReported reports whether routes to the connection stay because it is in report mode, and the side's own
// connection isn't.
func (s side) staysReported(target string) bool {
	return s.judge.isReported(s.Connections[target], s.own().Cell) && !s.isReported()
}

// roles are the sides of a connection.
var roles = []peering.Role{peering.Requester, peering.Accepter}
