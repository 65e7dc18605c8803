package sample_test

import (
	"testing"

	"github.com/autopeer/autopeer/infra/mutate/testdata/sample"
)

func TestLarger(t *testing.T) {
	if sample.Larger(2, 1) != 2 || sample.Larger(1, 2) != 2 || sample.Larger(1, 1) != 1 {
		t.Error("Larger() is wrong")
	}
}

func TestSum(t *testing.T) {
	if sample.Sum(3) != 6 {
		t.Error("Sum(3) is wrong")
	}
}
