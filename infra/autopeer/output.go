package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/autopeer/autopeer/internal/domain/explain"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/suggest"
	"github.com/autopeer/autopeer/internal/policyfile"
)

// formats are the forms of output that a command has, the default first.
type formats []string

func (f formats) addFlag(cmd *cobra.Command, into *string) {
	cmd.Flags().StringVarP(into, "output", "o", f[0], "the `format` of the output: "+strings.Join(f, ", "))
	complete := func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return f, cobra.ShellCompDirectiveNoFileComp
	}
	if err := cmd.RegisterFlagCompletionFunc("output", complete); err != nil {
		panic(err) // the flag exists
	}
}

func (f formats) check(format string) error {
	if slices.Contains(f, format) {
		return nil
	}
	return fmt.Errorf("unknown output %q: want %s", format, suggest.Alternatives(f))
}

// loadPolicy reads and checks a policy. Mistakes are printed, and the error is errReported.
func loadPolicy(stderr io.Writer, file string) (*policy.Policy, error) {
	data, err := readFile(file)
	if err != nil {
		return nil, err
	}
	p, err := policyfile.Parse(file, data) // the warnings are for the checker
	if mistakes := (policyfile.Mistakes)(nil); errors.As(err, &mistakes) {
		fmt.Fprintln(stderr, err)
		return nil, errReported
	}
	return p, err
}

func printJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// printRows prints cells in columns that are separated by two blanks. The last cell of a row may be wider than its
// column.
func printRows(out io.Writer, indent string, rows [][]string) {
	widths := map[int]int{}
	for _, row := range rows {
		for i, cell := range row[:len(row)-1] {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		line := indent
		for i, cell := range row {
			line += cell + strings.Repeat(" ", max(widths[i]-utf8.RuneCountInString(cell), 0)+2)
		}
		fmt.Fprintln(out, strings.TrimRight(line, " "))
	}
}

// end names a department, and the VPCs that an item concerns unless they are all of it.
func end(department string, vpcs []string) string {
	const most = 3
	switch {
	case len(vpcs) == 0:
		return department
	case len(vpcs) > most:
		vpcs = append(slices.Clone(vpcs[:most]), fmt.Sprintf("%d more", len(vpcs)-most))
	}
	if department == "" {
		return strings.Join(vpcs, ", ")
	}
	return fmt.Sprintf("%s (%s)", department, strings.Join(vpcs, ", "))
}

func ends(i explain.Item) string { return end(i.From, i.FromVPCs) + " → " + end(i.To, i.ToVPCs) }

// reverse reports whether b is for requests in the direction opposite to that of a.
func reverse(a, b explain.Item) bool {
	return a.Kind == explain.Requests && b.Kind == explain.Requests && a.Line == b.Line &&
		a.From == b.To && a.To == b.From &&
		slices.Equal(a.FromVPCs, b.ToVPCs) && slices.Equal(a.ToVPCs, b.FromVPCs)
}

// folded returns the items with their ends, and only one item for requests that may be made in both directions.
func folded(items []explain.Item) (kept []explain.Item, arrows []string) {
	for n, i := range items {
		isReverse := func(o explain.Item) bool { return reverse(i, o) }
		switch {
		case slices.ContainsFunc(items[:n], isReverse):
			continue
		case slices.ContainsFunc(items[n:], isReverse):
			arrows = append(arrows, strings.Replace(ends(i), "→", "↔", 1))
		default:
			arrows = append(arrows, ends(i))
		}
		kept = append(kept, i)
	}
	return kept, arrows
}

// protocolText names the protocol with its ports, such as "tcp 443, 5432-5440".
func protocolText(i explain.Item) string {
	switch i.Protocol {
	case "all":
		return "all traffic"
	case "others":
		return "other protocols"
	}
	return strings.TrimSpace(i.Protocol + " " + strings.Join(i.Ports, ", "))
}

// groupsText names the groups, and the sources where these are not all blocks of the peer.
func groupsText(i explain.Item) string {
	if len(i.Sources) == 0 {
		return i.Groups
	}
	return fmt.Sprintf("%s, from %s", i.Groups, strings.Join(i.Sources, ", "))
}

func tablesText(i explain.Item) string {
	if len(i.Tables) == 0 {
		return "all tables"
	}
	return strings.Join(i.Tables, ", ")
}

func lineText(line int) string { return fmt.Sprintf("line %d", line) }
