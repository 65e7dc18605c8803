// Package report counts the checks of independent implementations: passed, failed with one line each, and differences
// that have an explanation.
package report

import (
	"fmt"
	"io"
)

// Report is one run of all judges.
type Report struct {
	out    io.Writer
	judges []*Judge
}

// New returns a report that is printed to out.
func New(out io.Writer) *Report { return &Report{out: out} }

// Judge is one that finds something. It is used by one goroutine.
type Judge struct {
	name                      string
	out                       io.Writer
	passed, failed, explained int
	shows                     bool
}

// Judge adds one more judge.
func (r *Report) Judge(name string) *Judge {
	j := &Judge{name: name, out: r.out}
	r.judges = append(r.judges, j)
	return j
}

// ShowPassed prints the checks that pass as well from now on.
func (j *Judge) ShowPassed() { j.shows = true }

// Check counts a check, and prints one that failed.
func (j *Judge) Check(passed bool, name string, want, got any) {
	if passed {
		j.passed++
		if j.shows {
			fmt.Fprintf(j.out, "ok   %s: %s\n", j.name, name)
		}
		return
	}
	j.failed++
	fmt.Fprintf(j.out, "FAIL %s: %s: want %v, got %v\n", j.name, name, want, got)
}

// Error counts a check that could not be made as one that failed, unless err is nil.
func (j *Judge) Error(name string, err error) {
	if err != nil {
		j.Check(false, name, "no error", err)
	}
}

// Explain counts differences that have an explanation.
func (j *Judge) Explain(n int) { j.explained += n }

// Close prints a line for each judge and the last one, and reports whether there were checks and all passed.
func (r *Report) Close() bool {
	var all Judge
	for _, j := range r.judges {
		fmt.Fprintf(r.out, "%-60s %5d passed %5d failed %5d explained\n", j.name, j.passed, j.failed, j.explained)
		all.passed, all.failed, all.explained = all.passed+j.passed, all.failed+j.failed, all.explained+j.explained
	}
	fmt.Fprintf(r.out, "conformance: %d checks passed, %d failed, %d differences explained\n", all.passed,
		all.failed, all.explained)
	return all.failed == 0 && all.passed > 0
}
