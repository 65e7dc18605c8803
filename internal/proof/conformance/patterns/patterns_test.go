package patterns_test

import (
	"testing"

	"github.com/autopeer/autopeer/internal/proof/conformance/patterns"
)

// TestTheExamplesOfTheUserGuide: `make conformance` asks others the same.
func TestTheExamplesOfTheUserGuide(t *testing.T) {
	t.Parallel()
	for _, c := range patterns.Cases {
		if got := patterns.Ours(c); got != c.Want {
			t.Errorf("%s: pattern %s, event %s: %s, want %s", c.Page, c.Pattern, c.Event, got, c.Want)
		}
	}
}
