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
	arrow     = regexp.MustCompile(`(?m)^  (\w+)(?:\[".*?"\])? --> (\w+)`)
)

// layout returns the part of each place in the table of docs/architecture.md.
func layout(t *testing.T) map[string]string {
	t.Helper()
	page, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, row := range layoutRow.FindAllStringSubmatch(string(page), -1) {
		for _, place := range quotedIn.FindAllStringSubmatch(row[2], -1) {
			if parts[place[1]] != "" {
				t.Errorf("docs/architecture.md has two rows for %s", place[1])
			}
			parts[place[1]] = row[1]
		}
	}
	return parts
}

// layoutOf returns the part of the longest place that fits the package.
func layoutOf(path string, parts map[string]string) (part string) {
	longest := ""
	for place, of := range parts {
		if fits(path, place) && len(place) > len(longest) {
			longest, part = place, of
		}
	}
	return part
}

// uses returns the part of each package by the programs that use it: functions are deployed, the CDK app
// deploys them, the command and the lab are for people, and proofs use the rest.
func uses(all []pkg) map[string]string {
	parts := map[string]string{}
	for _, p := range all {
		parts[p.ImportPath] = "proves it"
		if onlyTheCommandImports(all, p.ImportPath) {
			parts[p.ImportPath] = "for people"
		}
	}
	parts[module+"infra/departments"] = "for people"
	for _, program := range []struct{ place, part string }{{"infra", "deploys it"}, {"functions/", "deployed"}} {
		for _, p := range all {
			if !fits(strings.TrimPrefix(p.ImportPath, module), program.place) {
				continue
			}
			for _, linked := range append(p.Deps, p.ImportPath) {
				parts[linked] = program.part
			}
		}
	}
	return parts
}

// onlyTheCommandImports is true for the command, too. The importers include tests.
func onlyTheCommandImports(all []pkg, path string) bool {
	const command = module + "infra/autopeer"
	imported := path == command
	for _, p := range all {
		if p.ImportPath == path || !slices.Contains(append(p.testImports(), p.Imports...), path) {
			continue
		}
		if p.ImportPath != command {
			return false
		}
		imported = true
	}
	return imported
}

// TestTheLayoutIsTrue: every package is in the table, in the part of the programs that use it.
func TestTheLayoutIsTrue(t *testing.T) {
	parts, all := layout(t), packages(t)
	want, used := uses(all), map[string]bool{}
	for _, p := range all {
		path := strings.TrimPrefix(p.ImportPath, module)
		part := layoutOf(path, parts)
		used[part] = true
		if part != want[p.ImportPath] {
			t.Errorf("docs/architecture.md has %s as %q, want %q", path, part, want[p.ImportPath])
		}
	}
	for place := range parts {
		if !slices.ContainsFunc(all, func(p pkg) bool { return fits(strings.TrimPrefix(p.ImportPath, module), place) }) {
			t.Errorf("docs/architecture.md names %s, which has no package", place)
		}
	}
	if len(used) != 4 {
		t.Errorf("parts in use: %v, want all four", used)
	}
}

// tableOfLayers returns the rows of docs/architecture.md, which has them between blank lines.
func tableOfLayers() string {
	var table strings.Builder
	table.WriteString("\n\n| layer | packages | may import | tests also |\n|---|---|---|---|\n")
	for _, l := range layers {
		places := "`" + strings.Join(l.paths, "`, `") + "`"
		table.WriteString("| " + l.name + " | " + places + " | " + orNone(l.imports) + " | " + orNone(l.tests) + " |\n")
	}
	return table.String() + "\n"
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "–"
	}
	return strings.Join(names, ", ")
}

func TestTheDocumentHasTheTableOfLayers(t *testing.T) {
	text, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), tableOfLayers()) {
		t.Errorf("docs/architecture.md lacks this table:%s", tableOfLayers())
	}
}

// TestTheDiagramsArrowsAreAllowed: a node's name is that of its layer without spaces.
func TestTheDiagramsArrowsAreAllowed(t *testing.T) {
	text, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	arrows := map[string]bool{}
	for _, from := range layers {
		for _, to := range from.imports {
			arrows[strings.ReplaceAll(from.name+">"+to, " ", "")] = true
		}
	}
	drawn := arrow.FindAllStringSubmatch(string(text), -1)
	for _, found := range drawn {
		if !arrows[found[1]+">"+found[2]] {
			t.Errorf("the diagram has an arrow from %s to %s, which no layer allows", found[1], found[2])
		}
	}
	if lines := strings.Count(string(text), " --> "); len(drawn) != lines || lines < 10 {
		t.Errorf("%d arrows of %d were checked, want all and at least 10", len(drawn), lines)
	}
}

// touched is the rule of docs/policy.md on the routes that autopeer deletes.
const touched = "Without evidence that autopeer has connected a living connection, it deletes no " +
	"route to that connection: it proposes the changes, and makes them once a person consents. Evidence is the tag " +
	"`autopeer:managed` of this installation on the connection, or an ingress rule that this installation has made for it."

// TestDocumentsAgreeOnRoutes: each of the three documents has the same rule in the same words.
func TestDocumentsAgreeOnRoutes(t *testing.T) {
	for _, name := range []string{"README.md", "docs/policy.md", "docs/architecture.md"} {
		text, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(strings.Join(strings.Fields(string(text)), " "), touched) {
			t.Errorf("%s has no longer the words %q", name, touched)
		}
	}
}
