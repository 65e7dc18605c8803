package policyfile_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/policyfile"
)

const mistakesPage = "../../docs/policy-mistakes.md"

// opening is the page before its sections. %d are the numbers of mistakes and of files.
const opening = `# Mistakes in a policy

This page lists the mistakes and warnings that ` + "`autopeer check`" + ` reports, so that you can look up a
message or see how much the check notices. [The policy file](policy.md#mistakes) describes the check
itself.

The page has %d messages of %d files, and is generated from
[internal/policyfile/testdata](../internal/policyfile/testdata): update it with
` + "`go test ./internal/policyfile -update`" + `. The first column shows the file from the reported
position on. Line numbers in a message are those of its file.
`

// chapter is a section of the page: the part of a policy that has the mistake, or its kind.
type chapter struct{ part, heading, about string }

var chapters = []chapter{
	{"syntax", "YAML", "A policy uses a part of YAML, without anchors, aliases and tags."},
	{"", "The whole file", "Keys at the top of the file."},
	{"limits", "Limits", "The quotas that AWS has raised."},
	{"retired", "Retired cells", "The cells that are about to be deleted."},
	{"departments", "Departments", "The VPCs and ranges of each department."},
	{"peerings", "Peerings", "The pairs of departments and their keys."},
	{"routes", "Routes of a peering", "Route tables, destinations, exclusions and kept routes."},
	{"allow", "Traffic of a peering", "The entries of `allow`."},
	{"warnings", "Warnings", "A file with warnings is valid. The code is in brackets in the output of the check."},
}

// TestTheListOfMistakesIsCurrent compares docs/policy-mistakes.md with the messages of the files. It is not parallel,
// because other tests may rewrite the files.
func TestTheListOfMistakesIsCurrent(t *testing.T) {
	want := listOfMistakes(t)
	if *update {
		if err := os.WriteFile(mistakesPage, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(mistakesPage)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/policy-mistakes.md (go test ./internal/policyfile -update) (-want +got):\n%s", diff)
	}
}

func listOfMistakes(t *testing.T) string {
	bad, warned := corpus(t, "bad", 40), corpus(t, "warned", 7)
	rows, seen := map[string][]string{}, map[string]bool{}
	add := func(part string, m policyfile.Mistake, data []byte) {
		if message := m.Problem + m.Fix; !seen[message] {
			seen[message] = true
			rows[part] = append(rows[part], row(m, data))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(bad)) {
		_, err := policyfile.Parse("f", bad[name])
		var mistakes policyfile.Mistakes
		if !errors.As(err, &mistakes) {
			t.Errorf("%s has no mistake: %v", name, err)
		}
		for _, m := range mistakes {
			add(partOf(m, bad[name]), m, bad[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(warned)) {
		_, warnings, _ := policyfile.Check("f", warned[name])
		for _, w := range warnings {
			add("warnings", policyfile.Mistake(w), warned[name])
		}
	}
	var page strings.Builder
	fmt.Fprintf(&page, opening, len(seen), len(bad)+len(warned))
	for _, c := range chapters {
		fmt.Fprintf(&page, "\n## %s\n\n%s\n\n| in the file | problem | fix |\n|---|---|---|\n", c.heading, c.about)
		page.WriteString(strings.Join(rows[c.part], ""))
	}
	return page.String()
}

// partOf returns the part of the policy that has the mistake, by the keys of the lines that enclose its line.
func partOf(m policyfile.Mistake, data []byte) string {
	if m.Code == policyfile.Syntax {
		return "syntax"
	}
	lines := strings.Split(string(data), "\n")
	part, depth := "", indentOf(lines[m.Line-1])+1
	for i := m.Line - 1; i >= 0 && depth > 0; i-- {
		key, _, found := strings.Cut(strings.Trim(lines[i], " -{"), ":")
		if !found || strings.HasPrefix(lines[i], "#") || indentOf(lines[i]) >= depth {
			continue
		}
		depth = indentOf(lines[i])
		if part == "" && slices.ContainsFunc(chapters, func(c chapter) bool { return c.part == key }) {
			part = key
		}
	}
	return part
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// shown is the number of characters of a file that a row shows.
const shown = 40

// row returns a row of the table. Its first cell is empty if nothing follows the position in its line.
func row(m policyfile.Mistake, data []byte) string {
	line := []rune(strings.Split(string(data), "\n")[m.Line-1])
	start := min(m.Column-1, len(line))
	excerpt := strings.TrimSpace(string(line[start:min(start+shown, len(line))]))
	if len(line) > start+shown {
		excerpt += "…"
	}
	if strings.HasPrefix(excerpt, "#") { // an empty file has only the lines with its messages
		excerpt = ""
	}
	if excerpt != "" {
		excerpt = "`" + strings.ReplaceAll(excerpt, "`", "'") + "`"
	}
	cells := strings.NewReplacer("|", "\\|", "<", "&lt;", "*", "\\*")
	excerpt = strings.ReplaceAll(excerpt, "|", "\\|")
	return fmt.Sprintf("| %s | %s | %s |\n", excerpt, cells.Replace(m.Problem), cells.Replace(m.Fix))
}
