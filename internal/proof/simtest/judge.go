package simtest

import "time"

// isDead reports whether the connection can carry nothing any more; one that nobody asked for can't.
func (l *ledger) isDead(id string, now time.Time) bool {
	c := l.connections[id]
	return c == nil || l.state(c, now) == dead
}
