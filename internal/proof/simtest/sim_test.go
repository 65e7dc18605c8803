package simtest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/proof/simtest"
)

// The seeds for which every test run has time; make sim plays more.
const (
	sample     = 300
	sampleTime = 12 * time.Second
)

func TestTheFirstSeeds(t *testing.T) {
	began := time.Now()
	for seed := uint64(1); seed <= sample && time.Since(began) < sampleTime; seed++ {
		if f := simtest.Run(t, seed, false).Failure; f != nil {
			t.Error(f)
		}
	}
}

// A failure can be replayed only if its seed is played in the same way again.
func TestASeedIsTheSameEveryTime(t *testing.T) {
	for seed := uint64(1); seed <= 5; seed++ {
		once, again := simtest.Run(t, seed, true), simtest.Run(t, seed, true)
		if once.History != again.History {
			t.Errorf("seed %d was played in two ways; they part where the first is\n%s\nand the second\n%s",
				seed, whereTheyPart(once.History, again.History), whereTheyPart(again.History, once.History))
		}
	}
}

// whereTheyPart returns the first line of a history that another one hasn't at the same place, with
// the lines around it. The whole histories would be cut off before it.
func whereTheyPart(history, other string) string {
	lines, others := strings.Split(history, "\n"), strings.Split(other, "\n")
	i := 0
	for i < len(lines) && i < len(others) && lines[i] == others[i] {
		i++
	}
	return strings.Join(lines[max(0, i-5):min(len(lines), i+5)], "\n")
}
