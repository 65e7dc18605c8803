package world

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
)

// made is a route or a rule that autopeer has made for a connection.
type made struct {
	connection string
	cell       peering.Cell
	table      string
	dst        netip.Prefix
	rule       *ledger.Rule // nil for a route
}

// Undo lets a person delete a route or revoke a rule of autopeer, and returns the connection that it was for. It is
// drawn by a name, so that the other draws of the seed stay the same.
func (w *World) Undo() (connection string, found bool) {
	all := look(w, allMade)
	if len(all) == 0 {
		return "", false
	}
	m := random.Pick(w.named.Next("undo"), all...)
	if m.rule != nil {
		w.act(m.cell, "RevokeSecurityGroupIngress", "GroupId", m.rule.Group, "SecurityGroupRuleId.1", m.rule.ID)
		return m.connection, true
	}
	name := "DestinationCidrBlock"
	if m.dst.Addr().Is6() {
		name = "DestinationIpv6CidrBlock"
	}
	w.act(m.cell, "DeleteRoute", "RouteTableId", m.table, name, m.dst.String())
	return m.connection, true
}

func allMade(l *ledger.Ledger) []made {
	var all []made
	for _, t := range ledger.Sorted(l.RouteTables, func(*ledger.RouteTable) bool { return true }) {
		for _, dst := range slices.SortedFunc(maps.Keys(t.Routes), netip.Prefix.Compare) {
			if there := t.Routes[dst]; there.Ours {
				all = append(all, made{connection: there.Target, cell: t.VPC.Cell, table: t.ID, dst: dst})
			}
		}
	}
	for _, r := range ledger.Sorted(l.Rules, func(r *ledger.Rule) bool {
		return l.Tags[r.ID][peering.TagConnection] != ""
	}) {
		all = append(all, made{
			connection: l.Tags[r.ID][peering.TagConnection], cell: l.SecurityGroups[r.Group].VPC.Cell, rule: r,
		})
	}
	return all
}
