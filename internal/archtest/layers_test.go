package archtest

import (
	"slices"
	"strings"
	"testing"
)

// layer is a set of packages by path, and the layers that it may import beside itself.
type layer struct {
	name    string
	paths   []string // packages, and with a slash at the end all packages below
	imports []string
}

// layers has a place for every package. The first path that fits a package decides, the longest one.
var layers = []layer{
	{"functions", []string{"functions/"}, []string{"use cases", "aws"}},
	{"use cases", []string{"internal/accept", "internal/connect", "internal/disconnect", "internal/sweep"}, []string{"steps", "domain", "parallel"}},
	{"steps", []string{"internal/observe", "internal/apply", "internal/announce"}, []string{"domain", "parallel", "log keys"}},
	{"aws", []string{"internal/aws/"}, []string{"domain", "parallel", "log keys"}},
	{"domain", []string{"internal/domain/"}, nil},
	{"parallel", []string{"internal/parallel"}, nil},
	{"log keys", []string{"internal/logkey"}, nil},
	{"policy file", []string{"internal/policyfile"}, []string{"domain"}},
	{"embedded cloud", []string{"internal/cloudsim/"}, nil},
	{"local", []string{"internal/local", "internal/lab", "internal/sandbox/", "internal/demo"},
		[]string{"use cases", "steps", "aws", "domain", "parallel", "policy file", "embedded cloud"}},
	{"proof", []string{"internal/proof/"},
		[]string{"local", "use cases", "steps", "aws", "domain", "parallel", "policy file", "embedded cloud"}},
	{"infra", []string{"infra/"}, []string{"local", "aws", "domain", "policy file", "embedded cloud", "log keys"}},
	{"architecture test", []string{"internal/archtest"}, nil},
}

func layerOf(path string) *layer {
	path = strings.TrimPrefix(path, module) + "/"
	for i, l := range layers {
		if slices.ContainsFunc(l.paths, func(p string) bool { return strings.HasPrefix(path, strings.TrimSuffix(p, "/")+"/") }) {
			return &layers[i]
		}
	}
	return nil
}

// TestImportsFollowTheLayers covers every package of the module. Tests may import more: those of the use cases run on
// the embedded cloud.
func TestImportsFollowTheLayers(t *testing.T) {
	used := map[string]bool{}
	for _, p := range packages(t) {
		from := layerOf(p.ImportPath)
		if from == nil {
			t.Errorf("%s is in no layer", p.ImportPath)
			continue
		}
		used[from.name] = true
		for _, i := range p.Imports {
			if !within(i, module) {
				continue
			}
			to := layerOf(i)
			if to == nil || to.name != from.name && !slices.Contains(from.imports, to.name) {
				t.Errorf("%s (%s) imports %s; it may import %s", p.ImportPath, from.name, i, strings.Join(append(from.imports, from.name), ", "))
			}
		}
	}
	for _, l := range layers {
		if !used[l.name] {
			t.Errorf("layer %s has no package", l.name)
		}
	}
}

// TestNothingImportsTheProofsOrTheApp, tests included: both stand above everything else.
func TestNothingImportsTheProofsOrTheApp(t *testing.T) {
	for _, p := range packages(t) {
		for _, i := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			to := layerOf(i)
			if within(i, module) && (to.name == "proof" || to.name == "infra") && layerOf(p.ImportPath).name != to.name {
				t.Errorf("%s or its tests import %s", p.ImportPath, i)
			}
		}
	}
}

// TestUseCasesDoNotImportOneAnother: each is deployed alone.
func TestUseCasesDoNotImportOneAnother(t *testing.T) {
	for _, p := range packages(t) {
		for _, i := range p.Imports {
			from, to := layerOf(p.ImportPath), layerOf(i)
			if from != nil && to != nil && from.name == "use cases" && to.name == "use cases" {
				t.Errorf("%s imports %s", p.ImportPath, i)
			}
		}
	}
}

// TestTheSDKStaysAtTheEdges: neither the domain nor the use cases depend on it, however indirectly, and the embedded
// cloud speaks the wire protocols without it.
func TestTheSDKStaysAtTheEdges(t *testing.T) {
	without := []string{"domain", "use cases", "steps", "parallel", "policy file", "embedded cloud"}
	for _, p := range packages(t) {
		l := layerOf(p.ImportPath)
		if l == nil || !slices.Contains(without, l.name) {
			continue
		}
		for _, dep := range p.Deps {
			if strings.HasPrefix(dep, "github.com/aws/") {
				t.Errorf("%s (%s) depends on %s", p.ImportPath, l.name, dep)
			}
		}
	}
}

// TestFunctionsCarryNoTools: the binaries have nothing of the embedded cloud, the CDK app or the policy file's parser.
func TestFunctionsCarryNoTools(t *testing.T) {
	banned := []string{
		module + "infra", module + "internal/cloudsim", module + "internal/policyfile", module + "internal/local", module + "internal/proof",
		"github.com/aws/aws-cdk-go", "github.com/aws/jsii-runtime-go", "github.com/aws/aws-sdk-go-v2/config", "github.com/santhosh-tekuri/jsonschema",
		"github.com/goccy/go-yaml", "github.com/invopop/jsonschema", "github.com/spf13/cobra", "text/template", "html/template", "net/rpc",
	}
	functions := 0
	for _, p := range lambdaPackages(t) {
		if !within(p.ImportPath, module+"functions") {
			continue
		}
		functions++
		for _, dep := range p.Deps {
			if slices.ContainsFunc(banned, func(b string) bool { return within(dep, b) }) {
				t.Errorf("%s depends on %s", p.ImportPath, dep)
			}
		}
	}
	if functions != 4 {
		t.Errorf("%d functions were checked, want 4", functions)
	}
}
