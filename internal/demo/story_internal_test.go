package demo

import (
	"errors"
	"strings"
	"testing"
)

// TestAFailureIsCountedAndSaid: a demo that can't fail shows nothing.
func TestAFailureIsCountedAndSaid(t *testing.T) {
	t.Parallel()
	scenarios := []Scenario{
		{"right", "", func(s *stage) { s.check("one is one", true, "") }},
		{"wrong", "", func(s *stage) { s.check("the route is there", false, "there is none") }},
		{"stuck", "", func(s *stage) {
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
