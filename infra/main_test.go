package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/jsii-runtime-go"

	"github.com/autopeer/autopeer/internal/domain/function"
)

func TestMain(m *testing.M) {
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

// workshop is a folder with a cdk.json and a policy, and stand-ins for the functions.
func workshop(t *testing.T, cdk, policy string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	files := map[string]string{"cdk.json": cdk, "policy.yaml": policy}
	for _, f := range function.All {
		files["build/"+string(f)+"/bootstrap"] = string(f)
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	return dir
}

const (
	anyContext = `{"context": {"policy": "policy.yaml"}}`
	oneCell    = "version: 1\ndepartments:\n  a: [{ account: \"111111111111\", region: us-east-1, vpc: " +
		"vpc-00000000000000001 }]\n  b: [{ account: \"111111111111\", region: us-east-1, vpc: vpc-00000000000000002 " +
		"}]\npeerings: [{ between: [a, b] }]\n"
)

// TestEveryOptionIsDocumented holds cdk.json, which lists all options with their defaults, against the table.
func TestEveryOptionIsDocumented(t *testing.T) {
	t.Chdir("..")
	context, err := readContext()
	if err != nil {
		t.Fatal(err)
	}
	guide, err := os.ReadFile("docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\|").FindAllStringSubmatch(string(guide), -1) {
		documented[row[1]] = true
		if _, found := context[row[1]]; !found {
			t.Errorf("docs/deploy.md has the option %s, which cdk.json doesn't", row[1])
		}
	}
	for key := range context {
		if !documented[key] && !strings.HasPrefix(key, "aws:cdk:") {
			t.Errorf("docs/deploy.md doesn't describe the option %s", key)
		}
	}
}

func TestSynth(t *testing.T) {
	dir := workshop(t, anyContext, oneCell)
	var stderr strings.Builder
	if err := os.Rename(filepath.Join(dir, "build"), filepath.Join(dir, "elsewhere")); err != nil {
		t.Fatal(err)
	}
	getenv := func(name string) string {
		return map[string]string{"CDK_OUTDIR": "cdk.out", "CODE": "elsewhere"}[name]
	}
	if code := run(getenv, &stderr); code != 0 {
		t.Fatalf("run() = %d: %s", code, stderr.String())
	}
	for _, stack := range []string{"autopeer-111111111111-us-east-1-bus", "autopeer-111111111111-us-east-1"} {
		if _, err := os.Stat(filepath.Join(dir, "cdk.out", stack+".template.json")); err != nil {
			t.Error(err)
		}
	}
}

// TestSynthOfTheLastCells: the cells of a file without departments come from retired.
func TestSynthOfTheLastCells(t *testing.T) {
	dir := workshop(t, anyContext,
		"version: 1\nretired: [{ account: \"111111111111\", region: us-east-1 }, { account: \"222222222222\", region: "+
			"eu-west-1 }]\ndepartments: {}\npeerings: []\n")
	var stderr strings.Builder
	if code := run(func(string) string { return "" }, &stderr); code != 0 {
		t.Fatalf("run() = %d: %s", code, stderr.String())
	}
	made, err := filepath.Glob(filepath.Join(dir, "cdk.out", "*.template.json"))
	if err != nil || len(made) != 4 {
		t.Errorf("templates = %v, %v; want two of each cell", made, err)
	}
}

// TestSynthPrintsWarnings and goes on: the Region may be new.
func TestSynthPrintsWarnings(t *testing.T) {
	dir := workshop(t, anyContext, strings.ReplaceAll(oneCell, "us-east-1", "us-moon-1"))
	var stderr strings.Builder
	if code := run(func(string) string { return "" }, &stderr); code != 0 ||
		strings.Count(stderr.String(), `policy.yaml:3:42: warning: region: "us-moon-1" `) != 1 {
		t.Errorf("run() = %d: %s", code, stderr.String())
	}
	if _, err := os.Stat(filepath.Join(dir, "cdk.out", "autopeer-111111111111-us-moon-1.template.json")); err != nil {
		t.Error(err)
	}
}

// TestSynthWarnsOfNode: the Makefile silences jsii's banner.
func TestSynthWarnsOfNode(t *testing.T) {
	dir := workshop(t, `{`, oneCell) // which ends the synthesis
	node := filepath.Join(dir, "node")
	if err := os.WriteFile(node, []byte("#!/bin/sh\necho v20.20.2\n"), 0o700); err != nil { //nolint:gosec // it runs
		t.Fatal(err)
	}
	var stderr strings.Builder
	run(func(name string) string { return map[string]string{"JSII_NODE": node}[name] }, &stderr)
	if n := strings.Count(stderr.String(), "Node.js 20 is end of life"); n != 1 {
		t.Errorf("stderr = %q, want one warning", stderr.String())
	}
}

func TestMistakesStopSynth(t *testing.T) {
	tests := []struct {
		name, cdk, policy string
		env               map[string]string
		code              int
		want              []string
	}{
		{"a wrong policy is refused with every mistake", anyContext,
			strings.Replace(strings.Replace(oneCell, "us-east-1", "mars", 1), "[a, b]", "[a, c]", 1), nil, 2,
			[]string{"policy.yaml:3:", "policy.yaml:5:"}},
		{"a Region of no partition is a mistake", anyContext, strings.ReplaceAll(oneCell, "us-east-1", "us-navy-east-1"), nil,
			2, []string{`region: "us-navy-east-1" is in no partition of AWS`}},
		{"POLICY names another file", anyContext, oneCell, map[string]string{"POLICY": "other.yaml"},
			2, []string{"read the policy: open other.yaml"}},
		{"an option that nothing reads is a mistake", `{"context": {"policy": "policy.yaml", "prefex": "net"}}`, oneCell, nil,
			2, []string{`"prefex"`, "did you mean prefix?"}},
		{"a wrong option is a mistake", `{"context": {"policy": "policy.yaml", "trail": "perhaps"}}`, oneCell,
			nil, 2, []string{"trail"}},
		{"without Node.js there is an error, and no panic", anyContext, oneCell,
			map[string]string{"JSII_NODE": "no-such-node"}, 1,
			[]string{"the CDK runs on Node.js, which is not installed or not on the PATH; install Node.js 22 or 24"}},
		{"a cdk.json that can't be read is no mistake of the policy", `{`, oneCell, nil, 1, []string{"cdk.json"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			workshop(t, tt.cdk, tt.policy)
			var stderr strings.Builder
			if code := run(func(name string) string { return tt.env[name] }, &stderr); code != tt.code {
				t.Errorf("run() = %d, want %d", code, tt.code)
			}
			for _, want := range tt.want {
				if !strings.Contains(stderr.String(), want) {
					t.Errorf("stderr = %q, want %q in it", stderr.String(), want)
				}
			}
		})
	}
}
