package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/explain"
	"github.com/autopeer/autopeer/internal/policyfile"
)

// run returns the output of the command, and its exit code.
func run(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := command()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	code = exitCode(cmd.ExecuteContext(t.Context()), &errs)
	return out.String(), errs.String(), code
}

// consoleCommand is a command of docs/cli.md with the exit code unless it is 0.
var consoleCommand = regexp.MustCompile(`(?m)^\$ autopeer (.*?)(?: +# exit ([0-9]))?\n`)

// TestTheDocumentShowsTheOutput runs each command of the console blocks of docs/cli.md in docs/examples.
func TestTheDocumentShowsTheOutput(t *testing.T) {
	page, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir("../../docs/examples")
	commands := 0
	for _, block := range strings.Split(string(page), "```console\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		places := consoleCommand.FindAllStringSubmatchIndex(block, -1)
		for i, at := range places {
			end := len(block)
			if i+1 < len(places) {
				end = places[i+1][0]
			}
			want, wantCode := strings.TrimSpace(block[at[1]:end]), "0"
			if at[4] >= 0 {
				wantCode = block[at[4]:at[5]]
			}
			line := block[at[2]:at[3]]
			stdout, stderr, code := run(t, strings.Fields(line)...)
			if got := strings.TrimSpace(stdout + stderr); got != want || string(rune('0'+code)) != wantCode {
				t.Errorf("autopeer %s: exit %d, want %s\n%s\nwant\n%s", line, code, wantCode, got, want)
			}
			commands++
		}
	}
	if commands < 10 {
		t.Errorf("docs/cli.md has %d commands, want at least 10", commands)
	}
}

// TestAdditionsAllowTheRequest: with the additions that explain prints, the file is valid and the request is allowed.
func TestAdditionsAllowTheRequest(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/examples/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, ends := range [][2]string{
		{"marketing", "developer"},
		{"vpc-0a1b2c3d4e5f60001", "444444444444/eu-west-1/10.1.0.0/16"},
		{"444444444444/eu-west-1/10.1.0.0/16", "finance"},
		{"444444444444/eu-west-1/10.1.0.0/16", "444444444444/eu-west-1/10.2.0.0/16"},
		{"finance", "333333333333/eu-west-1/10.0.0.0/8"}, // which holds a range of developer
	} {
		before, _ := ask(t, data, ends)
		if before.Verdict != explain.Denied || len(before.Additions) == 0 {
			t.Errorf("%v: %+v, want a denial with additions", ends, before)
			continue
		}
		text := string(data)
		for _, a := range before.Additions {
			text = strings.Replace(text, "\n"+a.Under+":\n", "\n"+a.Under+":\n"+a.YAML, 1)
		}
		after, err := ask(t, []byte(text), ends)
		if err != nil || after.Verdict != explain.Allowed && !strings.Contains(text, "# with the ID of the VPC") {
			t.Errorf("%v: %v, %s %s with\n%s", ends, err, after.Verdict, after.Reason, text)
		}
	}
}

