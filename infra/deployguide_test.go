package main

import (
	"cmp"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/wiring"
	"github.com/autopeer/autopeer/internal/policyfile"
)

// runnable are the commands of docs/deploy.md that need no AWS account. The CDK's command line is a stand-in that
// synthesizes with the app of cdk.json and calls no API.
var runnable = []string{
	"make .tools/cdk/node_modules/.bin/cdk",
	`export PATH="$PWD/.tools/cdk/node_modules/.bin:$PATH"`,
	"make policy POLICY=policy.yaml",
	"make build",
	"make synth POLICY=policy.yaml",
	"make diff POLICY=policy.yaml",
	"make deploy POLICY=policy.yaml",
	"make deploy POLICY=policy.yaml CONCURRENCY=10",
	"make deploy POLICY=policy.yaml STACKS='autopeer-222222222222-us-east-1-bus autopeer-222222222222-us-east-1'",
	"make deploy POLICY=policy.yaml STACKS='autopeer-222222222222-*-bus'",
	"make deploy POLICY=policy.yaml STACKS='autopeer-222222222222-*'",
	"make synth POLICY=blue.yaml PREFIX=blue",
	"make diff POLICY=blue.yaml PREFIX=blue",
	"make deploy POLICY=blue.yaml PREFIX=blue",
	"make deploy POLICY=policy.yaml STACKS='autopeer-111111111111-us-east-1-bus autopeer-333333333333-eu-west-1-bus'",
	`grep -oh '[0-9a-f]\{64\}\.zip' cdk.out/autopeer-222222222222-us-east-1.template.json`,
	"POLICY=policy.yaml cdk destroy --force --exclusively autopeer-222222222222-us-east-1 " +
		"autopeer-222222222222-us-east-1-bus",
	"administrator=arn:aws:iam::aws:policy/AdministratorAccess",
	"region=us-east-1",
	"from=true",
	"to=autopeer",
}

// needsAWS are the others: the embedded cloud serves neither CloudTrail nor CloudFormation's API. A test of
// infra/autopeer runs those that retag.
var needsAWS = []string{
	"aws ec2 describe-vpc-peering-connections --region $region --filters Name=tag:autopeer:managed,Values=$from " +
		"Name=status-code,Values=active --query 'VpcPeeringConnections[].[VpcPeeringConnectionId]' " +
		"--output text > connections.txt",
	"xargs -r -I{} aws ec2 describe-security-group-rules --region $region --filters " +
		"Name=tag:autopeer:connection,Values={} --query 'SecurityGroupRules[].[SecurityGroupRuleId]' --output text < " +
		"connections.txt > rules.txt",
	"xargs -r -n 100 aws ec2 create-tags --region $region --tags " +
		"Key=autopeer:managed,Value=$to --resources < connections.txt",
	"xargs -r -n 100 aws ec2 create-tags --region $region --tags Key=autopeer:managed,Value=$to --resources < rules.txt",
	"aws cloudtrail describe-trails --region eu-west-1",
	"aws cloudtrail get-trail-status --region <home-region> --name <trail-arn>",
	"aws cloudtrail get-event-selectors --region <home-region> --trail-name <trail-arn>",
	"cdk bootstrap aws://111111111111/eu-west-1",
	"cdk bootstrap aws://111111111111/us-east-1",
	"cdk bootstrap aws://222222222222/us-east-1 --trust 111111111111 --trust-for-lookup 111111111111 " +
		"--cloudformation-execution-policies $administrator",
	"cdk bootstrap aws://333333333333/eu-west-1 --trust 111111111111 --trust-for-lookup 111111111111 " +
		"--cloudformation-execution-policies $administrator",
	"aws ec2 describe-route-tables --region $region --filters Name=route.vpc-peering-connection-id,Values=$pcx " +
		"--query 'RouteTables[].[RouteTableId]' --output text",
	"aws ec2 describe-security-group-rules --region $region --filters Name=tag:autopeer:connection,Values=$pcx " +
		"--query 'SecurityGroupRules[].[SecurityGroupRuleId]' --output text",
	"aws s3 rm --region us-east-1 s3://cdk-hnb659fds-assets-222222222222-us-east-1/<name>",
}

