// Package cdkjson reads cdk.json, and finds the policy file for the CDK app and for the command that checks policies.
// It also finds Node.js, on which the CDK runs.
package cdkjson

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// Policy is the key of the policy file in the context.
const Policy = "policy"

// Lab begins the keys of the lab's app, infra/departments.
const Lab = "lab"

// Context returns the context of the cdk.json in the working directory. The CDK's command line prefers it to
// cdk.context.json and ~/.cdk.json, and passes the app the values of its option -c instead. The error has no fault
// class. It wraps fs.ErrNotExist if the directory has no cdk.json, and the error of encoding/json if the file isn't
// valid.
func Context() (map[string]any, error) {
	data, err := os.ReadFile("cdk.json")
	if err != nil {
		return nil, err
	}
	file := struct{ Context map[string]any }{map[string]any{}}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("read cdk.json: %w", err)
	}
	return file.Context, nil
}

// FindNode returns an error if Node.js isn't installed. The CDK would panic. lookPath finds a program.
func FindNode(getenv func(string) string, lookPath func(string) (string, error)) error {
	if !runsOnNode(getenv) {
		return nil
	}
	if _, err := lookPath(node(getenv)); err != nil {
		return fmt.Errorf("the CDK runs on Node.js, which is not installed or not on the PATH; install Node.js 22 or 24: %w",
			err)
	}
	return nil
}

// runsOnNode reports whether no other program runs the CDK.
func runsOnNode(getenv func(string) string) bool { return getenv("JSII_RUNTIME") == "" }

func node(getenv func(string) string) string { return cmp.Or(getenv("JSII_NODE"), "node") }

// WarnOfNode prints one line if the version of Node.js is end of life. The Makefile silences jsii's banner, and
// internal/local shows no output of an app that succeeds.
func WarnOfNode(ctx context.Context, getenv func(string) string, stderr io.Writer) {
	if !runsOnNode(getenv) {
		return
	}
	version, err := exec.CommandContext(ctx, node(getenv), "--version").Output() // the program that the CDK runs on
	if warning := NodeWarning(string(version)); err == nil && warning != "" {
		_, _ = fmt.Fprintln(stderr, warning)
	}
}

// oldestNode is the oldest major version of Node.js that its maintainers support.
// https://github.com/nodejs/release#release-schedule
const oldestNode = 22

// NodeWarning returns a warning for the output of `node --version` if that version is end of life, or else "".
func NodeWarning(version string) string {
	major, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(version), "v"), ".")
	if n, err := strconv.Atoi(major); err != nil || n >= oldestNode {
		return ""
	}
	return fmt.Sprintf("Node.js %s is end of life; install 22 or 24", major)
}

// PolicyFile returns the name of the policy file: the value of the variable POLICY, or else of the context, or else "".
func PolicyFile(getenv func(string) string, get func(key string) any) string {
	named, _ := get(Policy).(string)
	return cmp.Or(getenv("POLICY"), named)
}
