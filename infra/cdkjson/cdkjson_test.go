package cdkjson_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/infra/cdkjson"
)

func TestNodeWarning(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{
		"v18.19.1\n": "Node.js 18 is end of life; install 22 or 24",
		"v20.20.2\n": "Node.js 20 is end of life; install 22 or 24",
		"v22.0.0\n":  "",
		"v24.1.0\n":  "",
		"v100.0.0\n": "",
		"":           "",
		"unknown":    "",
	} {
		if got := cdkjson.NodeWarning(version); got != want {
			t.Errorf("NodeWarning(%q) = %q, want %q", version, got, want)
		}
	}
}

func TestWarnOfNode(t *testing.T) {
	t.Parallel()
	old, current := program(t, "v20.20.2"), program(t, "v24.1.0")
	tests := []struct {
		name string
		env  map[string]string
		want string
	}{
		{"a version that is end of life", map[string]string{"JSII_NODE": old},
			"Node.js 20 is end of life; install 22 or 24\n"},
		{"a supported version", map[string]string{"JSII_NODE": current}, ""},
		{"another program runs the CDK", map[string]string{"JSII_NODE": old, "JSII_RUNTIME": "jsii"}, ""},
		{"no program", map[string]string{"JSII_NODE": "no-such-node"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var stderr strings.Builder
			cdkjson.WarnOfNode(t.Context(), func(name string) string { return tt.env[name] }, &stderr)
			if got := stderr.String(); got != tt.want {
				t.Errorf("WarnOfNode() prints %q, want %q", got, tt.want)
			}
		})
	}
}

// program writes a program that prints the version, and returns its path.
func program(t *testing.T, version string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "node")
	if err := os.WriteFile(file, []byte("#!/bin/sh\necho "+version+"\n"), 0o700); err != nil { //nolint:gosec // it runs
		t.Fatal(err)
	}
	return file
}
