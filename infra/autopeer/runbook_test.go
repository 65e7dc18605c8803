package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// runbookBlocks are the blocks of commands of docs/runbook.md in their order: the heading above each and, as a regular
// expression, the whole output.
var runbookBlocks = []struct{ heading, output string }{
	{heading: "dead-letters", output: `(?s)\{.*"TaskHandle": "\w+=*".*\}`},
	{heading: "oldest-message", output: `(?s).*"FunctionArn": "\S+:function:autopeer-connect",.*"State": "Enabled",.*`},
	{heading: "undelivered"},
	{heading: "missed-events"},
	{heading: "repeated-repairs"},
	{heading: "A proposal waits for consent"},
	{heading: recreation, output: `(?s)(.*Successfully created/updated stack - autopeer-111111111111-us-east-1\n){2}` +
		`\{.*"Name": "autopeer-accept",.*"State": "ENABLED",.*`},
	{heading: "Sweep findings", output: `(?s).*"MessageId": .*`},
	{heading: "Stop a cell", output: `(Disabling\n){3}Disabling`},
	{heading: "Stop a cell", output: `(Disabled\n){3}Disabled`},
	{heading: "Stop a cell", output: `(Enabling\n){3}Enabling`},
	{heading: "An incident responder wants a route gone"},
	{heading: "An incident responder wants a route gone"},
	{heading: "An incident responder wants a route gone"},
	{heading: "Send a hint by hand", output: `(?s).*"MessageId": .*`},
}

// recreation is the heading of the block that needs a rule which was deleted.
const recreation = "Recreate a deleted rule"

// runbookBlock is a fenced block of the runbook with the heading above it.
type runbookBlock struct{ heading, text string }

