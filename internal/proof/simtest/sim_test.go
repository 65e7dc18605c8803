package simtest_test

import (
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
			t.Errorf("seed %d was played in two ways:\n%s\nand\n%s", seed, once.History, again.History)
		}
	}
}
