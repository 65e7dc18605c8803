// Command autopeer is the command for people: it checks policies, answers questions about them, plays the demo and
// runs the embedded cloud.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// The errors of commands that have printed their result already. docs/cli.md has the table of exit codes.
var (
	errReported = errors.New("reported") // mistakes or changes
	errRefused  = errors.New("refused")  // denied, blocked, or a failed expectation
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(exitCode(command().ExecuteContext(ctx), os.Stderr))
}

// exitCode returns the code for the error of a command, and prints an error that the command hasn't reported.
func exitCode(err error, stderr io.Writer) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errReported):
		return 2
	case errors.Is(err, errRefused):
		return 3
	}
	fmt.Fprintln(stderr, "autopeer:", err)
	return 1
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:   "autopeer",
		Short: "VPC peering without a ticket",
		Long: "VPC peering without a ticket.\n\n" +
			"Start with `autopeer demo`, or with `autopeer check` for a policy of your own. The documentation\n" +
			"is at https://github.com/autopeer/autopeer/blob/main/docs/index.md.\n\n" +
			"Exit codes of all commands: 0 success; 1 could not run; 2 mistakes in a file; 3 denied, a failed\n" +
			"expectation, or opened access.",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(demoCommand(), diffCommand(), explainCommand(), localCommand(), checkCommand(),
		testCommand(), versionCommand())
	return withUsage(root)
}
