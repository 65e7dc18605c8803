package main

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/autopeer/autopeer/internal/demo"
)

func demoCommand() *cobra.Command {
	var scenario, out string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run the labs on the embedded cloud and print each step",
		Long: "Run the labs on the embedded cloud, print each step, and check every line. No AWS account is\n" +
			"needed, but Go 1.26, and Node.js 22 or 24 for the CDK. docs/labs.md describes the scenarios:\n\n" +
			scenarios() + "\n" +
			"Exit codes: 0 every line holds; 1 could not run, or a line doesn't hold.",
		Example: "  autopeer demo\n  autopeer demo --scenario marketing-finance\n  autopeer demo --scenario across # three",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			chosen, err := demo.Select(scenario)
			if err != nil {
				return err
			}
			slog.SetDefault(slog.New(slog.DiscardHandler)) // the demo prints the content of the functions' logs itself
			w, err := prepare(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			passed, err := demo.Run(cmd.Context(), cmd.OutOrStdout(), filepath.Join(out, "demo"), w, chosen)
			if err == nil && !passed {
				err = errors.New("a scenario failed")
			}
			return err
		},
	}
	cmd.Flags().StringVar(&scenario, "scenario", "",
		"the `name` of one scenario, or the first word of several; without it, all run")
	cmd.Flags().StringVar(&out, "out", "out", "the `folder` below which demo/timeline.json is written")
	return cmd
}

// scenarios lists the scenarios with their subjects, for the help.
func scenarios() string {
	var b strings.Builder
	for _, s := range demo.Scenarios {
		fmt.Fprintf(&b, "  %-18s %s\n", s.Name, s.About)
	}
	return b.String()
}
