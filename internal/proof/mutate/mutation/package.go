package mutation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Package is the output of `go list -json` for a package.
type Package struct {
	ImportPath   string
	Name         string
	Dir          string
	GoFiles      []string
	TestImports  []string
	XTestImports []string
	Module       struct{ Path string }
}

// List returns the packages that the patterns name, as go list understands them in the folder.
func List(ctx context.Context, dir string, patterns ...string) ([]Package, error) {
	list := exec.CommandContext(ctx, "go",
		append([]string{"list", "-json=ImportPath,Name,Dir,GoFiles,TestImports,XTestImports,Module"}, patterns...)...)
	list.Dir, list.Stderr = dir, os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", strings.Join(patterns, " "), err)
	}
	var all []Package
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p Package
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("read the output of go list: %w", err)
		}
		all = append(all, p)
	}
}

// Path is the package's path within the module.
func (p Package) Path() string { return strings.TrimPrefix(p.ImportPath, p.Module.Path+"/") }

// Mutants returns all mutants of the package, in order of file and place.
func (p Package) Mutants() ([]Mutant, error) {
	var all []Mutant
	for _, name := range p.GoFiles {
		file := filepath.Join(p.Dir, name)
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read source: %w", err)
		}
		mutants, err := Of(p.Path(), file, source)
		if err != nil {
			return nil, err
		}
		all = append(all, mutants...)
	}
	return all, nil
}

// testFlags give rapid the same cases in every run, and no time to make a failing one nicer.
func (p Package) testFlags() []string {
	const rapid = "pgregory.net/rapid"
	flags := []string{"-test.failfast", "-test.short"}
	if slices.Contains(p.TestImports, rapid) || slices.Contains(p.XTestImports, rapid) {
		flags = append(flags, "-rapid.seed=1", "-rapid.nofailfile", "-rapid.shrinktime=0s")
	}
	return flags
}