// needsCDK runs with the CDK's own command line, where make has installed it, and calls no API.
const needsCDK = "cdk bootstrap --show-template > bootstrap.yaml"

// section is a part of docs/deploy.md with its commands, in order and without their comments.
type section struct {
	title    string
	commands []string
}

func guide(t *testing.T) []section {
	t.Helper()
	text, err := os.ReadFile("../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	var all []section
	for _, part := range regexp.MustCompile(`(?m)^##? `).Split(string(text), -1)[1:] {
		title, body, _ := strings.Cut(part, "\n")
		s := section{title: title}
		for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(body, -1) {
			for line := range strings.Lines(regexp.MustCompile(`\\\n\s*`).ReplaceAllString(block[1], "")) {
				command, _, _ := strings.Cut(line, " #")
				if command = strings.TrimSpace(command); command != "" { // empty before the end of an indented block
					s.commands = append(s.commands, command)
				}
			}
		}
		all = append(all, s)
	}
	return all
}

// TestEveryCommandOfTheGuideHasItsPlace fails for a command that is new, changed or gone, until it is placed above.
func TestEveryCommandOfTheGuideHasItsPlace(t *testing.T) {
	t.Parallel()
	var found []string
	for _, s := range guide(t) {
		found = append(found, s.commands...)
	}
	slices.Sort(found)
	placed := slices.Sorted(slices.Values(append(slices.Concat(runnable, needsAWS), needsCDK)))
	if diff := gocmp.Diff(placed, slices.Compact(found)); diff != "" {
		t.Errorf("commands of docs/deploy.md (-placed in this test +found):\n%s", diff)
	}
	text, err := os.ReadFile("../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	if indented := regexp.MustCompile(`(?m)^    (make|cdk|aws) .*`).Find(text); indented != nil {
		t.Errorf("docs/deploy.md has a command outside a fenced block: %s", indented)
	}
}

// TestTheGuideBootstrapsBeforeItCompares: large templates are compared through the bootstrap bucket.
func TestTheGuideBootstrapsBeforeItCompares(t *testing.T) {
	t.Parallel()
	for _, s := range guide(t) {
		bootstrap := slices.IndexFunc(s.commands, func(c string) bool { return strings.HasPrefix(c, "cdk bootstrap aws://") })
		diff := slices.Index(s.commands, "make diff POLICY=policy.yaml")
		if bootstrap >= 0 && diff < bootstrap {
			t.Errorf("section %q bootstraps in command %d and compares in command %d", s.title, bootstrap, diff)
		}
	}
}

// TestTheGuideDependsOnNoDefaults: the AWS CLI's profile may have another Region, where a command finds nothing, and
// another output format than the one that the next command reads.
func TestTheGuideDependsOnNoDefaults(t *testing.T) {
	t.Parallel()
	checked := 0
	for _, s := range guide(t) {
		setsRegion := slices.ContainsFunc(s.commands, func(c string) bool { return strings.HasPrefix(c, "region=") })
		for _, command := range s.commands {
			if !regexp.MustCompile(`(^| )aws \w+ [\w-]+`).MatchString(command) {
				continue
			}
			checked++
			if !strings.Contains(command, " --region ") {
				t.Errorf("%q depends on the profile's Region", command)
			}
			if strings.Contains(command, "$region") && !setsRegion {
				t.Errorf("%q: section %q doesn't set $region", command, s.title)
			}
			if strings.Contains(command, " --query ") != strings.Contains(command, " --output text") {
				t.Errorf("%q: want --output text where the command prints values", command)
			}
		}
	}
	if checked < 10 {
		t.Errorf("the guide has %d commands of the AWS CLI, want at least 10", checked)
	}
}

// TestRetiringEndsThirdParties: without its peering, a third party's department counts as a cell.
func TestRetiringEndsThirdParties(t *testing.T) {
	t.Parallel()
	const departments = "version: 1\nretired: [{ account: \"222222222222\", region: us-east-1 }]\ndepartments:\n" +
		"  a: [{ account: \"111111111111\", region: us-east-1, vpc: vpc-00000000000000001 }]\n"
	const database = "  database: [{ account: \"999999999999\", region: us-east-1, vpc: vpc-00000000000000009 }]\n"
	for text, want := range map[string]bool{departments: false, departments + database: true} {
		p, err := policyfile.Parse("policy.yaml", []byte(text+"peerings: []\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Contains(cells(p), "999999999999/us-east-1"); got != want {
			t.Errorf("a cell of the third party: %v, want %v, in\n%s", got, want, text)
		}
	}
	for file, heading := range map[string]string{"deploy.md": "## Retire a cell", "policy.md": "### Third parties"} {
		page, err := os.ReadFile(filepath.Join("..", "docs", file))
		if err != nil {
			t.Fatal(err)
		}
		_, text, _ := strings.Cut(string(page), "\n"+heading+"\n")
		text, _, _ = strings.Cut(text, "\n#")
		text = strings.Join(strings.Fields(text), " ")
		if !regexp.MustCompile(`last peering[,:] remove (it|the department) as well`).MatchString(text) {
			t.Errorf("docs/%s, %q, doesn't remove a third party with its last peering", file, heading)
		}
	}
}

// TestTheBootstrapTemplate runs the CDK's own command line, and checks the parameters that the guide names.
func TestTheBootstrapTemplate(t *testing.T) {
	t.Parallel()
	tool, err := filepath.Abs("../.tools/cdk/node_modules/.bin")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(tool, "cdk")); err != nil {
		t.Fatal("the CDK's command line is not installed: make .tools/cdk/node_modules/.bin/cdk")
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "bash", "-c", needsCDK)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+tool+":"+os.Getenv("PATH"), "HOME="+dir, "CDK_DISABLE_CLI_TELEMETRY=true")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", needsCDK, err, out)
	}
	template, err := os.ReadFile(filepath.Join(dir, "bootstrap.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, parameter := range []string{"TrustedAccounts", "TrustedAccountsForLookup", "CloudFormationExecutionPolicies"} {
		if !strings.Contains(string(template), "\n  "+parameter+":\n") {
			t.Errorf("the template of the bootstrap has no parameter %s", parameter)
		}
	}
}

