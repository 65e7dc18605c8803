package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	pkg      = "internal/proof/mutate/testdata/sample"
	survivor = pkg + " Larger: if [a > b → a >= b] {"
)

// TestMutate tries the mutants of a package: one survives, and one never ends.
func TestMutate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, explanations string
		flags              []string
		succeeds           bool
		want               []string
	}{
		{"a survivor without an explanation is a complaint", "", nil, false, []string{
			"survives: " + survivor + " (line 9)", pkg + ": 17 mutants, 1 survivors",
			"complaints: 1", "mutation: 17 mutants, 1 survivors",
		}},
		{"an explained survivor is none", survivor + "\n\tOf two that are equal either is the larger.\n",
			[]string{"-every", "3"}, true, []string{
				pkg + ": 6 mutants, 1 survivors", "mutation: 6 mutants, 1 survivors",
			}},
		{"a mutant that isn't tried needs no explanation", "", []string{"-every", "7"}, true, []string{
			pkg + ": 3 mutants, 0 survivors", "mutation: 3 mutants, 0 survivors",
		}},
	}
	binary := filepath.Join(t.TempDir(), "mutate")
	if announced, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, announced)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "survivors.txt")
			if err := os.WriteFile(file, []byte(tt.explanations), 0o600); err != nil {
				t.Fatal(err)
			}
			mutate := exec.CommandContext(t.Context(), binary, append(tt.flags, "-explanations", file, "./testdata/sample")...)
			out, err := mutate.Output()
			if (err == nil) != tt.succeeds {
				t.Errorf("mutate: %v", err)
			}
			if diff := cmp.Diff(tt.want, strings.Split(strings.TrimSpace(string(out)), "\n")); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMutateRefusesBadArguments(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"-every", "0", "./testdata/sample"}, {"-at-once", "0", "./testdata/sample"}} {
		run := exec.CommandContext(t.Context(), "go", append([]string{"run", "."}, args...)...)
		out, err := run.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "wants packages, and numbers from 1") {
			t.Errorf("mutate %v = %v\n%s", args, err, out)
		}
	}
}
