package simtest

import (
	"slices"
	"time"
)

// journal is a ledger and the records that led to it, from which earlier states are rebuilt.
type journal struct {
	*ledger
	records []record
}

func newJournal(initiating, provisioning time.Duration) *journal {
	return &journal{ledger: newLedger(initiating, provisioning)}
}

// enter adds a record to the ledger.
func (j *journal) enter(r record) {
	j.records = append(j.records, r)
	j.apply(r)
}

// changedSince reports whether a call of autopeer has taken effect since then.
func (j *journal) changedSince(then time.Time) bool {
	return slices.ContainsFunc(j.records, func(r record) bool { return r.who != "" && r.code == "" && r.at.After(then) })
}

// wasEver reports whether something held at an instant within the memory that ends now. A ledger only changes with a
// record and where the state of a connection changes by itself, so these instants stand for all others.
func (j *journal) wasEver(now time.Time, memory time.Duration, held func(past *ledger, at time.Time) bool) bool {
	end := now
	for n := len(j.records); n > 0; n-- {
		begin := j.records[n-1].at
		past := j.after(n)
		for _, at := range append(past.turns(begin, end), end, begin) {
			if held(past, at) {
				return true
			}
		}
		if now.Sub(begin) > memory {
			break
		}
		end = begin
	}
	return false
}

// after returns the ledger after the first n of the records.
func (j *journal) after(n int) *ledger {
	l := newLedger(j.initiating, j.provisioning)
	for _, r := range j.records[:n] {
		l.apply(r)
	}
	return l
}

// turns are the moments right before connections changed their states by themselves.
func (l *ledger) turns(begin, end time.Time) []time.Time {
	var all []time.Time
	for _, c := range l.connections {
		for _, at := range []time.Time{c.created.Add(l.initiating), c.accepted.Add(l.provisioning)} {
			if at.After(begin) && at.Before(end) {
				all = append(all, at.Add(-1))
			}
		}
	}
	return all
}