// TestEveryRemedyHolds asks for each pair of ends of a file with everything that a check refuses in a peering: a file
// with the printed additions is valid and allows the request, and a denial without additions has a next step.
func TestEveryRemedyHolds(t *testing.T) {
	t.Parallel()
	const file = `version: 1
retired: [{ account: "444444444444", region: us-east-1 }]
departments:
  a:
    - { account: "111111111111", region: us-east-1, vpc: vpc-0a1b2c3d4e5f60001, cidrs: [10.0.0.0/16] }
    - { account: "111111111111", region: us-east-1, vpc: vpc-0a1b2c3d4e5f60003, cidrs: [10.3.0.0/16] }
  b: [{ account: "222222222222", region: us-east-1, vpc: vpc-0a1b2c3d4e5f60002, cidrs: [10.1.0.0/16] }]
  c: [{ account: "222222222222", region: us-east-1, within: 10.8.1.0/24 }]
  twin: [{ account: "222222222222", region: eu-west-1, vpc: vpc-0a1b2c3d4e5f60004, cidrs: [10.3.0.0/17] }]
  twins:
    - { account: "111111111111", region: eu-west-1, vpc: vpc-0a1b2c3d4e5f60005, cidrs: [10.5.0.0/16] }
    - { account: "111111111111", region: eu-west-1, vpc: vpc-0a1b2c3d4e5f60006, cidrs: [10.5.0.0/16] }
    - { account: "111111111111", region: eu-west-1, vpc: vpc-0a1b2c3d4e5f60007, cidrs: [10.6.0.0/16] }
  "true": [{ account: "111111111111", region: eu-west-2, vpc: vpc-0a1b2c3d4e5f6000d, cidrs: [10.14.0.0/16] }]
  china: [{ account: "333333333333", region: cn-north-1, vpc: vpc-0a1b2c3d4e5f60008, cidrs: [10.7.0.0/16] }]
  both:
    - { account: "333333333333", region: cn-north-1, vpc: vpc-0a1b2c3d4e5f60009, cidrs: [10.9.0.0/16] }
    - { account: "111111111111", region: eu-west-2, vpc: vpc-0a1b2c3d4e5f6000a, cidrs: [10.10.0.0/16] }
  provider: [{ account: "999999999999", region: us-east-1, vpc: vpc-0a1b2c3d4e5f6000b, cidrs: [10.11.0.0/16] }]
  partner: [{ account: "999999999999", region: us-east-1, vpc: vpc-0a1b2c3d4e5f6000c, cidrs: [10.12.0.0/16] }]
peerings:
  - { between: [a, b], requester: b }
  - { between: [b, provider], requester: provider, manage: accepter }
  - { between: [b, partner], requester: b, manage: requester }
`
	ends := []string{
		"a", "b", "c", "twin", "twins", "china", "both", "provider", "partner", "true",
		"vpc-0a1b2c3d4e5f60003", "vpc-0a1b2c3d4e5f60007", "vpc-0a1b2c3d4e5f6000a",
		"222222222222/us-east-1/10.8.0.0/16",  // holds the range of c
		"222222222222/us-east-1/10.0.0.0/14",  // holds the block of b
		"222222222222/us-east-1/10.8.0.0/20",  // and a second one, in the same cell
		"222222222222/us-east-1/10.1.2.0/24",  // a part of the block of b
		"222222222222/us-east-1/10.20.0.0/16", // free
		"333333333333/cn-north-1/10.21.0.0/16",
		"444444444444/us-east-1/10.22.0.0/16",
	}
	remedies := 0
	for _, from := range ends {
		for _, to := range ends {
			remedies += checkRemedy(t, file, [2]string{from, to})
		}
	}
	if remedies < 50 {
		t.Errorf("%d denials have additions, want at least 50", remedies)
	}
}

// checkRemedy returns 1 if the denial of the request has additions, after it has tried them.
func checkRemedy(t *testing.T, file string, ends [2]string) int {
	t.Helper()
	before, err := ask(t, []byte(file), ends)
	if err != nil {
		t.Errorf("%v: %v", ends, err)
	}
	if before.Verdict != explain.Denied || before.Next != "" && before.Additions == nil {
		return 0
	}
	if before.Additions == nil {
		t.Errorf("%v: the denial has neither additions nor a next step", ends)
		return 0
	}
	text := file
	for _, a := range before.Additions {
		text = strings.Replace(text, "\n"+a.Under+":\n", "\n"+a.Under+":\n"+a.YAML, 1)
	}
	after, err := ask(t, []byte(text), ends)
	if err != nil || after.Verdict != explain.Allowed && !strings.Contains(text, "# with the ID of the VPC") {
		t.Errorf("%v: %v, %s %s with %v", ends, err, after.Verdict, after.Reason, before.Additions)
	}
	return 1
}

func ask(t *testing.T, data []byte, ends [2]string) (explain.Answer, error) {
	t.Helper()
	p, err := policyfile.Parse("policy.yaml", data)
	if err != nil {
		return explain.Answer{}, err
	}
	from, errFrom := explain.Find(p, ends[0])
	to, errTo := explain.Find(p, ends[1])
	if err := errors.Join(errFrom, errTo); err != nil {
		return explain.Answer{}, err
	}
	return explain.Explain(p, from, to), nil
}

