package archtest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pages returns the text of each document by its path from the root.
func pages(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, path := range append(paths, "../../README.md", "../../CONTRIBUTING.md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[strings.TrimPrefix(path, "../../")] = string(text)
	}
	return texts
}

// TestEveryPageBeginsWithItsPurpose and is in the list of docs/index.md.
func TestEveryPageBeginsWithItsPurpose(t *testing.T) {
	texts := pages(t)
	_, list, found := strings.Cut(texts["docs/index.md"], "\n## All pages\n")
	if !found {
		t.Fatal("docs/index.md has no list of all pages")
	}
	purpose := regexp.MustCompile(`\A# .+\n\nThis page [a-z]+ `)
	for path, text := range texts {
		name, document := strings.CutPrefix(path, "docs/")
		if !document {
			continue
		}
		if !purpose.MatchString(text) {
			t.Errorf("%s doesn't begin with a title and a sentence of its purpose, \"This page …\"", path)
		}
		if name != "index.md" && !strings.Contains(list, "]("+name+")") {
			t.Errorf("docs/index.md doesn't list %s", name)
		}
	}
}

// TestTheREADMEIsShort: its first screen has the picture and the quick start.
func TestTheREADMEIsShort(t *testing.T) {
	text := pages(t)["README.md"]
	if lines := strings.Count(text, "\n"); lines >= 130 {
		t.Errorf("README.md has %d lines, want less than 130", lines)
	}
	first := strings.Join(strings.SplitAfter(text, "\n")[:40], "")
	for _, part := range []string{"](docs/overview.svg)", "## Quick start", "make demo", "make local"} {
		if !strings.Contains(first, part) {
			t.Errorf("the first 40 lines of README.md lack %q", part)
		}
	}
}

// TestTheOverviewIsReadable: the picture is well-formed, has colors for light and dark, and names the functions.
func TestTheOverviewIsReadable(t *testing.T) {
	data, err := os.ReadFile("../../docs/overview.svg")
	if err != nil {
		t.Fatal(err)
	}
	for decoder := xml.NewDecoder(bytes.NewReader(data)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("docs/overview.svg: %v", err)
		}
	}
	classes := regexp.MustCompile(`class="([a-z ]+)"`).FindAllStringSubmatch(string(data), -1)
	light, dark, _ := strings.Cut(string(data), "@media (prefers-color-scheme: dark)")
	dark, _, _ = strings.Cut(dark, "</style>")
	for _, found := range classes {
		for _, class := range strings.Fields(found[1]) {
			colored := regexp.MustCompile(`\.` + class + ` \{[^}]*(fill|stroke): #`)
			if colored.MatchString(light) && !colored.MatchString(dark) {
				t.Errorf("docs/overview.svg has no dark color for the class %s", class)
			}
		}
	}
	for _, function := range []string{"accept", "connect", "disconnect", "sweep"} {
		if !strings.Contains(string(data), function) {
			t.Errorf("docs/overview.svg doesn't name %s", function)
		}
	}
}
