package oracle_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The packages that the oracle may import. Of autopeer's own, that is only the one with the names of things: an oracle
// that shared a decision with the code under test would share its mistakes.
var allowedImports = []string{
	"encoding/json", "fmt", "net/netip", "regexp", "slices", "strings", "time",
	"github.com/autopeer/autopeer/internal/domain/peering",
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger",
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy",
}

func TestTheOracleIsPure(t *testing.T) {
	t.Parallel()
	files := sources(t, ".", "ledger", "plainpolicy")
	if len(files) < 15 {
		t.Fatalf("%d files of the oracle, want all", len(files))
	}
	for name, file := range files {
		for _, i := range file.Imports {
			if path, err := strconv.Unquote(i.Path.Value); err != nil || !slices.Contains(allowedImports, path) {
				t.Errorf("%s imports %s", name, i.Path.Value)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt, *ast.SendStmt, *ast.SelectStmt:
				t.Errorf("%s starts or awaits a goroutine", name)
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" &&
					slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After"}, n.Sel.Name) {
					t.Errorf("%s calls time.%s", name, n.Sel.Name)
				}
			}
			return true
		})
	}
}

// sources parses the files of the directories, tests left out.
func sources(t *testing.T, dirs ...string) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	for _, dir := range dirs {
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			files[name] = file
		}
	}
	return files
}
