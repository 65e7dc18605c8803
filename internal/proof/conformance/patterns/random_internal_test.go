package patterns

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRandomCases(t *testing.T) {
	t.Parallel()
	cases := randomCases(7, 500)
	if diff := cmp.Diff(cases, randomCases(7, 500)); diff != "" {
		t.Errorf("the same seed gives others (-first +second):\n%s", diff)
	}
	answers := map[Answer]int{}
	for _, c := range cases {
		if !json.Valid([]byte(c.Pattern)) || !json.Valid([]byte(c.Event)) {
			t.Errorf("pattern %s, event %s: not JSON", c.Pattern, c.Event)
		}
		answers[Ours(c)]++
	}
	for _, a := range []Answer{Matches, Differs, Refused} {
		if answers[a] < len(cases)/20 {
			t.Errorf("%d of %d are answered with %q, which is hardly a test", answers[a], len(cases), a)
		}
	}
}
