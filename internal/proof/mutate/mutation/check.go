package mutation

import (
	"context"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// checker finds the mutants of a package that compile, a hundred times faster than the compiler.
type checker struct {
	pkg     Package
	set     *token.FileSet
	config  types.Config
	sources map[string][]byte
	trees   map[string]*ast.File
}

func newChecker(ctx context.Context, pkg Package) (*checker, error) {
	exports, err := exportsOf(ctx, pkg)
	if err != nil {
		return nil, err
	}
	open := func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) }
	c := &checker{pkg: pkg, set: token.NewFileSet(), sources: map[string][]byte{}, trees: map[string]*ast.File{}}
	c.config.Importer = importer.ForCompiler(c.set, "gc", open)
	for _, name := range pkg.GoFiles {
		file := filepath.Join(pkg.Dir, name)
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read source: %w", err)
		}
		c.sources[file] = source
		if c.trees[file], err = parser.ParseFile(c.set, file, source, parser.SkipObjectResolution); err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
	}
	return c, c.check(c.trees)
}

// exportsOf returns the compiler's export data files of the packages that pkg imports.
func exportsOf(ctx context.Context, pkg Package) (map[string]string, error) {
	list := exec.CommandContext(ctx, "go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", ".")
	list.Dir, list.Stderr = pkg.Dir, os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("list the imports of %s: %w", pkg.Path(), err)
	}
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		exports[path] = file
	}
	return exports, nil
}

func (c *checker) compiles(m Mutant) bool {
	changed, err := parser.ParseFile(c.set, m.File, m.Apply(c.sources[m.File]), parser.SkipObjectResolution)
	if err != nil {
		return false
	}
	trees := maps.Clone(c.trees)
	trees[m.File] = changed
	return c.check(trees) == nil
}

func (c *checker) check(trees map[string]*ast.File) error {
	_, err := c.config.Check(c.pkg.ImportPath, c.set, slices.Collect(maps.Values(trees)), nil)
	return err
}
