package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// tutorialStart are the commands of docs/tutorial.md that the test replaces: it serves the policy itself, on any port.
const tutorialStart = "cp docs/examples/marketing-finance.yaml policy.yaml\nmake local POLICY=policy.yaml\n"

// block is a fenced block of a document. The language is sh for commands, text for their output, log for lines that
// `make local` prints, and yaml for an addition to the policy file.
type block struct{ language, text string }

func blocksOf(page string) (blocks []block) {
	for _, found := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(page, -1) {
		blocks = append(blocks, block{found[1], found[2]})
	}
	return blocks
}

// TestTheTutorialAndTheLabsWork follows the pages with the AWS CLI. The pages are followed concurrently, but before the
// parallel tests of this package, because one measures a time.
func TestTheTutorialAndTheLabsWork(t *testing.T) {
	t.Run("tutorial", followTutorial)
	names, page := labExamples(t)
	for _, name := range names {
		t.Run(name, func(t *testing.T) { followLab(t, page, name) })
	}
}

// followTutorial runs the commands of docs/tutorial.md and compares every output, but for ids and times.
func followTutorial(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/tutorial.md")
	if err != nil {
		t.Fatal(err)
	}
	policy, err := os.ReadFile("../../docs/examples/marketing-finance.yaml")
	if err != nil {
		t.Fatal(err)
	}
	blocks := blocksOf(string(page))
	if len(blocks) < 15 || blocks[0].text != tutorialStart {
		t.Fatalf("%d blocks, and the first is %q", len(blocks), blocks[0].text)
	}
	f, aws := follow(t, string(policy))
	export, written := masked("export "+strings.Join(aws.env, " ")), strings.ReplaceAll(blocks[2].text, " \\\n ", "")
	if masked(written) != export {
		t.Errorf("the environment of the tutorial is\n%s, want\n%s", written, export)
	}
	tutorial{followed: f, aws: aws, dir: t.TempDir()}.play(blocks[3:])
}

// patience is far more than any step takes on a free machine.
const patience = 2 * time.Minute

// tutorial is a reader of the page, whose shell keeps its variables in a file of the folder.
type tutorial struct {
	followed
	aws cli
	dir string
}

func (r tutorial) play(blocks []block) {
	r.Helper()
	for i, b := range blocks {
		switch b.language {
		case "sh":
			want := ""
			if i+1 < len(blocks) && blocks[i+1].language == "text" {
				want = blocks[i+1].text
			}
			r.shell(b.text, want)
		case "log":
			r.logged(b.text)
		case "yaml":
			data, err := os.ReadFile(r.file)
			if err != nil {
				r.Fatal(err)
			}
			r.save(string(data) + b.text)
		}
	}
}

// shell runs commands, repeatedly until their output is the wanted one if they have one.
func (r tutorial) shell(commands, want string) {
	r.Helper()
	tools, err := filepath.Abs("../../.venv/bin")
	if err != nil {
		r.Fatal(err)
	}
	for deadline := time.Now().Add(patience); ; {
		script := "set -eu; if [ -f variables ]; then . ./variables; fi\n" + commands +
			"set | grep -E '^(pcx|second|table|twin|igw|server|key|endpoint)=' > variables || true\n"
		cmd := exec.CommandContext(r.Context(), "bash", "-c", script)
		cmd.Dir = r.dir
		cmd.Env = append([]string{"HOME=" + r.dir, "PATH=" + tools + ":" + os.Getenv("PATH"), "AWS_PAGER="}, r.aws.env...)
		out, err := cmd.CombinedOutput()
		switch {
		case err != nil:
			r.Fatalf("the tutorial's commands fail: %v\n%s%s", err, commands, out)
		case want == "" || masked(string(out)) == masked(want):
			return
		case time.Now().After(deadline):
			r.Fatalf("%sprints\n%swant\n%s", commands, out, want)
		}
	}
}

// logged waits for lines of `make local`. Functions announce concurrently, so the order of the lines may differ.
func (r tutorial) logged(want string) {
	r.Helper()
	missing := map[string]bool{}
	for line := range strings.Lines(want) {
		missing[masked(line)] = true
	}
	for deadline := time.After(patience); len(missing) > 0; {
		select {
		case line := <-r.lines:
			delete(missing, masked(strings.ReplaceAll(line, r.file, filepath.Base(r.file))))
		case <-deadline:
			r.Fatalf("make local doesn't print %v", missing)
		}
	}
}

var changing = []struct {
	pattern *regexp.Regexp
	mask    string
}{
	{regexp.MustCompile(`\b(pcx|rtb|sgr|sg|vpc|igw|i)-[0-9a-f]{17}\b`), "$1-…"},
	{regexp.MustCompile(`^\d\d:\d\d:\d\d`), "time"},
	{regexp.MustCompile(` +\d+\.\d s after the request`), ""},
	{regexp.MustCompile(`\d+\.\d s after it was read`), "after it was read"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "127.0.0.1"},
}

// masked returns a text without ids, times, the port and spaces at its ends.
func masked(text string) string {
	for _, c := range changing {
		text = c.pattern.ReplaceAllString(text, c.mask)
	}
	return strings.TrimSpace(text)
}