// TestOtherAccountsTrustTheDeployingOne, in a command of their own: each needs other credentials.
func TestOtherAccountsTrustTheDeployingOne(t *testing.T) {
	t.Parallel()
	for _, s := range guide(t) {
		for _, command := range s.commands {
			if !strings.HasPrefix(command, "cdk bootstrap aws://") {
				continue
			}
			trusts := strings.Contains(command, "--trust 111111111111") &&
				strings.Contains(command, "--trust-for-lookup 111111111111")
			if other := !strings.Contains(command, "aws://111111111111/"); other != trusts ||
				strings.Count(command, "aws://") != 1 {
				t.Errorf("%q: want one account, which trusts 111111111111 unless it is that account", command)
			}
		}
	}
}

// TestTheGuideWorks runs the commands in their order, outside the checkout.
func TestTheGuideWorks(t *testing.T) {
	t.Parallel()
	const oneAccount = "version: 1\ndepartments:\n  a: [{ account: \"111111111111\", region: eu-west-1, vpc: " +
		"vpc-00000000000000001 }]\n" +
		"  b: [{ account: \"111111111111\", region: eu-west-1, vpc: vpc-00000000000000002 " +
		"}]\npeerings: [{ between: [a, b] }]\n"
	threeAccounts, err := os.ReadFile("../docs/examples/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	several := []string{"Several accounts and Regions", "Many accounts",
		"Functions that Lambda can't read", "Retire a cell"}
	w := newWalk(t)
	w.follow(t, oneAccount, func(s section) bool { return !slices.Contains(several, s.title) })
	isForSeveral := func(s section) bool { return s.title != "One account" }
	w.follow(t, string(threeAccounts), isForSeveral)
	for _, retired := range []string{oneRetired, allRetired} {
		w.follow(t, retired, isForSeveral)
	}
}

