package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

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

func (p pkg) testImports() []string { return slices.Concat(p.TestImports, p.XTestImports) }

// with adds the files and imports that another platform compiles.
func (p pkg) with(q pkg) pkg {
	return pkg{
		ImportPath: p.ImportPath, Dir: p.Dir,
		GoFiles: union(p.GoFiles, q.GoFiles), Imports: union(p.Imports, q.Imports), Deps: union(p.Deps, q.Deps),
		TestGoFiles: union(p.TestGoFiles, q.TestGoFiles), XTestGoFiles: union(p.XTestGoFiles, q.XTestGoFiles),
		TestImports: union(p.TestImports, q.TestImports), XTestImports: union(p.XTestImports, q.XTestImports),
	}
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// listed keeps the packages by platform: go list takes seconds. Tests of this package that list don't run in parallel.
var listed = map[string][]pkg{}

// packages returns the module's packages with the files for this machine and those for Lambda.
func packages(t *testing.T) []pkg {
	t.Helper()
	if listed["both"] == nil {
		all := slices.Clone(list(t, "host"))
		for _, p := range lambdaPackages(t) {
			i := slices.IndexFunc(all, func(q pkg) bool { return q.ImportPath == p.ImportPath })
			if i < 0 {
				all = append(all, p)
			} else {
				all[i] = all[i].with(p)
			}
		}
		listed["both"] = all
	}
	return listed["both"]
}

// lambdaPackages returns the packages with the settings of `make build`.
func lambdaPackages(t *testing.T) []pkg {
	t.Helper()
	return list(t, "lambda", "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64",
		"GOFLAGS="+os.Getenv("GOFLAGS")+" -tags=lambda.norpc")
}

func list(t *testing.T, platform string, env ...string) []pkg {
	t.Helper()
	if listed[platform] != nil {
		return listed[platform]
	}
	openDirectories(t)
	list := exec.CommandContext(t.Context(), "go", "list",
		"-json=ImportPath,Dir,GoFiles,Imports,Deps,TestGoFiles,XTestGoFiles,TestImports,XTestImports", "./...")
	list.Dir, list.Env = "../..", append(os.Environ(), env...)
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list for %s: %v", platform, err)
	}
	listed[platform] = decode(t, string(out))
	return listed[platform]
}

func decode(t *testing.T, out string) (all []pkg) {
	t.Helper()
	for decoder := json.NewDecoder(strings.NewReader(out)); ; {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// openDirectories opens every directory of the module. `go test` reuses a result until a file changes in a directory
// that the test opened; it does not see the directories that `go list` and `go build` open.
func openDirectories(t *testing.T) {
	t.Helper()
	const root = "../.."
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && path != root && strings.HasPrefix(entry.Name(), ".") {
			return fs.SkipDir
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
