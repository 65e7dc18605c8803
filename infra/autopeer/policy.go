package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/autopeer/autopeer/infra/cdkjson"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/local"
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

// withoutPolicy describes the file of a command that names none, for the help.
const withoutPolicy = "that of the variable POLICY, or of the context of cdk.json, or the example"

// readFile reads a policy file. The error of a missing example asks for a file, which the user hasn't named.
func readFile(file string) ([]byte, error) {
	data, err := os.ReadFile(file)
	if file == example && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no policy file is named, and the example %s isn't in this folder; "+
			"name a file, or set the variable POLICY", example)
	}
	if err != nil {
		return nil, fmt.Errorf("read the policy: %w", err)
	}
	return data, nil
}

// prepare warns of a version of Node.js that is end of life, and builds the programs that the embedded cloud runs.
func prepare(ctx context.Context, out, stderr io.Writer) (*local.Workshop, error) {
	cdkjson.WarnOfNode(ctx, os.Getenv, stderr)
	return local.Prepare(ctx, out)
}

// readPolicy reads and checks the file, and prints its warnings.
func readPolicy(stderr io.Writer, file string) (p *policy.Policy, data []byte, err error) {
	if data, err = readFile(file); err != nil {
		return nil, nil, err
	}
	p, warnings, err := policyfile.Check(file, data)
	for _, w := range warnings {
		fmt.Fprintln(stderr, w)
	}
	return p, data, err
}
