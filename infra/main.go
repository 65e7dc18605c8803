// Command infra is the CDK app: it synthesizes two stacks for each cell of the policy. It exits with 2 and lists
// all mistakes when the policy or the context is invalid.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/autopeer/autopeer/infra/cdkjson"
	"github.com/autopeer/autopeer/infra/cell"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/suggest"
	"github.com/autopeer/autopeer/internal/policyfile"
)

func main() {
	code := run(os.Getenv, os.Stderr)
	jsii.Close()
	os.Exit(code)
}

// mistake is an error in the policy or the context, which the operator has to correct.
type mistake struct{ error }

func run(getenv func(string) string, stderr io.Writer) int {
	err := synth(getenv, stderr)
	if err == nil {
		return 0
	}
	_, _ = fmt.Fprintln(stderr, err)
	if _, ok := errors.AsType[mistake](err); ok {
		return 2
	}
	return 1
}

func synth(getenv func(string) string, stderr io.Writer) error {
	if err := cdkjson.FindNode(getenv, exec.LookPath); err != nil {
		return err
	}
	cdkjson.WarnOfNode(context.Background(), getenv, stderr)
	values, err := readContext()
	if err != nil {
		return err
	}
	// The CDK's code runs in another process, so relative paths and the environment may not mean the same there.
	out, err := filepath.Abs(cmp.Or(getenv("CDK_OUTDIR"), "cdk.out"))
	if err != nil {
		return err
	}
	app := awscdk.NewApp(&awscdk.AppProps{Context: &values, Outdir: &out, AnalyticsReporting: jsii.Bool(false)})
	get := func(key string) any { return app.Node().TryGetContext(&key) }
	options, err := cell.ParseOptions(get)
	if err != nil {
		return mistake{err}
	}
	file, err := policyOf(getenv, get)
	if err != nil {
		return err
	}
	p, err := readPolicy(stderr, file)
	if err != nil {
		return err
	}
	if err := addCells(app, p, options, cmp.Or(getenv("CODE"), "build")); err != nil {
		return err
	}
	app.Synth(nil)
	return openAssets(out, os.Chmod)
}

// addCells adds the cells with the functions of the folder, which are built for Lambda or, for the embedded cloud, for
// this machine.
func addCells(app awscdk.App, p *policy.Policy, options cell.Options, code string) error {
	build, err := filepath.Abs(code)
	if err != nil {
		return err
	}
	return cell.NewAll(app, cell.Props{Policy: p, Options: options, Build: build})
}

// policyOf returns the name of the policy file. There is no default, because a default would be deployed.
func policyOf(getenv func(string) string, get func(key string) any) (string, error) {
	file := cdkjson.PolicyFile(getenv, get)
	if file == "" {
		return "",
			mistake{errors.New(`no policy file: set the variable POLICY (make deploy POLICY=policy.yaml), or "policy" in the ` +
				`context of cdk.json`)}
	}
	return file, nil
}

// readPolicy reads and checks the file, and prints its warnings.
func readPolicy(stderr io.Writer, file string) (*policy.Policy, error) {
	data, err := os.ReadFile(file) // the operator names it
	if err != nil {
		return nil, mistake{fmt.Errorf("read the policy: %w", err)}
	}
	p, warnings, err := policyfile.Check(file, data)
	for _, w := range warnings {
		_, _ = fmt.Fprintln(stderr, w)
	}
	if err != nil {
		return nil, mistake{err}
	}
	return p, nil
}

// readContext reads the context of cdk.json, so that the app gives the same stacks without the CDK's
// command line, whose option -c takes precedence.
func readContext() (map[string]any, error) {
	context, err := cdkjson.Context()
	if err != nil {
		return nil, err
	}
	for key := range context {
		isOthers := strings.HasPrefix(key, "@aws-cdk/") || strings.HasPrefix(key, cdkjson.Lab)
		if !cell.IsOption(key) && key != cdkjson.Policy && !isOthers {
			fix := suggest.Fix(key, append(cell.OptionNames(), cdkjson.Policy))
			return nil, mistake{fmt.Errorf("cdk.json: context has %q, which nothing reads; %s", key, fix)}
		}
	}
	return reproducible(context), nil
}

// reproducible leaves out where in a process a resource was made, which differs from one run to the next.
func reproducible(context map[string]any) map[string]any {
	context["aws:cdk:disable-creation-stack-traces"] = true
	return context
}
