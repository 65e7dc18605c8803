package mutation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
)

// Verdict says what became of a mutant.
type Verdict int

// The verdicts. A mutant that doesn't compile says nothing about the tests.
const (
	Invalid  Verdict = iota // doesn't compile
	Killed                  // a test failed, or came to no end
	Survivor                // the tests pass
)

// Trial runs the tests of one package, with one mutant at a time.
type Trial struct {
	pkg     Package
	scratch string
	limit   time.Duration // for one run of the tests
}

// patience is how often longer than without a mutant the tests may run before they are taken to hang.
const patience = 10

// NewTrial runs the tests as they are, which must pass. The scratch folder may be shared by trials.
func NewTrial(ctx context.Context, pkg Package, scratch string) (*Trial, error) {
	t := &Trial{pkg: pkg, scratch: scratch, limit: time.Minute}
	binary := filepath.Join(scratch, "unchanged.test")
	if said, err := t.build(ctx, binary); err != nil {
		return nil, fmt.Errorf("build the tests of %s: %w\n%s", pkg.Path(), err, said)
	}
	started := time.Now()
	if said, err := t.run(ctx, binary); err != nil {
		return nil, fmt.Errorf("run the tests of %s without a mutant: %w\n%s", pkg.Path(), err, said)
	}
	t.limit = 5*time.Second + patience*time.Since(started)
	return t, nil
}

// Result is a mutant that was tried.
type Result struct {
	Mutant
	Verdict Verdict
}

// Try runs the tests with each of the mutants, so many at once, and returns what became of them in their order.
func (t *Trial) Try(ctx context.Context, mutants []Mutant, atOnce int) ([]Result, error) {
	results := make([]Result, len(mutants))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, m := range mutants {
		group.Go(func() error {
			verdict, err := t.try(ctx, m)
			results[i] = Result{m, verdict}
			return err
		})
	}
	return results, group.Wait()
}

func (t *Trial) try(ctx context.Context, m Mutant) (Verdict, error) {
	dir, err := os.MkdirTemp(t.scratch, "mutant")
	if err != nil {
		return Invalid, fmt.Errorf("make a folder for the mutant: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // the scratch folder goes anyway
	overlay, err := writeOverlay(dir, m)
	if err != nil {
		return Invalid, err
	}
	binary := filepath.Join(dir, "mutant.test")
	if _, err := t.build(ctx, binary, "-overlay", overlay); err != nil {
		return Invalid, unlessItSaidNo(ctx, err)
	}
	if _, err := t.run(ctx, binary); err != nil {
		return Killed, unlessItSaidNo(ctx, err)
	}
	return Survivor, nil
}

// unlessItSaidNo tells a program that failed, which is an answer, from one that didn't start or was interrupted.
func unlessItSaidNo(ctx context.Context, err error) error {
	if _, answered := errors.AsType[*exec.ExitError](err); answered && ctx.Err() == nil {
		return nil
	}
	return err
}

// writeOverlay writes the mutant, and the file that tells the compiler to take it for the source.
func writeOverlay(dir string, m Mutant) (string, error) {
	source, err := os.ReadFile(m.File)
	if err != nil {
		return "", fmt.Errorf("read source: %w", err)
	}
	changed := filepath.Join(dir, filepath.Base(m.File))
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {m.File: changed}})
	if err != nil {
		return "", fmt.Errorf("write overlay: %w", err)
	}
	overlay := filepath.Join(dir, "overlay.json")
	err = errors.Join(os.WriteFile(changed, m.Apply(source), 0o600), os.WriteFile(overlay, replace, 0o600))
	if err != nil {
		return "", fmt.Errorf("write mutant: %w", err)
	}
	return overlay, nil
}

func (t *Trial) build(ctx context.Context, binary string, flags ...string) (said []byte, err error) {
	args := append([]string{"test", "-c", "-ldflags=-s -w", "-o", binary}, flags...)
	build := exec.CommandContext(ctx, "go", append(args, ".")...)
	build.Dir = t.pkg.Dir
	return build.CombinedOutput()
}

// run starts the tests by a shell that limits their memory, since an endless loop may well fill it. Where that
// can't be limited, time is.
func (t *Trial) run(ctx context.Context, binary string) (said []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, t.limit)
	defer cancel()
	const limited = `ulimit -v 4194304 2>/dev/null; exec "$0" "$@"`
	test := exec.CommandContext(ctx, "sh", append([]string{"-c", limited, binary}, t.pkg.testFlags()...)...)
	test.Dir = t.pkg.Dir
	var out bytes.Buffer
	test.Stdout, test.Stderr = &out, &out
	err = test.Run()
	return out.Bytes(), err
}
