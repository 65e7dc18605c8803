package cell_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/function"
)

// TestADeletedRuleCanBeRecreated holds the runbook's procedure against every rule: the rest of the template doesn't
// refer to it, and the runbook's program removes exactly the rule.
func TestADeletedRuleCanBeRecreated(t *testing.T) {
	template := stack(t, company, finance)
	data, err := json.Marshal(template.ToJSON())
	if err != nil {
		t.Fatal(err)
	}
	rules := resources(t, template, "AWS::Events::Rule")
	if len(rules) == 0 {
		t.Fatal("the template has no rules")
	}
	program := removal(t)
	for id, r := range rules {
		var want object
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatal(err)
		}
		delete(want["Resources"].(object), id)
		if refers(want, id) {
			t.Errorf("the template refers to %s, so CloudFormation would refuse it without that rule", id)
		}
		if diff := cmp.Diff(want, removed(t, program, r.Properties["Name"].(string), data)); diff != "" {
			t.Errorf("the runbook's program removes more or less than %s (-want +got):\n%s", id, diff)
		}
	}
}

// TestTheProcedureDependsOnNoDefaults: the CLI's profile may have another Region, and another output format than the
// JSON that jq reads.
func TestTheProcedureDependsOnNoDefaults(t *testing.T) {
	t.Parallel()
	_, section, _ := strings.Cut(runbook(t), "\n## Recreate a deleted rule\n")
	section, _, _ = strings.Cut(section, "\n## ")
	commands := regexp.MustCompile(`(?m)^aws (\w+ [\w-]+).*`).FindAllStringSubmatch(section, -1)
	if len(commands) != 4 {
		t.Errorf("the section has %d commands of the AWS CLI, want 4", len(commands))
	}
	for _, c := range commands {
		if !strings.Contains(c[0], ` --region "$region" `) {
			t.Errorf("%q depends on the profile's Region", c[0])
		}
		if prints := c[1] != "cloudformation deploy"; prints != strings.Contains(c[0], " --output json") {
			t.Errorf("%q: want --output json where the command prints JSON", c[0])
		}
	}
}

// TestStoppingACellNamesEveryFunction, and each command of the page's procedures about a cell names the Region.
func TestStoppingACellNamesEveryFunction(t *testing.T) {
	t.Parallel()
	_, section, _ := strings.Cut(runbook(t), "\n## Stop a cell\n")
	stop, responder, _ := strings.Cut(section, "\n## An incident responder wants a route gone\n")
	responder, _, _ = strings.Cut(responder, "\n## ")
	var names []string
	for _, f := range function.All {
		names = append(names, string(f))
	}
	loops := regexp.MustCompile(`(?m)^for function in (.*); do$`).FindAllStringSubmatch(stop, -1)
	if len(loops) != 3 {
		t.Errorf("the section has %d loops, want one to stop, to look and to start", len(loops))
	}
	for _, l := range loops {
		if got := strings.Fields(l[1]); !cmp.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(names))) {
			t.Errorf("a loop is over %q, want all functions: %q", got, names)
		}
	}
	commands := regexp.MustCompile(`aws (ec2|lambda) [\w-]+.*`).FindAllString(stop+responder, -1)
	if len(commands) != 8 {
		t.Errorf("the sections have %d commands of the AWS CLI, want 8", len(commands))
	}
	for _, c := range commands {
		if !strings.Contains(c, " --region ") {
			t.Errorf("%q depends on the profile's Region", c)
		}
	}
}

// TestThePagesStateTheirDefaults: another prefix changes the names on both pages, and another interval the alarm.
func TestThePagesStateTheirDefaults(t *testing.T) {
	t.Parallel()
	tests := []struct{ file, heading, want string }{
		{"runbook.md", "# Runbook",
			"The names of an installation begin with its prefix: `autopeer`, unless `PREFIX` or the option " +
				"[`prefix`](deploy.md#options) sets another."},
		{"runbook.md", "# Runbook", "This page and its commands use the default."},
		{"events.md", "# Events",
			"The name of the bus is the prefix of the installation, so `PREFIX` or the option [`prefix`](deploy.md#options) " +
				"changes it. The source is always `autopeer`."},
		{"runbook.md", "## missed-events", "With `sweepMinutes` of 9 or less, the alarm never counts"},
		{"runbook.md", "## missed-events", "| in the last `sweepMinutes` before the deployment of the cell"},
	}
	for _, tt := range tests {
		page, err := os.ReadFile("../../docs/" + tt.file)
		if err != nil {
			t.Fatal(err)
		}
		_, section, _ := strings.Cut("\n"+string(page), "\n"+tt.heading+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		if text := strings.Join(strings.Fields(section), " "); !strings.Contains(text, tt.want) {
			t.Errorf("docs/%s, %q, lacks %q", tt.file, tt.heading, tt.want)
		}
	}
}

// runbook returns the page, with each of its commands in one line.
func runbook(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`\s*\\\n\s*`).ReplaceAllString(string(page), " ")
}

// removal returns the program of the runbook.
func removal(t *testing.T) string {
	t.Helper()
	m := regexp.MustCompile(
		`(?m)^jq --arg rule "\$rule" '(.*)' with\.json > without\.json$`).FindStringSubmatch(runbook(t))
	if m == nil {
		t.Fatal("docs/runbook.md has no line that removes a rule")
	}
	return m[1]
}

// removed runs the program, as an operator would.
func removed(t *testing.T, program, rule string, template []byte) object {
	t.Helper()
	command := []string{"jq"}
	if _, err := exec.LookPath("jq"); err != nil { // the same language in Go, for machines without jq
		command = []string{"go", "run", "github.com/itchyny/gojq/cmd/gojq@v0.12.17"}
	}
	cmd := exec.CommandContext(t.Context(), command[0], append(command[1:], "--arg", "rule", rule, program)...)
	cmd.Stdin = bytes.NewReader(template)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("jq %s: %v", program, err)
	}
	var without object
	if err := json.Unmarshal(out, &without); err != nil {
		t.Fatal(err)
	}
	return without
}

// refers reports whether a Ref, a GetAtt, a Sub or a DependsOn in the value names the resource.
func refers(value any, id string) bool {
	switch v := value.(type) {
	case []any:
		return slices.ContainsFunc(v, func(each any) bool { return refers(each, id) })
	case object:
		for _, each := range v {
			if refers(each, id) {
				return true
			}
		}
	case string:
		return v == id || strings.HasPrefix(v, id+".") || strings.Contains(v, "${"+id)
	}
	return false
}
