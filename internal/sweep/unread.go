package sweep

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// unread joins the errors of the prefix lists that couldn't be read and that decide about the additions to the cell's
// sides, each once. Everything else that the sweep finds is sent without waiting for them.
func (s *Sweeper) unread(current observed) error {
	texts := map[string]bool{}
	var all []error
	for _, c := range current.connections {
		c = current.WithBlocks(c)
		for _, side := range s.prospects(c, s.policy.Decide(c), current) {
			if err := side.Unread(); err != nil && !texts[err.Error()] {
				all, texts[err.Error()] = append(all, err), true
			}
		}
	}
	return errors.Join(all...)
}

// prospects returns the cell's sides of a connection whose routes and rules the policy wants.
func (s *Sweeper) prospects(c peering.Connection, d policy.Decision, current observed) []plan.Side {
	isWanted := c.State == peering.PendingAcceptance && s.isAllowed(c, d) ||
		c.State == peering.Active && s.policy.Maintains(c, d, current.Rules)
	if !isWanted || s.isForeign(c, current) {
		return nil
	}
	return current.Prospects(s.cell, c, d, s.policy)
}

// reported remembers, of this process and the last minutes, the sweeps that have sent everything and that failed only
// because prefix lists can't be read. SQS delivers their messages again, to look for the lists alone.
type reported struct {
	mu     sync.Mutex
	sweeps map[string]time.Time // by their hint and lists
}

// redelivered is longer than the time between the first and the last delivery of a message.
const redelivered = 20 * time.Minute

// has reports whether the same sweep has just failed because the same lists can't be read.
func (r *reported) has(h hint.Hint, lists []peering.PrefixListID, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	at, has := r.sweeps[fmt.Sprint(h, lists)]
	return has && now.Sub(at) <= redelivered
}

// add remembers the sweep, unless its message has no time, as that of a person who starts one sweep after the other.
func (r *reported) add(h hint.Hint, lists []peering.PrefixListID, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case h.At.IsZero():
		return
	case r.sweeps == nil:
		r.sweeps = map[string]time.Time{}
	}
	maps.DeleteFunc(r.sweeps, func(_ string, at time.Time) bool { return now.Sub(at) > redelivered })
	r.sweeps[fmt.Sprint(h, lists)] = now
}

// awaited returns the prefix lists of all tables that reading again may show, sorted.
func (o observed) awaited() []peering.PrefixListID {
	lists := map[peering.PrefixListID]bool{}
	for _, t := range o.Tables {
		for id, err := range t.Unread {
			if fault.Of(err) != fault.Denied {
				lists[id] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(lists))
}
