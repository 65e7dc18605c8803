package simtest

import (
	"fmt"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
)

// listen holds what is announced against what there is.
func (r *run) listen(o outcome.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heard = append(r.heard, o)
	r.announcements = append(r.announcements, announcement(o))
	r.report.Note(said{o})
	if why := oracle.CheckAnnouncement(r.Ledger, announcement(o)); why != "" {
		r.report.Fail([]string{string(o.Connection)}, "%s", why)
	}
	if o.Kind != outcome.Connected || r.Ledger.Connections[string(o.Connection)] == nil {
		return
	}
	for _, line := range o.State { // each by itself: somebody may have undone one before another was done
		holds := func(l *ledger.Ledger, _ time.Time) bool { return oracle.HasRoute(l, line, string(o.Connection)) }
		if !holds(r.Ledger, time.Now()) && !r.Journal.WasEver(time.Now(), memory, holds) {
			r.report.Fail([]string{string(o.Connection)}, "%s was announced as connected, and it isn't so that %s", o.Connection, line)
		}
	}
}

func announcement(o outcome.Outcome) oracle.Announcement {
	return oracle.Announcement{At: time.Now(), DetailType: string(o.Kind), Connection: string(o.Connection), Cell: o.Cell, Side: o.Side}
}

type said struct{ outcome.Outcome }

func (s said) String() string {
	return fmt.Sprintf("said in %s: %s of %s %s: %s %v", s.Cell, s.Kind, s.Connection, s.Side, s.Reason.Sentence, s.Changes)
}
