package archtest

import (
	"cmp"
	"fmt"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// wordGroups are words that plain technical English hardly needs. The second part of a pattern is what may follow the
// word without a count: "what is the" begins a question.
var wordGroups = []struct {
	name    string
	pattern *regexp.Regexp
}{
	{"what", regexp.MustCompile(`(?i)\bwhat(?:ever)?\b( is the| are the|\?)?`)},
	{"say or tell", regexp.MustCompile(`(?i)\b(?:says?|said|saying|tells?|told|telling|speaks?|spoken|hears?|heard)\b()`)},
	{"somebody", regexp.MustCompile(`(?i)\b(?:(?:somebody|someone|nobody|anybody)s?|whoever|whom)\b()`)},
	{"archaic", regexp.MustCompile(
		`(?i)\b(?:shall|mend(?:s|ed)?|befalls?|thereof|whereof|of which|for want of|as far as|none of|in vain|the own)\b()`)},
}

// goals are the most words of each group in 1,000.
var goals = [...]float64{1.5, 1.0, 0.3, 0.2}

// bounds has the goals of each area.
var bounds = map[string][len(goals)]float64{
	"documents": goals, "product": goals, "cloudsim": goals, "proofs and demo": goals, "tests": goals,
	"functions of tests": {},
}

func areaOf(path string) string {
	support := func(folder string) bool { return strings.HasPrefix(path, "internal/"+folder+"/") }
	switch {
	case strings.HasSuffix(path, ".md"):
		return "documents"
	case strings.HasSuffix(path, "_test.go"):
		return "tests"
	case support("cloudsim"):
		return "cloudsim"
	case slices.ContainsFunc([]string{"proof", "demo", "lab", "local", "sandbox"}, support):
		return "proofs and demo"
	}
	return "product"
}

// line is the prose of one line of a file.
type line struct {
	place, text string
	hits        int
}

// figures are the counts of one area.
type figures struct {
	words int
	hits  [len(goals)]int
	lines []line
}

// count adds the prose of a line.
func (f *figures) count(place, text string) {
	f.words += len(strings.Fields(text))
	total := 0
	for i, group := range wordGroups {
		for _, found := range group.pattern.FindAllStringSubmatch(text, -1) {
			if found[1] == "" {
				f.hits[i]++
				total++
			}
		}
	}
	if total > 0 {
		f.lines = append(f.lines, line{place, strings.Join(strings.Fields(text), " "), total})
	}
}

// perThousand returns the hits of the group in 1,000 words.
func (f *figures) perThousand(group int) float64 {
	return 1000 * float64(f.hits[group]) / float64(max(f.words, 1))
}

// worst returns the beginnings of the ten lines with the most hits.
func (f *figures) worst() string {
	slices.SortStableFunc(f.lines, func(a, b line) int { return cmp.Compare(b.hits, a.hits) })
	var text strings.Builder
	for _, l := range f.lines[:min(len(f.lines), 10)] {
		fmt.Fprintf(&text, "\n  %s: %.150s", l.place, l.text)
	}
	return text.String()
}

// TestProseIsPlain counts the words of wordGroups in comments, messages, documents and the names of tests
// and their helpers. With -v it prints the figures and the worst lines of all areas.
func TestProseIsPlain(t *testing.T) {
	areas := map[string]*figures{}
	for area := range bounds {
		areas[area] = &figures{}
	}
	for _, path := range repositoryFiles(t, ".go", ".md", "Makefile") {
		data, err := os.ReadFile(filepath.Join("../..", path))
		if err != nil {
			t.Fatal(err)
		}
		f := areas[areaOf(path)]
		for n, text := range prose(path, data) {
			f.count(fmt.Sprintf("%s:%d", path, n), text)
		}
		for n, name := range testNames(path, data) {
			areas["functions of tests"].count(fmt.Sprintf("%s:%d", path, n), name)
		}
	}
	for area, f := range areas {
		t.Logf("%s: %d words; the worst lines:%s", area, f.words, f.worst())
		if f.words < 5000 {
			t.Errorf("%s has %d words, which is too few to be all", area, f.words)
		}
		for i, bound := range bounds[area] {
			if got := f.perThousand(i); got > bound {
				t.Errorf("%s has %q %.2f times in 1,000 words, want at most %.1f; the worst lines:%s",
					area, wordGroups[i].name, got, bound, f.worst())
			}
		}
	}
}

// repositoryFiles returns the files with one of the suffixes, by their paths from the root. It leaves out hidden
// folders, test data and the results of other programs.
func repositoryFiles(t *testing.T, suffixes ...string) []string {
	t.Helper()
	skipped := []string{"testdata", "node_modules", "build", "cdk.out", "out"}
	var paths []string
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && (slices.Contains(skipped, name) || strings.HasPrefix(name, ".") && name != "..") {
			return fs.SkipDir
		}
		if entry.Type().IsRegular() &&
			slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(name, s) }) {
			paths = append(paths, filepath.ToSlash(strings.TrimPrefix(path, "../../")))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// prose returns the comments and messages of a Go file, the text of a Markdown file without code, or the help texts of
// a Makefile, by line number.
func prose(path string, data []byte) map[int]string {
	switch {
	case strings.HasSuffix(path, ".go"):
		return goProse(data)
	case strings.HasSuffix(path, ".md"):
		return markdownProse(data)
	}
	texts := map[int]string{}
	for i, l := range strings.Split(string(data), "\n") {
		if _, help, found := strings.Cut(l, "## "); found {
			texts[i+1] = help
		}
	}
	return texts
}

// quoted matches the texts inside a raw string, such as the description in a struct tag.
var quoted = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)

