// Command departments is the CDK app of the lab: three departments with a VPC and a server each, to be connected by
// autopeer. Without arguments it synthesizes a stack for each department. "departments policy FILE" writes the policy
// file for the stacks whose outputs are in FILE, "departments disconnect FILE" deletes their peering connections.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/autopeer/autopeer/infra/cdkjson"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	jsii.Close()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var errUsage = errors.New("usage: departments [policy FILE | disconnect FILE]; FILE has the outputs of the stacks, " +
	"as cdk deploy --outputs-file writes them")

func run(ctx context.Context, args []string, getenv func(string) string, out, stderr io.Writer) error {
	switch {
	case len(args) == 0:
		return synth(ctx, getenv, stderr)
	case len(args) != 2:
		return errUsage
	}
	lab, err := readOutputs(args[1])
	if errors.Is(err, fs.ErrNotExist) && args[0] == "disconnect" {
		_, err = fmt.Fprintf(out, "%s doesn't exist, so there are no connections of the lab to delete\n", args[1])
		return err
	}
	if err != nil {
		return err
	}
	switch args[0] {
	case "policy":
		return lab.writePolicy(out)
	case "disconnect":
		return lab.disconnect(ctx, out, cleanup)
	}
	return errUsage
}

func synth(ctx context.Context, getenv func(string) string, stderr io.Writer) error {
	if err := cdkjson.FindNode(getenv, exec.LookPath); err != nil {
		return err
	}
	cdkjson.WarnOfNode(ctx, getenv, stderr)
	values, err := cdkjson.Context()
	if err != nil {
		return err
	}
	folder := getenv("CDK_OUTDIR")
	if folder == "" {
		folder = "cdk.out"
	}
	// The CDK runs in a process of its own, with another working directory.
	if folder, err = filepath.Abs(folder); err != nil {
		return err
	}
	app := awscdk.NewApp(&awscdk.AppProps{Context: &values, Outdir: &folder, AnalyticsReporting: jsii.Bool(false)})
	s, err := parseSettings(app.Node().GetAllContext(nil), getenv)
	if err != nil {
		return err
	}
	for _, d := range s.departments {
		addDepartment(app, s, d)
	}
	app.Synth(nil)
	return nil
}
