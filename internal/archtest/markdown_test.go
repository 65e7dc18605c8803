package archtest

import (
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

var (
	// link matches the target of a link or an image, in Markdown or in HTML.
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"`)
	heading = regexp.MustCompile(`^#{1,6} +(.*)`)
	anchor  = regexp.MustCompile(`<a (?:id|name)="([^"]+)"`)
	linked  = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// outsideCode calls do for the lines outside code blocks, with their numbers.
func outsideCode(data string, do func(n int, line string)) {
	fenced := false
	for i, l := range strings.Split(data, "\n") {
		switch {
		case strings.HasPrefix(strings.TrimSpace(l), "```"):
			fenced = !fenced
		case !fenced:
			do(i+1, l)
		}
	}
}

// anchorsOf returns the anchors that GitHub gives the headings of a document, and those that the document sets itself.
func anchorsOf(data string) map[string]bool {
	anchors := map[string]bool{}
	outsideCode(data, func(_ int, l string) {
		for _, found := range anchor.FindAllStringSubmatch(l, -1) {
			anchors[found[1]] = true
		}
		if found := heading.FindStringSubmatch(l); found != nil {
			name := slug(found[1])
			unique := name
			for n := 1; anchors[unique]; n++ {
				unique = fmt.Sprintf("%s-%d", name, n)
			}
			anchors[unique] = true
		}
	})
	return anchors
}

// slug returns GitHub's anchor for a heading: letters, digits, hyphens and underscores in lower case, and hyphens for
// blanks.
func slug(text string) string {
	text = linked.ReplaceAllString(strings.TrimSpace(text), "$1")
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}

// TestLinksLeadToFilesAndHeadings covers the table "to change X, open Y" among others.
func TestLinksLeadToFilesAndHeadings(t *testing.T) {
	anchors := map[string]map[string]bool{}
	documents := map[string]string{}
	for _, name := range repositoryFiles(t, ".md") {
		data, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		documents[name], anchors[name] = string(data), anchorsOf(string(data))
	}
	links, headings := 0, 0
	for name, data := range documents {
		outsideCode(data, func(n int, l string) {
			for _, found := range link.FindAllStringSubmatch(inCode.ReplaceAllString(l, " "), -1) {
				target, fragment, _ := strings.Cut(found[1]+found[2], "#")
				if strings.Contains(target, ":") {
					continue // an address, which is not checked
				}
				file := name
				if target != "" {
					file = path.Join(path.Dir(name), unescaped(target))
				}
				links++
				if _, err := os.Stat(filepath.Join("../..", file)); err != nil {
					t.Errorf("%s:%d links to %s: %v", name, n, target, err)
				}
				if fragment == "" {
					continue
				}
				headings++
				if !anchors[file][unescaped(fragment)] {
					t.Errorf("%s:%d links to #%s, which is no heading of %s", name, n, fragment, file)
				}
			}
		})
	}
	if links < 100 || headings < 40 {
		t.Errorf("%d links were checked, %d of them to headings, want at least 100 and 40", links, headings)
	}
}

// unescaped returns the text of a part of an address, which is itself if it isn't escaped correctly.
func unescaped(text string) string {
	plain, err := url.PathUnescape(text)
	if err != nil {
		return text
	}
	return plain
}

func TestSlugsAreGitHubs(t *testing.T) {
	const document = "# The way of an event\n## `keep` & [routes](policy.md#routes)\n## Drift: found, repaired\n## " +
		"Drift: found, repaired\n" +
		"```\n# no heading\n```\n<a id=\"own\"></a>\n### snake_case – half-open\n"
	got := anchorsOf(document)
	for _, want := range []string{
		"the-way-of-an-event", "keep--routes", "drift-found-repaired", "drift-found-repaired-1",
		"own", "snake_case--half-open",
	} {
		if !got[want] {
			t.Errorf("no anchor %s in %v", want, got)
		}
	}
	if len(got) != 6 {
		t.Errorf("%d anchors, want 6: %v", len(got), got)
	}
}

// isUnbreakable reports whether the line may be long: it belongs to a table, or it has no blank at which it could be
// broken.
func isUnbreakable(line string) bool {
	text := strings.TrimLeft(line, " -*>0123456789.")
	return strings.HasPrefix(text, "|") || strings.HasPrefix(text, "<") || !strings.Contains(text, " ")
}

func TestMarkdownIsWrapped(t *testing.T) {
	for _, name := range repositoryFiles(t, ".md") {
		data, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		outsideCode(string(data), func(n int, l string) {
			if length := utf8.RuneCountInString(l); length > 100 && !strings.HasPrefix(l, "    ") && !isUnbreakable(l) {
				t.Errorf("%s:%d has %d columns, want at most 100", name, n, length)
			}
		})
	}
}
