package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
	"github.com/spf13/cobra"

	"github.com/autopeer/autopeer/internal/domain/explain"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/suggest"
	"github.com/autopeer/autopeer/internal/policyfile"
)

func testCommand() *cobra.Command {
	var named, format string
	outputs := formats{"text", "json"}
	cmd := &cobra.Command{
		Use:   "test FILE",
		Short: "Check expectations about a policy: exit 0, or 3 if one of them fails",
		Long: "Check the expectations of a YAML file: requests and traffic that the policy must allow or deny.\n\n" +
			"  policy: policy.yaml # relative to this file; policy.yaml if left out\n" +
			"  expect:\n" +
			"    - marketing → finance: allowed                             # a request: allowed, approval or denied\n" +
			"    - marketing → finance tcp 443: partly                      # traffic: allowed, partly or denied\n" +
			"    - marketing from 10.10.1.0/24 → finance tcp 443: allowed   # from a part of the blocks\n" +
			"    - marketing → finance icmp in Role=finance-server: allowed # in groups by tag or ID\n\n" +
			"The arrow may be ->. Each end is a department, the ID of a VPC that the policy names, or\n" +
			"account/Region/CIDR with the primary block of a VPC. Traffic is partly allowed if the policy\n" +
			"admits some of it.\n\n" +
			"Exit codes: 0 all expectations hold; 1 could not run; 2 mistakes in the file or the policy;\n" +
			"3 an expectation fails.",
		Example: "  autopeer test policy.test.yaml\n  autopeer test --policy branch.yaml policy.test.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := outputs.check(format); err != nil {
				return err
			}
			results, err := test(cmd.ErrOrStderr(), args[0], named)
			if err != nil {
				return err
			}
			if format == "json" {
				err = printJSON(cmd.OutOrStdout(), results)
			} else {
				printResults(cmd.OutOrStdout(), results)
			}
			if err == nil && slices.ContainsFunc(results, func(r result) bool { return !r.Holds }) {
				err = errRefused
			}
			return err
		},
	}
	cmd.Flags().StringVar(&named, "policy", "", "the policy `file`; without it, the one that the file names")
	outputs.addFlag(cmd, &format)
	return cmd
}

// result is that of one expectation.
type result struct {
	File     string          `json:"file"`
	Line     int             `json:"line"`
	Question string          `json:"question"`
	Want     explain.Verdict `json:"want"`
	Got      explain.Verdict `json:"got"`
	Holds    bool            `json:"holds"`
	Reason   string          `json:"reason"`
}

func test(stderr io.Writer, file, named string) ([]result, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the expectations: %w", err)
	}
	e := expectations{file: file}
	e.read(data)
	if err := e.report(stderr); err != nil {
		return nil, err
	}
	if named == "" {
		named = cmp.Or(e.policy, "policy.yaml")
		if !filepath.IsAbs(named) {
			named = filepath.Join(filepath.Dir(file), named)
		}
	}
	p, err := loadPolicy(stderr, named)
	if err != nil {
		return nil, err
	}
	results := e.check(p)
	return results, e.report(stderr)
}

func printResults(out io.Writer, results []result) {
	failed := 0
	for _, r := range results {
		word := "ok"
		if !r.Holds {
			word = "FAILED"
			failed++
		}
		fmt.Fprintf(out, "%-6s  %s:%d  %s: %s\n", word, r.File, r.Line, r.Question, r.Want)
		if !r.Holds {
			fmt.Fprintf(out, "        it is %s: %s\n", r.Got, r.Reason)
		}
	}
	verb := "hold"
	if len(results) == 1 {
		verb = "holds"
	}
	fmt.Fprintf(out, "%d of %s %s\n", len(results)-failed, counted(len(results), "expectation"), verb)
}

// expectations is a file with expectations, and collects its mistakes.
type expectations struct {
	file     string
	policy   string // as named by the file, which is relative to its folder
	all      []expectation
	mistakes policyfile.Mistakes
}

// expectation is one line, as it is written.
type expectation struct {
	question, verdict string
	at, verdictAt     ast.Node
}

func (e *expectations) add(at ast.Node, problem, fix string) {
	e.addAt(at.GetToken().Position, problem, fix)
}

func (e *expectations) addAt(p *token.Position, problem, fix string) {
	e.mistakes = append(e.mistakes, policyfile.Mistake{File: e.file, Line: p.Line, Column: p.Column,
		Problem: problem, Fix: fix})
}

