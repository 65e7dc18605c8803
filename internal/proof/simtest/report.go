package simtest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/events"
	"github.com/autopeer/autopeer/internal/domain/outcome"
)

// moment is something that happened. It is put into words only when a run fails.
type moment struct {
	after time.Duration // since the beginning
	what  fmt.Stringer
}

func (m moment) String() string {
	return fmt.Sprintf("%12s  %s", m.after.Round(time.Millisecond), m.what)
}

// note keeps what happened. Callers hold the lock.
func (r *run) note(what fmt.Stringer) {
	r.history = append(r.history, moment{time.Since(r.begun), what})
}

func (r record) String() string {
	who := "autopeer-" + r.who
	if r.who == "" {
		who = "somebody"
	}
	words := fmt.Sprintf("%s in %s: %s %s", who, r.cell, r.call, words(r.request))
	if r.policy != nil {
		return words + "\n" + r.policy.yaml()
	}
	if r.code != "" {
		return words + " is refused: " + r.code
	}
	if made := connectionID.FindString(r.about()); made != "" && r.call == "CreateVpcPeeringConnection" {
		return words + " → " + made
	}
	return words
}

// words are the members of a request, flat and in order of their names.
func words(f fields) string {
	text := fmt.Sprint(map[string]any(f))
	text = strings.NewReplacer("map[", "", "]", "", "items:[", "", "items:", "").Replace(text)
	return text
}

type lostEvent struct{ events.Delivery }

func (l lostEvent) String() string {
	return fmt.Sprintf("event lost on its way to %s: %s of %s/%s %s", l.Target, l.Event.DetailType, l.Event.Account, l.Event.Region, summary(l.Event.Detail))
}

func summary(detail []byte) string {
	name := ""
	if _, rest, found := strings.Cut(string(detail), `"eventName":"`); found {
		name, _, _ = strings.Cut(rest, `"`)
	}
	return name + " " + strings.Join(connectionID.FindAllString(string(detail), 1), " ")
}

// mishap is what became of a call of autopeer's.
type mishap struct {
	call
	what string
}

func (m mishap) String() string {
	return fmt.Sprintf("autopeer-%s in %s: %s %s %s", m.function, m.cell, m.action, strings.Join(m.question()[3:], " "), m.what)
}

func (r *run) tell(c call, what string) { r.note(mishap{c, what}) }

type said struct{ outcome.Outcome }

func (s said) String() string {
	return fmt.Sprintf("said in %s: %s of %s %s: %s %v", s.Cell, s.Kind, s.Connection, s.Side, s.Reason.Sentence, s.Changes)
}

type remark string

func (r remark) String() string { return string(r) }

// cut returns the history as far as it names one of these, or everything if they are none. What happens at one instant
// is in order of its words, since whose turn it was is the scheduler's affair.
func (r *run) cut(ids []string) string {
	var b strings.Builder
	slices.SortStableFunc(r.history, func(a, b moment) int {
		if a.after != b.after {
			return cmp.Compare(a.after, b.after)
		}
		return strings.Compare(a.String(), b.String())
	})
	for _, m := range r.history {
		text := m.String()
		if _, general := m.what.(remark); general || concerns(text, ids) {
			b.WriteString(text + "\n")
		}
	}
	return b.String()
}

func concerns(text string, ids []string) bool {
	if len(ids) == 0 || strings.Contains(text, callDeploy+" ") {
		return true
	}
	for _, id := range ids {
		if strings.Contains(text, id) {
			return true
		}
	}
	return false
}
