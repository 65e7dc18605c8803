package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/autopeer/autopeer/internal/domain/explain"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

func explainCommand() *cobra.Command {
	var named, from, to, format string
	outputs := formats{"text", "json"}
	cmd := &cobra.Command{
		Use:   "explain --from X --to Y",
		Short: "Explain the access between two departments or VPCs: exit 0, or 3 if the policy denies the request",
		Long: "Explain whether the policy allows a request from X to Y, and by which line. The output has the\n" +
			"traffic that the security groups admit in both directions, and the routes of both sides. For a\n" +
			"denied request it has the reason, and the addition to the file or the next step. No AWS account\n" +
			"is needed.\n\n" +
			"X and Y are each a department, the ID of a VPC that the policy names, or account/Region/CIDR with\n" +
			"the primary block of a VPC.\n\n" +
			"Exit codes: 0 allowed, at once or after an approval; 1 could not run; 2 mistakes in the policy; 3 denied.",
		Example: "  autopeer explain --policy policy.yaml --from marketing --to finance\n" +
			"  autopeer explain --from vpc-0a1b2c3d4e5f60001 --to 333333333333/eu-west-1/10.64.0.0/16 --output json",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := outputs.check(format); err != nil {
				return err
			}
			a, err := answer(cmd.ErrOrStderr(), named, from, to)
			if err != nil {
				return err
			}
			if format == "json" {
				err = printJSON(cmd.OutOrStdout(), a)
			} else {
				printAnswer(cmd.OutOrStdout(), a)
			}
			if err == nil && a.Verdict == explain.Denied {
				err = errRefused
			}
			return err
		},
	}
	cmd.Flags().StringVar(&named, "policy", "", "the policy `file`; without it, "+withoutPolicy)
	cmd.Flags().StringVar(&from, "from", "", "the `requester`: a department, a VPC ID or account/Region/CIDR")
	cmd.Flags().StringVar(&to, "to", "", "the `accepter`: a department, a VPC ID or account/Region/CIDR")
	for _, flag := range []string{"from", "to"} {
		completeEnds(cmd, flag, &named)
		if err := cmd.MarkFlagRequired(flag); err != nil {
			panic(err) // the flag exists
		}
	}
	outputs.addFlag(cmd, &format)
	return cmd
}

func answer(stderr io.Writer, named, from, to string) (explain.Answer, error) {
	file, err := policyFile(os.Getenv, named)
	if err != nil {
		return explain.Answer{}, err
	}
	p, err := loadPolicy(stderr, file)
	if err != nil {
		return explain.Answer{}, err
	}
	requester, err := explain.Find(p, from)
	if err != nil {
		return explain.Answer{}, fmt.Errorf("--from: %w", err)
	}
	accepter, err := explain.Find(p, to)
	if err != nil {
		return explain.Answer{}, fmt.Errorf("--to: %w", err)
	}
	return explain.Explain(p, requester, accepter), nil
}

// completeEnds completes the names of departments and the IDs of VPCs.
func completeEnds(cmd *cobra.Command, flag string, named *string) {
	complete := func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		file, err := policyFile(os.Getenv, *named)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		p, err := loadPolicy(io.Discard, file)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return endsOf(p), cobra.ShellCompDirectiveNoFileComp
	}
	if err := cmd.RegisterFlagCompletionFunc(flag, complete); err != nil {
		panic(err) // the flag exists
	}
}

func endsOf(p *policy.Policy) []string {
	var names, ids []string
	for _, d := range p.Departments {
		names = append(names, d.Name)
		for _, m := range d.Members {
			if m.VPC != "" {
				ids = append(ids, string(m.VPC))
			}
		}
	}
	return append(names, ids...)
}

func printAnswer(out io.Writer, a explain.Answer) {
	arrow := "→"
	if a.Either {
		arrow = "↔"
	}
	from, to := withDepartment(a.From, a.Departments[0]), withDepartment(a.To, a.Departments[1])
	switch {
	case a.Line == 0:
		fmt.Fprintf(out, "%-9s %s %s %s   %s\n", a.Verdict, from, arrow, to, a.Reason)
	case a.Verdict == explain.Denied:
		fmt.Fprintf(out, "%-9s %s %s %s   %s   %s\n", a.Verdict, from, arrow, to, a.Place(), a.Reason)
	default:
		fmt.Fprintf(out, "%-9s %s %s %s   %s\n", a.Verdict, from, arrow, to, a.Place())
	}
	if a.Line > 0 && len(a.Traffic)+len(a.Routes) > 0 {
		printConnection(out, a)
	}
	for _, e := range a.Exceptions {
		fmt.Fprintf(out, "  %s   %s → %s: %s\n", e.Verdict, e.From, e.To, e.Reason)
	}
	for _, n := range a.Notes {
		fmt.Fprintf(out, "  note      %s\n", n)
	}
	printRemedy(out, a)
}

