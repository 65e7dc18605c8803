// Package report keeps the history of a simulated run and the first failure in it, and renders both as text.
package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Failure is the first rule that autopeer broke in a run.
type Failure struct {
	Seed    uint64
	Why     string // in a sentence
	History string // of the connections concerned
}

func (f *Failure) String() string {
	return fmt.Sprintf("seed %d: %s\n%sreplay: make sim SEED=%d\n", f.Seed, f.Why, f.History, f.Seed)
}

// Report collects the events of one run. It is safe for concurrent use.
type Report struct {
	seed  uint64
	begun time.Time

	mu      sync.Mutex
	history []event
	failure *Failure
}

// event is one line of the history. It is rendered only when the history is printed, since most runs print none.
type event struct {
	after   time.Duration // since the beginning
	text    fmt.Stringer
	general bool // part of the history of every connection
}

func (e event) String() string {
	return fmt.Sprintf("%12s  %s", e.after.Round(time.Millisecond), e.text)
}

// New returns an empty report whose clock starts now.
func New(seed uint64) *Report {
	return &Report{seed: seed, begun: time.Now()}
}

// Note adds an event that belongs to the connections and resources that its text names. The text is rendered later,
// so it must not change.
func (r *Report) Note(text fmt.Stringer) { r.add(text, false) }

// NoteForAll adds an event to the history of every connection.
func (r *Report) NoteForAll(text fmt.Stringer) { r.add(text, true) }

// Remark adds a sentence to the history of every connection.
func (r *Report) Remark(text string) { r.add(sentence(text), true) }

type sentence string

func (s sentence) String() string { return string(s) }

func (r *Report) add(text fmt.Stringer, general bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history = append(r.history, event{time.Since(r.begun), text, general})
}

// Fail records a failure with the history of the ids, or the whole history without ids. Only the first failure of a
// run is kept: later ones may follow from it.
func (r *Report) Fail(ids []string, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failure != nil {
		return
	}
	why := fmt.Sprintf(format, args...)
	r.history = append(r.history, event{time.Since(r.begun), sentence("WRONG: " + why), true})
	r.failure = &Failure{Seed: r.seed, Why: why, History: r.render(ids)}
}

// Failure returns the first failure; nil if there is none.
func (r *Report) Failure() *Failure {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failure
}

// History returns the whole history, one event a line.
func (r *Report) History() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.render(nil)
}

// render returns the events that are general or name one of the ids; all events without ids. Events of one instant are
// in order of their texts, because the order in which goroutines add them is up to Go's scheduler.
func (r *Report) render(ids []string) string {
	slices.SortStableFunc(r.history, func(a, b event) int {
		if a.after != b.after {
			return cmp.Compare(a.after, b.after)
		}
		return strings.Compare(a.String(), b.String())
	})
	var b strings.Builder
	for _, e := range r.history {
		if text := e.String(); e.general || namesAny(text, ids) {
			b.WriteString(text + "\n")
		}
	}
	return b.String()
}

// namesAny reports whether the text contains one of the ids; any text does if there are none.
func namesAny(text string, ids []string) bool {
	return len(ids) == 0 || slices.ContainsFunc(ids, func(id string) bool { return strings.Contains(text, id) })
}