// report prints the mistakes, and returns errReported if there are any.
func (e *expectations) report(stderr io.Writer) error {
	if len(e.mistakes) == 0 {
		return nil
	}
	fmt.Fprintln(stderr, e.mistakes)
	return errReported
}

func (e *expectations) read(data []byte) {
	// Keys that are given twice are reported with all other mistakes.
	parsed, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		e.mistakes = append(e.mistakes, policyfile.SyntaxMistake(e.file, err))
		return
	}
	if len(parsed.Docs) > 1 {
		e.addAt(parsed.Docs[1].Start.Position, "a second document begins here", "put all expectations into one document")
		return
	}
	if len(parsed.Docs) == 0 || parsed.Docs[0].Body == nil {
		m := policyfile.Mistake{File: e.file, Line: 1, Column: 1, Problem: "the file has no expectations",
			Fix: "add the key expect"}
		e.mistakes = append(e.mistakes, m)
		return
	}
	root := parsed.Docs[0].Body
	if root.Type() != ast.MappingType {
		e.add(root, "the file is not a mapping", "add the key expect")
		return
	}
	e.readKeys(root.(*ast.MappingNode).Values)
	if len(e.all) == 0 && len(e.mistakes) == 0 {
		e.add(root, "the file has no expectations", "list them under expect:")
	}
}

func (e *expectations) readKeys(pairs []*ast.MappingValueNode) {
	lines := map[string]int{} // of the keys so far
	for _, pair := range pairs {
		key := pair.Key.String()
		if line, found := lines[key]; found {
			e.add(pair.Key, fmt.Sprintf("key %q is given twice", key), fmt.Sprintf("keep this one or that of line %d", line))
		} else {
			lines[key] = pair.Key.GetToken().Position.Line
		}
		e.readKey(pair) // of a repeated key too, so that all mistakes are reported together
	}
}

func (e *expectations) readKey(pair *ast.MappingValueNode) {
	switch key := pair.Key.String(); {
	case key == "policy" && pair.Value.Type() == ast.StringType:
		e.policy = pair.Value.GetToken().Value
	case key == "policy":
		e.add(pair.Value, "policy is not a file name", "write it like policy: policy.yaml")
	case key == "expect" && pair.Value.Type() == ast.SequenceType:
		for _, item := range pair.Value.(*ast.SequenceNode).Values {
			e.readItem(item)
		}
	case key == "expect":
		e.add(pair.Value, "expect is not a list", "write each expectation like - marketing → finance tcp 443: allowed")
	default:
		e.add(pair.Key, fmt.Sprintf("%s is not a key of this file", key), suggest.Fix(key, []string{"policy", "expect"}))
	}
}

func (e *expectations) readItem(item ast.Node) {
	m, ok := item.(*ast.MappingNode)
	if !ok || len(m.Values) != 1 || m.Values[0].Value.Type() != ast.StringType {
		e.add(item, "this is not an expectation", "write it like - marketing → finance tcp 443: allowed")
		return
	}
	pair := m.Values[0]
	e.all = append(e.all, expectation{
		question: strings.TrimSpace(pair.Key.GetToken().Value), verdict: pair.Value.GetToken().Value, at: pair.Key,
		verdictAt: pair.Value,
	})
}

// check asks the policy. Questions that it can't answer are mistakes.
func (e *expectations) check(p *policy.Policy) []result {
	var results []result
	for _, x := range e.all {
		q, err := explain.ParseQuestion(p, x.question)
		if err != nil {
			for problem := range strings.Lines(err.Error()) {
				problem, fix, _ := strings.Cut(strings.TrimSpace(problem), "; ")
				e.add(x.at, problem, fix)
			}
			continue
		}
		want := explain.Verdict(x.verdict)
		if !slices.Contains(q.Verdicts(), want) {
			e.add(x.verdictAt, fmt.Sprintf("%s is not a verdict of this question", x.verdict),
				suggest.Fix(x.verdict, verdicts(q)))
			continue
		}
		got, reason := q.Ask(p)
		results = append(results, result{e.file, x.at.GetToken().Position.Line, x.question, want, got, got == want, reason})
	}
	return results
}

func verdicts(q explain.Question) []string {
	var all []string
	for _, v := range q.Verdicts() {
		all = append(all, string(v))
	}
	return all
}
