package cfn

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// artifact is an entry of the CDK's manifest.
type artifact struct {
	Type         string
	Environment  string // of a stack: aws://111111111111/eu-west-1
	Dependencies []string
}

// ReadAssembly reads the stacks that the CDK app wrote into the folder. Each comes after the stacks that it depends on.
// The endpoints are left to the caller.
func ReadAssembly(folder string) ([]Source, error) {
	stacks, err := readManifest(folder)
	if err != nil {
		return nil, fmt.Errorf("read assembly: %w", err)
	}
	order, err := inOrder(slices.Sorted(maps.Keys(stacks)), func(name string) []string {
		return among(stacks, stacks[name].Dependencies)
	})
	if err != nil {
		return nil, fmt.Errorf("read assembly: %w", err)
	}
	var all []Source
	for _, name := range order {
		s, err := readStack(folder, name, stacks[name].Environment)
		if err != nil {
			return nil, fmt.Errorf("read stack %s: %w", name, err)
		}
		all = append(all, s)
	}
	return all, nil
}

// readManifest returns the stacks by name.
func readManifest(folder string) (map[string]artifact, error) {
	data, err := os.ReadFile(filepath.Join(folder, "manifest.json")) // the folder that the user named
	if err != nil {
		return nil, err
	}
	var manifest struct{ Artifacts map[string]artifact }
	if err := json.Unmarshal(data, &manifest); err != nil {
		return nil, err
	}
	maps.DeleteFunc(manifest.Artifacts, func(_ string, a artifact) bool { return a.Type != "aws:cloudformation:stack" })
	return manifest.Artifacts, nil
}

// readStack reads the template and the list of assets of a stack.
func readStack(folder, name, environment string) (Source, error) {
	s := Source{Name: name}
	var found bool
	if s.Account, s.Region, found = strings.Cut(strings.TrimPrefix(environment, "aws://"), "/"); !found {
		return s, fmt.Errorf("%q is no account and Region", environment)
	}
	var err error
	// the folder that the user named
	if s.Template, err = os.ReadFile(filepath.Join(folder, name+".template.json")); err != nil {
		return s, err
	}
	s.Assets, err = readAssets(folder, name)
	return s, err
}

// readAssets reads the CDK's list of files to upload.
func readAssets(folder, name string) (map[string]string, error) {
	data, err := os.ReadFile(filepath.Join(folder, name+".assets.json")) // the folder that the user named
	if err != nil {
		return nil, err
	}
	var manifest struct {
		Files map[string]struct {
			Source       struct{ Path, Packaging string }
			Destinations map[string]struct{ ObjectKey string }
		}
	}
	if err := json.Unmarshal(data, &manifest); err != nil {
		return nil, err
	}
	assets := map[string]string{}
	for _, file := range manifest.Files {
		for _, d := range file.Destinations {
			if file.Source.Packaging == "zip" { // a folder that would be zipped
				assets[d.ObjectKey] = filepath.Join(folder, file.Source.Path)
			}
		}
	}
	return assets, nil
}