func runbook(t *testing.T, language string) []runbookBlock {
	t.Helper()
	text, err := os.ReadFile("../../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	var all []runbookBlock
	for _, section := range regexp.MustCompile(`(?m)^## `).Split(string(text), -1) {
		heading, body, _ := strings.Cut(section, "\n")
		for _, found := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(body, -1) {
			all = append(all, runbookBlock{heading, found[1]})
		}
	}
	return all
}

// TestTheRunbookWorks runs the blocks of commands with the AWS CLI in a cell of `make local`, in their order.
func TestTheRunbookWorks(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/examples/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	calls := func(b runbookBlock) bool { return strings.HasPrefix(b.text, "aws ") }
	if unmarked := runbook(t, ""); slices.ContainsFunc(unmarked, calls) {
		t.Error("the runbook has a block of commands that isn't marked as sh")
	}
	blocks := runbook(t, "sh")
	if len(blocks) != len(runbookBlocks) {
		t.Fatalf("the runbook has %d blocks of commands, and %d are placed in this test", len(blocks), len(runbookBlocks))
	}
	f, aws := follow(t, string(data))
	created := aws.run(f.try[0])
	pcx := created["VpcPeeringConnection"].(map[string]any)["VpcPeeringConnectionId"].(string)
	table, destination := routed(aws, pcx)
	placeholders := strings.NewReplacer(
		"<account>", "111111111111", "<region>", "us-east-1", "<function>", "connect", "<rule>", "autopeer-accept",
		"<connection>", pcx, "<route-table>", table, "<block>", destination, "pcx-0123456789abcdef0", pcx,
	)
	folder := scene(t)
	hint := placeholders.Replace(runbook(t, "json")[0].text)
	if err := os.WriteFile(filepath.Join(folder, "hint.json"), []byte(hint), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, b := range blocks {
		want := runbookBlocks[i]
		if b.heading != want.heading {
			t.Fatalf("block %d is below %q, want %q", i, b.heading, want.heading)
		}
		script := placeholders.Replace(b.text)
		if open := regexp.MustCompile(`<[a-z-]+>`).FindString(script); open != "" {
			t.Errorf("%s: %s has no value in this test", b.heading, open)
		}
		var targets string
		if b.heading == recreation {
			targets = runBlock(t, folder, aws.env, deleteRule)
		}
		out := runBlock(t, folder, aws.env, script)
		if !regexp.MustCompile(`^(?:` + want.output + `)$`).MatchString(strings.TrimSpace(out)) {
			t.Errorf("%s:\n%s\nprints\n%s\nwant %s", b.heading, script, out, want.output)
		}
		if b.heading == recreation {
			if now := runBlock(t, folder, aws.env, listTargets); now != targets || !strings.Contains(now, `"Arn"`) {
				t.Errorf("the targets of the rule are %s, want %s", now, targets)
			}
		}
	}
	// The rule that was recreated brings the next request: without the sweeps of both cells nothing else does.
	runBlock(t, folder, aws.env, stopSweep)
	runBlock(t, folder, append(slices.Clone(aws.env), "AWS_ACCESS_KEY_ID=222222222222"), stopSweep)
	aws.run("delete-vpc-peering-connection --vpc-peering-connection-id " + pcx)
	created = aws.run(f.try[0])
	pcx = created["VpcPeeringConnection"].(map[string]any)["VpcPeeringConnectionId"].(string)
	aws.until("describe-vpc-peering-connections --vpc-peering-connection-ids "+pcx, `"Code": "active"`)
}

const (
	listTargets = "aws events list-targets-by-rule --rule autopeer-accept --output json\n"
	// deleteRule prints the targets of the rule and deletes it.
	deleteRule = listTargets + `
ids=$(aws events list-targets-by-rule --rule autopeer-accept --query 'Targets[].Id' --output text)
aws events remove-targets --rule autopeer-accept --ids $ids > removed
aws events delete-rule --name autopeer-accept
if aws events describe-rule --name autopeer-accept 2> missing; then exit 1; fi
grep -q ResourceNotFoundException missing
`
	stopSweep = `
mapping=$(aws lambda list-event-source-mappings --function-name autopeer-sweep \
  --query 'EventSourceMappings[0].UUID' --output text)
aws lambda update-event-source-mapping --uuid "$mapping" --no-enabled
`
)

// TestTheRunbookDependsOnNoRegion: the profile's Region may be another one than the alarm's.
func TestTheRunbookDependsOnNoRegion(t *testing.T) {
	t.Parallel()
	for _, b := range runbook(t, "sh") {
		commands := regexp.MustCompile(`\baws [a-z0-9]+ [a-z-]+`).FindAllString(b.text, -1)
		if regions := strings.Count(b.text, " --region "); len(commands) == 0 || regions != len(commands) {
			t.Errorf("%s: %d commands name the Region %d times:\n%s", b.heading, len(commands), regions, b.text)
		}
	}
}

// routed waits for a route to the connection and returns its table and destination.
func routed(aws cli, pcx string) (table, destination string) {
	aws.t.Helper()
	command := "describe-route-tables --filters Name=route.vpc-peering-connection-id,Values=" + pcx
	aws.until(command, `"VpcPeeringConnectionId": "`+pcx+`"`)
	var answer struct {
		RouteTables []struct {
			RouteTableID string `json:"RouteTableId"`
			Routes       []struct{ DestinationCidrBlock, VpcPeeringConnectionID string }
		}
	}
	if err := json.Unmarshal([]byte(aws.output(command)), &answer); err != nil {
		aws.t.Fatal(err)
	}
	for _, t := range answer.RouteTables {
		for _, r := range t.Routes {
			if r.VpcPeeringConnectionID == pcx {
				return t.RouteTableID, r.DestinationCidrBlock
			}
		}
	}
	aws.t.Fatalf("no route to %s: %+v", pcx, answer)
	return "", ""
}

// scene is a folder with an AWS CLI that also calls SQS at the endpoint: version 1 ignores AWS_ENDPOINT_URL for it.
// https://github.com/aws/aws-cli/issues/8737
func scene(t *testing.T) string {
	t.Helper()
	tool, err := filepath.Abs("../../.venv/bin/aws")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	script := "#!/bin/sh\nexec " + tool + ` --endpoint-url "$AWS_ENDPOINT_URL" "$@"` + "\n"
	if err := os.WriteFile(filepath.Join(folder, "aws"), []byte(script), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	return folder
}

func runBlock(t *testing.T, folder string, env []string, script string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = folder
	cmd.Env = append([]string{"HOME=" + folder, "PATH=" + folder + ":" + os.Getenv("PATH"), "AWS_PAGER="}, env...)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", script, err, out, errs.String())
	}
	return string(out)
}
