package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"github.com/autopeer/autopeer/internal/policyfile"
)

// followed is `autopeer local` on a policy file of its own.
type followed struct {
	*testing.T
	file  string
	lines chan string // of the output
	try   []string    // the commands that it prints
}

func follow(t *testing.T, policy string) (f followed, commands cli) {
	t.Helper()
	f = followed{t, filepath.Join(t.TempDir(), "policy.yaml"), make(chan string, 1000), nil}
	f.save(policy)
	p, err := policyfile.Parse(f.file, []byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // the tutorial takes half a minute on a free machine
	read, write := io.Pipe()
	served := make(chan error, 1)
	go func() { served <- serve(ctx, write, write, p, []byte(policy), 0) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	env, try := printed(t, read)
	f.try = try
	go func() {
		for lines := bufio.NewScanner(read); lines.Scan(); {
			f.lines <- lines.Text()
		}
	}()
	return f, cli{t: t, ctx: ctx, env: env}
}

// save replaces the file as many editors do.
func (f followed) save(policy string) {
	f.Helper()
	if err := os.WriteFile(f.file+"~", []byte(policy), 0o600); err != nil {
		f.Fatal(err)
	}
	if err := os.Rename(f.file+"~", f.file); err != nil {
		f.Fatal(err)
	}
}

// prints waits for a line of the output and returns the output up to it.
func (f followed) prints(want string) string {
	f.Helper()
	var all strings.Builder
	for deadline := time.After(time.Minute); ; {
		select {
		case line := <-f.lines:
			all.WriteString(line + "\n")
			if strings.Contains(line, want) {
				return all.String()
			}
		case <-deadline:
			f.Fatalf("it doesn't print %q, but:\n%s", want, all.String())
		}
	}
}

// endpoint returns that of the environment.
func (c cli) endpoint() *string {
	for _, variable := range c.env {
		if url, found := strings.CutPrefix(variable, "AWS_ENDPOINT_URL="); found {
			return &url
		}
	}
	return nil
}

// TestLocalFollowsThePolicyFile: a policy file with mistakes, and one whose deployment fails, leave the previous policy
// in force. The next one comes into force in three cells, and the log has its duration.
func TestLocalFollowsThePolicyFile(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/examples/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	policy := string(data)
	f, aws := follow(t, policy)
	aws.env = append(aws.env, "AWS_ACCESS_KEY_ID=222222222222", "AWS_DEFAULT_REGION=us-east-1")
	ask := func(account, vpc string) string {
		asks := aws
		asks.env = append(append([]string{}, aws.env...), "AWS_ACCESS_KEY_ID="+account)
		created := asks.run("create-vpc-peering-connection --vpc-id " + vpc +
			" --peer-vpc-id vpc-0a1b2c3d4e5f60002 --peer-owner-id 222222222222")
		return created["VpcPeeringConnection"].(map[string]any)["VpcPeeringConnectionId"].(string)
	}

	f.save(strings.Replace(policy, "finance]", "finances]", 1))
	if got := f.prints("the previous policy stays in force"); !strings.Contains(got,
		`department "finances" is not defined`) {
		t.Errorf("the mistake isn't shown:\n%s", got)
	}

	const sales, salesVPC = "444444444444", "vpc-0a1b2c3d4e5f60004"
	wider := strings.NewReplacer(
		"  developer: #",
		"  sales:\n    - { account: \""+sales+"\", region: us-east-1, vpc: "+salesVPC+", cidrs: [10.40.0.0/16] }\n  "+
			"developer: #",
		"peerings:\n", "peerings:\n  - between: [sales, finance]\n",
	).Replace(policy)
	buses := eventbridge.New(eventbridge.Options{
		BaseEndpoint: aws.endpoint(), Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider(sales, "any", ""),
	})
	inTheWay := awssdk.String("autopeer")
	if _, err := buses.CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: inTheWay}); err != nil {
		t.Fatal(err)
	}
	f.save(wider)
	if got := f.prints("the previous policy stays in force"); !strings.Contains(got, "Event bus autopeer already exists") {
		t.Errorf("the error isn't shown:\n%s", got)
	}
	asked := ask("111111111111", "vpc-0a1b2c3d4e5f60001") // as the previous policy allows
	aws.until("describe-vpc-peering-connections --vpc-peering-connection-ids "+asked, `"Code": "active"`)

	if _, err := buses.DeleteEventBus(t.Context(), &eventbridge.DeleteEventBusInput{Name: inTheWay}); err != nil {
		t.Fatal(err)
	}
	f.save(wider + "# once more\n")
	f.prints("is deployed in 4 cells")
	asked = ask(sales, salesVPC)
	aws.until("describe-vpc-peering-connections --vpc-peering-connection-ids "+asked, `"Code": "active"`)

	started := time.Now()
	changed := strings.Replace(policy, "protocol: icmp }", "protocol: tcp, ports: [2222] }", 1)
	f.save(changed + "# " + started.String() + "\n") // which was never synthesized before
	f.prints("is deployed in 3 cells")
	aws.until("describe-security-group-rules", `"FromPort": 2222`)
	t.Logf("the policy is in force in three cells %v after the file was saved", time.Since(started))
	f.prints("warning: cell 444444444444/us-east-1 is no longer in the policy")
}
