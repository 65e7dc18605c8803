package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of autopeer, its revision and the version of Go",
		Example: "  autopeer version",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			info, ok := debug.ReadBuildInfo()
			if !ok {
				info = &debug.BuildInfo{}
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), version(info))
			return err
		},
	}
}

// version returns one line. A program built outside a repository has no revision.
func version(info *debug.BuildInfo) string {
	words := "autopeer " + info.Main.Version
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if revision := settings["vcs.revision"]; revision != "" {
		words += ", revision " + revision
		if settings["vcs.modified"] == "true" {
			words += " with changes"
		}
	}
	return words + ", " + info.GoVersion
}
