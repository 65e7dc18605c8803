package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// inStrictChild is set in the child process that TestAssetsUnderAStrictUmask starts: a umask is the whole process's.
const inStrictChild = "AUTOPEER_TEST_STRICT_CHILD"

// TestAssetsUnderAStrictUmask synthesizes from functions that only their owner can read, as `umask 077` builds them.
func TestAssetsUnderAStrictUmask(t *testing.T) {
	if os.Getenv(inStrictChild) != "" {
		synthUnderAStrictUmask(t)
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAssetsUnderAStrictUmask$", "-test.v")
	cmd.Env = append(os.Environ(), inStrictChild+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Errorf("under umask 077: %v\n%s", err, out)
	}
}

func synthUnderAStrictUmask(t *testing.T) {
	t.Helper()
	syscall.Umask(0o077)
	dir := workshop(t, anyContext, oneCell)
	var stderr strings.Builder
	if code := run(func(string) string { return "" }, &stderr); code != 0 {
		t.Fatalf("run() = %d: %s", code, stderr.String())
	}
	if info, err := os.Stat(filepath.Join(dir, "build", "accept", "bootstrap")); err != nil ||
		info.Mode().Perm()&0o077 != 0 {
		t.Fatalf("the functions are not built under a strict umask: %v, %v", info, err)
	}
	seen := map[string]int{}
	for path, got := range modes(t, filepath.Join(dir, "cdk.out")) {
		want := fs.FileMode(0o644)
		if name := filepath.Base(path); name == "bootstrap" || strings.HasPrefix(name, "asset.") {
			want = 0o755
		}
		if got != want {
			t.Errorf("%s has mode %#o, want %#o", path, got, want)
		}
		seen[filepath.Base(path)]++
	}
	if seen["bootstrap"] != 4 || seen["policy.json"] != 1 {
		t.Errorf("staged %v, want four functions and a policy", seen)
	}
}

// modes returns the modes of the assets' folders and of everything in them.
func modes(t *testing.T, assembly string) map[string]fs.FileMode {
	t.Helper()
	all := map[string]fs.FileMode{}
	folders, err := filepath.Glob(filepath.Join(assembly, "asset.*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		if err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := entry.Info()
			all[path] = info.Mode().Perm()
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestAModeThatDoesNotLastStopsSynth: a file system may accept chmod and ignore it.
func TestAModeThatDoesNotLastStopsSynth(t *testing.T) {
	t.Parallel()
	for _, mode := range []fs.FileMode{0o700, 0o644} {
		assembly := t.TempDir()
		bootstrap := filepath.Join(assembly, "asset.1", "bootstrap")
		if err := errors.Join(os.Mkdir(filepath.Dir(bootstrap), 0o755),
			os.Chmod(filepath.Dir(bootstrap), 0o755)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(bootstrap, []byte("#!"), mode); err != nil {
			t.Fatal(err)
		}
		err := openAssets(assembly, func(string, fs.FileMode) error { return nil })
		if err == nil || !strings.Contains(err.Error(), bootstrap) || !strings.Contains(err.Error(), "0755") {
			t.Errorf("a bootstrap of mode %#o: error = %v, want one with its path and the mode that Lambda needs", mode, err)
		}
		if err := openAssets(assembly, os.Chmod); err != nil {
			t.Errorf("where modes last: %v", err)
		}
	}
}

// TestTheSaltRenamesEveryAsset, as docs/deploy.md has it for assets that were uploaded with the wrong modes.
func TestTheSaltRenamesEveryAsset(t *testing.T) {
	names := func(context string) []string {
		dir := workshop(t, `{"context": {`+context+`"policy": "policy.yaml"}}`, oneCell)
		var stderr strings.Builder
		if code := run(func(string) string { return "" }, &stderr); code != 0 {
			t.Fatalf("run() = %d: %s", code, stderr.String())
		}
		template, err := os.ReadFile(filepath.Join(dir, "cdk.out", "autopeer-111111111111-us-east-1.template.json"))
		if err != nil {
			t.Fatal(err)
		}
		return regexp.MustCompile(`[0-9a-f]{64}\.zip`).FindAllString(string(template), -1)
	}
	before, after := names(""), names(`"@aws-cdk/core:assetHashSalt": "1", `)
	if len(before) != 5 || len(after) != 5 {
		t.Fatalf("the template has the assets %v and, with salt, %v, want five", before, after)
	}
	for _, name := range before {
		if slices.Contains(after, name) {
			t.Errorf("%s has the same name with salt", name)
		}
	}
}
