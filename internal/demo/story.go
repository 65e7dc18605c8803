package demo

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
)

// Entry is one line of the story, as timeline.json keeps it.
type Entry struct {
	Scenario string    `json:"scenario"`
	At       time.Time `json:"at"`
	Ms       int64     `json:"ms"` // since the scenario began
	Kind     string    `json:"kind"`
	Actor    string    `json:"actor,omitempty"`
	Text     string    `json:"text"`
	Passed   *bool     `json:"passed,omitempty"` // of a check
}

// story is the account of one scenario. It keeps its lines until printTo is called and prints each at once from then
// on. It is safe for concurrent use, because functions announce while the scenario goes on.
type story struct {
	scenario string
	start    time.Time
	ended    chan struct{} // closed after the last line

	mu       sync.Mutex
	kept     bytes.Buffer
	out      io.Writer // kept until printTo
	entries  []Entry
	checks   int
	failures int
	printed  map[string]bool // ids of announcements
	names    []string        // pairs of an id and its name
}

// call makes the story print a resource's name instead of its id.
func (s *story) call(id, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names = append(s.names, id, name)
}

func newStory(s Scenario) *story {
	st := &story{scenario: s.Name, ended: make(chan struct{}), printed: map[string]bool{}}
	st.out = &st.kept
	_, _ = fmt.Fprintf(st.out, "%s — %s\n", s.Name, s.About)
	return st
}

// printTo prints the story to out and blocks until the scenario has ended.
func (s *story) printTo(out io.Writer) {
	s.mu.Lock()
	_, _ = s.kept.WriteTo(out)
	s.out = out
	s.mu.Unlock()
	<-s.ended
}

// note adds a line. The kind, which decides the format, is "asks", "sees", "does", "says", "ping" or "check".
func (s *story) note(kind, actor, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(Entry{Kind: kind, Actor: actor, Text: text})
}

func (s *story) add(e Entry) {
	e.Scenario, e.At, e.Text = s.scenario, time.Now(), strings.NewReplacer(s.names...).Replace(e.Text)
	e.Ms = e.At.Sub(s.start).Milliseconds()
	s.entries = append(s.entries, e)
	mark := " "
	if e.Passed != nil {
		mark = map[bool]string{true: "✓", false: "✗"}[*e.Passed]
	}
	who := e.Actor
	if who != "" {
		who += ": "
	}
	_, _ = fmt.Fprintf(s.out, "  %6d ms %s %s%s\n", e.Ms, mark, who, e.Text)
}

// check prints the expectation and whether it holds; if not, the actual state.
func (s *story) check(text string, passed bool, instead string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.checks++
	if !passed {
		s.failures++
		text += " — but " + instead
	}
	s.add(Entry{Kind: "check", Text: text, Passed: &passed})
}

// announced prints an announcement of autopeer and each of its changes. It drops a repetition, which has the same id,
// as every receiver should.
func (s *story) announced(o outcome.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.printed[o.ID] {
		return
	}
	s.printed[o.ID] = true
	text := fmt.Sprintf("%s: %s", o.Type, o.Reason.Sentence)
	if o.Type == outcome.Connected && o.Side != "" {
		text = fmt.Sprintf("%s, the %s's side of %s", o.Type, o.Side, o.Connection)
	}
	s.add(Entry{Kind: "says", Actor: "autopeer in " + o.Cell.String(), Text: text})
	if o.Type == outcome.Repaired && len(o.EditedBy) == 0 { // Drift Found has shown its changes
		return
	}
	for _, by := range o.EditedBy {
		s.add(Entry{Kind: "says", Text: "  edited by " + by})
	}
	for _, c := range o.Changes {
		s.add(Entry{Kind: "does", Text: "  " + c})
	}
	for _, few := range o.Shortages {
		s.add(Entry{
			Kind: "says",
			Text: fmt.Sprintf("  %s: %d %s, %d more needed, quota %d", few.Resource, few.Have, few.Of, few.Need, few.Limit),
		})
	}
	for _, b := range o.Obstructions {
		s.add(Entry{Kind: "says", Text: "  " + b.Sentence + "; " + b.Remedy})
	}
	if o.Next != "" {
		s.add(Entry{Kind: "says", Text: "  " + o.Next})
	}
}

func (s *story) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	verdict := "passed"
	if s.failures > 0 {
		verdict = "FAILED"
	}
	line := fmt.Sprintf("%s: %s, %d checks, %d failures, %d ms", s.scenario, verdict, s.checks, s.failures,
		time.Since(s.start).Milliseconds())
	_, _ = fmt.Fprintf(s.out, "%s\n%s\n\n", strings.Repeat("─", 60), line)
}
