package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/policyfile"
)

func policyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "policy FILE",
		Short: "Check a policy file: exit 0, or 2 with every mistake",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, _, err := readPolicy(cmd.ErrOrStderr(), args[0])
			if mistakes := (policyfile.Mistakes)(nil); errors.As(err, &mistakes) {
				fmt.Fprintln(cmd.ErrOrStderr(), err)
				return errReported
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), summary(args[0], p))
			return err
		},
	}
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
