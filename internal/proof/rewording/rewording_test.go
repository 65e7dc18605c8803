// Package rewording tests that the id of an announcement depends on no sentence: it plays scenarios with the code as it
// is and with every sentence of the code reworded, and compares the ids.
package rewording

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"hash/crc32"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/proof/mutate/mutation"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

var out = flag.String("out", "", "write the announcements of the scenarios to this `file`")

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the functions log every change
	os.Exit(m.Run())
}

// announcement is the identity of an outcome and its sentences.
type announcement struct {
	Type      outcome.Type
	Cell      peering.Cell
	Side      peering.Role
	ID        string
	Sentences []string
}

// worded are the packages with the sentences of announcements.
var worded = []string{
	"internal/domain/plan", "internal/domain/policy", "internal/domain/reach", "internal/announce", "internal/aws/ec2net",
	"internal/accept", "internal/connect", "internal/disconnect", "internal/sweep", "internal/apply",
	"internal/domain/fault", "internal/domain/peering", "internal/cloudsim/ec2", // with EC2's messages
}

const (
	root   = "../../.."
	prefix = "reworded "
)

func TestNoSentenceIsPartOfAnID(t *testing.T) {
	overlay, err := mutation.WriteOverlay(filepath.Join(t.TempDir(), "reworded"), reworded(t))
	if err != nil {
		t.Fatal(err)
	}
	before, after := play(t), play(t, "-overlay="+overlay)
	if diff := cmp.Diff(ids(before), ids(after)); diff != "" {
		t.Errorf("ids (-as it is +reworded):\n%s", diff)
	}
	types := map[outcome.Type]bool{}
	for i := range after {
		types[after[i].Type] = true
		if s := after[i].Sentences; !strings.Contains(s[0], prefix) || slices.Equal(s, before[i].Sentences) {
			t.Errorf("%s has the sentences %q; they are not reworded", after[i].Type, s)
		}
	}
	for _, want := range []outcome.Type{
		outcome.Accepted, outcome.Connected, outcome.Denied, outcome.Conflicting, outcome.Failed, outcome.Disconnected,
		outcome.AskApproval, outcome.DriftFound, outcome.Repaired,
	} {
		if !types[want] {
			t.Errorf("no scenario announces %s", want)
		}
	}
}

// String leaves out the sentences.
func (a announcement) String() string {
	return fmt.Sprintf("%s of %s %s: %s", a.Type, a.Cell, a.Side, a.ID)
}

func ids(all []announcement) []string {
	var lines []string
	for _, a := range all {
		lines = append(lines, a.String())
	}
	return lines
}

// reworded returns the sources in which every sentence begins with other words.
func reworded(t *testing.T) map[string][]byte {
	t.Helper()
	changed := map[string][]byte{}
	sentences := 0
	for _, dir := range worded {
		files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s: %v", dir, err)
		}
		for _, file := range files {
			path, err := filepath.Abs(file)
			if err != nil {
				t.Fatal(err)
			}
			source, n := reword(t, path)
			if n > 0 && !strings.HasSuffix(path, "_test.go") {
				changed[path], sentences = source, sentences+n
			}
		}
	}
	if sentences < 50 {
		t.Fatalf("%d sentences are reworded, want at least 50", sentences)
	}
	return changed
}

// reword puts the prefix and a digest of the text before every string that has a letter and a space, so that sorted
// sentences change places, and counts them.
func reword(t *testing.T, path string) (source []byte, sentences int) {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	var edited bytes.Buffer
	last := 0
	ast.Inspect(file, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		if err == nil && isSentence(text) {
			at := int(literal.Pos() - file.FileStart)
			edited.Write(source[last:at])
			edited.WriteString(strconv.Quote(fmt.Sprintf("%s%08x %s", prefix, crc32.ChecksumIEEE([]byte(text)), text)))
			last, sentences = at+len(literal.Value), sentences+1
		}
		return true
	})
	edited.Write(source[last:])
	return edited.Bytes(), sentences
}

