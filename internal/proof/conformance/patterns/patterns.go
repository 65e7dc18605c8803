// Package patterns compares matchers of EventBridge's event patterns: the embedded cloud's, AWS's Event Ruler, and
// those of independent emulators.
package patterns

import (
	"context"
	"slices"

	"github.com/autopeer/autopeer/internal/cloudsim/pattern"
	"github.com/autopeer/autopeer/internal/proof/conformance/report"
)

// Ours is the embedded cloud's answer.
func Ours(c Case) Answer {
	p, err := pattern.Parse([]byte(c.Pattern))
	switch {
	case err != nil:
		return Refused
	case p.Match([]byte(c.Event)):
		return Matches
	}
	return Differs
}

// How many random pairs Event Ruler is asked; those of one seed are one check.
const (
	seeds    = 20
	fromEach = 1000
)

// JudgeByRuler compares all cases and many random ones with Event Ruler, whose jars are in the folder.
func JudgeByRuler(ctx context.Context, j *report.Judge, jars string) {
	cases := slices.Clone(Cases)
	for seed := range seeds {
		cases = append(cases, randomCases(uint64(seed), fromEach)...)
	}
	answers, err := askRuler(ctx, jars, cases)
	if err != nil {
		j.Error("ask Event Ruler", err)
		return
	}
	cp := newComparison(j, rulerDiffers)
	defer cp.close()
	for i, c := range Cases {
		cp.compare(c, c.Want, answers[i])
	}
	for seed := range seeds {
		first := len(Cases) + seed*fromEach
		cp.compareRandom(seed, cases[first:first+fromEach], answers[first:])
	}
}
