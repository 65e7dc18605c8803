package checks

import (
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/proof/simtest/oracle"
)

// IsUnderWay reports whether a connection isn't as it must be in the end, and autopeer has changed something lately.
func (c *Checker) IsUnderWay(lately time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	end := c.end(false)
	return c.journal.ChangedSince(end.Now.Add(-lately)) &&
		slices.ContainsFunc(c.journal.Requests, func(id string) bool { return end.CheckConnection(id) != "" })
}

// Conclude checks the end of a run: all connections, the retries that are owed, and the ids of announcements. Messages
// in dead-letter queues excuse announcements and retries that are missing.
func (c *Checker) Conclude(deadLetters bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	end := c.end(deadLetters)
	for _, id := range c.journal.Requests {
		if why := end.CheckConnection(id); why != "" {
			c.report.Fail(c.journal.RelatedIDs(c.journal.Connections[id]), "%s", why)
		}
	}
	for _, r := range c.retries {
		if !deadLetters && r.since.After(c.deployed) {
			id := r.call.Connection()
			c.report.Fail([]string{id}, "autopeer-%s in %s hasn't read %s again after a fault: %s %s", r.call.Function,
				r.call.Cell, id, r.call.Action, r.fault)
		}
	}
	c.checkIDs()
}

func (c *Checker) end(deadLetters bool) oracle.End {
	return oracle.End{
		Ledger: c.journal.Ledger, Now: time.Now(), Quotas: c.quotas, Announcements: c.announcements, DeadLetters: deadLetters,
		Deployed: c.deployed, Calmed: c.calmed, LostEvents: c.lostEvents, FailedSweeps: c.failedSweeps,
	}
}
