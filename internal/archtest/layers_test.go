package archtest

import (
	"slices"
	"strings"
	"testing"
)

// layer is a set of packages, the layers that they may import beside their own, and those that their tests may import
// beside these.
type layer struct {
	name    string
	paths   []string // a package, or with a slash at the end a package and all below it
	imports []string
	tests   []string
}

// layers has a place for every package; no two places overlap. docs/architecture.md has the same table.
var layers = []layer{
	{name: "functions", paths: []string{"functions/"}, imports: []string{"use cases", "aws"}},
	{name: "use cases", paths: []string{"internal/accept", "internal/connect", "internal/disconnect", "internal/sweep"},
		imports: []string{"steps", "domain", "parallel", "log keys"}, tests: []string{"local", "embedded cloud"}},
	{
		name: "steps", paths: []string{"internal/observe", "internal/apply", "internal/announce"},
		imports: []string{"domain", "parallel", "log keys"},
	},
	{
		name: "aws", paths: []string{"internal/aws/"}, imports: []string{"domain", "parallel", "log keys"},
		tests: []string{"embedded cloud"},
	},
	{name: "domain", paths: []string{"internal/domain/"}},
	{name: "parallel", paths: []string{"internal/parallel"}},
	{name: "log keys", paths: []string{"internal/logkey"}},
	{name: "policy file", paths: []string{"internal/policyfile"}, imports: []string{"domain"}},
	{name: "embedded cloud", paths: []string{"internal/cloudsim/"}},
	{name: "local", paths: []string{"internal/local", "internal/lab", "internal/sandbox/", "internal/demo"},
		imports: []string{"use cases", "steps", "aws", "domain", "policy file", "embedded cloud"}},
	{
		name: "proof", paths: []string{"internal/proof/"},
		imports: []string{"local", "aws", "domain", "policy file", "embedded cloud"},
	},
	{
		name: "infra", paths: []string{"infra/"},
		imports: []string{"local", "aws", "domain", "policy file", "embedded cloud", "log keys"},
	},
	{name: "architecture test", paths: []string{"internal/archtest"}, tests: []string{"embedded cloud"}},
}

// layerOf returns the layer of a package, or nil.
func layerOf(path string) *layer {
	path, ours := strings.CutPrefix(path, module)
	for i, l := range layers {
		if ours && slices.ContainsFunc(l.paths, func(place string) bool { return fits(path, place) }) {
			return &layers[i]
		}
	}
	return nil
}

// fits is true for the package that a place names, and below it if the place has a slash at the end.
func fits(path, place string) bool {
	return path == place || strings.HasSuffix(place, "/") && strings.HasPrefix(path+"/", place)
}

func TestAPlaceWithoutASlashIsOnePackage(t *testing.T) {
	for path, want := range map[string]string{
		"internal/accept": "use cases", "internal/accept/sub": "", "internal/acceptor": "", "internal/archtest/sub": "",
		"internal/aws": "aws", "internal/aws/ec2net/sub": "aws", "internal/awsome": "", "infra": "infra",
		"infra/cell": "infra", "cmd": "",
	} {
		got := ""
		if l := layerOf(module + path); l != nil {
			got = l.name
		}
		if got != want {
			t.Errorf("%s is in layer %q, want %q", path, got, want)
		}
	}
}

// TestImportsFollowTheLayers covers every package of the module and its tests.
func TestImportsFollowTheLayers(t *testing.T) {
	used := map[string]bool{}
	for _, p := range packages(t) {
		from := layerOf(p.ImportPath)
		if from == nil {
			t.Errorf("%s is in no layer", p.ImportPath)
			continue
		}
		used[from.name] = true
		may := slices.Concat(from.imports, []string{from.name})
		checkImports(t, p.ImportPath, p.Imports, may)
		checkImports(t, "a test of "+p.ImportPath, p.testImports(), slices.Concat(may, from.tests))
	}
	for _, l := range layers {
		if !used[l.name] {
			t.Errorf("layer %s has no package", l.name)
		}
	}
}

func checkImports(t *testing.T, from string, imports, may []string) {
	t.Helper()
	for _, i := range imports {
		if to := layerOf(i); within(i, module) && (to == nil || !slices.Contains(may, to.name)) {
			t.Errorf("%s imports %s; it may import %s", from, i, strings.Join(may, ", "))
		}
	}
}

// TestUseCasesDoNotImportOneAnother, nor do their tests: each is deployed alone.
func TestUseCasesDoNotImportOneAnother(t *testing.T) {
	for _, p := range packages(t) {
		for _, i := range append(p.testImports(), p.Imports...) {
			from, to := layerOf(p.ImportPath), layerOf(i)
			if i != p.ImportPath && from != nil && to != nil && from.name == "use cases" && to.name == "use cases" {
				t.Errorf("%s imports %s", p.ImportPath, i)
			}
		}
	}
}

// TestTheSDKStaysAtTheEdges: neither the domain nor the use cases depend on it, however indirectly, and the embedded
// cloud implements the wire protocols without it.
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
		module + "infra", module + "internal/cloudsim", module + "internal/policyfile", module + "internal/local",
		module + "internal/proof",
		"github.com/aws/aws-cdk-go", "github.com/aws/jsii-runtime-go", "github.com/aws/aws-sdk-go-v2/config",
		"github.com/santhosh-tekuri/jsonschema",
		"github.com/goccy/go-yaml", "github.com/invopop/jsonschema", "github.com/spf13/cobra", "text/template",
		"html/template", "net/rpc",
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
