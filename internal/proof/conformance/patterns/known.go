package patterns

import (
	"fmt"
	"strings"

	"github.com/autopeer/autopeer/internal/proof/conformance/report"
)

// known are the differences that have an explanation, by a part of the pattern.
type known map[string]string

const (
	tooComplex   = "AWS was recorded to refuse the wildcard as too complex; it has no such limit"
	numericRange = "the guide documents numbers from -5.0e9 to 5.0e9; "
)

// An entry that nothing needs any more is a failure.
var (
	rulerDiffers = known{
		`"*:*:*:*:*:event-bus/*"`: tooComplex,
		`"cidr":"::/0"`: "it compares digits, and finds IPv4 addresses and even numbers in the " +
			"block of all IPv6 addresses",
		`"numeric":["<",6000`: numericRange + "the published matcher has a wider range",
		`{"prefix":[]}`:       "it takes an empty list, which the guide doesn't mention",
		`{"wildcard":[]}`:     "it takes an empty list, and breaks over it",
	}
	miniStackDiffers = known{
		`"*:*:*:*:*:event-bus/*"`:          tooComplex,
		`"numeric":["<",6000`:              numericRange + "it takes any",
		`{"state":{"status":["running"]}}`: "it keeps names with dots apart from names that are nested",
		`{"state.status":["running"]}`:     "the same",
	}
	motoDiffers = known{
		`"*:*:*:*:*:event-bus/*"`:  tooComplex,
		`"time":[{"prefix"`:        "it writes the time without the T and the Z",
		`[100,"two"]`:              "it takes lists of strings and numbers",
		`"numeric":["<",6000`:      numericRange + "it takes any",
		`{"wildcard":"a**b"}`:      "it takes two wildcard characters side by side",
		`{"wildcard":"a\\b"}`:      "it takes a backslash before anything",
		`{"detail":{}}`:            "it takes an empty object",
		`{"eventSource":["sns"]}}`: "it looks into no arrays of objects",
	}
)

// comparison compares one matcher's answers.
type comparison struct {
	*report.Judge
	known known
	used  map[string]int
}

func newComparison(j *report.Judge, k known) *comparison { return &comparison{j, k, map[string]int{}} }

// compare counts a check, or a difference that is known.
func (cp *comparison) compare(c Case, want, got Answer) {
	if want == got || !cp.knows(c) {
		cp.Check(want == got, fmt.Sprintf("%s: pattern %s, event %s", c.Page, c.Pattern, c.Event), want, got)
	}
}

// compareRandom counts one check of the embedded cloud for all the cases, and shows the first that is answered
// otherwise.
func (cp *comparison) compareRandom(seed int, cases []Case, answers []Answer) {
	wrong, first := 0, ""
	for i, c := range cases {
		got := Ours(c)
		if got == answers[i] || cp.knows(c) {
			continue
		}
		if wrong++; wrong == 1 {
			first = fmt.Sprintf("the first %s and not %s of pattern %s, event %s", got, answers[i], c.Pattern, c.Event)
		}
	}
	cp.Check(wrong == 0, fmt.Sprintf("seed %d", seed), "no difference",
		fmt.Sprintf("%d of %d, %s", wrong, len(cases), first))
}

// knows counts a difference that has an explanation.
func (cp *comparison) knows(c Case) bool {
	for part := range cp.known {
		if strings.Contains(c.Pattern, part) {
			cp.used[part]++
			return true
		}
	}
	return false
}

func (cp *comparison) close() {
	for part, why := range cp.known {
		cp.Check(cp.used[part] > 0, "the explanation: "+why, "a difference in "+part, "none")
		cp.Explain(cp.used[part])
	}
}
