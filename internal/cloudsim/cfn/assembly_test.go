package cfn_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/cloudsim/cfn"
)

// assembly writes a folder as the CDK app does: a depends on b and on c, and c on d. Changes are pairs of a text in one
// of its files and another.
func assembly(t *testing.T, changes ...string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	const stack = `{"type": "aws:cloudformation:stack", "environment": "aws://111111111111/eu-west-1", `
	files := map[string]string{"manifest.json": `{"version": "1", "artifacts": {
		"a.assets": {"type": "cdk:asset-manifest"}, "Tree": {"type": "cdk:tree"},
		"a": ` + stack + `"dependencies": ["c", "b", "a.assets"]},
		"b": ` + stack + `"dependencies": ["b.assets"]},
		"c": ` + stack + `"dependencies": ["d"]},
		"d": ` + stack + `"properties": {}}}}`}
	for _, name := range []string{"a", "b", "c", "d"} {
		files[name+".template.json"] = `{"Description": "` + name + `"}`
		files[name+".assets.json"] = `{"files": {
			"1": {"source": {"path": "asset.1", "packaging": "zip"}, "destinations": {"x": {"objectKey": "1.zip"}}},
			"2": {"source": {"path": "` + name + `.template.json", "packaging": "file"}, "destinations": {"x": {"objectKey": "2.json"}}}}}`
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(strings.NewReplacer(changes...).Replace(text)),
			0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestReadAssembly(t *testing.T) {
	t.Parallel()
	folder := assembly(t)
	stacks, err := cfn.ReadAssembly(folder)
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, s := range stacks {
		order = append(order, s.Name)
		if s.Account != "111111111111" || s.Region != "eu-west-1" || string(s.Template) != `{"Description": "`+s.Name+`"}` {
			t.Errorf("stack = %+v", s)
		}
		if want := map[string]string{"1.zip": filepath.Join(folder, "asset.1")}; !maps.Equal(s.Assets, want) {
			t.Errorf("assets of %s = %v, want %v", s.Name, s.Assets, want)
		}
	}
	if want := []string{"d", "c", "b", "a"}; !slices.Equal(order, want) {
		t.Errorf("order = %v, want %v", order, want)
	}
}

func TestReadAssemblyRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, old, now, want string }{
		{"a circle", `"properties": {}`, `"dependencies": ["a"]`, "depends on itself"},
		{"a stack without an environment", "aws://111111111111/eu-west-1", "unknown", `"unknown" is no account and Region`},
		{"a stack without a template", `"d": {"type"`, `"e": {"type"`, "e.template.json"},
		{"a manifest that isn't JSON", `"version"`, `version`, "read assembly"},
		{"a list of assets that isn't JSON", `"files"`, `files`, "read stack"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := cfn.ReadAssembly(assembly(t, tt.old, tt.now)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want %q in it", err, tt.want)
			}
		})
	}
	if _, err := cfn.ReadAssembly(t.TempDir()); err == nil {
		t.Error("a folder without a manifest is read")
	}
}
