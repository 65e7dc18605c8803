package rush

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
)

// ledger records the requests and their announcements. It is safe for concurrent use.
type ledger struct {
	now func() time.Time

	mu      sync.Mutex
	entries map[peering.ConnectionID]*entry
}

// entry is one connection. An announcement may come before the request's own answer is noted.
type entry struct {
	from, to  lab.Site
	asked     time.Time
	connected time.Time                  // when the second side was announced
	ids       map[speech]map[string]bool // the ids of announcements
}

// speech is an announcement's type and side. An acceptance has no side.
type speech struct {
	outcomeType outcome.Type
	side        peering.Role
}

// due lists the announcements of each connection: every one of these under one id, and nothing else.
var due = []speech{{outcomeType: outcome.Accepted}, {outcome.Connected, peering.Requester},
	{outcome.Connected, peering.Accepter}}

func newLedger(now func() time.Time) *ledger {
	return &ledger{now: now, entries: map[peering.ConnectionID]*entry{}}
}

// entry must be called with the lock.
func (l *ledger) entry(id peering.ConnectionID) *entry {
	e := l.entries[id]
	if e == nil {
		e = &entry{ids: map[speech]map[string]bool{}}
		l.entries[id] = e
	}
	return e
}

// ask notes a request that has been answered.
func (l *ledger) ask(id peering.ConnectionID, from, to lab.Site) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entry(id)
	e.from, e.to, e.asked = from, to, l.now()
}

// announced notes an announcement.
func (l *ledger) announced(o outcome.Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entry(o.Connection)
	s := speech{o.Type, o.Side}
	if e.ids[s] == nil {
		e.ids[s] = map[string]bool{}
	}
	e.ids[s][o.ID] = true
	if e.connected.IsZero() && e.isConnected() {
		e.connected = l.now()
	}
}

// isConnected reports whether both sides were announced as connected.
func (e *entry) isConnected() bool { return len(e.ids[due[1]]) > 0 && len(e.ids[due[2]]) > 0 }

// counts returns the numbers of requested, accepted and connected connections.
func (l *ledger) counts() (asked, accepted, connected int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.entries {
		if !e.asked.IsZero() {
			asked++
		}
		if len(e.ids[due[0]]) > 0 {
			accepted++
		}
		if e.isConnected() {
			connected++
		}
	}
	return asked, accepted, connected
}

// waits are the times from the requests to the connections, the shortest first.
func (l *ledger) waits() []time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []time.Duration
	for _, e := range l.entries {
		if !e.connected.IsZero() && !e.asked.IsZero() {
			all = append(all, e.connected.Sub(e.asked))
		}
	}
	slices.Sort(all)
	return all
}

// judge counts the connections that were announced and exist as required, and returns the mistakes. The state is that
// of the whole network, in the form of sandbox.State.
func (l *ledger) judge(state []string) (connected int, wrong []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := map[string]bool{}
	for _, line := range state {
		left[line] = true
	}
	for _, id := range slices.Sorted(maps.Keys(l.entries)) {
		faults := l.entries[id].faults()
		for _, line := range l.entries[id].wanted(id) {
			if !left[line] {
				faults = append(faults, "it isn't so that "+line)
			}
			delete(left, line)
		}
		if len(faults) == 0 {
			connected++
		}
		for _, f := range faults {
			wrong = append(wrong, fmt.Sprintf("%s: %s", id, f))
		}
	}
	for _, line := range slices.Sorted(maps.Keys(left)) {
		wrong = append(wrong, "not requested: "+line)
	}
	return connected, wrong
}

func (e *entry) wanted(id peering.ConnectionID) []string {
	if e.asked.IsZero() {
		return nil
	}
	return agreed(e.from, e.to, id)
}

// faults returns the superfluous and the missing announcements.
func (e *entry) faults() []string {
	var all []string
	if e.asked.IsZero() {
		all = append(all, "no request was made")
	}
	for _, s := range due {
		if n := len(e.ids[s]); n != 1 {
			all = append(all, fmt.Sprintf("%s was announced under %d ids, want 1", s, n))
		}
	}
	for s := range e.ids {
		if !slices.Contains(due, s) {
			all = append(all, s.String()+" was announced")
		}
	}
	slices.Sort(all)
	return all
}

func (s speech) String() string {
	if s.side == "" {
		return string(s.outcomeType)
	}
	return fmt.Sprintf("%s of the %s", s.outcomeType, s.side)
}
