package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/autopeer/autopeer/infra/cdkjson"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/policyfile"
)

func policyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "policy [FILE]",
		Short: "Check a policy file: exit 0, or 2 with every mistake",
		Long: "Check a policy file: exit 0, or 2 with every mistake.\n\n" +
			"Without FILE, check the file that the variable POLICY or else \"policy\" in the context of cdk.json names, or else the example.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := policyFile(os.Getenv, append(args, "")[0])
			if err != nil {
				return err
			}
			p, _, err := readPolicy(cmd.ErrOrStderr(), file)
			if mistakes := (policyfile.Mistakes)(nil); errors.As(err, &mistakes) {
				fmt.Fprintln(cmd.ErrOrStderr(), err)
				return errReported
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), summary(file, p))
			return err
		},
	}
}

// example is the policy of commands that deploy nothing to AWS, where no other is named.
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

func summary(file string, p *policy.Policy) string {
	s := fmt.Sprintf("%s is right: %d departments, %d peerings, %d cells", file, len(p.Departments), len(p.Peerings), len(p.Cells()))
	if n := len(p.Retired); n > 0 {
		s += fmt.Sprintf(" (%d retired)", n)
	}
	return s
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
