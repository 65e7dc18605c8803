package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	layoutRow = regexp.MustCompile("(?m)^\\| (deployed|deploys it|for people|proves it) \\| (`.*`) \\|")
	quotedIn  = regexp.MustCompile("`([^`]+)`")
	link      = regexp.MustCompile(`\]\(([^)#]+)\)`)
)

// layoutOf returns the part of the README's table that has the package: that of the longest path that fits.
func layoutOf(t *testing.T, path string, parts map[string]string) (part string) {
	t.Helper()
	longest := ""
	for row, of := range parts {
		if fits(path, row) && len(row) > len(longest) {
			longest, part = row, of
		}
	}
	return part
}

// TestTheREADMEsLayoutIsTrue: every package is in the table, and those that it calls deployed are exactly those that the
// functions are linked from.
func TestTheREADMEsLayoutIsTrue(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, row := range layoutRow.FindAllStringSubmatch(string(readme), -1) {
		for _, path := range quotedIn.FindAllStringSubmatch(row[2], -1) {
			parts[path[1]] = row[1]
		}
	}
	linked := map[string]bool{}
	all := packages(t)
	for _, p := range all {
		if within(p.ImportPath, module+"functions") {
			for _, dep := range append(p.Deps, p.ImportPath) {
				linked[dep] = true
			}
		}
	}
	used := map[string]bool{}
	for _, p := range all {
		path := strings.TrimPrefix(p.ImportPath, module)
		part := layoutOf(t, path, parts)
		used[part] = true
		if part == "" {
			t.Errorf("README.md has no row for %s", path)
		}
		if isLinked := linked[p.ImportPath]; isLinked != (part == "deployed") {
			t.Errorf("%s: README.md has it as %q; the functions are linked from it: %v", path, part, isLinked)
		}
	}
	for path := range parts {
		if !slices.ContainsFunc(all, func(p pkg) bool { return strings.HasPrefix(p.ImportPath+"/", module+strings.TrimSuffix(path, "/")+"/") }) {
			t.Errorf("README.md names %s, which has no package", path)
		}
	}
	if len(used) != 4 {
		t.Errorf("parts in use: %v, want all four", used)
	}
}

// TestLinksOfTheDocumentsLeadToFiles covers the table "to change X, open Y" among others.
func TestLinksOfTheDocumentsLeadToFiles(t *testing.T) {
	documents, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	documents = append(documents, "../../README.md", "../../CONTRIBUTING.md")
	links := 0
	for _, document := range documents {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			links++
			if _, err := os.Stat(filepath.Join(filepath.Dir(document), found[1])); err != nil {
				t.Errorf("%s links to %s: %v", document, found[1], err)
			}
		}
	}
	if links < 40 {
		t.Errorf("%d links were checked, want at least 40", links)
	}
}