// play returns the announcements of the scenarios, played by a process of its own that is built with the flags.
func play(t *testing.T, flags ...string) []announcement {
	t.Helper()
	file := filepath.Join(t.TempDir(), "announcements.json")
	args := append([]string{"test", "-count=1", "-run=^TestScenarios$"}, flags...)
	announced, err := exec.CommandContext(t.Context(), "go", append(args, ".", "-out="+file)...).CombinedOutput()
	if err != nil {
		t.Fatalf("go test %v: %v\n%s", flags, err, announced)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []announcement
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(all, func(a, b announcement) int { return strings.Compare(a.String(), b.String()) })
	// Of messages that arrive at the same time, two may lead to one announcement or to a repetition.
	return slices.CompactFunc(all, func(a, b announcement) bool { return a.String() == b.String() })
}

var (
	one = peering.Cell{Account: "111111111111", Region: "us-east-1"}
	two = peering.Cell{Account: "222222222222", Region: "eu-west-1"}
)

// TestScenarios plays the scenarios and writes their announcements to the file of the flag.
func TestScenarios(t *testing.T) {
	var all []announcement
	for _, s := range scenarios {
		sandboxtest.Run(t, s.options, func(t *sandboxtest.T) {
			s.play(t)
			t.Settle()
			for _, o := range t.Announcements() {
				all = append(all, announcement{o.Type, o.Cell, o.Side, o.ID, sentencesOf(o)})
			}
		})
	}
	if *out == "" {
		return
	}
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(*out, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func sentencesOf(o outcome.Outcome) []string {
	all := slices.Concat([]string{o.Reason.Sentence}, o.State, o.Notes, o.Wanted, o.Changes)
	for _, b := range o.Obstructions {
		all = append(all, b.Sentence, b.Remedy)
	}
	for _, s := range o.Shortages {
		all = append(all, s.Of)
	}
	return all
}

type scenario struct {
	options func(*ec2.Options)
	play    func(*sandboxtest.T)
}

// scenarios announce everything that autopeer announces, with every field.
var scenarios = []scenario{
	{nil, func(t *sandboxtest.T) { // connected, with a network ACL in the way; drift; disconnected
		m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
		t.ByHand(two, func(p *lab.Person) { p.DenyPing(f.VPC, f.Subnet) })
		t.Policy(lab.PingPolicy(m, f, lab.Site{}))
		pcx := t.Ask(m, f)
		t.Settle()
		t.ByHand(one, func(p *lab.Person) { p.DeleteRoute(m.Table, "172.31.0.0/16") })
		t.Sweep()
		t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
	}},
	{nil, func(t *sandboxtest.T) { // drift that no event reports
		m, f := t.Company(one, two)
		t.Ask(m, f)
		t.Settle()
		t.DropEvents()
		t.ByHand(one, func(p *lab.Person) { p.DeleteRoute(m.Table, "172.31.0.0/16") })
		time.Sleep(time.Hour)
	}},
	{nil, func(t *sandboxtest.T) { // multipath resilience
		m, f := t.Company(one, two)
		t.ByHand(one, func(p *lab.Person) { p.AskMultipath(m, f) })
	}},
	{nil, func(t *sandboxtest.T) { // a retired cell
		m, f := t.Company(one, two)
		t.Ask(m, f)
		t.Settle()
		t.Redeploy("version: 1\nretired: [{ account: \"111111111111\", region: us-east-1 }]\ndepartments: { finance: " +
			f.Member() + " }\npeerings: []\n")
		time.Sleep(time.Hour)
	}},
	{nil, func(t *sandboxtest.T) { // denied, and a rule that refers to a group that doesn't exist
		m, f, d := t.Build(one, lab.Marketing), t.Build(one, lab.Finance), t.Build(one, lab.Developer)
		t.Policy(strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "protocol: icmp }",
			"protocol: icmp, sources: [sg-0a1b2c3d4e5f60009] }", 1))
		t.Ask(d, f)
		t.Ask(m, f)
	}},
	{nil, func(t *sandboxtest.T) { // a route in the way
		m, f := t.Build(one, lab.Marketing), t.Build(one, lab.Finance)
		t.ByHand(one, func(p *lab.Person) { p.RouteToGateway(m.VPC, m.Table, "172.31.7.0/24") })
		t.Policy(lab.PingPolicy(m, f, lab.Site{}))
		t.Ask(m, f)
	}},
	{nil, func(t *sandboxtest.T) { // a quota of the policy
		m, f := t.Build(one, lab.Marketing), t.Build(one, lab.Finance)
		t.Policy(strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "departments:", "limits: { routes: 1 }\ndepartments:", 1))
		t.Ask(m, f)
	}},
	{nil, func(t *sandboxtest.T) { // a block that the policy doesn't declare
		m, f := t.Build(one, lab.Marketing), t.Build(one, lab.Finance)
		t.Policy(strings.Replace(lab.PingPolicy(m, f, lab.Site{}), string(m.VPC.ID)+" }",
			string(m.VPC.ID)+", cidrs: [10.99.0.0/16] }", 1))
		t.Ask(m, f)
	}},
	{nil, func(t *sandboxtest.T) { // approval, and a block that the policy no longer permits
		m, f := t.Build(one, lab.Marketing), t.Build(two, lab.Finance)
		policy := strings.Replace(lab.PingPolicy(m, f, lab.Site{}), "finance]\n", "finance]\n    approval: manual\n", 1)
		t.Policy(policy)
		pcx := t.Ask(m, f)
		t.Settle()
		t.ByHand(two, func(p *lab.Person) { p.Accept(pcx) })
		t.Settle()
		t.Redeploy(strings.Replace(policy, string(m.VPC.ID)+" }", string(m.VPC.ID)+", cidrs: [10.99.0.0/16] }", 1))
		time.Sleep(time.Hour)
	}},
}

// isSentence reports whether the text has words, and is no document of EC2.
func isSentence(text string) bool {
	return strings.Contains(text, " ") && strings.ContainsFunc(text, unicode.IsLetter) && !strings.Contains(text, `="`) &&
		!strings.HasPrefix(text, "<")
}
