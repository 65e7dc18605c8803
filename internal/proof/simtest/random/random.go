// Package random draws the values of a simulated run from its seed, in the same way each time the seed is played.
package random

import (
	"math/rand/v2"
	"time"
)

// Source is the one sequence of draws for those who act in order: the world, and the people in it.
type Source struct{ *rand.Rand }

// NewSource returns the sequence of a seed.
func NewSource(seed uint64) Source {
	return Source{rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))} // runs that can be replayed, no secrets
}

// Chance returns true in that many of a hundred cases.
func (s Source) Chance(percent int) bool { return s.IntN(100) < percent }

// Between returns a number from least to most, both included.
func (s Source) Between(least, most int) int { return least + s.IntN(most-least+1) }

// Pick returns one of the values, each as often as it is listed. It panics without values.
func Pick[T any](s Source, from ...T) T { return from[s.IntN(len(from))] }

// Duration is drawn to the nanosecond, so that two events hardly ever fall on one instant: their order would be up to
// Go's scheduler.
func (s Source) Duration(least, most time.Duration) time.Duration {
	return least + time.Duration(s.Int64N(int64(most-least)+1))
}

// ByName draws by the name of a question, not in the order in which questions come: concurrent calls of functions get
// the same answers, whichever comes first.
type ByName struct {
	seed  uint64
	asked map[uint64]uint64 // how often, by question
}

// NewByName returns the answers of a seed.
func NewByName(seed uint64) *ByName { return &ByName{seed: seed, asked: map[uint64]uint64{}} }

// Next returns other draws each time the same question is asked.
func (n *ByName) Next(question ...string) Source {
	key := n.key(question)
	n.asked[key]++
	return Source{rand.New(rand.NewPCG(key, n.asked[key]))} // runs that can be replayed, no secrets
}

// Always returns the same draws each time the same question is asked.
func (n *ByName) Always(question ...string) Source {
	return Source{rand.New(rand.NewPCG(n.key(question), 0))} // runs that can be replayed, no secrets
}

func (n *ByName) key(question []string) uint64 {
	key := n.seed
	for _, part := range question {
		key = digest(key, part)
	}
	return key
}

// digest is FNV-1a, begun with the key.
func digest(key uint64, text string) uint64 {
	key ^= 0xcbf29ce484222325
	for i := range len(text) {
		key = (key ^ uint64(text[i])) * 0x100000001b3
	}
	return key ^ uint64(len(text))<<56
}