// withDepartment adds the department to a VPC.
func withDepartment(text, department string) string {
	if department == "" || text == department {
		return text
	}
	return fmt.Sprintf("%s (%s)", text, department)
}

func printConnection(out io.Writer, a explain.Answer) {
	fmt.Fprintf(out, "\n  %s\n", strings.Join(terms(a), " · "))
	var rows [][]string
	for i, from := range departments(a) {
		to := a.Departments[1-i]
		some := false
		for _, t := range a.Traffic {
			if t.From == from && t.To == to {
				some = true
				rows = append(rows, []string{ends(t), protocolText(t), onlyFrom(t), lineText(t.Line)})
			}
		}
		if !some {
			rows = append(rows, []string{from + " → " + to, nothing(a, i)})
		}
	}
	printRows(out, "  ", rows)
	printRoutes(out, a)
}

// departments returns those of both ends, a single one for two VPCs of one department.
func departments(a explain.Answer) []string { return slices.Compact(a.Departments[:]) }

func printRoutes(out io.Writer, a explain.Answer) {
	var texts []string
	for i, from := range departments(a) {
		routes := slices.DeleteFunc(slices.Clone(a.Routes), func(r explain.Item) bool { return r.From != from })
		for _, r := range routes {
			texts = append(texts, fmt.Sprintf("%s: %s → %s", end(r.From, r.FromVPCs), tablesText(r), destination(r)))
		}
		switch {
		case !a.Managed[i]:
			texts = append(texts, from+": a third party, which makes its own routes and rules")
		case len(routes) == 0:
			texts = append(texts, from+": none")
		}
	}
	var rows [][]string
	for i, text := range texts {
		rows = append(rows, []string{[]string{"routes", ""}[min(i, 1)], text})
	}
	printRows(out, "  ", rows)
}

// onlyFrom names the groups, and the sources where these are not all blocks of the peer.
func onlyFrom(t explain.Item) string {
	if len(t.Sources) == 0 {
		return t.Groups
	}
	return groupsText(t) + " only"
}

// nothing explains that no traffic is admitted from the department with the index.
func nothing(a explain.Answer, i int) string {
	switch {
	case !a.Managed[1-i]:
		return fmt.Sprintf("as %s admits: autopeer doesn't manage its side", a.Departments[1-i])
	case len(a.Traffic) == 0:
		return "nothing"
	}
	return "nothing (answers pass: security groups are stateful)"
}

// terms are the other terms of the connection.
func terms(a explain.Answer) []string {
	who := "either side may request"
	if a.Requester != "" {
		who = "only " + a.Requester + " may request"
	}
	approval := "no approval"
	if a.Approval {
		approval = "a person approves each request"
	}
	dns := "DNS resolution off"
	switch len(a.DNS) {
	case 0:
	case len(departments(a)):
		dns = "DNS resolution on"
	default:
		dns = "DNS resolution on for the names of " + a.DNS[0]
	}
	all := []string{who, approval, dns}
	if a.Reports {
		all = append(all, "report mode: the changes are only proposed")
	}
	if a.Multipath {
		all = append(all, "multipath resilience may be requested")
	}
	return all
}

func destination(r explain.Item) string {
	text := strings.Join(r.Destinations, ", ")
	if r.Whole {
		return fmt.Sprintf("all blocks of %s (%s)", end(r.To, r.ToVPCs), strings.ReplaceAll(text, "blocks in ", "in "))
	}
	return fmt.Sprintf("%s of %s", text, end(r.To, r.ToVPCs))
}

func printRemedy(out io.Writer, a explain.Answer) {
	if a.Next != "" {
		fmt.Fprintf(out, "\n  Next: %s.\n", a.Next)
	}
	for i, add := range a.Additions {
		words := "  To allow it, add under"
		if i > 0 {
			words = "  and under"
		}
		fmt.Fprintf(out, "\n%s `%s:`\n", words, add.Under)
		for line := range strings.Lines(add.YAML) {
			fmt.Fprintf(out, "  %s", line)
		}
	}
}
