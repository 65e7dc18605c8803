package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/autopeer/autopeer/internal/policyfile"
)

// flawed has a warning in line 3 and mistakes in line 7. The characters before the last mistake have two bytes each.
const flawed = `version: 1
departments:
  marketing: [{ account: "111111111111", region: us-east-1, vpc: vpc-0a1b2c3d4e5f60001 }]
  finance: [{ account: "222222222222", region: us-east-1, vpc: vpc-0a1b2c3d4e5f60002, cidrs: [172.31.0.0/16] }]
peerings:
  - between: [marketing, finance]
    allow: [{ from: marketing, to: fiance, groups: { tags: { Rôle: "ä,ö:ü%" } }, protocol: ssh }]
`

// right is valid, with two warnings of one place each.
var right = strings.NewReplacer("fiance", "finance", "ssh", "all").Replace(flawed)

type ran struct {
	stdout, stderr string
	code           int
}

// runCheck runs the command in a folder of its own with policy.yaml, and with the content as standard input.
func runCheck(t *testing.T, content string, args ...string) ran {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := command()
	cmd.SetArgs(args)
	cmd.SetIn(strings.NewReader(content))
	cmd.SetOut(&stdout)
	cmd.SetErr(&stderr)
	r := ran{}
	switch err := cmd.ExecuteContext(t.Context()); {
	case errors.Is(err, errReported):
		r.code = 2
	case err != nil:
		stderr.WriteString(err.Error())
		r.code = 1
	}
	r.stdout, r.stderr = stdout.String(), stderr.String()
	return r
}

