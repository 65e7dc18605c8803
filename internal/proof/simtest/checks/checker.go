// Package checks follows a run and reports the first rule that autopeer breaks: in a call, in an announcement, by a
// retry that never comes, or in the state at the end.
package checks

import (
	"slices"
	"sync"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
	"github.com/autopeer/autopeer/internal/proof/simtest/report"
)

// Checker checks one run, from its first record to its end. It is safe for concurrent use.
type Checker struct {
	report *report.Report
	quotas oracle.Quotas

	mu            sync.Mutex
	journal       *ledger.Journal
	outcomes      []outcome.Outcome
	announcements []oracle.Announcement // of the outcomes
	retries       []retry
	throttles     map[string]int               // in a row, by call
	homes         map[string]peering.Cell      // by access key
	messages      map[string]*traffic          // between cells, by connection
	sweeps        map[peering.Cell][]time.Time // whose events were sent
	lostEvents    map[string]bool              // ids of connections that a lost event names
	failedSweeps  map[peering.Cell]bool
	terms         []term
	deployed      time.Time
	calmed        time.Time
	isOver        bool // nothing is left to do
}

// New returns a checker for an empty cloud whose EC2 has these options.
func New(rep *report.Report, o ec2.Options) *Checker {
	return &Checker{
		report: rep,
		quotas: oracle.Quotas{
			RoutesPerTable: o.Quotas.RoutesPerTable, RulesPerGroup: o.Quotas.RulesPerGroup,
			ActivePeeringsPerVPC: o.Quotas.ActivePeeringsPerVPC,
		},
		journal: ledger.NewJournal(o.Delays.Initiating, o.Delays.Provisioning), throttles: map[string]int{},
		homes:    map[string]peering.Cell{},
		messages: map[string]*traffic{}, sweeps: map[peering.Cell][]time.Time{}, lostEvents: map[string]bool{},
		failedSweeps: map[peering.Cell]bool{},
	}
}

// Look calls the function with the current ledger, while nothing changes it.
func (c *Checker) Look(at func(*ledger.Ledger)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at(c.journal.Ledger)
}

// Deployed marks the instant from which announcements are due under the policy that was entered last, and from which no
// function has the policy that it replaces.
func (c *Checker) Deployed(replaced *plainpolicy.Policy) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deployed = time.Now()
	for i := range c.terms {
		if c.terms[i].policy == replaced {
			c.terms[i].until = c.deployed
		}
	}
	c.report.Remark("no function has an earlier policy from here on")
}

// term is the time in which functions with a policy run.
type term struct {
	policy      *plainpolicy.Policy
	from, until time.Time // until is zero while they do
}

// holds reports whether the condition holds for one of the policies that functions had at that time. There are several
// while old functions go on beside new ones.
func (c *Checker) holds(from, to time.Time, condition func(*plainpolicy.Policy) bool) bool {
	return slices.ContainsFunc(c.terms, func(t term) bool {
		return !t.from.After(to) && (t.until.IsZero() || !t.until.Before(from)) && condition(t.policy)
	})
}

// Calm marks the instant of the last fault.
func (c *Checker) Calm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calmed = time.Now()
	c.report.Remark("no faults from here on")
}

// Finish marks the instant from which autopeer must not change anything anymore.
func (c *Checker) Finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isOver = true
	c.report.Remark("all events are repeated")
}