// goProse returns the comments, and the strings with at least two spaces.
func goProse(data []byte) map[int]string {
	texts := map[int]string{}
	files := token.NewFileSet()
	file := files.AddFile("", -1, len(data))
	var s scanner.Scanner
	s.Init(file, data, nil, scanner.ScanComments)
	for {
		pos, kind, text := s.Scan()
		if kind == token.EOF {
			return texts
		}
		for _, part := range partsOf(kind, text) {
			texts[file.Line(pos)] += " " + part
		}
	}
}

// partsOf returns the prose of a token.
func partsOf(kind token.Token, text string) (parts []string) {
	switch {
	case kind == token.COMMENT:
		if !strings.HasPrefix(text, "//go:") && !strings.HasPrefix(text, "//nolint") {
			parts = []string{strings.TrimPrefix(text, "//")}
		}
		return parts
	case kind != token.STRING:
		return nil
	case text[0] == '`':
		for _, found := range quoted.FindAllStringSubmatch(text, -1) {
			parts = append(parts, found[1])
		}
	default:
		value, _ := strconv.Unquote(text) // the scanner has found a valid string
		parts = []string{value}
	}
	return slices.DeleteFunc(parts, func(part string) bool { return strings.Count(part, " ") < 2 })
}

var (
	// function matches the declaration of a function or method, up to its name.
	function = regexp.MustCompile(`^func (?:\([^)]*\) )?(\w+)[(\[]`)
	// wordStart matches the end of a word of an identifier and the capital of the next. "AWSShows" has two words.
	wordStart = regexp.MustCompile(`([\p{Ll}\d])(\p{Lu})|(\p{Lu})(\p{Lu}\p{Ll})`)
)

// testNames returns the names of the functions of a test file, split into words, by line number. A file of another kind
// has none.
func testNames(path string, data []byte) map[int]string {
	names := map[int]string{}
	if !strings.HasSuffix(path, "_test.go") {
		return names
	}
	for i, l := range strings.Split(string(data), "\n") {
		if found := function.FindStringSubmatch(l); found != nil {
			names[i+1] = splitName(found[1])
		}
	}
	return names
}

