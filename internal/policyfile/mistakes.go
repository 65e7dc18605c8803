package policyfile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Mistakes are all mistakes of a file, sorted by position. As an error it is never empty.
type Mistakes []Mistake

// Mistake is one mistake of a file, with its position.
type Mistake struct {
	File         string
	Code         Code
	Line, Column int    // from 1
	Problem      string // without the position
	Fix          string // the next step
}

// Warning is a risk in a valid policy, in the form of a Mistake.
type Warning Mistake

// String returns the warning in the form of a mistake, marked as a warning and with its code.
func (w Warning) String() string {
	w.Problem = "warning: " + w.Problem
	return fmt.Sprintf("%s [%s]", Mistake(w), w.Code)
}

// Error returns one line for each mistake.
func (m Mistakes) Error() string {
	lines := make([]string, len(m))
	for i, mistake := range m {
		lines[i] = mistake.String()
	}
	return strings.Join(lines, "\n")
}

// String returns the mistake in the form that editors and CI systems turn into a link.
func (m Mistake) String() string {
	return fmt.Sprintf("%s:%d:%d: %s; %s", m.File, m.Line, m.Column, m.Problem, m.Fix)
}

func (m Mistakes) sorted() Mistakes {
	slices.SortStableFunc(m, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return m
}

// position is a place in the file, from 1.
type position struct{ line, column int }

// add records a mistake with its fix. For a missing value, and for text that ends too early, the parser
// returns a position beyond the end of the line or the file; add moves it to the end.
func (r *reader) add(at position, problem, fix string) {
	r.mistakes = append(r.mistakes, r.mistake(r.phase, at, problem, fix))
}

// warn records a warning, as add records a mistake.
func (r *reader) warn(code Code, at position, problem, fix string) {
	r.warnings = append(r.warnings, r.mistake(code, at, problem, fix))
}

func (r *reader) mistake(code Code, at position, problem, fix string) Mistake {
	at.line = min(max(at.line, 1), len(r.lines))
	at.column = min(max(at.column, 1), len(r.lines[at.line-1])+1)
	return Mistake{r.file, code, at.line, at.column, problem, fix}
}
