package oracle

import (
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
)

// isReported reports whether nothing may be changed for the connection in the cell: its peering is in report mode, or
// everything in the cell.
func (j judge) isReported(c *ledger.Connection, cell peering.Cell) bool {
	if c == nil || j.Policy == nil {
		return false
	}
	if j.Policy.OnlyReports(cell) {
		return true
	}
	for _, a := range j.departmentsOf(c.Requester, everything) {
		for _, b := range j.departmentsOf(c.Accepter, everything) {
			if e := j.Policy.Between(a, b); e != nil && e.Report {
				return true
			}
		}
	}
	return false
}

func (s side) isReported() bool { return s.judge.isReported(s.connection, s.own().Cell) }

// checkReported checks that the call changes nothing of a connection in report mode.
func (j judge) checkReported(rec ledger.Record) string {
	for _, id := range j.touched(rec) {
		if j.isReported(j.Connections[id], rec.Cell) {
			return "autopeer-" + rec.Function + " called " + rec.Call + " for " + id + ", which is in report mode"
		}
	}
	return ""
}

// touched returns the ids of the connections that the call changes: their own state and tags, routes to them, and rules
// that were made for them.
func (j judge) touched(rec ledger.Record) []string {
	ids := append(rec.Tagged(), rec.Connection(), rec.Target(), rec.ConnectionTag())
	if t := j.RouteTables[rec.RouteTable()]; t != nil {
		ids = append(ids, t.Routes[rec.Destination()].Target)
	}
	for _, id := range rec.RevokedRules() {
		ids = append(ids, j.Tags[id][peering.TagConnection])
	}
	return slices.DeleteFunc(ids, func(id string) bool { return !ledger.IsConnectionID(id) })
}
