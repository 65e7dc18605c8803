package policyfile_test

import (
	gocmp "cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
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

The page has %d kinds of messages of %d files, each with one example, and is generated from
[internal/policyfile/testdata](../internal/policyfile/testdata): update it with
` + "`go test ./internal/policyfile -update`" + `. The first column shows the key and the value at the
reported position. The rows of a table are sorted by key. Line numbers in a message are those of its
file.
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

// pageRow is a row of the page.
type pageRow struct{ key, excerpt, problem, fix string }

// list collects the rows of the page: the first mistake of each kind.
type list struct {
	rows        map[string][]pageRow // by part
	seen        map[string]bool
	departments *regexp.Regexp // of any file: an example in a message may be a department of another one
}

func (l list) add(part string, m policyfile.Mistake, at place) {
	if part == "" && at.path != nil && strings.HasPrefix(m.Problem, "the file ") {
		at.key = ""
	}
	kind := part + " " + at.key + " " + l.kindOf(m)
	if !l.seen[kind] {
		l.seen[kind] = true
		l.rows[part] = append(l.rows[part], pageRow{at.key, at.excerpt, m.Problem, m.Fix})
	}
}

// TestPartsOfMistakes has mistakes in brackets and below a key with a typing error.
func TestPartsOfMistakes(t *testing.T) {
	t.Parallel()
	data := []byte(`version: 3
departments: { a: [{ account: "1" }] }
peering:
  - betwene: [a, b]
    routes: { a: { tables: rtb } }
    alow: [{ form: a, ports: [443, "0"] }]
`)
	places, _ := placesOf(data)
	for position, want := range map[[2]int][2]string{
		{1, 10}: {"", "version: 3"}, {2, 31}: {"departments", `account: "1"`}, {4, 5}: {"peerings", "betwene: [a, b]"},
		{5, 28}: {"routes", "tables: rtb"}, {6, 14}: {"allow", "form: a"}, {6, 36}: {"allow", `ports: ["0"]`},
	} {
		m := policyfile.Mistake{Line: position[0], Column: position[1]}
		at := places.at(m)
		if got := [2]string{partOf(m, at), at.excerpt}; got != want {
			t.Errorf("%v: %q, want %q", position, got, want)
		}
	}
}

func listOfMistakes(t *testing.T) string {
	t.Helper()
	bad, warned := corpus(t, "bad", 40), corpus(t, "warned", 7)
	l := list{rows: map[string][]pageRow{}, seen: map[string]bool{}, departments: departmentsOf(bad, warned)}
	for _, name := range slices.Sorted(maps.Keys(bad)) {
		_, err := policyfile.Parse("f", bad[name])
		var mistakes policyfile.Mistakes
		if !errors.As(err, &mistakes) {
			t.Errorf("%s has no mistake: %v", name, err)
		}
		places, _ := placesOf(bad[name])
		for _, m := range mistakes {
			at := places.at(m)
			l.add(partOf(m, at), m, at)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(warned)) {
		_, warnings, _ := policyfile.Check("f", warned[name])
		places, _ := placesOf(warned[name])
		for _, w := range warnings {
			l.add("warnings", policyfile.Mistake(w), places.at(policyfile.Mistake(w)))
		}
	}
	var page strings.Builder
	fmt.Fprintf(&page, opening, len(l.seen), len(bad)+len(warned))
	for _, c := range chapters {
		fmt.Fprintf(&page, "\n## %s\n\n%s\n\n| in the file | problem | fix |\n|---|---|---|\n", c.heading, c.about)
		rows := l.rows[c.part]
		slices.SortStableFunc(rows, func(a, b pageRow) int {
			return gocmp.Or(strings.Compare(a.key, b.key), strings.Compare(a.problem, b.problem))
		})
		for _, r := range rows {
			page.WriteString(r.line())
		}
	}
	return page.String()
}

// partOf returns the part of the policy that has the mistake. The part of a missing key is the one that lacks it.
func partOf(m policyfile.Mistake, at place) string {
	switch {
	case at.path == nil:
		return "syntax"
	case strings.HasPrefix(m.Problem, "the file "):
		return ""
	}
	part := ""
	for depth, key := range at.path {
		isInner := key == "routes" || key == "allow"
		isPart := slices.ContainsFunc(chapters, func(c chapter) bool { return c.part == key })
		if isPart && (depth == 0 && !isInner || depth > 0 && isInner && part == "peerings") {
			part = key
		}
	}
	return part
}

// variable matches the parts of a message that differ among mistakes of one kind: quoted values, blocks, ids and
// numbers.
var variable = regexp.MustCompile(`"[^"]*"|\b[a-z]*-?[0-9][0-9a-f.:/-]*`)

// departmentsOf matches the names of all departments, and enumerations of them.
func departmentsOf(files ...map[string][]byte) *regexp.Regexp {
	all := map[string]bool{}
	for _, folder := range files {
		for _, data := range folder {
			_, departments := placesOf(data)
			for _, name := range departments {
				all[regexp.QuoteMeta(name)] = true
			}
		}
	}
	names := slices.SortedFunc(maps.Keys(all), func(a, b string) int { return len(b) - len(a) })
	name := `\b(?:` + strings.Join(names, "|") + `)\b`
	return regexp.MustCompile(name + `(?:(?:, | or | and )` + name + `)*`)
}

// kindOf returns the message without its variable parts, so that one example stands for all mistakes of a kind.
func (l list) kindOf(m policyfile.Mistake) string {
	kind := l.departments.ReplaceAllString(m.Problem+"; "+m.Fix, "#")
	return strings.Split(variable.ReplaceAllString(kind, "#"), "did you mean")[0]
}

// line returns a row of the table. Its first cell is empty if the file has nothing at the position.
func (r pageRow) line() string {
	excerpt := r.excerpt
	if excerpt != "" {
		excerpt = "`" + strings.NewReplacer("`", "'", "|", "\\|").Replace(excerpt) + "`"
	}
	cells := strings.NewReplacer("|", "\\|", "<", "&lt;", "*", "\\*")
	return fmt.Sprintf("| %s | %s | %s |\n", excerpt, cells.Replace(r.problem), cells.Replace(r.fix))
}
