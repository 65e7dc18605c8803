package simtest

import (
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
)

// deed is something that people do, so often among others.
type deed struct {
	weight int
	do     func(*run)
}

var deeds = []deed{
	{30, (*run).request},
	{6, (*run).acceptByHand},
	{2, (*run).rejectByHand},
	{7, (*run).deleteConnection},
	{4, (*run).requestAgain},
	{6, (*run).approve},
	{8, (*run).routeByHand},
	{4, (*run).deleteRoute},
	{3, (*run).replaceRoute},
	{7, (*run).admitByHand},
	{3, (*run).revokeByHand},
	{6, (*run).retag},
	{4, (*run).changeBlocks},
	{6, (*run).rebuild},
	{2, (*run).removeParts},
	{3, (*run).redeploy},
	{4, (*run).forgeEvent},
	{3, (*run).silence},
	{2, (*run).fill},
	{1, (*run).changeHostnames},
}

func (r *run) somebodyActs() {
	total := 0
	for _, d := range deeds {
		total += d.weight
	}
	n := r.IntN(total)
	for _, d := range deeds {
		if n -= d.weight; n < 0 {
			d.do(r)
			return
		}
	}
}

// look lets people look at what there is, while autopeer changes it.
func look[T any](r *run, at func(*ledger.Ledger) []T) []T {
	r.mu.Lock()
	defer r.mu.Unlock()
	return at(r.Ledger)
}

func (r *run) tablesOf(s *site) []*ledger.RouteTable {
	return look(r, func(l *ledger.Ledger) []*ledger.RouteTable { return l.RouteTablesOf(s.VPCKey) })
}

func (r *run) groupsOf(s *site) []*ledger.SecurityGroup {
	return look(r, func(l *ledger.Ledger) []*ledger.SecurityGroup { return l.SecurityGroupsOf(s.VPCKey) })
}

func (r *run) redeploy() { r.deploy() }

// forgeEvent tells a function something that may never have happened, or happened to others.
func (r *run) forgeEvent() {
	found := r.connections(ledger.Pending, ledger.Active, ledger.Dead)
	cells := slices.DeleteFunc(slices.Clone(r.cells), func(c peering.Cell) bool {
		return !look(r, func(l *ledger.Ledger) []bool { return []bool{l.Policy.IsDeployed(c)} })[0]
	})
	if len(found) == 0 || len(cells) == 0 {
		return
	}
	h := random.Pick(r.Source, hints...)
	c := random.Pick(r.Source, found...)
	requester, accepter := c.Requester, c.Accepter
	if r.Chance(50) {
		requester, accepter = random.Pick(r.Source, r.sites...).VPCKey, random.Pick(r.Source, r.sites...).VPCKey
	}
	r.forge(random.Pick(r.Source, cells...), h.function, h.call, c.ID, requester, accepter, random.Pick(r.Source, 0, time.Minute, time.Hour, time.Hour, time.Hour))
}

// silence turns an account's trail off, or all on again.
func (r *run) silence() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.silent) > 0 {
		clear(r.silent)
		return
	}
	if r.weather.lost > 0 {
		r.silent[random.Pick(r.Source, r.cells...)] = true
		r.report.Remark("a trail has stopped to log")
	}
}
