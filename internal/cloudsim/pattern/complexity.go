package pattern

import (
	"errors"
	"fmt"
	"slices"
)

// mostPrefixes is how many prefixes of the wildcard patterns of one field a value may match at once. EventBridge
// documents no number. In recordings, a pattern with 11 is refused and one with 7 is accepted.
const mostPrefixes = 10

// mostExplored bounds the time that a check takes. Patterns beyond it are accepted.
const mostExplored = 5000

var errTooComplex = errors.New("rule is too complex - try using fewer wildcard characters or " +
	"fewer repeating character sequences after a wildcard character")

// wildcardsOf returns the wildcard patterns of a field, also those inside anything-but. It leaves mistakes to the
// parser.
func wildcardsOf(values []any) []string {
	var all []string
	for _, v := range values {
		fields, _ := v.(map[string]any)
		if inner, ok := fields["anything-but"].(map[string]any); ok {
			fields = inner
		}
		for _, text := range list(fields["wildcard"]) {
			if s, ok := text.(string); ok {
				all = append(all, s)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// anyByte stands for an asterisk in the tokens of a pattern, and for a byte that no pattern names.
const anyByte = 256

// position is a prefix of a pattern, by the number of its tokens.
type position struct{ pattern, length int }

// isComplex reports whether a value can match more prefixes of the patterns at once than EventBridge admits. The
// measure of one pattern is that of AWS's open matcher of events, Event Ruler.
func isComplex(patterns []string) bool {
	tokens := make([][]int, len(patterns))
	named := []int{anyByte}
	var start []position
	for i, p := range patterns {
		tokens[i] = tokensOf(p)
		named = append(named, tokens[i]...)
		start = append(start, reached(tokens, position{i, 0})...)
	}
	slices.Sort(named)
	named = slices.Compact(named)
	seen := map[string]bool{}
	pending := [][]position{start}
	for len(pending) > 0 && len(seen) < mostExplored {
		at := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if len(at) > mostPrefixes {
			return true
		}
		if key := fmt.Sprint(at); !seen[key] {
			seen[key] = true
			for _, b := range named {
				pending = append(pending, step(tokens, at, b))
			}
		}
	}
	return false
}

// tokensOf leaves out the backslashes of escapes.
func tokensOf(text string) []int {
	var tokens []int
	for i := 0; i < len(text); i++ {
		if text[i] == '*' {
			tokens = append(tokens, anyByte)
			continue
		}
		if text[i] == '\\' && i+1 < len(text) {
			i++
		}
		tokens = append(tokens, int(text[i]))
	}
	return tokens
}

// reached returns the position, and the one behind the asterisk that may follow and match nothing.
func reached(tokens [][]int, p position) []position {
	all := []position{p}
	if t := tokens[p.pattern]; p.length < len(t) && t[p.length] == anyByte {
		all = append(all, position{p.pattern, p.length + 1})
	}
	return all
}

// step returns the positions after one more byte of a value, sorted.
func step(tokens [][]int, at []position, b int) []position {
	var next []position
	for _, p := range at {
		t := tokens[p.pattern]
		if p.length > 0 && t[p.length-1] == anyByte {
			next = append(next, p)
		}
		if b != anyByte && p.length < len(t) && t[p.length] == b {
			next = append(next, reached(tokens, position{p.pattern, p.length + 1})...)
		}
	}
	slices.SortFunc(next, func(a, b position) int { return (a.pattern-b.pattern)<<16 + a.length - b.length })
	return slices.Compact(next)
}