func TestCheckText(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(file, []byte(flawed), 0o600); err != nil {
		t.Fatal(err)
	}
	const (
		undeclared = "3:66: warning: vpc-0a1b2c3d4e5f60001 has no cidrs, so every block that its owner adds is routed and " +
			"admitted; declare its blocks under cidrs [undeclared-blocks]\n"
		all = "7:93: warning: protocol all is allowed from every block that is added to vpc-0a1b2c3d4e5f60001 of " +
			"marketing in line 3; declare its blocks under cidrs, or name sources or a protocol [all-protocols]\n"
		fiance = "7:36: to: department \"fiance\" is not defined; did you mean finance?\n"
		ssh    = "7:92: protocol: \"ssh\" is not known; write protocol: tcp and ports: [22]\n"
	)
	after := func(prefix string, lines ...string) string { return prefix + strings.Join(lines, prefix) }
	strict := strings.NewReplacer("warning: ", "").Replace
	tests := []struct {
		name, content string
		args          []string
		want          ran
	}{
		{"a file with mistakes", "", []string{"check", file},
			ran{"", after(file+":", undeclared, fiance, ssh) + file + " has 2 mistakes and 1 warning\n", 2}},
		{"by the former name", "", []string{"policy", file},
			ran{"", after(file+":", undeclared, fiance, ssh) + file + " has 2 mistakes and 1 warning\n", 2}},
		{"standard input", right, []string{"check", "-"},
			ran{"stdin is valid: 2 departments, 1 peering, 2 cells; 2 warnings\n", after("stdin:", undeclared, all), 0}},
		{"strict", right, []string{"check", "--strict", "-"},
			ran{"", strict(after("stdin:", undeclared, all)) + "stdin has 2 mistakes\n", 2}},
		{"a mistake alone", "version: 1\n", []string{"check", "-"},
			ran{"",
				"stdin:1:1: the file has no departments; add the key departments\nstdin:1:1: the file has no peerings; add the " +
					"key peerings\nstdin has 2 mistakes\n", 2}},
		{"no such file", "", []string{"check", "none.yaml"},
			ran{"", "read the policy: open none.yaml: no such file or directory", 1}},
		{"no such output", "", []string{"check", "--output", "xml", "-"},
			ran{"", `unknown output "xml": want github, json, sarif or text`, 1}},
		{"two files", "", []string{"check", "a", "b"}, ran{"", "check takes at most one file; see autopeer check --help", 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, runCheck(t, tt.content, tt.args...), cmp.AllowUnexported(ran{})); diff != "" {
				t.Errorf("check (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckJSON(t *testing.T) {
	t.Parallel()
	got := runCheck(t, flawed, "check", "--output", "json", "-")
	want := jsonReport{"stdin", false, 2, 1, []jsonFinding{
		{"warning", "undeclared-blocks", 3, 66,
			"vpc-0a1b2c3d4e5f60001 has no cidrs, so every block that its owner adds is routed and admitted",
			"declare its blocks under cidrs"},
		{"error", "relation", 7, 36, "to: department \"fiance\" is not defined", "did you mean finance?"},
		{"error", "form", 7, 92, "protocol: \"ssh\" is not known", "write protocol: tcp and ports: [22]"},
	}}
	var report jsonReport
	if err := json.Unmarshal([]byte(got.stdout), &report); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, report); diff != "" || got.stderr != "" || got.code != 2 {
		t.Errorf("exit %d, stderr %q, report (-want +got):\n%s", got.code, got.stderr, diff)
	}
	for args, valid := range map[string]string{"": "true", "--strict": "false"} {
		got := runCheck(t, right, slices.DeleteFunc([]string{"check", "--output=json", args, "-"}, func(s string) bool {
			return s == ""
		})...)
		if !strings.Contains(got.stdout, `"valid": `+valid) || (got.code == 0) != (valid == "true") {
			t.Errorf("check %s: exit %d, %s", args, got.code, got.stdout)
		}
	}
	clean := runCheck(t,
		"version: 1\ndepartments: {}\nretired: [{ account: \"111111111111\", region: us-east-1 }]\npeerings: []\n",
		"check", "--output=json", "-")
	if !strings.Contains(clean.stdout, `"findings": []`) {
		t.Errorf("no findings are %s, want an empty list", clean.stdout)
	}
}

func TestCheckGitHub(t *testing.T) {
	t.Parallel()
	got := runCheck(t, flawed, "check", "--output", "github", "-")
	want := ran{`::warning file=stdin,line=3,col=66,title=autopeer undeclared-blocks::vpc-0a1b2c3d4e5f60001 has no cidrs, so every block that its owner adds is routed and admitted; declare its blocks under cidrs
::error file=stdin,line=7,col=36,title=autopeer relation::to: department "fiance" is not defined; did you mean finance?
::error file=stdin,line=7,col=92,title=autopeer form::protocol: "ssh" is not known; write protocol: tcp and ports: [22]
autopeer: stdin has 2 mistakes and 1 warning
`, "", 2}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(ran{})); diff != "" {
		t.Errorf("check (-want +got):\n%s", diff)
	}
}

// TestGitHubCommandsAreEscaped as GitHub's own toolkit does.
func TestGitHubCommandsAreEscaped(t *testing.T) {
	t.Parallel()
	c := checked{file: "a:b,c%d.yaml", findings: []finding{{policyfile.Mistake{
		File: "a:b,c%d.yaml", Code: "form", Line: 1, Column: 2, Problem: "50%, a: b\r\nc", Fix: "write d",
	}, false}}}
	var out bytes.Buffer
	if err := reportGitHub(&out, nil, c); err != nil {
		t.Fatal(err)
	}
	want := "::error file=a%3Ab%2Cc%25d.yaml,line=1,col=2,title=autopeer form::50%25, a: b%0D%0Ac; write d\nautopeer: " +
		"a:b,c%25d.yaml has 1 mistake\n"
	if out.String() != want {
		t.Errorf("commands:\n%swant\n%s", out.String(), want)
	}
}

// sarifSchema has the requirements of SARIF 2.1.0's schema on the parts that the report uses. No other keys are
// allowed.
const sarifSchema = `{
  "type": "object", "required": ["version", "runs"], "additionalProperties": false,
  "properties": {
    "$schema": {"type": "string"}, "version": {"enum": ["2.1.0"]},
    "runs": {"type": "array", "minItems": 1, "items": {
      "type": "object", "required": ["tool", "results"], "additionalProperties": false,
      "properties": {
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        "tool": {"type": "object", "required": ["driver"], "additionalProperties": false, "properties": {"driver": {
          "type": "object", "required": ["name"], "additionalProperties": false,
          "properties": {"name": {"type": "string"}, "rules": {"type": "array", "uniqueItems": true, "items": {
            "type": "object", "required": ["id"], "additionalProperties": false,
            "properties": {
              "id": {"type": "string"}, "shortDescription": {"$ref": "#/$defs/message"},
              "defaultConfiguration": {"type": "object", "additionalProperties": false,
                "properties": {"level": {"$ref": "#/$defs/level"}}}
            }
          }}}
        }}},
        "results": {"type": "array", "items": {
          "type": "object", "required": ["message"], "additionalProperties": false,
          "properties": {
            "ruleId": {"type": "string"}, "ruleIndex": {"type": "integer", "minimum": 0},
              "level": {"$ref": "#/$defs/level"},
            "message": {"$ref": "#/$defs/message"},
            "locations": {"type": "array", "minItems": 1, "items": {
              "type": "object", "additionalProperties": false,
              "properties": {"physicalLocation": {
                "type": "object", "required": ["artifactLocation"], "additionalProperties": false,
                "properties": {
                  "artifactLocation": {"type": "object", "additionalProperties": false,
                    "properties": {"uri": {"type": "string", "format": "uri-reference"}}},
                  "region": {"type": "object", "additionalProperties": false, "properties": {
                    "startLine": {"type": "integer", "minimum": 1}, "startColumn": {"type": "integer", "minimum": 1}
                  }}
                }
              }}
            }}
          }
        }}
      }
    }}
  },
  "$defs": {
    "level": {"enum": ["none", "note", "warning", "error"]},
    "message": {"type": "object", "required": ["text"], "additionalProperties": false,
      "properties": {"text": {"type": "string"}}}
  }
}`

func TestCheckSARIF(t *testing.T) {
	t.Parallel()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(sarifSchema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("sarif.json", document); err != nil {
		t.Fatal(err)
	}
	schema := compiler.MustCompile("sarif.json")
	for _, content := range []string{flawed, right, "[",
		"version: 1\ndepartments: {}\nretired: [{ account: \"111111111111\", region: us-east-1 }]\npeerings: []\n"} {
		got := runCheck(t, content, "check", "--output", "sarif", "-")
		log, err := jsonschema.UnmarshalJSON(strings.NewReader(got.stdout))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(log); err != nil || got.stderr != "" {
			t.Errorf("%s\n%v\n%s", got.stdout, err, got.stderr)
		}
	}
	var log sarifLog
	if err := json.Unmarshal([]byte(runCheck(t, flawed, "check", "--output", "sarif", "-").stdout), &log); err != nil {
		t.Fatal(err)
	}
	at := func(line, column int) []sarifLocation {
		return []sarifLocation{{sarifPhysicalLocation{sarifArtifact{"stdin"}, sarifRegion{line, column}}}}
	}
	want := []sarifResult{
		{"undeclared-blocks", 4, "warning",
			sarifText{"vpc-0a1b2c3d4e5f60001 has no cidrs, so every block that its owner adds is routed and admitted; declare " +
				"its blocks under cidrs"}, at(3, 66)},
		{"relation", 2, "error", sarifText{"to: department \"fiance\" is not defined; did you mean finance?"}, at(7, 36)},
		{"form", 1, "error", sarifText{"protocol: \"ssh\" is not known; write protocol: tcp and ports: [22]"}, at(7, 92)},
	}
	if diff := cmp.Diff(want, log.Runs[0].Results); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	for _, r := range want {
		if rule := log.Runs[0].Tool.Driver.Rules[r.RuleIndex]; rule.ID != r.RuleID || rule.Configuration.Level != r.Level {
			t.Errorf("rule %d is %v, want %s", r.RuleIndex, rule, r.RuleID)
		}
	}
}

func TestFileURI(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"policy.yaml": "policy.yaml", "../a b/policy.yaml": "../a%20b/policy.yaml", "a:b.yaml": "./a:b.yaml",
		"/etc/policy.yaml": "file:///etc/policy.yaml",
	} {
		if got := fileURI(file); got != want {
			t.Errorf("fileURI(%q) = %q, want %q", file, got, want)
		}
	}
}

// TestOutputInTheDocs: docs/policy.md shows the real output for its first file with typing errors.
func TestOutputInTheDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, file, _ := strings.Cut(string(page), "```yaml\n")
	file, _, _ = strings.Cut(file, "```")
	t.Chdir(t.TempDir())
	for name, errs := range map[string]*strings.Replacer{
		"three mistakes": strings.NewReplacer(`"111111111111"`, "111111111111", "10.10.0.0/16]", "10.10.1.0/16]",
			"[marketing, finance]", "[marketing, finanse]"),
		"an unknown Region": strings.NewReplacer(`"111111111111", region: us-east-1`, `"111111111111", region: us-est-1`),
	} {
		if err := os.WriteFile("policy.yaml", []byte(errs.Replace(file)), 0o600); err != nil {
			t.Fatal(err)
		}
		got := runCheck(t, "", "check", "policy.yaml")
		if output := "```\n" + got.stderr + got.stdout + "```\n"; !strings.Contains(string(page), output) {
			t.Errorf("%s: docs/policy.md doesn't have the output\n%s", name, output)
		}
	}
}
