// Package world draws and builds a company with cells, VPCs, departments and policies, and lets its people act on them.
package world

import (
	"context"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/proof/simtest/faults"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
	"github.com/autopeer/autopeer/internal/proof/simtest/report"
)

// Observer keeps the ledger that people look at, and follows the deployments of autopeer and its announcements.
type Observer interface {
	// Look calls the function with the current ledger.
	Look(func(*ledger.Ledger))
	// Enter adds a record that CloudTrail doesn't have.
	Enter(ledger.Record)
	// Deployed is called when functions with a new policy run, and all with the one that it replaces have ended. The first
	// policy replaces nil.
	Deployed(replaced *plainpolicy.Policy)
	// Announced is called with each outcome that autopeer publishes.
	Announced(outcome.Outcome)
	// Forged is called when a person puts an event or a message about the connection into a queue.
	Forged(connection string)
}

// World is a cloud with autopeer on it, and the people who use it. Its draws come from one source in the order of its
// calls, but for those by a name, so it is used by one goroutine.
type World struct {
	network
	sandbox *Cloud
	faults  *faults.Injector
	policy  *policy.Policy // deployed; nil before
	named   *random.ByName
}

// New returns a world without VPCs in which nothing is deployed.
func New(ctx context.Context, d random.Source, named *random.ByName, c *Cloud, r *report.Report, o Observer,
	f *faults.Injector) *World {
	n := network{api: api{ctx, c.Cloud, r}, Source: d, ids: c.ids, observer: o}
	return &World{network: n, sandbox: c, faults: f, named: named}
}

// Build makes the cells, the VPCs and the departments.
func (w *World) Build() {
	w.build()
	w.found()
}

// Sites returns all VPCs.
func (w *World) Sites() []lab.Site {
	var all []lab.Site
	for _, s := range w.sites {
		all = append(all, siteOf(s.VPCKey))
	}
	return all
}
