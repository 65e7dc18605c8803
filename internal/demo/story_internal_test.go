package demo

import (
	"bufio"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestAFailureIsCountedAndPrinted: a demo that can't fail shows nothing.
func TestAFailureIsCountedAndPrinted(t *testing.T) {
	t.Parallel()
	scenarios := []Scenario{
		{"right", "", brief, func(s *stage) { s.check("one is one", true, "") }},
		{"wrong", "", brief, func(s *stage) { s.check("the route is there", false, "there is none") }},
		{"stuck", "", brief, func(s *stage) {
			s.must("the network is built", errors.New("no EC2"))
			s.check("never reached", true, "")
		}},
	}
	var out strings.Builder
	passed, err := Run(t.Context(), &out, t.TempDir(), nil, scenarios)
	if err != nil || passed {
		t.Errorf("Run() = %v, %v; want a failure", passed, err)
	}
	for _, want := range []string{
		"✗ the route is there — but there is none", "wrong: FAILED, 1 checks, 1 failures",
		"✗ the network is built — but no EC2", "stuck: FAILED, 1 checks, 1 failures",
		"right: passed, 1 checks, 0 failures", "demo: 1 scenarios passed, 2 failed\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("output lacks %q:\n%s", want, out.String())
		}
	}
}

// TestStoriesKeepTheirOrder: scenarios run concurrently, and each is printed whole, in the order of the list.
func TestStoriesKeepTheirOrder(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	scenarios := []Scenario{
		{"first", "", brief, func(s *stage) {
			s.note("asks", "", "first begins")
			select {
			case <-ended:
			case <-time.After(10 * time.Second):
				s.check("second runs concurrently", false, "it does not")
			}
			s.note("asks", "", "first ends")
		}},
		{"second", "", brief, func(s *stage) {
			s.note("asks", "", "second runs")
			close(ended)
		}},
	}
	var out strings.Builder
	if passed, err := Run(t.Context(), &out, t.TempDir(), nil, scenarios); err != nil || !passed {
		t.Errorf("Run() = %v, %v", passed, err)
	}
	var order []string
	for _, line := range []string{"first — ", "first begins", "first ends", "first: passed", "second — ", "second runs",
		"second: passed", "demo: 2 scenarios passed"} {
		order = append(order, regexp.QuoteMeta(line))
	}
	if !regexp.MustCompile(`(?s)` + strings.Join(order, ".*")).MatchString(out.String()) {
		t.Errorf("the lines are out of order:\n%s", out.String())
	}
}

// TestTheCurrentStoryIsPrintedLineByLine: a reader sees the lines of the current scenario before it ends.
func TestTheCurrentStoryIsPrintedLineByLine(t *testing.T) {
	t.Parallel()
	s := newStory(Scenario{Name: "slow"})
	s.note("asks", "", "before")
	out, in := io.Pipe()
	go s.printTo(in)
	lines := bufio.NewScanner(out)
	next := func(want string) {
		t.Helper()
		if !lines.Scan() || !strings.Contains(lines.Text(), want) {
			t.Errorf("line %q, want %q", lines.Text(), want)
		}
	}
	next("slow — ")
	next("before")
	go s.note("asks", "", "after")
	next("after")
	close(s.ended)
}

// TestPeeringsOf: a policy with limits has the key twice.
func TestPeeringsOf(t *testing.T) {
	t.Parallel()
	policy := "version: 1\nlimits: { peerings: 1 }\ndepartments: {}\npeerings:\n  - between: [a, b]\n"
	if got, want := peeringsOf(policy), "peerings:\n  - between: [a, b]\n"; got != want {
		t.Errorf("peeringsOf() = %q, want %q", got, want)
	}
}
