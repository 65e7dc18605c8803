package archtest

import (
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// widest is the most columns of a Go line, a tab counted as one.
const widest = 120

// unbreakable matches the lines that Go can't break: a field with a tag, and a comment that is one address.
var unbreakable = regexp.MustCompile("`[a-z]+:\"|^\\t*// https://[^ ]+$")

// TestGoLinesAreShort permits longer lines where a text of several lines begins, goes on or ends.
func TestGoLinesAreShort(t *testing.T) {
	files := repositoryFiles(t, ".go")
	if len(files) < 100 {
		t.Fatalf("%d Go files, which is too few to be all", len(files))
	}
	for _, path := range files {
		data, err := os.ReadFile(filepath.Join("../..", path))
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range tooWide(data) {
			t.Errorf("%s:%d has more than %d columns: break it after a comma or an operator", path, n, widest)
		}
	}
}

// tooWide returns the numbers of the lines that are to be broken.
func tooWide(data []byte) (numbers []int) {
	texts := textLines(data)
	for i, l := range strings.Split(string(data), "\n") {
		if len([]rune(l)) > widest && !unbreakable.MatchString(l) && !slices.Contains(texts, i+1) {
			numbers = append(numbers, i+1)
		}
	}
	return numbers
}

// textLines returns the numbers of the lines with a raw text that has several lines.
func textLines(data []byte) (numbers []int) {
	files := token.NewFileSet()
	file := files.AddFile("", -1, len(data))
	var s scanner.Scanner
	s.Init(file, data, nil, 0)
	for {
		pos, kind, text := s.Scan()
		if kind == token.EOF {
			return numbers
		}
		if more := strings.Count(text, "\n"); kind == token.STRING && more > 0 {
			for n := file.Line(pos); n <= file.Line(pos)+more; n++ {
				numbers = append(numbers, n)
			}
		}
	}
}

func TestWideLinesAreFound(t *testing.T) {
	wide := strings.Repeat("x", widest)
	for _, tt := range []struct {
		line  string
		found bool
	}{
		{"var a = \"" + wide + "\"", true},
		{"// " + wide + " " + wide, true},
		{"// https://example.com/" + wide, false},
		{"// See https://example.com/" + wide, true},
		{"type a struct {\n\tb int `json:\"" + wide + "\"`\n}", false},
		{"var a = `" + wide + "`", true},
		{"var a = `\n" + wide + "\n`", false},
		{"var a = `\n`\n// " + wide, true},
	} {
		if got := tooWide([]byte("package a\n\n" + tt.line + "\n")); (len(got) == 1) != tt.found {
			t.Errorf("%.60q: lines %v, want it found: %t", tt.line, got, tt.found)
		}
	}
}
