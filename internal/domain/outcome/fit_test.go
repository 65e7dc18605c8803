package outcome_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/outcome"
)

// numbered returns n sentences of 100 bytes each, which take 103 bytes in a list.
func numbered(prefix string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%s %d ", prefix, i)
		all[i] += strings.Repeat("x", 100-len(all[i]))
	}
	return all
}

func encoded(t *testing.T, o outcome.Outcome) []byte {
	t.Helper()
	data, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestALongOutcomeIsCutWithCounts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		state, additions, removals int
		want                       map[string]int
	}{
		"short":               {10, 10, 10, nil},
		"state goes first":    {2000, 500, 500, map[string]int{"state": 3000 - 2381}},
		"then additions":      {500, 3000, 500, map[string]int{"state": 500, "additions": 3500 - 2381}},
		"and removals last":   {10, 10, 3000, map[string]int{"state": 10, "additions": 10, "removals": 3000 - 2381}},
		"only as many as fit": {2400, 0, 0, map[string]int{"state": 2400 - 2381}},
	} {
		o := outcome.Outcome{Type: outcome.Proposed, Connection: "pcx-00000001"}
		o.State, o.Additions, o.Removals = numbered("state", c.state), numbered("add", c.additions),
			numbered("remove", c.removals)
		got := o.Sealed(now)
		if n := len(encoded(t, got)); n > outcome.MaxBytes {
			t.Errorf("%s: %d bytes, want at most %d", name, n, outcome.MaxBytes)
		}
		if !maps.Equal(got.Omitted, c.want) {
			t.Errorf("%s: omitted %v, want %v", name, got.Omitted, c.want)
		}
		for field, lengths := range map[string][2]int{
			"state": {c.state, len(got.State)}, "additions": {c.additions, len(got.Additions)},
			"removals": {c.removals, len(got.Removals)},
		} {
			if lengths[0]-lengths[1] != got.Omitted[field] {
				t.Errorf("%s: %s has %d of %d entries, and omitted counts %d", name, field, lengths[1],
					lengths[0], got.Omitted[field])
			}
		}
	}
}

func TestTheFirstEntriesStay(t *testing.T) {
	t.Parallel()
	o := outcome.Outcome{Type: outcome.Proposed, Removals: numbered("remove", 3000)}
	got := o.Sealed(now)
	if len(got.Removals) == 0 || got.Removals[0] != o.Removals[0] || len(o.Removals) != 3000 {
		t.Errorf("%d removals stay, want the first ones; the outcome itself has %d, want 3000",
			len(got.Removals), len(o.Removals))
	}
}

// TestOneLimitForEveryList fills every list alone, so that none can make an event too large.
func TestOneLimitForEveryList(t *testing.T) {
	t.Parallel()
	const many = 5000
	long := strings.Repeat("x", 100)
	for name, o := range map[string]outcome.Outcome{
		"notes":        {Notes: numbered("note", many)},
		"wanted":       {Wanted: numbered("change", many)},
		"changes":      {Changes: numbered("change", many)},
		"conflicts":    {Conflicts: make([]outcome.Conflict, many)},
		"shortages":    {Shortages: make([]outcome.Shortage, many)},
		"obstructions": {Obstructions: make([]outcome.Obstruction, many)},
	} {
		for i := range o.Conflicts {
			o.Conflicts[i].Overlaps = long
		}
		for i := range o.Shortages {
			o.Shortages[i].Of = long
		}
		for i := range o.Obstructions {
			o.Obstructions[i].Sentence = long
		}
		got := o.Sealed(now)
		if n := len(encoded(t, got)); n > outcome.MaxBytes || n < outcome.MaxBytes-1000 {
			t.Errorf("%s: %d bytes, want at most %d and not much less", name, n, outcome.MaxBytes)
		}
		if len(got.Omitted) != 1 || got.Omitted[name] == 0 {
			t.Errorf("omitted %v, want a count of %s", got.Omitted, name)
		}
	}
}

func TestTheIDDoesNotDependOnTheCut(t *testing.T) {
	t.Parallel()
	short := outcome.Outcome{Type: outcome.Proposed, Keys: []string{"create-route|rtb-1"}}
	long := short
	long.Additions = numbered("add", 5000)
	if a, b := short.Sealed(now), long.Sealed(now); a.ID != b.ID {
		t.Errorf("ids %s and %s, want one", a.ID, b.ID)
	}
}
