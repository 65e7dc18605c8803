// Package patterns asks several matchers of EventBridge's event patterns the same: the embedded cloud's, Event Ruler,
// which AWS has published, and those of emulators that others wrote.
package patterns

import (
	"context"

	"github.com/autopeer/autopeer/infra/conformance/report"
	"github.com/autopeer/autopeer/internal/cloudsim/pattern"
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

// many is how many random pairs Event Ruler is asked.
const many = 20000

// JudgeByRuler asks Event Ruler, of which the folder has the jars, all cases and many more that are made up.
func JudgeByRuler(ctx context.Context, j *report.Judge, jars string) {
	cases := append(randomCases(1, many), Cases...)
	answers, err := askRuler(ctx, jars, cases)
	if err != nil {
		j.Error("ask Event Ruler", err)
		return
	}
	h := hear(j, rulerDiffers)
	defer h.close()
	for i, c := range cases {
		h.compare(c, answers[i], Ours(c))
	}
	for i, c := range cases[many:] {
		h.compare(c, c.Want, answers[many+i])
	}
}
