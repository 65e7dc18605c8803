package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/local"
)

// TestTheGuideRetags runs the commands of docs/deploy.md by which connections are handed over, with the AWS CLI, in the
// cell of one side. Connections and rules of other installations keep their tags.
func TestTheGuideRetags(t *testing.T) {
	t.Parallel()
	ids := &local.IDs{}
	cloud := cloudsim.New(cloudsim.Options{EC2: func(trail apicall.Trail) http.Handler {
		return ec2.New(ec2.Options{Trail: trail, NewID: ids.New})
	}})
	t.Cleanup(cloud.Close)
	url, stop, err := local.Serve(t.Context(), cloud, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	cell := peering.Cell{Account: "111111111111", Region: "us-east-1"}
	p := lab.NewPerson(t.Context(), cell, local.EC2(cloud, cell))
	m, f := lab.Marketing(p), lab.Finance(p)
	vpcs := []lab.VPC{f.VPC, p.VPC("Second", "10.50.0.0/16"), p.VPC("Third", "10.60.0.0/16")}
	var connections []peering.ConnectionID
	for i, managed := range []string{"true", "true", "other"} {
		pcx := p.Request(m.VPC, cell, vpcs[i], "")
		p.Accept(pcx)
		p.Tag(string(pcx), map[string]string{peering.TagManaged: managed})
		for port := range int32(2) {
			tags := map[string]string{peering.TagConnection: string(pcx)} // as an earlier version
			if managed != "true" {
				tags[peering.TagManaged] = managed
			}
			p.AdmitTagged(f.Group, "tcp", 100*int32(i)+port, 100*int32(i)+port, "10.10.0.0/16", tags)
		}
		connections = append(connections, pcx)
	}
	if err := p.Err(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing to retag
		retag(t, url, string(cell.Account))
	}

	aws := cli{
		t: t, ctx: t.Context(),
		env: []string{"AWS_ENDPOINT_URL=" + url, "AWS_ACCESS_KEY_ID=" + string(cell.Account), "AWS_SECRET_ACCESS_KEY=any",
			"AWS_DEFAULT_REGION=" + string(cell.Region)},
	}
	for i, want := range []string{"autopeer", "autopeer", "other"} {
		shown := aws.output("describe-vpc-peering-connections --vpc-peering-connection-ids " + string(connections[i]))
		rules := aws.output("describe-security-group-rules --filters Name=tag:autopeer:connection,Values=" +
			string(connections[i]))
		if value := `"Value": "` + want + `"`; strings.Count(shown, value) != 1 || strings.Count(rules, value) != 2 {
			t.Errorf("want %s managed by %s, and its two rules:\n%s%s", connections[i], want, shown, rules)
		}
	}
}

// retag runs the section's commands in a folder of their own.
func retag(t *testing.T, url, account string) {
	t.Helper()
	guide, err := os.ReadFile("../../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(guide), "\n## Hand over connections\n")
	section, _, _ = strings.Cut(section, "\n## ")
	script := "set -eu\n"
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(section, -1) {
		script += block[1]
	}
	tools, err := filepath.Abs("../../.venv/bin")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-xc", script)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{
		"HOME=" + cmd.Dir, "PATH=" + tools + ":" + os.Getenv("PATH"), "AWS_PAGER=",
		"AWS_ENDPOINT_URL=" + url, "AWS_ACCESS_KEY_ID=" + account, "AWS_SECRET_ACCESS_KEY=any",
	}
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(script, "create-tags") {
		t.Fatalf("the guide's commands fail: %v\n%s", err, out)
	}
}
