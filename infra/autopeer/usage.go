package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/autopeer/autopeer/internal/domain/suggest"
)

// withUsage replaces the errors of the libraries for wrong arguments and flags by errors with a fix.
func withUsage(root *cobra.Command) *cobra.Command {
	root.Args = knownCommand
	root.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	root.SetFlagErrorFunc(flagError)
	root.PersistentPreRunE = requireFlags
	for _, cmd := range root.Commands() {
		counted := cmd.Args
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := counted(cmd, args); err != nil {
				return fmt.Errorf("%s; see %s --help", argumentsOf[cmd.Name()], cmd.CommandPath())
			}
			return nil
		}
	}
	return root
}

// argumentsOf describes the arguments of each command.
var argumentsOf = map[string]string{
	"check":   "check takes at most one file",
	"demo":    "demo takes no arguments; name a scenario with --scenario",
	"diff":    "diff needs two files, OLD and NEW",
	"explain": "explain takes no arguments; write --from marketing --to finance",
	"local":   "local takes no arguments; name a policy with --policy",
	"test":    "test needs one file",
	"version": "version takes no arguments",
}

// knownCommand refuses the arguments of the root, which are no commands.
func knownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, cmd := range root.Commands() {
		names = append(names, cmd.Name())
	}
	fix := cmp.Or(suggest.Question(args[0], names), "see autopeer --help")
	return fmt.Errorf("unknown command %q; %s", args[0], fix)
}

// requireFlags refuses a command without one of its required flags.
func requireFlags(cmd *cobra.Command, _ []string) (err error) {
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		isRequired := slices.Equal(flag.Annotations[cobra.BashCompOneRequiredFlag], []string{"true"})
		if value, _ := pflag.UnquoteUsage(flag); isRequired && !flag.Changed && err == nil {
			err = fmt.Errorf("--%s is missing; name the %s", flag.Name, value)
		}
	})
	return err
}

// flagError returns the error for a flag that can't be parsed.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	var empty *pflag.ValueRequiredError
	switch {
	case errors.As(err, &invalid):
		flag := invalid.GetFlag()
		values := map[string]string{"uint16": "0 to 65535", "bool": "true or false"}
		return fmt.Errorf("invalid %s %q; want %s", flag.Name, invalid.GetValue(), values[flag.Value.Type()])
	case errors.As(err, &empty):
		return fmt.Errorf("--%s has no value; see %s --help", empty.GetFlag().Name, cmd.CommandPath())
	case errors.As(err, &unknown):
		name := "--" + unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			name = "-" + unknown.GetSpecifiedName()
		}
		return fmt.Errorf("unknown flag %s; see %s --help", name, cmd.CommandPath())
	}
	return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
}