// splitName returns the words of an identifier, with spaces between them.
func splitName(name string) string {
	name = wordStart.ReplaceAllString(strings.ReplaceAll(name, "_", " "), "$1$3 $2$4")
	return wordStart.ReplaceAllString(name, "$1$3 $2$4") // a match can't begin inside another: "ASideIs"
}

// inCode matches code inside a line of Markdown.
var inCode = regexp.MustCompile("`[^`]*`")

// markdownProse returns the lines outside code.
func markdownProse(data []byte) map[int]string {
	texts := map[int]string{}
	fenced := false
	for i, l := range strings.Split(string(data), "\n") {
		switch {
		case strings.HasPrefix(strings.TrimSpace(l), "```"):
			fenced = !fenced
		case !fenced && !strings.HasPrefix(l, "    "):
			texts[i+1] = inCode.ReplaceAllString(l, " ")
		}
	}
	return texts
}

func TestTheWordsAreCounted(t *testing.T) {
	for _, tt := range []struct {
		path, data string
		want       [len(goals)]int
	}{
		{"a.go", "package a\n\n// A is what is wanted; it says so.\ntype A int\n", [...]int{1, 1, 0, 0}},
		{"a.go", "package a\n\n// What is the reason? Somebody knows what?\ntype A int\n", [...]int{0, 0, 1, 0}},
		{"a.go", "package a\n\nvar a = \"nobody shall\" + \"nobody shall mend\"\n", [...]int{0, 0, 1, 2}},
		{"a.go", "package a\n\ntype a struct {\n\tb int `json:\"what\" description:\"tells them whatever\"`\n}\n",
			[...]int{1, 1, 0, 0}},
		{"a.go", "package a\n\nvar a int //nolint:what\n\n//go:embed what\nvar whatever int\n", [...]int{0, 0, 0, 0}},
		{"a.md", "What is told in `what`.\n\n```\nwhat\n```\n\n    what\n\nWhatever.\n", [...]int{2, 1, 0, 0}},
		{"Makefile", "what: ## Do what is said\n\techo what\n", [...]int{1, 1, 0, 0}},
	} {
		var got figures
		for _, text := range prose(tt.path, []byte(tt.data)) {
			got.count(tt.path, text)
		}
		if got.hits != tt.want {
			t.Errorf("%s %q: %v, want %v", tt.path, tt.data, got.hits, tt.want)
		}
	}
}

func TestTheWordsOfTestNamesAreCounted(t *testing.T) {
	for name, want := range map[string][len(goals)]int{
		"TestWhatIsWrong": {1, 0, 0, 0}, "TestARefusalSaysWhatAWSSays": {1, 2, 0, 0}, "FuzzIPv4What": {1, 0, 0, 0},
		"TestOfNobodysConcern": {0, 0, 1, 0}, "BenchmarkTold_whatever": {1, 1, 0, 0}, "ExampleNoneOf": {0, 0, 0, 1},
		"TestAWhatever": {1, 0, 0, 0}, "TestSomewhatHeardless": {}, "testWhat": {1, 0, 0, 0},
		"(h helper) tell": {0, 1, 0, 0}, "any[T any]": {}, "said[T any]": {0, 1, 0, 0},
	} {
		var got figures
		for _, words := range testNames("a_test.go", []byte("package a\n\nfunc "+name+"(t *testing.T) {\n}\n")) {
			got.count(name, words)
		}
		if got.hits != want {
			t.Errorf("%s: %v, want %v", name, got.hits, want)
		}
	}
	if names := testNames("a.go", []byte("func TestWhat() {}\n")); len(names) > 0 {
		t.Errorf("a.go has the tests %v", names)
	}
	if got, want := splitName("TestASidesVPCIs"), "Test A Sides VPC Is"; got != want {
		t.Errorf("splitName() = %q, want %q", got, want)
	}
}
