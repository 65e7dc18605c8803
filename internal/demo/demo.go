// Package demo plays the labs on the embedded cloud, prints each step as it happens, and checks every line.
package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/sandbox"
)

// Scenario is one lab.
type Scenario struct {
	Name  string
	About string
	run   func(*stage)
}

// Scenarios are all labs, in the order in which they are told.
var Scenarios = []Scenario{
	{"marketing-finance", "three VPCs, one account, one region", marketingFinance},
	{"two-by-hand", "two public subnets, and two VPCs with the same block", twoByHand},
	{"subnet-only", "one subnet of each VPC, and nothing else of either", subnetOnly},
	{"default-vpc", "the account's default VPC, main route tables only", defaultVPC},
	{"limits", "what stands in the way, and what has ended: blocks, routes, quotas, requests", limits},
	{"drift", "routes and rules that people change by hand, and a cell that hears of nothing", drift},
	{"across-accounts", "marketing-finance with two accounts in one region", acrossAccounts},
	{"across-regions", "marketing-finance with one account in two regions", acrossRegions},
	{"across-both", "marketing-finance with two accounts in two regions", acrossBoth},
}

// Select returns the scenarios of that name, or that begin with it and a dash: "across" is three. An empty
// name is all of them.
func Select(name string) ([]Scenario, error) {
	var chosen []Scenario
	var names []string
	for _, s := range Scenarios {
		names = append(names, s.Name)
		if name == "" || s.Name == name || strings.HasPrefix(s.Name, name+"-") {
			chosen = append(chosen, s)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("there is no scenario %q; there are %s", name, strings.Join(names, ", "))
	}
	return chosen, nil
}

// Run runs the scenarios one after another, with what the workshop makes, and reports whether all of them passed.
// The story goes to out, every line of it with its time also to timeline.json in dir.
func Run(ctx context.Context, out io.Writer, dir string, w *local.Workshop, scenarios []Scenario) (bool, error) {
	var timeline []Entry
	failed := 0
	for _, s := range scenarios {
		story := newStory(out, s)
		play(ctx, story, w, s)
		timeline = append(timeline, story.entries...)
		if story.failures > 0 {
			failed++
		}
	}
	if err := save(filepath.Join(dir, "timeline.json"), timeline); err != nil {
		return false, err
	}
	_, err := fmt.Fprintf(out, "demo: %d scenarios passed, %d failed\n", len(scenarios)-failed, failed)
	return failed == 0, err
}

// limit is far more than any scenario takes; one that hangs fails.
const limit = time.Minute

func play(ctx context.Context, story *story, w *local.Workshop, s Scenario) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	stage := &stage{story: story, Sandbox: sandbox.New(nil), ctx: ctx, workshop: w}
	defer stage.Close()
	defer func() { // a scenario ends early by stop
		if r := recover(); r != nil && r != any(stopped{}) {
			panic(r)
		}
		story.end()
	}()
	s.run(stage)
	if len(stage.Cells) > 0 {
		stage.noneRefused()
		stage.soundAlarms()
	}
}

func save(path string, timeline []Entry) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	slices.SortStableFunc(timeline, func(a, b Entry) int { return a.At.Compare(b.At) })
	data, err := json.MarshalIndent(timeline, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o600)
}
