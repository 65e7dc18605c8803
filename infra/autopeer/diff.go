package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/autopeer/autopeer/internal/domain/explain"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

func diffCommand() *cobra.Command {
	var format string
	var failOnOpen bool
	outputs := formats{"text", "json", "markdown"}
	cmd := &cobra.Command{
		Use: "diff OLD NEW",
		Short: "Show the access that a change of the policy opens and closes: exit 0, or 3 with " +
			"--fail-on-open if it opens any",
		Long: "Show the requests, the traffic and the routes between departments that a change of the policy\n" +
			"opens and closes. Decisions and plans are compared for every VPC and range that the files name;\n" +
			"the order of entries and comments make no difference.\n\n" +
			"Exit codes: 0 compared; 1 could not run; 2 mistakes in one of the policies; 3 opens " +
			"something, with --fail-on-open.",
		Example: "  autopeer diff main.yaml branch.yaml\n" +
			"  autopeer diff --fail-on-open <(git show main:policy.yaml) policy.yaml\n" +
			"  autopeer diff --output markdown main.yaml branch.yaml # for a pull request",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := outputs.check(format); err != nil {
				return err
			}
			var policies [2]*policy.Policy
			for i, file := range args {
				p, err := loadPolicy(cmd.ErrOrStderr(), file)
				if err != nil {
					return err
				}
				policies[i] = p
			}
			d := explain.Compare(policies[0], policies[1])
			if err := printDiff(cmd.OutOrStdout(), format, d); err != nil {
				return err
			}
			if failOnOpen && d.IsOpening() {
				return errRefused
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&failOnOpen, "fail-on-open", false,
		"exit with 3 if the new policy allows anything that the old one doesn't")
	outputs.addFlag(cmd, &format)
	return cmd
}

func printDiff(out io.Writer, format string, d explain.Diff) error {
	switch format {
	case "json":
		return printJSON(out, d)
	case "markdown":
		printMarkdown(out, d)
	default:
		printDiffText(out, d)
	}
	return nil
}

func printDiffText(out io.Writer, d explain.Diff) {
	section := func(name string, rows [][]string) {
		if len(rows) > 0 {
			fmt.Fprintln(out, name)
			printRows(out, "  ", rows)
		}
	}
	section("opens", itemRows("+ ", "", d.Opens))
	section("closes", itemRows("- ", "was ", d.Closes))
	section("requests", changeRows("~ ", d.Requests))
	var rows [][]string
	for _, s := range d.Settings {
		rows = append(rows, []string{"~ " + s.Key, s.Old + " → " + s.New})
	}
	section("settings", rows)
	if d.IsEmpty() {
		fmt.Fprintln(out, "no changes")
	}
	fmt.Fprintf(out, "unchanged: %s\n", unchanged(d))
}

func unchanged(d explain.Diff) string {
	return fmt.Sprintf("%s, %s", counted(d.Unchanged.Peerings, "peering"), counted(d.Unchanged.Flows, "line")+" of allow")
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func itemRows(sign, was string, items []explain.Item) [][]string {
	var rows [][]string
	kept, arrows := folded(items)
	for n, i := range kept {
		first, second := itemText(i)
		rows = append(rows, []string{sign + arrows[n], first, second, was + lineText(i.Line)})
	}
	return rows
}

// itemText returns the kind of an item with its figures, and its place.
func itemText(i explain.Item) (first, second string) {
	switch i.Kind {
	case explain.Traffic:
		return protocolText(i), groupsText(i)
	case explain.Routes:
		return "routes to " + strings.Join(i.Destinations, ", "), tablesText(i)
	case explain.DNS:
		return "DNS resolution", fmt.Sprintf("names of %s, for %s", i.From, i.To)
	}
	return "requests", "accepted"
}

func changeRows(sign string, changes []explain.Change) [][]string {
	var rows [][]string
	kept, arrows := foldedChanges(changes)
	for n, c := range kept {
		rows = append(rows, []string{sign + arrows[n], "requests " + c.Change, lineText(c.Line)})
	}
	return rows
}

// foldedChanges is folded for changes.
func foldedChanges(changes []explain.Change) (kept []explain.Change, arrows []string) {
	for _, same := range byChange(changes) {
		items := make([]explain.Item, len(same))
		for i, c := range same {
			items[i] = explain.Item{Kind: explain.Requests, From: c.From, To: c.To, FromVPCs: c.FromVPCs,
				ToVPCs: c.ToVPCs, Line: c.Line}
		}
		folds, ends := folded(items)
		for n, i := range folds {
			change := same[0]
			change.From, change.To, change.FromVPCs, change.ToVPCs, change.Line = i.From, i.To, i.FromVPCs, i.ToVPCs, i.Line
			kept = append(kept, change)
			arrows = append(arrows, ends[n])
		}
	}
	return kept, arrows
}

// byChange groups equal changes.
func byChange(changes []explain.Change) [][]explain.Change {
	var groups [][]explain.Change
	for _, c := range changes {
		i := slices.IndexFunc(groups, func(g []explain.Change) bool { return g[0].Change == c.Change })
		if i < 0 {
			i, groups = len(groups), append(groups, nil)
		}
		groups[i] = append(groups[i], c)
	}
	return groups
}

// printMarkdown prints a comment for a pull request.
func printMarkdown(out io.Writer, d explain.Diff) {
	opens := "opens nothing"
	if d.IsOpening() {
		opens = "**opens** access"
	}
	fmt.Fprintf(out, "### Policy: this change %s\n\n", opens)
	if !d.IsEmpty() {
		fmt.Fprintln(out, "| | from → to | change | where | line |\n|---|---|---|---|---|")
	}
	row := func(cells ...string) {
		for i, cell := range cells {
			cells[i] = strings.ReplaceAll(cell, "|", `\|`)
		}
		fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | "))
	}
	print := func(mark, was string, items []explain.Item) {
		kept, arrows := folded(items)
		for n, i := range kept {
			first, second := itemText(i)
			row(mark, arrows[n], first, second, fmt.Sprintf("%s%d", was, i.Line))
		}
	}
	print("opens", "", d.Opens)
	print("closes", "was ", d.Closes)
	changes, arrows := foldedChanges(d.Requests)
	for n, c := range changes {
		row("changes", arrows[n], "requests "+c.Change, "", fmt.Sprint(c.Line))
	}
	for _, s := range d.Settings {
		row("changes", "all", "`"+s.Key+"`", s.Old+" → "+s.New, "")
	}
	if !d.IsEmpty() {
		fmt.Fprintln(out)
	}
	fmt.Fprintf(out, "Unchanged: %s.\n", unchanged(d))
}
