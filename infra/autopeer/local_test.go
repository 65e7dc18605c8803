package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// TestLocalWithTheAWSCLI requests a connection with the AWS CLI, by the commands that `make local` prints. autopeer
// does the rest. The output has the announcements, and the failures that no announcement reports.
func TestLocalWithTheAWSCLI(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/examples/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	f, aws := follow(t, string(data))

	created := aws.run(f.try[0])
	pcx := created["VpcPeeringConnection"].(map[string]any)["VpcPeeringConnectionId"].(string)
	aws.until("describe-vpc-peering-connections --vpc-peering-connection-ids "+pcx, `"Code": "active"`)
	aws.until(f.try[1], `"VpcPeeringConnectionId": "`+pcx+`"`)
	sides := []string{"requester's side in 111111111111/us-east-1", "accepter's side in 222222222222/us-east-1"}
	got := ""
	for !strings.Contains(got, sides[0]) || !strings.Contains(got, sides[1]) {
		got += f.prints("Peering Connected     marketing → finance")
	}

	finance := aws
	finance.env = append([]string{}, aws.env...)
	finance.env = append(finance.env, "AWS_ACCESS_KEY_ID=222222222222") // the last one counts
	finance.until("describe-security-group-rules --filters Name=tag:autopeer:connection,Values="+pcx,
		`"CidrIpv4": "10.10.0.0/16"`)
	finance.until("describe-vpc-peering-connections --filters Name=tag:autopeer:managed,Values=autopeer",
		`"Value": "marketing <> finance"`)

	queues := sqs.New(sqs.Options{
		BaseEndpoint: aws.endpoint(), Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("222222222222", "any", ""),
	})
	for _, queue := range []string{"autopeer-accept", "autopeer-connect-dead-letters"} {
		url := *aws.endpoint() + "/222222222222/" + queue
		if _, err := queues.SendMessage(t.Context(),
			&sqs.SendMessageInput{QueueUrl: &url, MessageBody: awssdk.String("{")}); err != nil {
			t.Fatal(err)
		}
	}
	got = ""
	for _, want := range []string{"Retry                 autopeer-accept in 222222222222/us-east-1: ",
		"Dead Letter           autopeer-connect-dead-letters in ",
		"Alarm                 autopeer-connect-dead-letters in "} {
		if !strings.Contains(got, want) {
			got += f.prints(want)
		}
	}

	aws.run("delete-vpc-peering-connection --vpc-peering-connection-id " + pcx)
	aws.until("describe-route-tables --filters Name=route.vpc-peering-connection-id,Values="+pcx, `"RouteTables": []`)
	finance.until("describe-security-group-rules --filters Name=tag:autopeer:connection,Values="+pcx,
		`"SecurityGroupRules": []`)
}

// printed reads the environment and the commands to try.
func printed(t *testing.T, out io.Reader) (env, commands []string) {
	t.Helper()
	lines := bufio.NewScanner(out)
	for lines.Scan() && len(commands) < 2 {
		line := strings.TrimSpace(lines.Text())
		if rest, ok := strings.CutPrefix(line, "export "); ok {
			env = strings.Fields(rest)
		}
		if rest, ok := strings.CutPrefix(line, "aws ec2 "); ok {
			commands = append(commands, rest)
		}
	}
	if len(env) != 4 || len(commands) != 2 {
		t.Fatalf("printed environment %v and commands %v", env, commands)
	}
	return env, commands
}

// cli is the real AWS CLI with an environment of its own.
type cli struct {
	t   *testing.T
	ctx context.Context // of the test
	env []string
}

func (c cli) output(command string) string {
	c.t.Helper()
	path, err := exec.LookPath("../../.venv/bin/aws")
	if err != nil {
		c.t.Fatalf("the AWS CLI is missing (make .venv/ready installs it): %v", err)
	}
	if path, err = filepath.Abs(path); err != nil {
		c.t.Fatal(err)
	}
	aws := exec.CommandContext(c.ctx, path, append([]string{"ec2"}, strings.Fields(command)...)...)
	aws.Env = append([]string{"HOME=" + c.t.TempDir(), "PATH=" + os.Getenv("PATH"), "AWS_PAGER="}, c.env...)
	out, err := aws.CombinedOutput()
	if err != nil {
		c.t.Fatalf("aws ec2 %s: %v\n%s", command, err, out)
	}
	return string(out)
}

