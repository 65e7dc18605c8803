package main

import (
	"errors"
	"log/slog"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/autopeer/autopeer/internal/demo"
	"github.com/autopeer/autopeer/internal/local"
)

func demoCommand() *cobra.Command {
	var scenario, out string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run the labs on the embedded cloud and print each step",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			chosen, err := demo.Select(scenario)
			if err != nil {
				return err
			}
			slog.SetDefault(slog.New(slog.DiscardHandler)) // the demo prints the content of the functions' logs itself
			w, err := local.Prepare(cmd.Context(), cmd.OutOrStdout())
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
	cmd.Flags().StringVar(&scenario, "scenario", "", "run this one alone, or those that begin with it")
	cmd.Flags().StringVar(&out, "out", "out", "the folder that demo/timeline.json is written to")
	return cmd
}
