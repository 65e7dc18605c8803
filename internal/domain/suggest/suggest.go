// Package suggest words the fix for a name that isn't known: the names that it may have been meant to be, or else all
// names that are known. Its functions are pure.
package suggest

import (
	"fmt"
	"strings"
)

// Fix returns a question after the candidates that s may have been meant to be, or else a sentence that names all
// candidates.
func Fix(s string, candidates []string) string {
	near := Nearest(s, candidates)
	if question := Question(s, candidates); question != "" && (len(near) == 1 || len(near) < len(candidates)) {
		return question
	}
	if len(candidates) == 1 {
		return "it can only be " + candidates[0]
	}
	return "it can be " + Alternatives(candidates)
}

// Question returns a question after the candidates that s may have been meant to be. It is empty if no candidate is
// near, or more than three are.
func Question(s string, candidates []string) string {
	const most = 3
	near := Nearest(s, candidates)
	if len(near) == 0 || len(near) > most {
		return ""
	}
	return fmt.Sprintf("did you mean %s?", Alternatives(near))
}

// Nearest returns the candidates with the fewest typing errors, if these are few enough for the length of s: a
// third of its characters, and one in a word of two. The case of letters doesn't count.
func Nearest(s string, candidates []string) []string {
	if len(s) < 2 {
		return nil // one error turns it into any other word of its length
	}
	var best []string
	fewest := max(1, len(s)/3)
	for _, c := range candidates {
		if max(len(c)-len(s), len(s)-len(c)) > fewest {
			continue
		}
		n := typingErrors(strings.ToLower(s), strings.ToLower(c))
		if n < fewest {
			best, fewest = nil, n
		}
		if n == fewest {
			best = append(best, c)
		}
	}
	return best
}

// typingErrors counts the characters to insert, delete, replace or swap with their neighbor to get from a
// to b (the restricted Damerau-Levenshtein distance).
func typingErrors(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+differ(a[i-1], b[j-1]))
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

func differ(a, b byte) int {
	if a == b {
		return 0
	}
	return 1
}

// Alternatives joins items as in a sentence: "a, b or c". Of very many it names the first.
func Alternatives(items []string) string { return join(items, "or") }

// List joins items as in a sentence: "a, b and c". Of very many it names the first.
func List(items []string) string { return join(items, "and") }

func join(items []string, word string) string {
	const most = 12 // all keys of a peering
	if len(items) > most {
		return fmt.Sprintf("%s %s %d others", strings.Join(items[:most], ", "), word, len(items)-most)
	}
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	last := len(items) - 1
	return strings.Join(items[:last], ", ") + " " + word + " " + items[last]
}
