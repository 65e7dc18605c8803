package ledger

import (
	"slices"
	"time"
)

// Journal is a ledger with the records that led to it, from which earlier states are rebuilt.
type Journal struct {
	*Ledger
	records []Record
}

// NewJournal returns a journal of an empty cloud; see New.
func NewJournal(initiating, provisioning time.Duration) *Journal {
	return &Journal{Ledger: New(initiating, provisioning)}
}

// Enter applies a record to the ledger and keeps it.
func (j *Journal) Enter(r Record) {
	j.records = append(j.records, r)
	j.Apply(r)
}

// ChangedSince reports whether a call of autopeer has succeeded since then.
func (j *Journal) ChangedSince(then time.Time) bool {
	return slices.ContainsFunc(j.records, func(r Record) bool {
		return r.Function != "" && r.Code == "" && r.At.After(then)
	})
}

// WasEver reports whether held returned true at an instant within the memory that ends now. A ledger changes only with
// a record and when the state of a connection changes by itself, so these instants stand for all others.
func (j *Journal) WasEver(now time.Time, memory time.Duration, held func(past *Ledger, at time.Time) bool) bool {
	end := now
	for n := len(j.records); n > 0; n-- {
		begin := j.records[n-1].At
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
func (j *Journal) after(n int) *Ledger {
	l := New(j.initiating, j.provisioning)
	for _, r := range j.records[:n] {
		l.Apply(r)
	}
	return l
}

// turns returns the instants right before connections changed their states by themselves.
func (l *Ledger) turns(begin, end time.Time) []time.Time {
	var all []time.Time
	for _, c := range l.Connections {
		for _, at := range []time.Time{c.Created.Add(l.initiating), c.Accepted.Add(l.provisioning)} {
			if at.After(begin) && at.Before(end) {
				all = append(all, at.Add(-1))
			}
		}
	}
	return all
}
