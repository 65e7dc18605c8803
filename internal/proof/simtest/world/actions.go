package world

import (
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
)

// action is something that people do, as often as its weight among all.
type action struct {
	weight int
	do     func(*World)
}

// actions are all that people do.
var actions = []action{
	{30, (*World).Request},
	{6, (*World).acceptByHand},
	{2, (*World).rejectByHand},
	{7, (*World).deleteConnection},
	{4, (*World).requestAgain},
	{6, (*World).approve},
	{8, (*World).routeByHand},
	{4, (*World).deleteRoute},
	{3, (*World).replaceRoute},
	{7, (*World).admitByHand},
	{3, (*World).revokeByHand},
	{6, (*World).retag},
	{4, (*World).changeBlocks},
	{6, (*World).rebuild},
	{2, (*World).removeParts},
	{3, (*World).Deploy},
	{4, (*World).forgeEvent},
	{3, (*World).toggleTrail},
	{2, (*World).fill},
	{1, (*World).changeHostnames},
}

// Act lets a person act.
func (w *World) Act() {
	total := 0
	for _, a := range actions {
		total += a.weight
	}
	n := w.IntN(total)
	for _, a := range actions {
		if n -= a.weight; n < 0 {
			a.do(w)
			w.forgeMessages()
			return
		}
	}
}

// look returns resources as they are at this instant: autopeer goes on changing them.
func look[T any](w *World, at func(*ledger.Ledger) []T) []T {
	var seen []T
	w.observer.Look(func(l *ledger.Ledger) { seen = at(l) })
	return seen
}

func (w *World) tablesOf(s *site) []*ledger.RouteTable {
	return look(w, func(l *ledger.Ledger) []*ledger.RouteTable { return l.RouteTablesOf(s.VPCKey) })
}

func (w *World) groupsOf(s *site) []*ledger.SecurityGroup {
	return look(w, func(l *ledger.Ledger) []*ledger.SecurityGroup { return l.SecurityGroupsOf(s.VPCKey) })
}

// toggleTrail stops the trail of a cell, or starts all again.
func (w *World) toggleTrail() {
	w.faults.ToggleTrail(func() peering.Cell { return random.Pick(w.Source, w.cells...) })
}
