package simtest

import (
	"fmt"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
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

// untrue says in a sentence what is wrong with an announcement, "" if nothing is.
func (l *ledger) untrue(o outcome.Outcome) string {
	c := l.connections[string(o.Connection)]
	switch {
	case c == nil:
		return "" // of something forged
	case o.Side != "" && c.side(o.Side).Cell != o.Cell:
		return fmt.Sprintf("%s spoke of the %s's side of %s, which isn't its own", o.Cell, o.Side, c.id)
	case o.Kind == outcome.Accepted && c.accepted.IsZero():
		return c.id + " was announced as accepted, and it isn't"
	}
	return ""
}

// holds reads "rtb-1 routes 10.0.0.0/16 to pcx-1". What groups admit isn't read.
func (l *ledger) holds(line string, id peering.ConnectionID) bool {
	words := strings.Fields(line)
	if len(words) != 5 || words[1] != "routes" {
		return true
	}
	t := l.tables[words[0]]
	if t == nil {
		return false
	}
	for dst, there := range t.routes {
		if dst.String() == words[2] && there.target == string(id) {
			return true
		}
	}
	return false
}

type said struct{ outcome.Outcome }

func (s said) String() string {
	return fmt.Sprintf("said in %s: %s of %s %s: %s %v", s.Cell, s.Kind, s.Connection, s.Side, s.Reason.Sentence, s.Changes)
}
