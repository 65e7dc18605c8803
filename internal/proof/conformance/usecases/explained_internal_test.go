package usecases

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDifferences(t *testing.T) {
	t.Parallel()
	a := section{name: "seen", lines: []string{"both", "both", "ours", "twice", "twice"}}
	b := section{name: "seen", lines: []string{"both", "both", "theirs", "twice"}}
	want := []difference{
		{section: "seen", line: "ours", only: ours},
		{section: "seen", line: "twice", only: ours},
		{section: "seen", line: "theirs", only: theirs},
	}
	if diff := cmp.Diff(want, differences(a, b), cmp.AllowUnexported(difference{})); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	e := explanation{scenario: `a|b`, section: `.*, seen`, line: `.* is up`, only: theirs}
	tests := []struct {
		name, scenario string
		d              difference
		want           bool
	}{
		{"all of it matches", "b", difference{"x, seen", "pcx is up", theirs}, true},
		{"another scenario", "ab", difference{"x, seen", "pcx is up", theirs}, false},
		{"another section", "a", difference{"x, seen, again", "pcx is up", theirs}, false},
		{"a line that goes on", "a", difference{"x, seen", "pcx is up again", theirs}, false},
		{"on the other cloud", "a", difference{"x, seen", "pcx is up", ours}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := e.covers(tt.scenario, tt.d); got != tt.want {
				t.Errorf("covers(%q, %v) = %v, want %v", tt.scenario, tt.d, got, tt.want)
			}
		})
	}
}

func TestExplanationsAreExpressions(t *testing.T) {
	t.Parallel()
	for _, e := range explanations {
		for _, expression := range []string{e.scenario, e.section, e.line} {
			if _, err := regexp.Compile(expression); err != nil {
				t.Errorf("%s: %v", e.why, err)
			}
		}
	}
}

func TestLacking(t *testing.T) {
	t.Parallel()
	transcript := []section{{lines: []string{"rtb-1 routes 10.0.0.0/8 to pcx-1"}}, {lines: []string{"a line"}}}
	if diff := cmp.Diff([]string{"to pcx-2"},
		lacking(transcript, []string{"10.0.0.0/8 to pcx", "a line", "to pcx-2"})); diff != "" {
		t.Errorf("lacking (-want +got):\n%s", diff)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	var n names
	n.add("rtb-0123456789abcdef0", "Finance's table")
	n.add("", "nothing")
	const text = "revoke sgr-0123456789abcdef1 beside rtb-0123456789abcdef0, RequestID: 5b-1, api error"
	if got, want := n.in(text), "revoke sgr-… beside Finance's table, -…, api error"; got != want {
		t.Errorf("in(%q) = %q, want %q", text, got, want)
	}
}
