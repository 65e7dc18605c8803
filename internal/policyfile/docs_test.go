package policyfile_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/policyfile"
)

// TestEveryBlockInTheDocsParses takes each YAML block of docs/policy.md as a whole file. A block that is
// only a part of one begins with the key that it explains, and is completed from the first block.
func TestEveryBlockInTheDocsParses(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(page), "```yaml\n")[1:]
	if len(blocks) < 5 {
		t.Fatalf("docs/policy.md has %d YAML blocks, want at least 5", len(blocks))
	}
	whole := section(blocks[0])
	for _, block := range blocks {
		text := section(block)
		for _, key := range []string{"version:", "departments:", "peerings:"} {
			if !strings.Contains("\n"+text, "\n"+key) {
				text += topLevel(whole, key)
			}
		}
		if _, err := policyfile.Parse("docs/policy.md", []byte(text)); err != nil {
			t.Errorf("%s\n%v", text, err)
		}
	}
}

func section(block string) string {
	text, _, _ := strings.Cut(block, "```")
	return text
}

// topLevel returns the lines of a top-level key of a file: up to the next line that isn't indented.
func topLevel(file, key string) string {
	_, rest, _ := strings.Cut("\n"+file, "\n"+key)
	lines := strings.SplitAfter(key+rest, "\n")
	end := 1
	for end < len(lines) && strings.HasPrefix(lines[end], " ") {
		end++
	}
	return strings.Join(lines[:end], "")
}

// TestEveryCodeIsDocumented: docs/policy.md has a row for each code, in the same order.
func TestEveryCodeIsDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, chapter, _ := strings.Cut(string(page), "\n## Mistakes")
	chapter, _, _ = strings.Cut(chapter, "\n## ")
	rows := regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| (?:mistake|warning) \\|").FindAllStringSubmatch(chapter, -1)
	var documented, known []string
	for _, row := range rows {
		documented = append(documented, row[1])
	}
	for _, k := range policyfile.Kinds() {
		known = append(known, string(k.Code))
	}
	if diff := cmp.Diff(known, documented); diff != "" {
		t.Errorf("codes (-known +documented):\n%s", diff)
	}
}
