package random_test

import (
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/proof/simtest/random"
)

func TestASourceRepeatsItself(t *testing.T) {
	t.Parallel()
	one, again, other := random.NewSource(7), random.NewSource(7), random.NewSource(8)
	same, different := true, false
	for range 20 {
		n := one.Between(1, 1000)
		same = same && n == again.Between(1, 1000)
		different = different || n != other.Between(1, 1000)
	}
	if !same || !different {
		t.Errorf("one seed draws the same: %v, another seed draws something else: %v", same, different)
	}
}

func TestDrawsByNameDontDependOnTheirOrder(t *testing.T) {
	t.Parallel()
	one, other := random.NewByName(7), random.NewByName(7)
	first, second := one.Next("a", "x").Int64(), one.Next("b", "x").Int64()
	repeated := one.Next("a", "x").Int64()
	if other.Next("b", "x").Int64() != second || other.Next("a", "x").Int64() != first ||
		other.Next("a", "x").Int64() != repeated {
		t.Error("Next() draws something else in another order")
	}
	if first == second || first == repeated || first == one.Next("ax").Int64() {
		t.Error("Next() draws the same for different questions or for a repetition")
	}
	if one.Always("a").Int64() != one.Always("a").Int64() || one.Always("a").Int64() == one.Always("b").Int64() {
		t.Error("Always() must depend on the question alone")
	}
	if random.NewByName(8).Next("a", "x").Int64() == first {
		t.Error("another seed draws the same")
	}
}

func TestBoundsAreIncluded(t *testing.T) {
	t.Parallel()
	s := random.NewSource(1)
	numbers, picks, durations := map[int]bool{}, map[string]bool{}, map[time.Duration]bool{}
	for range 200 {
		numbers[s.Between(2, 4)] = true
		picks[random.Pick(s, "a", "b")] = true
		durations[s.Duration(time.Second, time.Second+1)] = true
		if s.Chance(0) || !s.Chance(100) {
			t.Fatal("Chance(0) is true, or Chance(100) false")
		}
	}
	if len(numbers) != 3 || !numbers[2] || !numbers[4] || len(picks) != 2 || len(durations) != 2 {
		t.Errorf("drew %v, %v and %v", numbers, picks, durations)
	}
}
