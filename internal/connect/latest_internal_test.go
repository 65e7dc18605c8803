package connect

import (
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// TestRepetitionsOfAConnectedSide: only the latest announcement of the side counts, and no changes but those of an
// attempt at the same time.
func TestRepetitionsOfAConnectedSide(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 6, 8, 12, 0, 0, 0, time.UTC)
	connected := outcome.Outcome{Type: outcome.Connected, Connection: "pcx-1", Side: peering.Accepter, Keys: []string{"a"}}
	changed := func(changes ...string) outcome.Outcome {
		o := connected
		o.Changes = changes
		return o
	}
	with := func(change func(*outcome.Outcome)) outcome.Outcome {
		o := connected
		change(&o)
		return o
	}
	tests := []struct {
		name       string
		noted      []outcome.Outcome // at noon
		o          outcome.Outcome
		begun, now time.Duration // since noon
		want       bool
	}{
		{"nothing was announced", nil, connected, time.Second, time.Second, false},
		{"the same side", []outcome.Outcome{changed("x")}, connected, time.Second, time.Second, true},
		{"at the last moment", []outcome.Outcome{connected}, connected, late, late, true},
		{"too late", []outcome.Outcome{connected}, connected, late, late + 1, false},
		{"another state", []outcome.Outcome{connected}, with(func(o *outcome.Outcome) {
			o.Keys = []string{"b"}
		}), time.Second, time.Second, false},
		{"the other side", []outcome.Outcome{connected}, with(func(o *outcome.Outcome) {
			o.Side = peering.Requester
		}), time.Second, time.Second, false},
		{"another connection", []outcome.Outcome{connected}, with(func(o *outcome.Outcome) {
			o.Connection = "pcx-2"
		}), time.Second, time.Second, false},
		{"another outcome", []outcome.Outcome{with(func(o *outcome.Outcome) { o.Type = outcome.Failed })},
			with(func(o *outcome.Outcome) { o.Type = outcome.Failed }), time.Second, time.Second, false},
		{"the same changes of an attempt at the same time", []outcome.Outcome{changed("x", "y")},
			changed("y"), -1, time.Second, true},
		{"the same changes later", []outcome.Outcome{changed("x")}, changed("x"), 0, time.Second, false},
		{"other changes at the same time", []outcome.Outcome{changed("x")}, changed("x", "z"), -1, time.Second, false},
		{"a failure of the side since", []outcome.Outcome{connected, with(func(o *outcome.Outcome) {
			o.Type = outcome.Failed
		})}, connected, time.Second, time.Second, false},
		{"a failure of the other side since", []outcome.Outcome{connected, with(func(o *outcome.Outcome) {
			o.Type, o.Side = outcome.Failed, peering.Requester
		})},
			connected, time.Second, time.Second, true},
		{"a denial of both sides since", []outcome.Outcome{connected, with(func(o *outcome.Outcome) {
			o.Type, o.Side = outcome.Denied, ""
		})}, connected, time.Second, time.Second, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var l latest
			for _, o := range tt.noted {
				l.note([]outcome.Outcome{o}, noon)
			}
			if got := l.has(tt.o, noon.Add(tt.begun), noon.Add(tt.now)); got != tt.want {
				t.Errorf("has() = %t, want %t", got, tt.want)
			}
			l.forget([]outcome.Outcome{tt.o})
			if l.has(tt.o, noon.Add(tt.begun), noon.Add(tt.now)) {
				t.Error("has() = true after forget()")
			}
		})
	}
}

// TestOldAnnouncementsAreForgotten, so that a process that lives for weeks doesn't grow.
func TestOldAnnouncementsAreForgotten(t *testing.T) {
	t.Parallel()
	var l latest
	noon := time.Date(2026, 6, 8, 12, 0, 0, 0, time.UTC)
	l.note([]outcome.Outcome{{Type: outcome.Connected, Connection: "pcx-1", Side: peering.Accepter}}, noon)
	l.note([]outcome.Outcome{{Type: outcome.Connected, Connection: "pcx-2", Side: peering.Accepter}}, noon.Add(late+1))
	if len(l.sides) != 1 {
		t.Errorf("%d sides are remembered, want 1", len(l.sides))
	}
}