// oneRetired and allRetired are the policies by which the guide retires a cell, and all of them.
const (
	oneRetired = "version: 1\nretired: [{ account: \"222222222222\", region: us-east-1 }]\n" +
		"departments:\n  marketing: [{ account: \"111111111111\", region: us-east-1, vpc: vpc-00000000000000001 }]\n" +
		"  developer: [{ account: \"333333333333\", region: eu-west-1, vpc: vpc-00000000000000003 }]\n" +
		"peerings: [{ between: [marketing, developer] }]\n"
	allRetired = "version: 1\nretired:\n  - { account: \"111111111111\", region: us-east-1 }\n  - { account: " +
		"\"222222222222\", region: us-east-1 }\n" +
		"  - { account: \"333333333333\", region: eu-west-1 }\ndepartments: {}\npeerings: []\n"
)

// walk is a folder with everything that make reads, and stand-ins for two commands.
type walk struct{ dir string }

// policies are the installations of the guide, and the policy file of each.
var policies = map[string]string{wiring.DefaultPrefix: "policy.yaml", "blue": "blue.yaml"}

// cdkStandIn logs the policy and its arguments, and synthesizes the first time for each prefix, as the CDK's command
// line does. A prefix in the environment would be npm's, too.
const cdkStandIn = `#!/bin/sh
echo "$POLICY: $*${PREFIX+ with PREFIX=$PREFIX}" >> cdk.log
context={} prefix=autopeer
[ "$2" != -c ] || { prefix=${3#prefix=} && context='{"prefix":"'$prefix'"}'; }
[ -e "out/$prefix" ] || CDK_OUTDIR=out/$prefix CDK_CONTEXT_JSON=$context exec build/bin/infra
`

// goStandIn compiles the checkout's sources, each output once: they don't change while the guide is followed. The last
// argument names the package, after which Go names the program in a folder.
const goStandIn = `#!/bin/sh
for argument; do
	shift
	[ "$before" != -o ] || { output=$argument; argument=$PWD/$argument; }
	before=$argument
	set -- "$@" "$argument"
done
case $output in */) output=$output${argument##*/} ;; esac
[ -e "$output" ] || { cd "$CHECKOUT" && exec "$GO_COMMAND" "$@"; }
`

func newWalk(t *testing.T) walk {
	t.Helper()
	w := walk{t.TempDir()}
	for _, folder := range []string{"docs", "functions", "infra"} {
		if err := os.CopyFS(filepath.Join(w.dir, folder), os.DirFS(filepath.Join("..", folder))); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"Makefile", "cdk.json"} {
		data, err := os.ReadFile(filepath.Join("..", file))
		if err != nil {
			t.Fatal(err)
		}
		w.write(t, file, string(data), 0o644)
	}
	w.write(t, ".tools/cdk/node_modules/.bin/cdk", cdkStandIn, 0o755)
	w.write(t, "bin/go", goStandIn, 0o755)
	return w
}

func (w walk) write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	name = filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// follow runs the commands of some sections for the policy, and checks which stacks they synthesize and deploy.
func (w walk) follow(t *testing.T, file string, isPart func(section) bool) {
	t.Helper()
	p, err := policyfile.Parse("policy.yaml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range policies {
		w.write(t, name, file, 0o644)
	}
	script, environments := w.script(t, isPart)
	w.run(t, script)
	if want := cells(p); !slices.Equal(environments, want) {
		t.Errorf("the guide bootstraps %v, and the policy needs %v", environments, want)
	}
	synths := regexp.MustCompile(`(?m)^make synth POLICY=\S+(?: PREFIX=(\S+))?$`).FindAllStringSubmatch(script, -1)
	for prefix := range policies {
		w.checkAssembly(t, "out/"+prefix, stacks(p, prefix))
	}
	w.checkAssembly(t, "cdk.out", stacks(p, cmp.Or(synths[len(synths)-1][1], wiring.DefaultPrefix)))
	w.checkDeployments(t, p)
}

