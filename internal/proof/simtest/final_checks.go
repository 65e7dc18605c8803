package simtest

import (
	"fmt"
	"time"

	"github.com/autopeer/autopeer/internal/proof/simtest/oracle"
)

// conclude holds what there is in the end against the policy.
func (r *run) conclude() {
	buried, err := r.DeadLetters(r.ctx)
	if err != nil {
		r.report.Fail(nil, "dead letters can't be counted: %v", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range r.Ledger.Requests {
		c := r.Ledger.Connections[id]
		if why := r.end(buried > 0).CheckConnection(id); why != "" {
			r.report.Fail(r.Ledger.Around(c), "%s", why)
		}
	}
	for _, p := range r.promises {
		if buried == 0 && p.since.After(r.deployed) {
			r.report.Fail([]string{p.about()}, "autopeer-%s in %s hasn't looked at %s again after %s %s", p.function, p.cell, p.about(), p.action, p.what)
		}
	}
	r.checkIDs()
}

// end returns the state in which nothing is in progress. Callers hold the lock.
func (r *run) end(deadLetters bool) oracle.End {
	return oracle.End{
		Ledger: r.Ledger, Now: time.Now(), Announcements: r.announcements, DeadLetters: deadLetters, Deployed: r.deployed, Calmed: r.calmed,
		Quotas:     oracle.Quotas{RoutesPerTable: r.quotas.RoutesPerTable, RulesPerGroup: r.quotas.RulesPerGroup, ActivePeeringsPerVPC: r.quotas.ActivePeeringsPerVPC},
		LostEvents: r.lost, FailedSweeps: r.unswept,
	}
}

// checkIDs holds that announcements that say the same have one id, and others another.
func (r *run) checkIDs() {
	byWords, byID := map[string]string{}, map[string]string{}
	for _, o := range r.heard {
		words := fmt.Sprint(o.Kind, o.Connection, o.Cell, o.Side, o.Reason, o.State, o.Conflicts, o.Obstructions, o.Wanted)
		if id, again := byWords[words]; again && id != o.ID {
			r.report.Fail([]string{string(o.Connection)}, "%s of %s was announced twice with two ids", o.Kind, o.Connection)
		}
		if before, again := byID[o.ID]; again && before != words {
			r.report.Fail([]string{string(o.Connection)}, "two announcements of %s have one id", o.Connection)
		}
		byWords[words], byID[o.ID] = o.ID, words
	}
}
