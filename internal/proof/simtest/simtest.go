// Package simtest plays bad days: it draws networks, policies, people and faults from one seed, runs autopeer among
// them on a virtual clock, and checks all that autopeer does against the policy.
package simtest

import (
	"context"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/events"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/proof/simtest/checks"
	"github.com/autopeer/autopeer/internal/proof/simtest/faults"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
	"github.com/autopeer/autopeer/internal/proof/simtest/report"
	"github.com/autopeer/autopeer/internal/proof/simtest/world"
)

// Result is the result of a run.
type Result struct {
	Failure *report.Failure // nil if autopeer has broken no rule
	History string          // of the whole run, if asked for; else ""
}

// Run plays one seed, in the same way each time. It must not run concurrently with another Run in the same process: the
// SDK draws from a source that is global.
func Run(t *testing.T, seed uint64, whole bool) (result Result) {
	t.Helper()
	cryptotest.SetGlobalRandom(t, seed)
	synctest.Test(t, func(t *testing.T) {
		r := newRun(t.Context(), seed)
		defer r.cloud.Close()
		r.play()
		result.Failure = r.report.Failure()
		if whole {
			result.History = r.report.History()
		}
	})
	return result
}

// run is one run.
type run struct {
	random.Source
	ctx     context.Context // of the test
	seed    uint64
	report  *report.Report
	cloud   *world.Cloud
	checker *checks.Checker
	faults  *faults.Injector
	world   *world.World
}

func newRun(ctx context.Context, seed uint64) *run {
	r := &run{Source: random.NewSource(seed), ctx: ctx, seed: seed, report: report.New(seed)}
	named := random.NewByName(seed)
	r.cloud = world.NewCloud(r.Source, named)
	r.checker = checks.New(r.report, r.cloud.Options)
	r.faults = faults.New(seed, r.report, r.checker)
	r.world = world.New(ctx, r.Source, named, r.cloud, r.report, r.checker, r.faults)
	r.cloud.SetWay(r.deliver)
	r.cloud.Cloud.Inject(r.inject)
	r.cloud.FateOf = r.fateOf
	return r
}

// inject returns the failures of calls of autopeer. Calls of people meet no faults.
func (r *run) inject(call apicall.Call) *cloudsim.Failure {
	function := ledger.FunctionOf(call.ARN)
	if function == "" {
		return nil
	}
	return r.faults.Fail(call, function)
}

// fateOf returns the fate that checks each call of the functions that are deployed at that instant, and decides whether
// it is the last of its process.
func (r *run) fateOf(deployed time.Time) local.Fate {
	return func(s local.Step) local.Death {
		r.checker.Sent(s)
		return r.faults.Death(s, deployed)
	}
}

// deliver enters each record before its event may be lost. After a failure it delivers nothing more, which ends the
// seed even if each message causes another.
func (r *run) deliver(d events.Delivery, usual time.Duration) []time.Duration {
	if d.Stage == events.FromTrail {
		r.enter(d)
	}
	if r.report.Failure() != nil {
		return nil
	}
	delays := r.faults.Deliver(d, usual)
	if d.Stage != events.FromTrail {
		r.checker.Delivered(d, len(delays))
	}
	return delays
}

func (r *run) enter(d events.Delivery) {
	record, err := ledger.ParseRecord(faults.CellOf(d.Event), d.Event.Detail, time.Now())
	if err != nil {
		r.report.Fail(nil, "%v", err)
		return
	}
	r.checker.Enter(record)
}

// The percentages of actions after which a person changes a connection's allowed traffic: after another action, and at
// the end, when nothing else happens any more.
const (
	often     = 8
	oftenLast = 60
)

// play lets people act and faults occur in a new world, and checks the state that autopeer leaves.
func (r *run) play() {
	r.world.Build()
	r.world.Deploy()
	r.faults.Start(faults.DrawRates(r.Source))
	r.world.Request()
	for range r.Between(15, 25) {
		if r.report.Failure() != nil {
			return
		}
		r.world.Act()
		r.world.ActOnTraffic(often)
		r.world.ActOnHolds(often)
		r.world.ActOnAdoptions(often)
		time.Sleep(r.pause())
	}
	r.world.ActOnTraffic(oftenLast)
	r.world.ActOnHolds(often)
	for _, step := range []func(){r.calm, r.compareRoutes, r.conclude, r.undo, r.repeat} {
		if r.report.Failure() != nil {
			return
		}
		step()
	}
}

// pause returns the time until a person acts again: mostly seconds, rarely hours.
func (r *run) pause() time.Duration {
	switch n := r.IntN(200); {
	case n < 90:
		return r.Duration(time.Millisecond, time.Second)
	case n < 160:
		return r.Duration(time.Second, 30*time.Second)
	case n < 190:
		return r.Duration(30*time.Second, 4*time.Minute)
	case n < 199:
		return r.Duration(4*time.Minute, 20*time.Minute)
	}
	return r.Duration(20*time.Minute, 2*time.Hour)
}

// quiet is how long autopeer has to put everything right after the last fault: until a sweep, its second look and the
// next sweep.
const quiet = 38 * time.Minute

// longestChain is how many sides may wait for one another: a change of one may remove the conflict of another, which
// the next sweep finds.
const longestChain = 3

// calm ends all faults and waits until autopeer has put everything right.
func (r *run) calm() {
	r.faults.Stop()
	r.checker.Calm()
	for range 1 + longestChain {
		time.Sleep(quiet)
		r.settle()
		if !r.checker.IsUnderWay(quiet) {
			return
		}
	}
}

// settle waits until nothing is in progress, for a day at most.
func (r *run) settle() {
	ctx, cancel := context.WithTimeout(r.ctx, 24*time.Hour)
	defer cancel()
	if err := r.cloud.Cloud.Settle(ctx); err != nil {
		r.report.Fail(nil, "messages are still retried after a day: %v", err)
	}
}

// compared is one in how many seeds the ledger is compared with EC2. That takes as long as the rest of a run.
const compared = 20

// compareRoutes checks the ledger itself, on which all other checks rest.
func (r *run) compareRoutes() {
	if r.seed%compared != 0 {
		return
	}
	shown, err := r.cloud.State(r.ctx, r.world.Sites()...)
	if err != nil {
		r.report.Fail(nil, "read the state of EC2: %v", err)
	}
	r.checker.CompareRoutes(shown)
}

func (r *run) conclude() {
	deadLetters, err := r.cloud.DeadLetters(r.ctx)
	if err != nil {
		r.report.Fail(nil, "count the dead letters: %v", err)
	}
	r.checker.Conclude(deadLetters > 0)
}
