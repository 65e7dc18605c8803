package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pure lists the packages from outside the module that the domain may import. They do no I/O by themselves, and compile
// no regular expressions at a cold start.
var pure = []string{
	"bytes", "cmp", "crypto/sha256", "encoding/hex", "encoding/json", "errors", "fmt", "io", "maps", "net/netip", "slices",
	"strconv", "strings", "time",
}

// concurrent are the packages that use cases and their steps may import beside the pure ones.
var concurrent = []string{"context", "log/slog", "sync", "sync/atomic", "golang.org/x/sync/errgroup"}

// allowed has the packages from outside the module that a layer may import.
var allowed = map[string][]string{
	"domain":    pure,
	"use cases": slices.Concat(pure, concurrent),
	"steps":     slices.Concat(pure, concurrent),
}

// impure are the names of pure packages that read the clock, a file of time zones or a terminal, or write to one.
var impure = map[string][]string{
	"time": {"After", "AfterFunc", "LoadLocation", "Local", "NewTicker", "NewTimer", "Now", "Since",
		"Sleep", "Tick", "Until"},
	"fmt": {"Print", "Printf", "Println", "Scan", "Scanf", "Scanln"},
}

// TestDecisionsArePure: the domain has no I/O, no clock, no context and no log; use cases and their steps do I/O only
// through the methods that they declare.
func TestDecisionsArePure(t *testing.T) {
	checked := map[string]bool{}
	for _, p := range packages(t) {
		l := layerOf(p.ImportPath)
		if l == nil || allowed[l.name] == nil {
			continue
		}
		checked[l.name] = true
		for _, i := range p.Imports {
			if !within(i, module) && !slices.Contains(allowed[l.name], i) {
				t.Errorf("%s (%s) imports %s; it may import %s", p.ImportPath, l.name, i, strings.Join(allowed[l.name], ", "))
			}
		}
		for _, file := range parse(t, p) {
			for _, use := range impureUses(file) {
				t.Errorf("%s (%s) uses %s; the time is an argument, and output is a result", p.ImportPath, l.name, use)
			}
		}
	}
	if len(checked) != len(allowed) {
		t.Errorf("layers %v were checked, want %d", checked, len(allowed))
	}
}

// impureUses returns the impure names that a file uses, under whichever name it imports their packages.
func impureUses(file *ast.File) (found []string) {
	paths := importNames(file)
	if dotted, ok := paths["."]; ok {
		found = append(found, "a dot import of "+dotted)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := selector.X.(*ast.Ident); ok && slices.Contains(impure[paths[x.Name]], selector.Sel.Name) {
			found = append(found, paths[x.Name]+"."+selector.Sel.Name)
		}
		return true
	})
	return found
}

// importNames returns the path of each import by its name in the file.
func importNames(file *ast.File) map[string]string {
	paths := map[string]string{}
	for _, spec := range file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		name := path.Base(imported)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		paths[name] = imported
	}
	return paths
}

func TestImpureUsesAreFoundUnderEveryImportName(t *testing.T) {
	for body, want := range map[string]string{
		`import "time"; var now = time.Now`:                          "time.Now",
		`import clock "time"; func f() { clock.NewTimer(1) }`:        "time.NewTimer",
		`import . "time"; var now = Now`:                             "a dot import of time",
		`import p "fmt"; func f() { p.Println(1) }`:                  "fmt.Println",
		`import time "fmt"; var s = time.Sprint`:                     "",
		`import "time"; var zone, d = time.UTC, time.Duration(1)`:    "",
		`import "fmt"; func f() { fmt.Print(fmt.Errorf("%d", 1)) }`:  "fmt.Print",
		`import "time"; func f() { go func() { <-time.Tick(1) }() }`: "time.Tick",
		`import "example.com/time"; func f() { time.Now() }`:         "",
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x; "+body, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(impureUses(file), " "); got != want {
			t.Errorf("%s: found %q, want %q", body, got, want)
		}
	}
}