// TestNextSteps: a denial that no addition ends has a next step.
func TestNextSteps(t *testing.T) {
	t.Parallel()
	const text = `version: 1
retired: [{ account: "444444444444", region: us-east-1 }]
departments:
  a:
    - { account: "111111111111", region: us-east-1, vpc: vpc-0a1b2c3d4e5f60001, cidrs: [10.0.0.0/16] }
    - { account: "111111111111", region: us-east-1, vpc: vpc-0a1b2c3d4e5f60003, cidrs: [10.3.0.0/16] }
  b: [{ account: "222222222222", region: us-east-1, vpc: vpc-0a1b2c3d4e5f60002, cidrs: [10.1.0.0/16] }]
  c: [{ account: "222222222222", region: us-east-1, within: 10.0.1.0/24 }]
  d:
    - { account: "999999999999", region: us-east-1, vpc: vpc-0a1b2c3d4e5f60004, cidrs: [10.4.0.0/16] }
    - { account: "999999999999", region: us-east-1, vpc: vpc-0a1b2c3d4e5f60005, cidrs: [10.5.0.0/16] }
peerings:
  - { between: [a, b], requester: b }
  - { between: [a, c] }
  - { between: [c, d], requester: d, manage: accepter }
`
	for ends, want := range map[[2]string]string{
		{"a",
			"b"}: "have b request the connection, or remove `requester: b` from the peering",
		{"vpc-0a1b2c3d4e5f60001", "c"}:              "renumber one of the two",
		{"b", "333333333333/us-east-1/10.1.2.0/24"}: "renumber one of the two",
		{"b", "444444444444/us-east-1/10.9.0.0/16"}: "remove 444444444444/us-east-1 from `retired:` in line 2 first",
		{"d", "d"}: "leave the request to d: autopeer isn't deployed in the accounts of a third party",
		{"c", "333333333333/cn-north-1/10.9.0.0/16"}: "AWS connects no VPC of aws with one of aws-cn",
		{"vpc-0a1b2c3d4e5f60002", "b"}:               "AWS connects no VPC with itself",
		{"b", "222222222222/us-east-1/10.1.2.0/24"}:  "AWS connects no VPC with itself", // a part of its block
	} {
		a, err := ask(t, []byte(text), ends)
		if err != nil || a.Verdict != explain.Denied || !strings.Contains(a.Next, want) || a.Additions != nil {
			t.Errorf("%v: %v, %+v, want the next step %q", ends, err, a, want)
		}
	}
	a, err := ask(t, []byte(text), [2]string{"c", "a"}) // the block of one VPC of a holds the range of c
	if err != nil || a.Verdict != explain.Allowed || len(a.Exceptions) != 1 ||
		a.Exceptions[0].To != "vpc-0a1b2c3d4e5f60001" {
		t.Errorf("%v, %+v, want one exception", err, a)
	}
}

