package simtest

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// dice is the one source of what is drawn for a run by those who act in order: the world, and the people in it.
type dice struct{ *rand.Rand }

func newDice(seed uint64) dice {
	return dice{rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))} // runs that can be replayed, no secrets
}

// chance is true in so many of a hundred cases.
func (d dice) chance(percent int) bool { return d.IntN(100) < percent }

// between includes both ends.
func (d dice) between(least, most int) int { return least + d.IntN(most-least+1) }

func pick[T any](d dice, from ...T) T { return from[d.IntN(len(from))] }

// duration is drawn to the nanosecond, so that hardly anything happens at the instant of anything else: their order
// would be the scheduler's.
func (d dice) duration(least, most time.Duration) time.Duration {
	return least + time.Duration(d.Int64N(int64(most-least)+1))
}

// fates answers questions about what happens to whom by their names, not in the order in which they are asked: calls
// that functions make at the same time get the same fates, whichever comes first.
type fates struct {
	seed  uint64
	asked map[uint64]uint64 // how often, by question
}

func (f *fates) of(question ...string) dice {
	key := f.seed
	for _, part := range question {
		key = digest(key, part)
	}
	f.asked[key]++
	return dice{rand.New(rand.NewPCG(key, f.asked[key]))} // runs that can be replayed, no secrets
}

// always returns the same for the same question.
func (f *fates) always(question ...string) dice {
	key := f.seed
	for _, part := range question {
		key = digest(key, part)
	}
	return dice{rand.New(rand.NewPCG(key, 0))} // runs that can be replayed, no secrets
}

// digest is FNV-1a, begun with the key.
func digest(key uint64, text string) uint64 {
	key ^= 0xcbf29ce484222325
	for i := range len(text) {
		key = (key ^ uint64(text[i])) * 0x100000001b3
	}
	return key ^ uint64(len(text))<<56
}

func text(n int) string { return strconv.Itoa(n) }
