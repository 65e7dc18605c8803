package lambdasqs

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/wiring"
)

// TestTheDocumentsHaveTheTimesOfRetries computes the times that the documents give for the last delivery and the dead
// letter.
func TestTheDocumentsHaveTheTimesOfRetries(t *testing.T) {
	t.Parallel()
	var last, letter time.Duration // after the first delivery
	for n := 1; n <= wiring.MaxReceives; n++ {
		last, letter = letter, letter+backoff(n)
	}
	if last != 13*time.Minute+30*time.Second || letter != 18*time.Minute+30*time.Second {
		t.Errorf("the last delivery is after %s, the dead letter after %s; correct the documents in the test", last, letter)
	}
	for document, figures := range map[string][]string{
		"README.md": {"13½ minutes"}, "docs/failures.md": {"13½ minutes", "18½ minutes"},
		"docs/decisions.md": {"13½ minutes", "18½ minutes"}, "docs/runbook.md": {"13½ minutes", "18½ minutes"},
	} {
		text, err := os.ReadFile("../../../" + document)
		if err != nil {
			t.Fatal(err)
		}
		for _, figure := range figures {
			if !strings.Contains(strings.Join(strings.Fields(string(text)), " "), figure) {
				t.Errorf("%s lacks %q", document, figure)
			}
		}
	}
}
