package endtoend_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestAPeeringWithoutTags: its connections get none, no sweep misses them, and nothing remains at the end.
func TestAPeeringWithoutTags(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
		t.Policy(strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "    allow:", "    tags: none\n    allow:", 1))
		pcx := t.Ask(m, f)
		t.Settle()
		mark := t.Cloud.Mark()
		time.Sleep(25 * time.Hour)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
		t.Unchanged(mark)
		for _, cell := range []peering.Cell{one, two} {
			if c, err := t.Connection(t.Ctx, cell, pcx); err != nil || c.ManagedBy() != "" {
				t.Errorf("in %s the connection is tagged %v (%v), want no tag of autopeer", cell, c.Tags, err)
			}
		}
		if said := t.Said(outcome.DriftFound, pcx); len(said) > 0 {
			t.Errorf("announced %+v, want no drift", said)
		}
		t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		t.Settle()
		t.Holds()
	})
}

// TestATagThatSomebodyDeletes is put back by the sweep that the deletion causes, in the cell where it was deleted. That is no
// drift, and it is no missed event.
func TestATagThatSomebodyDeletes(t *testing.T) {
	for _, cell := range []peering.Cell{one, two} {
		t.Run(string(cell.Region), func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Company(one, two)
				pcx := t.Ask(m, f)
				t.Settle()
				mark := t.Cloud.Mark()
				t.ByHand(cell, func(p *lab.Person) { p.Untag(string(pcx), peering.TagManaged) })
				time.Sleep(time.Minute)
				t.Holds(sandboxtest.Pinging(m, f, pcx)...)
				if c, err := t.Connection(t.Ctx, cell, pcx); err != nil || c.ManagedBy() != "autopeer" {
					t.Errorf("the connection is tagged %v (%v), want autopeer's tag again", c.Tags, err)
				}
				time.Sleep(25 * time.Hour)
				if calls := t.Mutations(mark); !slices.Equal(calls, []string{"CreateTags"}) {
					t.Errorf("autopeer made %v, want the tag alone", calls)
				}
				for _, unwanted := range []outcome.Type{outcome.DriftFound, outcome.Repaired} {
					if said := t.Said(unwanted, pcx); len(said) > 0 {
						t.Errorf("announced %+v", said)
					}
				}
			})
		})
	}
}
