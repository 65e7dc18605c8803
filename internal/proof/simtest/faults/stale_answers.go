package faults

import (
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// staleAnswer is the answer to a read before something changed.
type staleAnswer struct {
	answer string
	until  time.Time
}

func staleKey(cell peering.Cell, connection string) string { return cell.String() + connection }

// StalePercent returns how many of a hundred changes leave reads stale.
func (i *Injector) StalePercent() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.rates.stale
}

// Stale lets most reads of the connection in the cell return the answer for the duration.
func (i *Injector) Stale(cell peering.Cell, connection, answer string, d time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.stale[staleKey(cell, connection)] = staleAnswer{answer, time.Now().Add(d)}
}
