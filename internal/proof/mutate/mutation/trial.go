package mutation

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
)

// Verdict is the result of trying a mutant.
type Verdict int

// The verdicts. A mutant that doesn't compile shows nothing about the tests.
const (
	Invalid  Verdict = iota // doesn't compile
	Killed                  // a test failed, or came to no end
	Survivor                // the tests pass
)

// Result is a mutant that was tried.
type Result struct {
	Mutant
	Verdict Verdict
}

// Trial runs the tests of one package with one mutant at a time.
type Trial struct {
	pkg      Package
	sources  map[string][]byte
	mutants  []Mutant
	compiles []bool
	scratch  string
	binary   string        // with all mutants that can be in one
	limit    time.Duration // for one run of the tests
}

// patience is how much longer than without a mutant the tests may run before they are taken to hang.
const patience = 10

// NewTrial builds the tests and runs them without a mutant, which must succeed.
func NewTrial(ctx context.Context, pkg Package, mutants []Mutant, scratch string) (*Trial, error) {
	c, err := newChecker(ctx, pkg)
	if err != nil {
		return nil, err
	}
	t := &Trial{
		pkg: pkg, sources: c.sources, mutants: mutants, scratch: scratch,
		binary: filepath.Join(scratch, "all.test"), limit: time.Minute,
	}
	for _, m := range mutants {
		t.compiles = append(t.compiles, c.compiles(m))
	}
	if err := t.build(ctx, t.binary, t.together()); err != nil {
		return nil, err
	}
	started := time.Now()
	if announced, err := t.run(ctx, t.binary, 0); err != nil {
		return nil, fmt.Errorf("run the tests of %s without a mutant: %w\n%s", pkg.Path(), err, announced)
	}
	t.limit = 5*time.Second + patience*time.Since(started)
	return t, nil
}

// Try runs the tests with each of the mutants, atOnce at a time, and returns the results in their order.
func (t *Trial) Try(ctx context.Context, atOnce int) ([]Result, error) {
	results := make([]Result, len(t.mutants))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, m := range t.mutants {
		group.Go(func() error {
			verdict, err := t.try(ctx, i)
			results[i] = Result{m, verdict}
			return err
		})
	}
	return results, group.Wait()
}

func (t *Trial) try(ctx context.Context, i int) (Verdict, error) {
	m := t.mutants[i]
	if !t.compiles[i] {
		return Invalid, nil
	}
	binary, number := t.binary, i+1
	if m.body == nil {
		binary, number = filepath.Join(t.scratch, fmt.Sprintf("%d.test", i)), 0
		if err := t.build(ctx, binary, map[string][]byte{m.File: m.Apply(t.sources[m.File])}); err != nil {
			return Invalid, err
		}
		defer func() { _ = os.Remove(binary) }() // the scratch folder goes anyway
	}
	_, err := t.run(ctx, binary, number)
	_, failed := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		return Survivor, nil
	case failed && ctx.Err() == nil:
		return Killed, nil
	}
	return Invalid, fmt.Errorf("run the tests of %s: %w", t.pkg.Path(), err)
}

// together returns the changed sources with all mutants that can be in one binary.
func (t *Trial) together() map[string][]byte {
	byFile := map[string]map[int]Mutant{}
	for i, m := range t.mutants {
		if !t.compiles[i] || m.body == nil {
			continue
		}
		if byFile[m.File] == nil {
			byFile[m.File] = map[int]Mutant{}
		}
		byFile[m.File][i+1] = m
	}
	changed := map[string][]byte{filepath.Join(t.pkg.Dir, "mutant_under_test.go"): fmt.Appendf(nil, chooser, t.pkg.Name)}
	for file, mutants := range byFile {
		changed[file] = together(t.sources[file], mutants)
	}
	return changed
}

// build builds the tests with changed sources, which only the compiler gets to see.
func (t *Trial) build(ctx context.Context, binary string, changed map[string][]byte) error {
	overlay, err := WriteOverlay(binary, changed)
	if err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-overlay",
		overlay, "-o", binary, ".")
	build.Dir = t.pkg.Dir
	if announced, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the tests of %s: %w\n%s", t.pkg.Path(), err, announced)
	}
	return nil
}

// run starts the tests by a shell that limits their memory, since an endless loop may well fill it. Where that
// can't be limited, time is.
func (t *Trial) run(ctx context.Context, binary string, number int) (announced []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, t.limit)
	defer cancel()
	const limited = `ulimit -v 4194304 2>/dev/null; exec "$0" "$@"`
	test := exec.CommandContext(ctx, "sh", append([]string{"-c", limited, binary}, t.pkg.testFlags()...)...)
	test.Dir = t.pkg.Dir
	test.Env = append(os.Environ(), environment+"="+strconv.Itoa(number))
	return test.CombinedOutput()
}
