package local

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sync/errgroup"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/wiring"
)

// Workshop makes what is deployed to AWS on this machine: the functions, built for it instead of for Lambda, and
// the templates, by the CDK app.
type Workshop struct {
	root  string // of the repository
	state []byte // a hash of everything but the policy that goes into a template
}

// Where things are made, below the root.
const (
	hostCode   = "build/host"
	cdkApp     = "build/host/infra"
	hostStacks = "build/stacks"
	hostAssets = "build/assets"
)

// Prepare builds the functions and the CDK app, unless they are there already, and says so.
func Prepare(ctx context.Context, out io.Writer) (*Workshop, error) {
	root, err := repository(ctx)
	if err != nil {
		return nil, err
	}
	w := &Workshop{root: root}
	unlock, err := w.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	_, _ = fmt.Fprintf(out, "building the functions for %s/%s into %s\n", runtime.GOOS, runtime.GOARCH, hostCode)
	if err := w.build(ctx); err != nil {
		return nil, err
	}
	w.state, err = w.hash()
	return w, err
}

// repository is the folder with go.mod, whatever folder of it a test runs in.
func repository(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	file := strings.TrimSpace(string(out))
	if err == nil && filepath.Base(file) != "go.mod" {
		err = errors.New("this isn't a folder of autopeer's repository")
	}
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	return filepath.Dir(file), nil
}

// lock keeps others from making the same files at the same time, tests of several packages say.
func (w *Workshop) lock() (unlock func(), err error) {
	folder := filepath.Join(w.root, hostCode)
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(folder, ".lock"), os.O_CREATE|os.O_RDWR, 0o600) // a folder of the repository
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil { // a file descriptor is small
		return nil, errors.Join(err, file.Close())
	}
	return func() { _ = file.Close() }, nil // which also unlocks
}

// build makes the functions as the Makefile does for Lambda, without the flags that would have all of the SDK
// compiled once more, and the CDK app.
func (w *Workshop) build(ctx context.Context) error {
	var all errgroup.Group
	for _, f := range function.All {
		all.Go(func() error {
			bootstrap := filepath.Join(hostCode, string(f), "bootstrap")
			return run(ctx, w.root, nil, "go", "build", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", bootstrap, "./functions/"+string(f))
		})
	}
	all.Go(func() error { return run(ctx, w.root, nil, "go", "build", "-o", cdkApp, "./infra") })
	return all.Wait()
}

// run runs a command in the folder, and shows what it said only if it fails.
func run(ctx context.Context, folder string, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...) // Go, or what it has built
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), env...)
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run %s: %w\n%s", strings.Join(cmd.Args, " "), err, bytes.TrimSpace(said))
	}
	return nil
}

// hash covers the CDK app, its settings and the functions.
func (w *Workshop) hash() ([]byte, error) {
	files := []string{cdkApp, "cdk.json"}
	for _, f := range function.All {
		files = append(files, filepath.Join(hostCode, string(f), "bootstrap"))
	}
	sum := sha256.New()
	for _, name := range files {
		file, err := os.Open(filepath.Join(w.root, name)) // a file of the repository
		if err != nil {
			return nil, err
		}
		_, err = io.Copy(sum, file)
		if err := errors.Join(err, file.Close()); err != nil {
			return nil, err
		}
	}
	return sum.Sum(nil), nil
}

// Settings that the embedded cloud depends on, or that name what it doesn't have, whatever cdk.json says.
const embedded = `{"prefix":"` + wiring.DefaultPrefix + `","trail":false,"organization":"","permissionsBoundary":""}`

// Synthesize has the CDK app write the templates of a policy file, and returns their folder. What it has
// written before for the same policy and the same app is taken again.
func (w *Workshop) Synthesize(ctx context.Context, file string, policy []byte) (folder string, err error) {
	unlock, err := w.lock()
	if err != nil {
		return "", err
	}
	defer unlock()
	key := sha256.Sum256(append(append([]byte(file+"\n"), policy...), w.state...))
	folder = filepath.Join(w.root, hostStacks, hex.EncodeToString(key[:12]))
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	unfinished := folder + ".unfinished"
	if err := os.RemoveAll(unfinished); err != nil {
		return "", err
	}
	if err := w.synthesize(ctx, unfinished, file, policy); err != nil {
		return "", fmt.Errorf("synthesize %s: %w", file, err)
	}
	if err := w.shareAssets(unfinished); err != nil {
		return "", fmt.Errorf("share assets of %s: %w", file, err)
	}
	return folder, os.Rename(unfinished, folder)
}

// shareAssets keeps the functions once for all policies. An asset is named by a hash of what is in it.
func (w *Workshop) shareAssets(folder string) error {
	assets, err := filepath.Glob(filepath.Join(folder, "asset.*"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(w.root, hostAssets), 0o750); err != nil {
		return err
	}
	for _, asset := range assets {
		shared := filepath.Join(w.root, hostAssets, filepath.Base(asset))
		if err := share(asset, shared); err != nil {
			return err
		}
	}
	return nil
}

// share moves a folder to where it is shared, unless it is there, and leaves a link.
func share(folder, shared string) error {
	_, err := os.Stat(shared)
	if err == nil {
		err = os.RemoveAll(folder)
	} else {
		err = os.Rename(folder, shared)
	}
	if err != nil {
		return err
	}
	return os.Symlink(shared, folder)
}

// synthesize runs the app in a folder where the policy has its own name, by which the functions speak of it.
func (w *Workshop) synthesize(ctx context.Context, folder, file string, policy []byte) error {
	settings, err := os.ReadFile(filepath.Join(w.root, "cdk.json"))
	if err != nil {
		return err
	}
	if !filepath.IsLocal(file) {
		file = filepath.Base(file)
	}
	for name, data := range map[string][]byte{file: policy, "cdk.json": settings} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return err
		}
	}
	return run(ctx, folder, []string{
		"POLICY=" + file, "CODE=" + filepath.Join(w.root, hostCode), "CDK_OUTDIR=.", "CDK_CONTEXT_JSON=" + embedded,
		"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1", // Node's versions end sooner than one updates them
	}, filepath.Join(w.root, cdkApp))
}
