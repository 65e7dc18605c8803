package simtest

import (
	"fmt"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
)

// heard is an announcement, and when it came.
type heard struct {
	outcome.Outcome
	at time.Time
}

// listen holds what is announced against what there is.
func (r *run) listen(o outcome.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heard = append(r.heard, heard{o, time.Now()})
	r.report.Note(said{o})
	if why := r.ledger.untrue(o); why != "" {
		r.report.Fail([]string{string(o.Connection)}, "%s", why)
	}
	if o.Kind != outcome.Connected || r.ledger.connections[string(o.Connection)] == nil {
		return
	}
	for _, line := range o.State { // each by itself: somebody may have undone one before another was done
		holds := func(l *ledger, _ time.Time) bool { return l.holds(line, o.Connection) }
		if !holds(r.ledger, time.Now()) && !r.journal.wasEver(time.Now(), memory, holds) {
			r.report.Fail([]string{string(o.Connection)}, "%s was announced as connected, and it isn't so that %s", o.Connection, line)
		}
	}
}

type said struct{ outcome.Outcome }

func (s said) String() string {
	return fmt.Sprintf("said in %s: %s of %s %s: %s %v", s.Cell, s.Kind, s.Connection, s.Side, s.Reason.Sentence, s.Changes)
}