// checkAssembly checks which stacks the folder has templates of.
func (w walk) checkAssembly(t *testing.T, assembly string, want []string) {
	t.Helper()
	made, err := filepath.Glob(filepath.Join(w.dir, assembly, "*.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range made {
		made[i] = strings.TrimSuffix(filepath.Base(made[i]), ".template.json")
	}
	slices.Sort(made) // without the extension, which sorts "-bus" first
	if diff := gocmp.Diff(want, made); diff != "" {
		t.Errorf("stacks in %s (-want +got):\n%s", assembly, diff)
	}
}

// script returns the runnable commands of the sections, and the accounts and Regions that the others bootstrap.
func (w walk) script(t *testing.T, isPart func(section) bool) (script string, environments []string) {
	t.Helper()
	lines := []string{"set -eu"}
	for _, s := range guide(t) {
		for _, command := range s.commands {
			switch {
			case !isPart(s):
			case slices.Contains(runnable, command):
				lines = append(lines, command)
			case strings.HasPrefix(command, "cdk bootstrap"):
				for _, found := range regexp.MustCompile(`aws://(\S+)`).FindAllStringSubmatch(command, -1) {
					environments = append(environments, found[1])
				}
			}
		}
	}
	slices.Sort(environments)
	return strings.Join(lines, "\n"), environments
}

// run runs a script in the folder without the outputs of an earlier one.
func (w walk) run(t *testing.T, script string) {
	t.Helper()
	for _, made := range []string{"cdk.out", "out", "cdk.log"} {
		if err := os.RemoveAll(filepath.Join(w.dir, made)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-xc", script)
	cmd.Dir = w.dir
	cmd.Env = w.environment(t)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the guide fails: %v\n%s", err, out)
	}
}

// environment is the caller's, without variables that would replace one of the guide.
func (w walk) environment(t *testing.T) []string {
	t.Helper()
	command, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	checkout, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	kept := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "POLICY=") || strings.HasPrefix(v, "PREFIX=") || strings.HasPrefix(v, "MAKE") ||
			strings.HasPrefix(v, "MFLAGS=")
	})
	return append(kept, "GO_COMMAND="+command, "CHECKOUT="+checkout,
		"PATH="+filepath.Join(w.dir, "bin")+":"+os.Getenv("PATH"))
}

// checkDeployments checks the calls of the CDK's command line: each installation with its policy, a diff before its
// first deployment, and no question.
func (w walk) checkDeployments(t *testing.T, p *policy.Policy) {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(w.dir, "cdk.log"))
	if err != nil {
		t.Fatal(err)
	}
	reviewed := map[string]bool{}
	for line := range strings.Lines(string(log)) {
		m := cdkCall.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			t.Fatalf("cdk has run with %q, want a policy and a command", line)
		}
		file, command, prefix, options := m[1], m[2], cmp.Or(m[3], wiring.DefaultPrefix), m[4]
		answer := map[string]string{"deploy": "--require-approval never", "destroy": "--force"}[command]
		asks := !strings.Contains(options, answer)
		if file != policies[prefix] || asks || command == "deploy" && !reviewed[prefix] {
			t.Errorf("cdk has run with %q; want %s, a diff before a deployment, and no question", line, policies[prefix])
		}
		_, selected, _ := strings.Cut(options, "--exclusively ")
		all := stacks(p, prefix)
		for _, pattern := range strings.Fields(selected) {
			if !slices.ContainsFunc(all, func(name string) bool { return matches(t, pattern, name) }) {
				t.Errorf("the guide names %s, and the policy has %v", pattern, all)
			}
		}
		reviewed[prefix] = reviewed[prefix] || command == "diff"
	}
}

// cdkCall is a line of the stand-in's log: the policy, the command, the prefix and the other options.
var cdkCall = regexp.MustCompile(`^(\S+): (\w+)(?: -c prefix=(\w+))?((?: (?:--?\w[\w-]*|[\w*-]+))*)$`)

func matches(t *testing.T, pattern, name string) bool {
	t.Helper()
	matched, err := path.Match(pattern, name)
	if err != nil {
		t.Fatal(err)
	}
	return matched
}

// cells returns the accounts and Regions of the policy, as the CDK writes them.
func cells(p *policy.Policy) []string {
	var all []string
	for _, c := range p.Cells() {
		all = append(all, c.String())
	}
	slices.Sort(all)
	return all
}

func stacks(p *policy.Policy, prefix string) []string {
	var all []string
	for _, c := range p.Cells() {
		all = append(all, wiring.StackName(prefix, c), wiring.BusStackName(prefix, c))
	}
	slices.Sort(all)
	return all
}
