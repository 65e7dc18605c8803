// Package simtest plays bad days: networks, policies, people and faults that are drawn from one seed, on a cloud and
// a virtual clock of their own, and holds what autopeer does against a plain reading of the policy.
package simtest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/policyfile"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
	"github.com/autopeer/autopeer/internal/proof/simtest/report"
	"github.com/autopeer/autopeer/internal/sandbox"
)

// Result is how a run went.
type Result struct {
	Failure *report.Failure // nil if all is well
	History string          // of everything, if it was asked for
}

// Run plays one seed. It is the same every time, so it can't run beside another one in the same process: all of
// them would draw from one source what the SDK draws by itself.
func Run(t *testing.T, seed uint64, whole bool) (result Result) {
	t.Helper()
	cryptotest.SetGlobalRandom(t, seed)
	synctest.Test(t, func(t *testing.T) {
		r := newRun(t.Context(), seed)
		defer r.Close()
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
	*sandbox.Sandbox
	random.Source
	report *report.Report
	ctx    context.Context // that of the test
	seed   uint64
	ids    *ids
	quotas ec2.Quotas
	parsed *policy.Policy // that is deployed

	cells           []peering.Cell
	sites           []*site
	listed          []*site // by the policy that was drawn last
	subnets, groups int     // made so far

	mu sync.Mutex // guards the rest, which functions' calls and events change
	*ledger.Journal
	fates         *random.ByName
	weather       weather
	silent        map[peering.Cell]bool // where no trail logs
	lost          map[string]bool       // connections of which an event was lost
	unswept       map[peering.Cell]bool // where a sweep didn't go well
	old           map[string]oldAnswer
	heard         []outcome.Outcome
	announcements []oracle.Announcement
	promises      []promise
	throttles     map[string]int          // in a row, by call
	homes         map[string]peering.Cell // by access key
	deployed      time.Time
	calmed        time.Time
	still         bool             // nothing is left to do
	deaths        map[string]death // by invocation
}

func newRun(ctx context.Context, seed uint64) *run {
	r := &run{
		ctx: ctx, seed: seed, Source: random.NewSource(seed), report: report.New(seed), ids: &ids{made: map[string]int{}},
		fates: random.NewByName(seed), silent: map[peering.Cell]bool{}, lost: map[string]bool{}, unswept: map[peering.Cell]bool{},
		old: map[string]oldAnswer{}, throttles: map[string]int{}, homes: map[string]peering.Cell{}, deaths: map[string]death{},
	}
	var options ec2.Options
	change := drawEC2(r.Source, r.ids.next)
	r.Sandbox = sandbox.New(func(o *ec2.Options) {
		change(o)
		options = *o
	})
	r.quotas = options.Quotas
	r.Journal = ledger.NewJournal(options.Delays.Initiating, options.Delays.Provisioning)
	r.SetWay(r.way)
	r.Cloud.Inject(r.befall)
	r.Fate = r.death
	return r
}

// play builds a world, lets people and the weather loose on it, and looks at what autopeer has made of it.
func (r *run) play() {
	r.build()
	r.found()
	r.deploy()
	r.mu.Lock()
	r.weather = drawWeather(r.Source)
	r.mu.Unlock()
	r.request()
	for range r.Between(15, 25) {
		if r.report.Failure() != nil {
			return
		}
		r.somebodyActs()
		time.Sleep(r.pause())
	}
	r.calm()
	r.verify()
	r.conclude()
	if r.report.Failure() != nil {
		return
	}
	r.onceMore()
}

// pause is mostly short, and hours now and then.
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

// deploy puts a policy in place of the one that is deployed, if one is. What is under way on buses and in functions
// then may be lost. While the old functions come to their end, the old policy holds.
func (r *run) deploy() {
	p := r.drawPolicy()
	if r.Cells != nil {
		if err := local.Undeploy(r.ctx, r.Cloud, r.parsed, r.Cells); err != nil {
			r.report.Fail(nil, "the policy can't be taken away: %v", err)
		}
	}
	r.take(ledger.Deployment(time.Now(), p))
	var err error
	if r.parsed, err = policyfile.Parse("policy.yaml", []byte(p.YAML())); err == nil {
		err = r.Deploy(r.ctx, p.YAML(), r.listen)
	}
	if err != nil {
		r.report.Fail(nil, "the policy can't be deployed: %v\n%s", err, p.YAML())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deployed = time.Now()
}

// quiet is how long autopeer has to make everything right once nothing goes wrong any more: until a sweep, its second
// look and the one after it.
const quiet = 38 * time.Minute

// calm ends all that goes wrong, and waits.
func (r *run) calm() {
	r.mu.Lock()
	r.weather, r.silent, r.calmed = weather{}, map[peering.Cell]bool{}, time.Now()
	r.report.Remark("from here on nothing goes wrong")
	r.mu.Unlock()
	time.Sleep(quiet)
	r.settle()
	for range longestChain {
		if !r.isUnderWay() {
			return
		}
		time.Sleep(quiet)
		r.settle()
	}
}

// longestChain is how many halves may wait for one another: what is put right in one may free another, which the next
// sweep finds.
const longestChain = 3

// isUnderWay reports whether there is something to complain of, and autopeer has been at work lately.
func (r *run) isUnderWay() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	return r.ChangedSince(now.Add(-quiet)) && slices.ContainsFunc(r.Ledger.Requests, func(id string) bool {
		return r.end(false).CheckConnection(id) != ""
	})
}

// settle waits until nothing is under way, if it ever comes to that.
func (r *run) settle() {
	ctx, cancel := context.WithTimeout(r.ctx, 24*time.Hour)
	defer cancel()
	if err := r.Cloud.Settle(ctx); err != nil {
		r.report.Fail(nil, "messages come back for a day: %v", err)
	}
}
