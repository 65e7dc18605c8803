package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/suggest"
	"github.com/autopeer/autopeer/internal/policyfile"
)

// standardInput is the name that stands for standard input on the command line.
const standardInput = "-"

func checkCommand() *cobra.Command {
	var output string
	var strict bool
	cmd := &cobra.Command{
		Use:     "check [FILE]",
		Aliases: []string{"policy"},
		Short:   "Check a policy file: exit 0, or 2 with every mistake",
		Long: "Check a policy file and report all mistakes and warnings, each with its line, column and fix.\n\n" +
			"FILE may be - for standard input. Without FILE, the command checks the file that the variable\n" +
			"POLICY names, or else \"policy\" in the context of cdk.json, or else the example\n" + example + ".\n\n" +
			"Exit codes: 0 the file is valid; 1 the check could not run; 2 the file has mistakes, or with\n" +
			"--strict warnings.",
		Example: "  autopeer check policy.yaml\n" +
			"  git show HEAD:policy.yaml | autopeer check -\n" +
			"  autopeer check --strict --output github policy.yaml\n" +
			"  autopeer check --output sarif policy.yaml > policy.sarif",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			write, found := outputs[output]
			if !found {
				return fmt.Errorf("unknown output %q: want %s", output, suggest.Alternatives(slices.Sorted(maps.Keys(outputs))))
			}
			file, err := policyFile(os.Getenv, append(args, "")[0])
			if err != nil {
				return err
			}
			c, err := check(cmd.InOrStdin(), file, strict)
			if err != nil {
				return err
			}
			if err := write(cmd.OutOrStdout(), cmd.ErrOrStderr(), c); err != nil {
				return fmt.Errorf("print the result: %w", err)
			}
			if c.mistakes() > 0 {
				return errReported
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "text",
		"the `format` of the output: text, json, sarif (2.1.0), github (workflow commands)")
	cmd.Flags().BoolVar(&strict, "strict", false, "treat warnings as mistakes")
	return cmd
}

// checked is a policy file with its mistakes and warnings.
type checked struct {
	file     string
	policy   *policy.Policy // nil if the file has mistakes of its own
	findings []finding      // in the order of the file
}

type finding struct {
	policyfile.Mistake
	isWarning bool
}

// check reads and checks the file, or standard input. With strict, warnings become mistakes.
func check(stdin io.Reader, file string, strict bool) (checked, error) {
	read := func() ([]byte, error) { return readFile(file) }
	c := checked{file: file}
	if file == standardInput {
		c.file, read = "stdin", func() ([]byte, error) { return readAll(stdin) }
	}
	data, err := read()
	if err != nil {
		return checked{}, err
	}
	p, warnings, err := policyfile.Check(c.file, data)
	var mistakes policyfile.Mistakes
	if err != nil && !errors.As(err, &mistakes) {
		return checked{}, err
	}
	c.policy = p
	for _, m := range mistakes {
		c.findings = append(c.findings, finding{m, false})
	}
	for _, w := range warnings {
		c.findings = append(c.findings, finding{policyfile.Mistake(w), !strict})
	}
	slices.SortStableFunc(c.findings, func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return c, nil
}

func readAll(stdin io.Reader) ([]byte, error) {
	data, err := io.ReadAll(stdin)
	if err != nil {
		return nil, fmt.Errorf("read the policy from standard input: %w", err)
	}
	return data, nil
}

func (c checked) mistakes() int { return len(c.findings) - c.warnings() }

func (c checked) warnings() int {
	n := 0
	for _, f := range c.findings {
		if f.isWarning {
			n++
		}
	}
	return n
}

// summary returns the line at the end.
func (c checked) summary() string {
	if n := c.mistakes(); n > 0 {
		s := fmt.Sprintf("%s has %s", c.file, count(n, "mistake"))
		if n := c.warnings(); n > 0 {
			s += " and " + count(n, "warning")
		}
		return s
	}
	p := c.policy
	s := fmt.Sprintf("%s is valid: %s, %s, %s", c.file, count(len(p.Departments), "department"),
		count(len(p.Peerings), "peering"), count(len(p.Cells()), "cell"))
	if n := len(p.Retired); n > 0 {
		s += fmt.Sprintf(" (%d retired)", n)
	}
	if n := c.warnings(); n > 0 {
		s += "; " + count(n, "warning")
	}
	return s
}

// count returns the number with the noun in the right number.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// String returns the finding as a line of the form that editors and CI systems turn into a link. Warnings keep
// their code under --strict, where they are mistakes.
func (f finding) String() string {
	switch w := policyfile.Warning(f.Mistake); {
	case f.isWarning:
		return w.String()
	case isWarningCode(f.Code):
		return fmt.Sprintf("%s [%s]", f.Mistake, f.Code)
	}
	return f.Mistake.String()
}

func isWarningCode(code policyfile.Code) bool {
	return slices.ContainsFunc(policyfile.Kinds(), func(k policyfile.Kind) bool { return k.Code == code && k.IsWarning })
}
