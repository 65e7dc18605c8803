package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/autopeer/autopeer/infra/cdkjson"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/policyfile"
)

// example is the default policy of commands that deploy nothing to AWS.
const example = "docs/examples/policy.yaml"

// policyFile returns the file that the user names, or else the one that the CDK app would read, or else the example.
func policyFile(getenv func(string) string, named string) (string, error) {
	if named != "" {
		return named, nil
	}
	context, err := cdkjson.Context()
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // without cdk.json there is no context
		return "", err
	}
	return cmp.Or(cdkjson.PolicyFile(getenv, func(key string) any { return context[key] }), example), nil
}

// readPolicy reads and checks the file, and prints its warnings.
func readPolicy(stderr io.Writer, file string) (p *policy.Policy, data []byte, err error) {
	if data, err = os.ReadFile(file); err != nil { // the file that the user named
		return nil, nil, fmt.Errorf("read the policy: %w", err)
	}
	p, warnings, err := policyfile.Check(file, data)
	for _, w := range warnings {
		fmt.Fprintln(stderr, w)
	}
	return p, data, err
}