// TestExitCodes has an example of each code of each command.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	wrong := write("wrong.yaml", "version: 2\n")
	failing := write("failing.yaml", "policy: good.yaml\nexpect:\n  - a → b tcp 22: denied\n  - a → b: denied\n")
	mistaken := write("mistaken.yaml",
		"policy: good.yaml\nexpects: []\nexpect:\n  - a → b: partly\n  - c → b: allowed\n  - b\n")
	mistyped := write("mistyped.yaml", "policy: good.yaml\nexpect:\n  - aa → b tpc 22: denied\n  - a → b: allowedd\n")
	write("good.yaml", `version: 1
departments:
  a: [{ account: "111111111111", region: us-east-1, vpc: vpc-0a1b2c3d4e5f60001, cidrs: [10.0.0.0/16] }]
  b: [{ account: "222222222222", region: us-east-1, vpc: vpc-0a1b2c3d4e5f60002, cidrs: [10.1.0.0/16] }]
peerings:
  - between: [a, b]
`)
	absolute := write("absolute.yaml", "policy: "+filepath.Join(folder, "good.yaml")+"\nexpect:\n  - a → b: allowed\n")
	const example, next = "../../docs/examples/policy.yaml", "../../docs/examples/policy.next.yaml"
	tests := []struct {
		code   int
		output string
		args   []string
	}{
		{0, `allowed +marketing ↔ finance`,
			[]string{"explain", "--policy", example, "--from", "marketing", "--to", "finance"}},
		{1, `--to is missing; name the accepter`, []string{"explain", "--policy", example, "--from", "marketing"}},
		{1, `--to: .* has no department hr; it can be marketing, finance or developer`,
			[]string{"explain", "--policy", example, "--from", "marketing", "--to", "hr"}},
		{1, `--from: invalid account "1"`,
			[]string{"explain", "--policy", example, "--from", "1/us-east-1/10.0.0.0/8", "--to", "finance"}},
		{1, `unknown output "xml": want text or json`, []string{"explain", "--output", "xml", "--from", "a", "--to", "b"}},
		{2, `wrong.yaml:1:`, []string{"explain", "--policy", wrong, "--from", "a", "--to", "b"}},
		{3, `only developer may request it`,
			[]string{"explain", "--policy", example, "--from", "finance", "--to", "developer"}},
		{0, `no changes`, []string{"diff", "--fail-on-open", example, example}},
		{0, `^opens`, []string{"diff", example, next}},
		{1, `read the policy: open none.yaml`, []string{"diff", example, "none.yaml"}},
		{1, `diff needs two files`, []string{"diff", example}},
		{2, `wrong.yaml:1:`, []string{"diff", example, wrong}},
		{3, `^opens`, []string{"diff", "--fail-on-open", example, next}},
		{0, `10 of 10 expectations hold`, []string{"test", "../../docs/examples/policy.test.yaml"}},
		{1, `read the expectations: open none.yaml`, []string{"test", "none.yaml"}},
		{2, `mistaken.yaml:2:1: expects is not a key .*\n.*mistaken.yaml:6:5: this is not an expectation`,
			[]string{"test", mistaken}},
		{2, `mistyped.yaml:3:5: .*good.yaml has no department aa; did you mean a\?\n` +
			`.*mistyped.yaml:3:5: protocol "tpc" is not known; did you mean tcp\?\n` +
			`.*mistyped.yaml:4:12: allowedd is not a verdict of this question; did you mean allowed\?\n$`,
			[]string{"test", mistyped}},
		{2, `expcet is not a key of this file; did you mean expect\?`, []string{"test", write("key.yaml", "expcet: []\n")}},
		{2, `two.yaml:3:1: a second document begins here`,
			[]string{"test", write("two.yaml", "expect:\n  - a → b: denied\n---\n")}},
		{2, `twice.yaml:2:1: key "policy" is given twice; keep this one or that of line 1\n` +
			`.*twice.yaml:5:1: key "expect" is given twice; keep this one or that of line 3\n` +
			`.*twice.yaml:6:5: this is not an expectation; write it like .*\n$`,
			[]string{"test", write("twice.yaml", "policy: good.yaml\npolicy: b.yaml\nexpect:\n  - a → b: denied\n"+
				"expect:\n  - { a: b, a: c }\n")}},
		{2, `open.yaml:1:9: this \[ has no \]; add \]\n$`, []string{"test", write("open.yaml", "expect: [a\n")}},
		{2, `port.yaml:3:5: "99999" is not a port; write 443 .* from 1 to 65535\n$`, []string{"test",
			write("port.yaml", "policy: good.yaml\nexpect:\n  - a → b tcp 99999: denied\n")}},
		{2, `yes.yaml:3:5: invalid expectation "a"; want `, []string{"test",
			write("yes.yaml", "policy: good.yaml\nexpect:\n  - a: yes\n")}},
		{0, `1 of 1 expectation holds`, []string{"test", absolute}},
		{2, `wrong.yaml:1:`, []string{"test", "--policy", wrong, failing}},
		{3, `FAILED  .*failing.yaml:4  a → b: denied\n +it is allowed: .*\n1 of 2 expectations hold`,
			[]string{"test", failing}},
		{0, `autopeer .*go1`, []string{"version"}},
		{0, `bash completion`, []string{"completion", "bash"}},
		{1, `unknown command "x"`, []string{"x"}},
	}
	for _, tt := range tests {
		stdout, stderr, code := run(t, tt.args...)
		if code != tt.code || !regexp.MustCompile(tt.output).MatchString(stdout+stderr) {
			t.Errorf("autopeer %s: exit %d, want %d\n%s\nwant a match of %s", strings.Join(tt.args, " "), code, tt.code,
				stdout+stderr, tt.output)
		}
	}
}

