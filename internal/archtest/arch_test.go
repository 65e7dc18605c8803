// Package archtest tests the architecture: the layers and their imports, the purity of the domain, and the size of the
// functions.
package archtest

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/autopeer/autopeer/"

// pkg is a package as `go list -json` describes it.
type pkg struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
	Deps       []string

	TestGoFiles, XTestGoFiles []string
	TestImports, XTestImports []string
}

// files returns the files of the package, or the tests of one that has nothing else.
func (p pkg) files() []string {
	if len(p.GoFiles) > 0 {
		return p.GoFiles
	}
	return slices.Concat(p.TestGoFiles, p.XTestGoFiles)
}

func TestEveryPackageHasOneDoc(t *testing.T) {
	for _, p := range packages(t) {
		docs := 0
		for _, file := range parse(t, p) {
			if file.Doc != nil {
				docs++
				if lines := strings.Count(file.Doc.Text(), "\n"); lines > 6 {
					t.Errorf("the doc of %s has %d lines; four say enough", p.ImportPath, lines)
				}
			}
		}
		if docs != 1 {
			t.Errorf("%s has %d package docs, want one", p.ImportPath, docs)
		}
	}
}

// clockReads finds calls of time.Now and its relatives.
func clockReads(t *testing.T, p pkg) []string {
	t.Helper()
	var found []string
	for _, file := range parse(t, p) {
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After"}, s.Sel.Name) {
					found = append(found, p.ImportPath+": time."+s.Sel.Name)
				}
			}
			return true
		})
	}
	return found
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

// listed keeps the packages by flags: go list takes seconds.
var listed = map[string][]pkg{}

// packages returns the module's packages. Tests of this package don't run in parallel.
func packages(t *testing.T, flags ...string) []pkg {
	t.Helper()
	key := strings.Join(flags, " ")
	if listed[key] == nil {
		listed[key] = list(t, flags...)
	}
	return listed[key]
}

func list(t *testing.T, flags ...string) []pkg {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", append(append([]string{"list"}, flags...), "-json=ImportPath,Dir,GoFiles,Imports,Deps,TestGoFiles,XTestGoFiles,TestImports,XTestImports", "./...")...)
	list.Dir = "../.."
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func within(path, root string) bool {
	root = strings.TrimSuffix(root, "/")
	return path == root || strings.HasPrefix(path, root+"/")
}
