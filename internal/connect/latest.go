package connect

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/autopeer/autopeer/internal/announce"
	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// latest remembers, of this process and the last minutes, the latest announcement of each side that was connected.
// Two or three events report one acceptance, and each leads to the same outcome. Processes don't share this memory,
// so another one may announce it again.
type latest struct {
	mu    sync.Mutex
	sides map[sideKey]announced
}

type sideKey struct {
	connection peering.ConnectionID
	role       peering.Role
}

type announced struct {
	id      string
	at      time.Time
	changes []string
}

// late is the maximal delay between the first event of an acceptance and another one.
const late = 15 * time.Minute

// publish publishes the outcomes, except those that only repeat that a side is connected. These are published for a
// scheduled sweep, a repair and the end of an obstacle. After an error nothing is remembered, and the redelivery
// publishes again.
func (c *Connector) publish(ctx context.Context, h hint.Hint, begun time.Time, outcomes []outcome.Outcome) error {
	if !h.Repeated && !h.Drift && !h.Closes && h.FreedAt.IsZero() {
		outcomes = slices.DeleteFunc(outcomes, func(o outcome.Outcome) bool { return c.latest.has(o, begun, c.now()) })
	}
	c.latest.note(outcomes, c.now())
	err := announce.Publish(ctx, c.bus, h, outcomes...)
	if err != nil {
		c.latest.forget(outcomes)
	}
	return err
}

// has reports whether o was the latest announcement of its side. The changes of an attempt that began before the
// announcement are the same changes, made twice. Later changes are new.
func (l *latest) has(o outcome.Outcome, begun, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	last, known := l.sides[keyOf(o)]
	isNew := func(change string) bool { return !begun.Before(last.at) || !slices.Contains(last.changes, change) }
	return known && now.Sub(last.at) <= late && last.id == o.Sealed(now).ID && !slices.ContainsFunc(o.Changes, isNew)
}

// note remembers the outcomes of connected sides. Any other outcome of a side has the next one announced.
func (l *latest) note(outcomes []outcome.Outcome, now time.Time) {
	l.forget(outcomes)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sides == nil {
		l.sides = map[sideKey]announced{}
	}
	for key, last := range l.sides {
		if now.Sub(last.at) > late {
			delete(l.sides, key)
		}
	}
	for _, o := range outcomes {
		if o.Type == outcome.Connected {
			l.sides[keyOf(o)] = announced{o.Sealed(now).ID, now, o.Changes}
		}
	}
}

// forget makes publish announce the next outcomes of the same sides. An outcome without a side concerns both.
func (l *latest) forget(outcomes []outcome.Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range outcomes {
		for _, role := range []peering.Role{peering.Requester, peering.Accepter} {
			if o.Side == "" || o.Side == role {
				delete(l.sides, sideKey{o.Connection, role})
			}
		}
	}
}

func keyOf(o outcome.Outcome) sideKey { return sideKey{o.Connection, o.Side} }
