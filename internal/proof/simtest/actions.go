package simtest

import (
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
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
func look[T any](r *run, at func(*ledger) []T) []T {
	r.mu.Lock()
	defer r.mu.Unlock()
	return at(r.ledger)
}

func (r *run) tablesOf(s *site) []*table {
	return look(r, func(l *ledger) []*table { return l.tablesOf(s.vpcKey) })
}

func (r *run) groupsOf(s *site) []*group {
	return look(r, func(l *ledger) []*group { return l.groupsOf(s.vpcKey) })
}

func (r *run) redeploy() { r.deploy() }

// forgeEvent tells a function something that may never have happened, or happened to others.
func (r *run) forgeEvent() {
	found := r.connections(pending, active, dead)
	cells := slices.DeleteFunc(slices.Clone(r.cells), func(c peering.Cell) bool {
		return !look(r, func(l *ledger) []bool { return []bool{l.policy.isDeployed(c)} })[0]
	})
	if len(found) == 0 || len(cells) == 0 {
		return
	}
	h := random.Pick(r.Source, hints...)
	c := random.Pick(r.Source, found...)
	requester, accepter := c.requester, c.accepter
	if r.Chance(50) {
		requester, accepter = random.Pick(r.Source, r.sites...).vpcKey, random.Pick(r.Source, r.sites...).vpcKey
	}
	r.forge(random.Pick(r.Source, cells...), h.function, h.call, c.id, requester, accepter, random.Pick(r.Source, 0, time.Minute, time.Hour, time.Hour, time.Hour))
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
