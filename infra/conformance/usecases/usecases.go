// Package usecases plays one table of scenarios on the embedded cloud and on an emulator of AWS that others wrote,
// with the use cases as they are deployed, and compares what becomes of both.
package usecases

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/infra/conformance/report"
)

// Judge plays all scenarios. Moto serves at the address and is nobody else's meanwhile.
func Judge(ctx context.Context, j *report.Judge, motoURL string) {
	used := make([]int, len(explanations))
	for _, sc := range scenarios {
		sc.judge(j, used, sc.on(ctx, j, embedded), sc.on(ctx, j, moto(motoURL)))
	}
	for i, n := range used {
		j.Check(n > 0, "the explanation: "+explanations[i].why, "a difference that matches "+explanations[i].line, "none")
		j.Explain(n)
	}
}

// judge compares the transcripts and counts which explanations were needed.
func (sc scenario) judge(j *report.Judge, used []int, embedded, emulated []section) {
	missing := lacking(embedded, sc.wants)
	j.Check(len(missing) == 0, sc.name+" on the embedded cloud", strings.Join(missing, "; "), "nothing of the kind")
	differences, alike := compare(embedded, emulated)
	for range alike {
		j.Check(true, "", nil, nil)
	}
	for _, d := range differences {
		i := slices.IndexFunc(explanations, func(e explanation) bool { return e.covers(sc.name, d) })
		if i < 0 {
			j.Check(false, fmt.Sprintf("%s, %s", sc.name, d.section), "the same on both clouds", fmt.Sprintf("only on %s: %s", d.only, d.line))
			continue
		}
		used[i]++
	}
	for _, s := range embedded {
		if strings.HasSuffix(s.name, ", again") {
			j.Check(len(s.lines) == 0, sc.name+", "+s.name, "no call that changes anything", s.lines)
		}
	}
}

// on plays the scenario on one cloud, and checks that what was announced there arrived.
func (sc scenario) on(ctx context.Context, j *report.Judge, enter func(context.Context) (*cloud, error)) []section {
	c, err := enter(ctx)
	if err != nil {
		j.Error(sc.name, err)
		return nil
	}
	defer c.close()
	what := sc.name + " on " + c.name
	s, err := newStage(ctx, c, sc)
	if err != nil {
		j.Error(what, err)
		return nil
	}
	sc.play(s)
	j.Error(what, s.err)
	for _, t := range s.cells {
		expected := t.ear.expected()
		arrived, err := t.ear.arrived(ctx, len(expected))
		j.Error(what, err)
		j.Check(slices.Equal(expected, arrived), fmt.Sprintf("%s, announced in %s", what, t.Cell), expected, arrived)
	}
	return s.transcript
}