// TestHelpHasExamples: every command that answers a question has examples, and names its exit codes.
func TestHelpHasExamples(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"explain", "diff", "test", "check", "local", "demo"} {
		help, _, code := run(t, name, "--help")
		if code != 0 || !strings.Contains(help, "Examples:\n  autopeer "+name) || !strings.Contains(help, "Exit codes: 0") {
			t.Errorf("autopeer %s --help: exit %d\n%s", name, code, help)
		}
	}
}

// TestJSONAgreesWithTheText: the JSON forms decode, and have the text's values.
func TestJSONAgreesWithTheText(t *testing.T) {
	t.Parallel()
	const example, next = "../../docs/examples/policy.yaml", "../../docs/examples/policy.next.yaml"
	var a explain.Answer
	decode(t, &a, "explain", "--policy", example, "--from", "marketing", "--to", "finance", "-o", "json")
	if a.Verdict != explain.Allowed || a.Line != 13 || !a.Either || len(a.Traffic) != 2 ||
		len(a.Routes) != 2 || len(a.DNS) != 2 {
		t.Errorf("explain = %+v", a)
	}
	var d explain.Diff
	decode(t, &d, "diff", example, next, "-o", "json")
	isPort := func(i explain.Item) bool { return i.Kind == explain.Traffic && slices.Equal(i.Ports, []string{"5432"}) }
	if !slices.ContainsFunc(d.Opens, isPort) || len(d.Closes) != 1 || d.Unchanged.Flows != 1 {
		t.Errorf("diff = %+v", d)
	}
	var results []result
	decode(t, &results, "test", "../../docs/examples/policy.test.yaml", "-o", "json")
	if len(results) != 10 || results[0].Line != 4 || !results[0].Holds {
		t.Errorf("test = %+v", results)
	}
}

func decode(t *testing.T, into any, args ...string) {
	t.Helper()
	stdout, stderr, code := run(t, args...)
	if err := json.Unmarshal([]byte(stdout), into); err != nil || code != 0 {
		t.Errorf("autopeer %s: exit %d, %v\n%s%s", strings.Join(args, " "), code, err, stdout, stderr)
	}
}

func TestCompletionOfEnds(t *testing.T) {
	t.Parallel()
	stdout, _, _ := run(t, "__complete", "explain", "--policy", "../../docs/examples/policy.yaml", "--from", "")
	for _, want := range []string{"marketing\n", "developer\n", "vpc-0a1b2c3d4e5f60002\n"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the completions lack %q:\n%s", want, stdout)
		}
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	info := &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: "v1.2.3"}, Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"},
	}}
	if got, want := version(info), "autopeer v1.2.3, revision abc with changes, go1.26.0"; got != want {
		t.Errorf("version() = %q, want %q", got, want)
	}
}

// TestNoPolicyIsNamed: outside of the repository there is no example, which the user hasn't asked for.
func TestNoPolicyIsNamed(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("POLICY", "")
	for _, args := range [][]string{{"check"}, {"explain", "--from", "a", "--to", "b"}, {"local"}} {
		stdout, stderr, code := run(t, args...)
		const want = "autopeer: no policy file is named, and the example docs/examples/policy.yaml isn't in this folder; " +
			"name a file, or set the variable POLICY\n"
		if code != 1 || stdout+stderr != want {
			t.Errorf("autopeer %q: exit %d\n%s%swant\n%s", args, code, stdout, stderr, want)
		}
	}
}
