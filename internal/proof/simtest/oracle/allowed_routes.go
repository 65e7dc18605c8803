package oracle

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
)

func (j judge) checkCreateRoute(rec ledger.Record) string {
	if why := j.checkConsent("a route was added", rec.Target(), rec.Cell); why != "" {
		return why
	}
	t := j.RouteTables[rec.RouteTable()]
	for _, s := range j.maintainedSides(rec.Target(), rec.Cell) {
		if t != nil && slices.Contains(s.wantedRoutes(t), rec.Destination()) {
			return s.checkNarrowed("the route "+rec.Destination().String()+" in "+t.ID,
				carrier(t, rec.Destination()).Target == rec.Target())
		}
	}
	return fmt.Sprintf("%s was routed to %s in %s, but the policy doesn't want the route", rec.Destination(),
		rec.Target(), rec.RouteTable())
}

// carrier returns the most specific route of the table to all of the destination. A more specific one to a part of it
// carries that part before and after a route to the destination is made.
func carrier(t *ledger.RouteTable, to netip.Prefix) (best ledger.Route) {
	var of netip.Prefix // whose Bits are -1
	for dst, r := range t.Routes {
		if isInside(to, []netip.Prefix{dst}) && dst.Bits() > of.Bits() {
			of, best = dst, r
		}
	}
	return best
}

func (j judge) checkReplaceRoute(rec ledger.Record) string {
	if why := j.checkCreateRoute(rec); why != "" {
		return why
	}
	there := j.RouteTables[rec.RouteTable()].Routes[rec.Destination()]
	if ledger.IsConnectionID(there.Target) && j.isDead(there.Target) {
		return ""
	}
	return fmt.Sprintf("the route %s → %s in %s was replaced, but it isn't left from a dead connection", rec.Destination(),
		there.Target, rec.RouteTable())
}

func (j judge) checkDeleteRoute(rec ledger.Record) string {
	t := j.RouteTables[rec.RouteTable()]
	if t == nil {
		return ""
	}
	id := t.Routes[rec.Destination()].Target
	route := fmt.Sprintf("the route %s → %s in %s", rec.Destination(), id, t.ID)
	switch {
	case !j.isDepartments(t.VPC) && !j.hasEvidence(id, rec.Cell):
		return fmt.Sprintf("a route of %s was deleted, but the VPC belongs to no department, and nothing shows that "+
			"autopeer made the route", t.VPC.ID)
	case !ledger.IsConnectionID(id):
		return route + " was deleted, but it leads to no connection"
	case j.mayDisconnect(id, rec.Cell):
		return ""
	}
	return checkDeleted(rec, t, route, j.maintainedSides(id, rec.Cell))
}

// checkDeleted checks the deletion of a route to a connection that isn't disconnected.
func checkDeleted(rec ledger.Record, t *ledger.RouteTable, route string, sides []side) string {
	wanted := slices.ContainsFunc(sides, func(s side) bool {
		return slices.Contains(s.wantedRoutes(t), rec.Destination())
	})
	switch {
	case wanted && takesBack(rec, sides):
		return ""
	case wanted:
		return route + " was deleted, but the policy wants it"
	case len(sides) == 0:
		return route + " was deleted, but the policy neither allows nor removes the connection"
	case !sides[0].mayRemoveRoutes(sides[0].connection, rec.Cell, sides[0].reading):
		return route + " was deleted, but nothing shows that autopeer made it, and no person consented"
	}
	for _, s := range sides {
		if dst, found := s.interruptedRoute(t, rec.Destination()); found {
			return fmt.Sprintf("%s was deleted before there was another one to %s, which the policy allows before and after",
				route, dst)
		}
	}
	return ""
}

// takesBack reports whether connect may remove wanted routes and rules, because a side lacks another part: EC2 may have
// refused it, and then the side is left unchanged. The refusal is unknown here.
func takesBack(rec ledger.Record, sides []side) bool {
	return rec.Function == "connect" && slices.ContainsFunc(sides, side.lacksSome)
}

// lacksSome reports whether a wanted route or rule doesn't exist.
func (s side) lacksSome() bool {
	for _, t := range s.RouteTablesOf(s.own()) {
		if slices.ContainsFunc(s.wantedRoutes(t), func(dst netip.Prefix) bool {
			return t.Routes[dst].Target != s.connection.ID
		}) {
			return true
		}
	}
	for _, g := range s.SecurityGroupsOf(s.own()) {
		if _, missing := s.countRules(g, false); missing > 0 {
			return true
		}
		if _, missing := s.countRules(g, true); missing > 0 {
			return true
		}
	}
	return false
}