func (c cli) run(command string) map[string]any {
	c.t.Helper()
	var answer map[string]any
	if out := c.output(command); strings.TrimSpace(out) != "" {
		if err := json.Unmarshal([]byte(out), &answer); err != nil {
			c.t.Fatalf("aws ec2 %s: %v\n%s", command, err, out)
		}
	}
	return answer
}

// until repeats a describe until the output contains want, or until the test's deadline.
func (c cli) until(command, want string) {
	c.t.Helper()
	for {
		out := c.output(command)
		if strings.Contains(out, want) {
			return
		}
		if c.ctx.Err() != nil {
			c.t.Fatalf("aws ec2 %s never shows %s:\n%s", command, want, out)
		}
	}
}

// TestPolicyFile: a command that deploys nothing checks the file that a deployment would use, or else the example.
func TestPolicyFile(t *testing.T) {
	const named, inContext = "named.yaml", `{"context": {"policy": "context.yaml"}}`
	tests := []struct{ name, argument, variable, cdk, want string }{
		{"an argument", named, "variable.yaml", inContext, named},
		{"the variable", "", "variable.yaml", inContext, "variable.yaml"},
		{"the context", "", "", inContext, "context.yaml"},
		{"neither", "", "", `{"context": {"policy": ""}}`, example},
		{"no context", "", "", "", example},
		{"a context that can't be read", "", "", "{", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if tt.cdk != "" {
				if err := os.WriteFile("cdk.json", []byte(tt.cdk), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, err := policyFile(func(name string) string {
				return map[string]string{"POLICY": tt.variable}[name]
			}, tt.argument)
			if got != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("policyFile() = %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

// TestCommands checks the output and the errors of the commands.
func TestCommands(t *testing.T) {
	t.Parallel()
	wrong := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(wrong, []byte("version: 1\ndepartments:\n  a: []\npeering: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, output, err string
		args              []string
	}{
		{"a policy that is right", `policy.yaml is valid: 3 departments, 2 peerings, 3 cells`, "",
			[]string{"policy", "../../docs/examples/policy.yaml"}},
		{"a policy that retires a cell", `retired.yaml is valid: 2 departments, 0 peerings, 4 cells \(2 retired\)`, "",
			[]string{"policy", "../../internal/policyfile/testdata/good/retired.yaml"}},
		{"a policy with a warning",
			`not-known-yet.yaml:\d+:\d+: warning: region: "us-moon-1" (?s:.*) is valid: 2 departments, 1 peering, 3 cells \(1 ` +
				`retired\); 2 warnings`, "",
			[]string{"policy", "../../internal/policyfile/testdata/good/region-not-known-yet.yaml"}},
		{"a policy that is wrong", `policy.yaml:\d+:\d+: .*\n.*policy.yaml:\d+:\d+: `, "reported", []string{"policy", wrong}},
		{"a policy that isn't there", ``, "read the policy: open none.yaml: no such file or directory",
			[]string{"policy", "none.yaml"}},
		{"a wrong policy for the embedded cloud", `policy.yaml:\d+:\d+: `, "reported", []string{"local", "--policy", wrong}},
		{"a scenario that isn't there", ``, `unknown scenario "nothing"; it can be marketing-finance, `,
			[]string{"demo", "--scenario", "nothing"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			cmd := command()
			cmd.SetArgs(tt.args)
			cmd.SetOut(&out)
			cmd.SetErr(&out)
			err := cmd.ExecuteContext(t.Context())
			if (err == nil) != (tt.err == "") || (err != nil && !strings.HasPrefix(err.Error(), tt.err)) {
				t.Errorf("error = %v, want %q", err, tt.err)
			}
			if !regexp.MustCompile(tt.output).MatchString(out.String()) {
				t.Errorf("output = %s\nwant it to match %s", out.String(), tt.output)
			}
		})
	}
}
