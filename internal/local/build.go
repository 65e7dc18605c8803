package local

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/wiring"
)

// Workshop makes the parts of a deployment on this machine: the functions, built for it instead of for Lambda, and
// the templates, which the CDK app writes.
type Workshop struct {
	root  string // of the repository
	state []byte // a hash of everything but the policy that goes into a template
}

// Folders and files that a workshop makes, below the root.
const (
	hostPrograms = "build/bin"  // the functions and the CDK app, as `make programs` builds them
	hostCode     = "build/host" // a folder for each function, as Lambda unpacks it
	hostLock     = "build/host/.lock"
	cdkApp       = "build/bin/infra"
	labApp       = "build/bin/departments"
	hostStacks   = "build/stacks"
	hostAssets   = "build/assets"
)

// Prepare brings the functions and the CDK app up to date. It reports to out that it does.
func Prepare(ctx context.Context, out io.Writer) (*Workshop, error) {
	root, err := repository(ctx)
	if err != nil {
		return nil, err
	}
	w := &Workshop{root: root}
	unlock, err := w.lock(hostLock, syscall.LOCK_EX)
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

// repository returns the folder with go.mod, also if a test runs in a subfolder.
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

// lock locks a file below the root, which it creates, against other processes, such as tests of several packages:
// for one writer (LOCK_EX) or for readers (LOCK_SH).
func (w *Workshop) lock(name string, how int) (unlock func(), err error) {
	name = filepath.Join(w.root, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600) // a file of the repository
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), how); err != nil { // a file descriptor is small
		return nil, errors.Join(err, file.Close())
	}
	return func() { _ = file.Close() }, nil // which also unlocks
}

// build builds the functions and the CDK apps with one command. Its flags are those of `make programs`, after which
// Go has nothing left to link. -trimpath, which the Makefile adds for Lambda, would compile the SDK once more.
func (w *Workshop) build(ctx context.Context) error {
	args := []string{"build", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", hostPrograms + "/",
		"./infra", "./infra/departments"}
	for _, f := range function.All {
		args = append(args, "./functions/"+string(f))
	}
	if err := run(ctx, w.root, nil, "go", args...); err != nil {
		return err
	}
	for _, f := range function.All {
		if err := w.unpack(f); err != nil {
			return err
		}
	}
	return nil
}

// unpack links a function's program into a folder of its own under the name that Lambda starts.
func (w *Workshop) unpack(f function.Name) error {
	program, bootstrap := filepath.Join(w.root, hostPrograms, string(f)),
		filepath.Join(w.root, hostCode, string(f), "bootstrap")
	if err := os.MkdirAll(filepath.Dir(bootstrap), 0o750); err != nil {
		return err
	}
	if err := os.Remove(bootstrap); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Link(program, bootstrap)
}

// run runs a command in the folder. Its error includes the output.
func run(ctx context.Context, folder string, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...) // Go, or a program that it has built
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), env...)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run %s: %w\n%s", strings.Join(cmd.Args, " "), err, bytes.TrimSpace(output))
	}
	return nil
}

// hash covers the CDK app, its settings and the functions.
func (w *Workshop) hash() ([]byte, error) {
	files := []string{cdkApp, "cdk.json"}
	for _, f := range function.All {
		files = append(files, filepath.Join(hostPrograms, string(f)))
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

// Settings are context values of the CDK app that take the place of those in cdk.json.
type Settings map[string]any

// embedded returns the settings as JSON, with those that the embedded cloud needs and without those that it doesn't
// support.
func embedded(s Settings) ([]byte, error) {
	all := Settings{"prefix": wiring.DefaultPrefix, "trail": false, "organization": "", "permissionsBoundary": ""}
	maps.Copy(all, s)
	return json.Marshal(all)
}

// Synthesize runs the CDK app on a policy file and returns the folder with its templates. It reuses the templates
// that it wrote before for the same policy, settings and app.
func (w *Workshop) Synthesize(ctx context.Context, file string, policy []byte,
	settings Settings) (folder string, err error) {
	values, err := embedded(settings)
	if err != nil {
		return "", err
	}
	if !filepath.IsLocal(file) {
		file = filepath.Base(file)
	}
	folder, err = w.once(slices.Concat([]byte(file+"\n"), policy, values, w.state), func(folder string) error {
		if err := w.synthesize(ctx, folder, file, policy, values); err != nil {
			return err
		}
		return w.shareAssets(folder)
	})
	if err != nil {
		return "", fmt.Errorf("synthesize %s: %w", file, err)
	}
	return folder, nil
}

// once returns the folder of the key. It makes the folder if it doesn't exist, also beside other processes.
func (w *Workshop) once(key []byte, fill func(folder string) error) (folder string, err error) {
	sum := sha256.Sum256(key)
	folder = filepath.Join(w.root, hostStacks, hex.EncodeToString(sum[:12]))
	unlock, err := w.lock(hostLock, syscall.LOCK_SH)
	if err != nil {
		return "", err
	}
	defer unlock()
	finish, err := w.lock(filepath.Join(hostStacks, filepath.Base(folder)+".lock"), syscall.LOCK_EX)
	if err != nil {
		return "", err
	}
	defer finish()
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	unfinished := folder + ".unfinished"
	if err := os.RemoveAll(unfinished); err != nil {
		return "", err
	}
	if err := fill(unfinished); err != nil {
		return "", err
	}
	return folder, os.Rename(unfinished, folder)
}

// shareAssets keeps the functions once for all policies. An asset is named by a hash of its content.
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

// share moves a folder to where it is shared, unless an equal one is there, and leaves a link.
func share(folder, shared string) error {
	err := os.Rename(folder, shared)
	if errors.Is(err, fs.ErrExist) {
		err = os.RemoveAll(folder)
	}
	if err != nil {
		return err
	}
	return os.Symlink(shared, folder)
}

// synthesize runs the app in a folder where the policy file keeps its name, which the functions' sentences contain.
func (w *Workshop) synthesize(ctx context.Context, folder, file string, policy, values []byte) error {
	settings, err := os.ReadFile(filepath.Join(w.root, "cdk.json"))
	if err != nil {
		return err
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
		"POLICY=" + file, "CODE=" + filepath.Join(w.root, hostCode), "CDK_OUTDIR=.", "CDK_CONTEXT_JSON=" + string(values),
		"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1", // the command warns once, in one line
	}, filepath.Join(w.root, cdkApp))
}
