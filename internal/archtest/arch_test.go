// Package archtest tests the architecture: the layers and their imports, the purity of the domain, and the size of the
// functions.
package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/autopeer/autopeer/"

func TestEveryPackageHasOneDoc(t *testing.T) {
	for _, p := range packages(t) {
		docs := 0
		for _, file := range parse(t, p) {
			if file.Doc != nil {
				docs++
				if lines := strings.Count(file.Doc.Text(), "\n"); lines > 6 {
					t.Errorf("the doc of %s has %d lines; four are enough", p.ImportPath, lines)
				}
			}
		}
		if docs != 1 {
			t.Errorf("%s has %d package docs, want one", p.ImportPath, docs)
		}
	}
}

func parse(t *testing.T, p pkg) []*ast.File {
	t.Helper()
	var files []*ast.File
	for _, name := range p.files() {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

func within(path, root string) bool {
	root = strings.TrimSuffix(root, "/")
	return path == root || strings.HasPrefix(path, root+"/")
}
