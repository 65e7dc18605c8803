package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// makes returns the lines that make would run, with the variables of the environment that Make reads left out.
func makes(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "make", append([]string{"--no-print-directory", "-n", "-C", ".."}, args...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("make %v: %v\n%s", args, err, out)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// TestCommandLines checks the last line that make runs for the targets that take a policy.
func TestCommandLines(t *testing.T) {
	t.Parallel()
	const cdk = " .tools/cdk/node_modules/.bin/cdk "
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"a deployment asks no questions", []string{"deploy", "POLICY=p.yaml"},
			"POLICY='p.yaml'" + cdk + "deploy --require-approval never --concurrency 1 --all"},
		{"several stacks at once", []string{"deploy", "POLICY=p.yaml", "CONCURRENCY=10"},
			"POLICY='p.yaml'" + cdk + "deploy --require-approval never --concurrency 10 --all"},
		{"single stacks", []string{"deploy", "POLICY=p.yaml", "STACKS=a b"},
			"POLICY='p.yaml'" + cdk + "deploy --require-approval never --concurrency 1 --exclusively a b"},
		{"a deployment of another installation", []string{"deploy", "POLICY=p.yaml", "PREFIX=blue", "STACKS=a b"},
			"POLICY='p.yaml'" + cdk + "deploy -c prefix='blue' --require-approval never --concurrency 1 --exclusively a b"},
		{"empty variables", []string{"deploy", "POLICY=", "PREFIX=", "STACKS=", "CONCURRENCY="},
			"POLICY=''" + cdk + "deploy --require-approval never --concurrency 1 --all"},
		{"blank variables", []string{"deploy", "STACKS= ", "CONCURRENCY= "},
			"POLICY=''" + cdk + "deploy --require-approval never --concurrency 1 --all"},
		{"an empty prefix of a diff", []string{"diff", "POLICY=p.yaml", "PREFIX="}, "POLICY='p.yaml'" + cdk + "diff"},
		{"empty variables of synth", []string{"synth", "POLICY=", "PREFIX="}, "rm -rf cdk.out && POLICY='' build/bin/infra"},
		{"its diff", []string{"diff", "POLICY=p.yaml", "PREFIX=blue"}, "POLICY='p.yaml'" + cdk + "diff -c prefix='blue'"},
		{"its synth", []string{"synth", "POLICY=p.yaml", "PREFIX=blue"},
			`rm -rf cdk.out && CDK_CONTEXT_JSON='{"prefix":"blue"}' POLICY='p.yaml' build/bin/infra`},
		{"a deployment has no default policy", []string{"deploy"},
			"POLICY=''" + cdk + "deploy --require-approval never --concurrency 1 --all"},
		{"nor has a diff", []string{"diff"}, "POLICY=''" + cdk + "diff"},
		{"nor has synth", []string{"synth"}, "rm -rf cdk.out && POLICY='' build/bin/infra"},
		{"the command finds the policy to check", []string{"policy"}, "POLICY='' build/bin/autopeer check"},
		{"and that of the embedded cloud", []string{"local"}, "POLICY='' build/bin/autopeer local --port 4566"},
		{"a check of a file", []string{"policy", "POLICY=p.yaml"}, "POLICY='p.yaml' build/bin/autopeer check"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			lines := makes(t, tt.args...)
			if got := lines[len(lines)-1]; got != tt.want {
				t.Errorf("make %s runs last\n%s\nwant\n%s", strings.Join(tt.args, " "), got, tt.want)
			}
		})
	}
	t.Run("the linters have the example", func(t *testing.T) {
		t.Parallel()
		for _, args := range [][]string{{"lint-templates"}, {"lint-templates", "POLICY="}} {
			if lines := strings.Join(makes(t, args...), "\n"); strings.Count(lines,
				"POLICY='docs/examples/policy.yaml' build/bin/infra") != 2 {
				t.Errorf("make %v runs\n%s", args, lines)
			}
		}
	})
}

// TestTheCommandPrintsItsRevision: make builds it with the commit, and the functions without, because a function with
// another commit would be deployed again.
func TestTheCommandPrintsItsRevision(t *testing.T) {
	t.Parallel()
	want, mode := "", "-buildvcs=false" // where git can't read the checkout
	if revision, err := exec.CommandContext(t.Context(), "git", "rev-parse", "HEAD").Output(); err == nil {
		want, mode = ", revision "+strings.TrimSpace(string(revision)), "-buildvcs=auto"
	}
	folder := t.TempDir()
	for _, line := range makes(t, "programs") {
		line, _, _ = strings.Cut(line, " 2>&1 |") // the count of compiled packages
		isCommand := strings.Contains(line, "./infra/autopeer")
		if stamps := strings.Contains(line, mode); stamps != isCommand {
			t.Errorf("%q has %s: %v", line, mode, stamps)
		}
		if !isCommand {
			continue
		}
		build := exec.CommandContext(t.Context(), "bash", "-c", strings.ReplaceAll(line, "build/bin/", folder+"/"))
		build.Dir = ".."
		build.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	out, err := exec.CommandContext(t.Context(), filepath.Join(folder, "autopeer"), "version").Output()
	if err != nil || !strings.Contains(string(out), want) || strings.Contains(string(out), "revision") != (want != "") {
		t.Errorf("autopeer version prints %q, %v, want %q", out, err, want)
	}
}

// TestPolicyFile checks that the variable counts before the context, and that there is no third choice.
func TestPolicyFile(t *testing.T) {
	tests := []struct {
		name, context, variable string
		code                    int
		want                    []string
	}{
		{"neither", `"policy": ""`, "", 2, []string{"POLICY=policy.yaml", `"policy" in the context of cdk.json`}},
		{"no such key", ``, "", 2, []string{"POLICY=policy.yaml", `"policy" in the context of cdk.json`}},
		{"the context", `"policy": "policy.yaml"`, "", 0, nil},
		{"the variable", ``, "policy.yaml", 0, nil},
		{"the variable before the context", `"policy": "none.yaml"`, "policy.yaml", 0, nil},
		{"the variable before the context, wrongly", `"policy": "policy.yaml"`, "none.yaml", 2, []string{"none.yaml"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := workshop(t, `{"context": {`+tt.context+`}}`, oneCell)
			var stderr strings.Builder
			code := run(func(name string) string { return map[string]string{"POLICY": tt.variable}[name] }, &stderr)
			if code != tt.code {
				t.Errorf("run() = %d, want %d: %s", code, tt.code, stderr.String())
			}
			for _, want := range tt.want {
				if !strings.Contains(stderr.String(), want) {
					t.Errorf("stderr = %q, want %q in it", stderr.String(), want)
				}
			}
			_, err := os.Stat(filepath.Join(dir, "cdk.out", "autopeer-111111111111-us-east-1.template.json"))
			if made := err == nil; made != (tt.code == 0) {
				t.Errorf("a template was written: %v", made)
			}
		})
	}
}

// TestTheCheckoutNamesNoPolicy: a deployment without POLICY must not deploy the example.
func TestTheCheckoutNamesNoPolicy(t *testing.T) {
	t.Chdir("..")
	context, err := readContext()
	if err != nil {
		t.Fatal(err)
	}
	if context["policy"] != "" {
		t.Errorf("cdk.json has the policy %q, want none", context["policy"])
	}
}
