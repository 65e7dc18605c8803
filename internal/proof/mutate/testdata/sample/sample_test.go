package sample_test

import (
	"testing"

	"github.com/autopeer/autopeer/internal/proof/mutate/testdata/sample"
)

func TestSample(t *testing.T) {
	five, c := 5, make(chan int, 4)
	for i := range cap(c) {
		c <- i
	}
	sample.Reset(&five)
	sample.Drain(c)
	switch {
	case sample.Days != 7, five != 0, len(c) != 1, sample.Hello("you") != "hello you", sample.Sum(3) != 6:
		t.Error("something is wrong")
	case sample.Larger(2, 1) != 2, sample.Larger(1, 2) != 2, sample.Larger(1, 1) != 1:
		t.Error("Larger() is wrong")
	}
}
