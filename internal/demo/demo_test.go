package demo_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/demo"
	"github.com/autopeer/autopeer/internal/local"
)

func TestSelect(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		want int
	}{{"", len(demo.Scenarios)}, {"across", 3}, {"across-both", 1}, {"default-vpc", 1}}
	for _, tt := range tests {
		chosen, err := demo.Select(tt.name)
		if err != nil || len(chosen) != tt.want {
			t.Errorf("Select(%q) = %d scenarios, %v; want %d", tt.name, len(chosen), err, tt.want)
		}
	}
	for name, want := range map[string]string{
		"acros":      "it can be marketing-finance, two-by-hand, ", // and no suffix "4 others"
		"defaultvpc": "did you mean default-vpc?",
	} {
		if _, err := demo.Select(name); err == nil || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "others") {
			t.Errorf("Select(%s) = %v, want %q", name, err, want)
		}
	}
}

// TestRun: the shortest lab is printed, counted and kept.
func TestRun(t *testing.T) {
	t.Parallel()
	chosen, err := demo.Select("default-vpc")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	dir := t.TempDir()
	w, err := local.Prepare(t.Context(), &out)
	if err != nil {
		t.Fatal(err)
	}
	passed, err := demo.Run(t.Context(), &out, dir, w, chosen)
	if err != nil || !passed {
		t.Fatalf("Run() = %v, %v\n%s", passed, err, out.String())
	}
	if !strings.HasSuffix(out.String(), "\ndemo: 1 scenarios passed, 0 failed\n") {
		t.Errorf("last line of %s", out.String())
	}
	data, err := os.ReadFile(filepath.Join(dir, "timeline.json"))
	if err != nil {
		t.Fatal(err)
	}
	var timeline []demo.Entry
	if err := json.Unmarshal(data, &timeline); err != nil || len(timeline) < 10 {
		t.Errorf("timeline has %d entries, %v", len(timeline), err)
	}
}

// TestTheREADMEShowsTheDemo: its quotation equals the demo's output, except for times, process ids and the like.
func TestTheREADMEShowsTheDemo(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(readme), "```text\n")
	quoted, _, found := strings.Cut(after, "```\n")
	chosen, err := demo.Select("across-both")
	if err != nil || !found {
		t.Fatalf("quotation found: %v, %v", found, err)
	}
	var out strings.Builder
	w, err := local.Prepare(t.Context(), &out)
	if err != nil {
		t.Fatal(err)
	}
	if passed, err := demo.Run(t.Context(), &out, t.TempDir(), w, chosen); err != nil || !passed {
		t.Fatalf("Run() = %v, %v\n%s", passed, err, out.String())
	}
	printed := map[string]bool{}
	for line := range strings.Lines(out.String()) {
		printed[timeless(line)] = true
	}
	for line := range strings.Lines(quoted) {
		if line = timeless(line); !printed[line] && !chance.MatchString(line) {
			t.Errorf("the README quotes a line that the demo doesn't print: %s", line)
		}
	}
}

// chance matches the lines that depend on which of two processes gets the next batch and makes the change.
var chance = regexp.MustCompile(`^(process|create route|tag|authorize) `)

var varies = regexp.MustCompile(`^ *\d+ ms +|all \d+ calls`)

func timeless(line string) string { return strings.TrimSpace(varies.ReplaceAllString(line, "")) }
