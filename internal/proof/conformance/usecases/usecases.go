// Package usecases plays one table of scenarios on the embedded cloud and on moto, an independent emulator of AWS, with
// the deployed use cases, and compares the results.
package usecases

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/proof/conformance/report"
)

// Judge plays all scenarios. Moto serves at the address, without other clients.
func Judge(ctx context.Context, j *report.Judge, motoURL string) {
	t := &trial{Judge: j, used: make([]int, len(explanations))}
	replacements := &replacements{}
	for _, sc := range scenarios {
		t.compare(sc, t.play(ctx, sc, embedded), t.play(ctx, sc, moto(motoURL, replacements)))
	}
	// moto's filters are one difference, however often it is met
	for i, n := range append(t.used, min(replacements.count(), 1)) {
		t.Check(n > 0, "the explanation: "+append(explanations, filters)[i].why, "a difference that needs it", "none")
		t.Explain(n)
	}
}

// trial compares scenario by scenario, and counts which explanations were needed.
type trial struct {
	*report.Judge
	used []int
}

// play plays the scenario on one cloud, and checks that its announcements arrived.
func (t *trial) play(ctx context.Context, sc scenario, enter func(context.Context) (*cloud, error)) []section {
	c, err := enter(ctx)
	if err != nil {
		t.Error(sc.name, err)
		return nil
	}
	defer c.close()
	name := sc.name + " on " + c.name
	s, err := newStage(ctx, c, sc)
	if err != nil {
		t.Error(name, err)
		return nil
	}
	sc.play(s)
	t.Error(name, s.err)
	for _, d := range s.deployments {
		expected := d.announcer.expected()
		arrived, err := d.announcer.arrived(ctx, len(expected))
		t.Error(name, err)
		t.Check(slices.Equal(expected, arrived), fmt.Sprintf("%s, announced in %s", name, d.Cell), expected, arrived)
	}
	return s.transcript
}

// compare checks that both clouds have the same lines, that the scenario's own lines are among them, that a repeated
// event changes nothing, and that nothing is left of a deleted connection.
func (t *trial) compare(sc scenario, embedded, emulated []section) {
	missing := lacking(embedded, sc.wants)
	t.Check(len(missing) == 0, sc.name+" on the embedded cloud", strings.Join(missing, "; "), "nothing of the kind")
	for i := range max(len(embedded), len(emulated)) {
		a, b := at(embedded, i), at(emulated, i)
		unexplained := slices.DeleteFunc(differences(a, b), func(d difference) bool { return t.explains(sc, d) })
		for _, d := range unexplained {
			t.Check(false, sc.name+", "+d.section, "the same on both clouds", fmt.Sprintf("only on %s: %s", d.only, d.line))
		}
		if len(unexplained) == 0 {
			t.Check(true, sc.name+", "+a.name, nil, nil)
		}
		if a.empty {
			t.Check(len(a.lines) == 0, sc.name+", "+a.name, "nothing", strings.Join(a.lines, "; "))
		}
	}
}

func (t *trial) explains(sc scenario, d difference) bool {
	i := slices.IndexFunc(explanations, func(e explanation) bool { return e.covers(sc.name, d) })
	if i < 0 {
		return false
	}
	t.used[i]++
	return true
}
