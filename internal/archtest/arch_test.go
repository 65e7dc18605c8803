// Package archtest keeps the house in order: which package may import which, what the domain may not
// touch, and how large a function may be.
package archtest

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/autopeer/autopeer/"

// pkg is what `go list -json` says of a package.
type pkg struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
	Deps       []string
}

var (
	domain   = []string{"internal/domain/peering", "internal/domain/cidr", "internal/domain/policy", "internal/domain/plan", "internal/domain/reach", "internal/domain/fault", "internal/domain/hint", "internal/domain/outcome"}
	useCases = []string{"internal/accept", "internal/connect", "internal/disconnect", "internal/sweep"}
	edges    = []string{"internal/aws/ec2net", "internal/aws/bus", "internal/aws/queues", "internal/aws/lambdasqs", "internal/aws/metrics", "internal/aws/bootstrap"}
)

func TestTheDomainIsPure(t *testing.T) {
	impure := []string{"os", "net", "net/http", "io/fs", "os/exec", "syscall", "math/rand", "math/rand/v2", "context", "log", "log/slog"}
	all := packages(t)
	for _, name := range domain {
		p := find(t, all, name)
		for _, dep := range p.Deps {
			if strings.HasPrefix(dep, "github.com/aws/") {
				t.Errorf("%s depends on %s; the domain knows no AWS SDK", name, dep)
			}
			if within(dep, module) && !slices.ContainsFunc(domain, func(d string) bool { return dep == module+d }) {
				t.Errorf("%s depends on %s, which isn't of the domain", name, dep)
			}
		}
		for _, i := range p.Imports {
			if slices.Contains(impure, i) {
				t.Errorf("%s imports %s; the domain does no I/O", name, i)
			}
		}
		for _, call := range clockReads(t, p) {
			t.Errorf("%s reads the clock; the domain is told what time it is", call)
		}
	}
}

func TestUseCasesAndEdgesMeetOnlyInMain(t *testing.T) {
	all := packages(t)
	for _, name := range useCases {
		for _, edge := range edges {
			if slices.Contains(find(t, all, name).Deps, module+edge) {
				t.Errorf("%s depends on %s; a use case knows no edge", name, edge)
			}
		}
		for _, dep := range find(t, all, name).Deps {
			if strings.HasPrefix(dep, "github.com/aws/") {
				t.Errorf("%s depends on %s; a use case knows no AWS SDK", name, dep)
			}
		}
	}
	for _, name := range edges {
		for _, useCase := range useCases {
			if slices.Contains(find(t, all, name).Deps, module+useCase) {
				t.Errorf("%s depends on %s; an edge knows no use case", name, useCase)
			}
		}
	}
}

// TestTheEmbeddedCloudStandsAlone: it speaks wire protocols, so that the code under test can't tell.
func TestTheEmbeddedCloudStandsAlone(t *testing.T) {
	for _, p := range packages(t) {
		inside := within(p.ImportPath, module+"internal/cloudsim")
		for _, i := range p.Imports {
			switch {
			case inside && within(i, module) && !within(i, module+"internal/cloudsim"):
				t.Errorf("%s imports %s; the embedded cloud imports nothing else of ours", p.ImportPath, i)
			case inside && strings.HasPrefix(i, "github.com/aws/"):
				t.Errorf("%s imports %s; the embedded cloud is not made of the SDK", p.ImportPath, i)
			case !inside && within(i, module+"internal/cloudsim") && !onTheCloud(p.ImportPath):
				t.Errorf("%s imports %s; only tests and infra do", p.ImportPath, i)
			}
		}
	}
}

func onTheCloud(path string) bool {
	return slices.ContainsFunc([]string{"infra", "internal/local", "internal/sandbox", "internal/demo", "internal/proof"}, func(p string) bool { return within(path, module+p) })
}

// TestFunctionsCarryNothingOfTheBench: what is heavy, or made for people, stays out of the binaries.
func TestFunctionsCarryNothingOfTheBench(t *testing.T) {
	banned := []string{
		module + "infra", module + "internal/cloudsim", module + "internal/policyfile",
		"github.com/aws/aws-cdk-go", "github.com/aws/jsii-runtime-go", "github.com/aws/aws-sdk-go-v2/config",
		"github.com/goccy/go-yaml", "github.com/invopop/jsonschema", "github.com/spf13/cobra", "text/template", "html/template", "net/rpc",
	}
	for _, p := range packages(t, "-tags=lambda.norpc") {
		if !within(p.ImportPath, module+"functions") {
			continue
		}
		for _, dep := range p.Deps {
			if slices.ContainsFunc(banned, func(b string) bool { return within(dep, b) }) {
				t.Errorf("%s depends on %s", p.ImportPath, dep)
			}
		}
	}
}

func TestEveryPackageHasOneDoc(t *testing.T) {
	for _, p := range packages(t) {
		docs := 0
		for _, file := range parse(t, p) {
			if file.Doc != nil {
				docs++
				if lines := strings.Count(file.Doc.Text(), "\n"); lines > 6 {
					t.Errorf("the doc of %s has %d lines; four say enough", p.ImportPath, lines)
				}
			}
		}
		if docs != 1 {
			t.Errorf("%s has %d package docs, want one", p.ImportPath, docs)
		}
	}
}

// clockReads finds calls of time.Now and its relatives.
func clockReads(t *testing.T, p pkg) []string {
	t.Helper()
	var found []string
	for _, file := range parse(t, p) {
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After"}, s.Sel.Name) {
					found = append(found, p.ImportPath+": time."+s.Sel.Name)
				}
			}
			return true
		})
	}
	return found
}

func parse(t *testing.T, p pkg) []*ast.File {
	t.Helper()
	var files []*ast.File
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// packages lists the module's packages that are built, tests left out.
func packages(t *testing.T, flags ...string) []pkg {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", append(append([]string{"list"}, flags...), "-json=ImportPath,Dir,GoFiles,Imports,Deps", "./...")...)
	list.Dir = "../.."
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles) > 0 {
			all = append(all, p)
		}
	}
}

// find also fails when a rule speaks of a package that is gone.
func find(t *testing.T, all []pkg, name string) pkg {
	t.Helper()
	i := slices.IndexFunc(all, func(p pkg) bool { return p.ImportPath == module+name })
	if i < 0 {
		t.Fatalf("there is no package %s", name)
	}
	return all[i]
}

func within(path, root string) bool {
	root = strings.TrimSuffix(root, "/")
	return path == root || strings.HasPrefix(path, root+"/")
}
