// Package demo plays the labs on the embedded cloud, prints each step as it happens, and checks every line.
package demo

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/cloudsim/events"
	"github.com/autopeer/autopeer/internal/domain/suggest"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/sandbox"
)

// Scenario is one lab.
type Scenario struct {
	Name   string
	About  string
	delays ec2.Delays
	run    func(*stage)
}

// Delays of a connection, after the defaults of the sandbox. brief ones are over before a function looks, so that no
// message has to come back. visible ones are long enough for a person to see each state on a busy machine while connect
// is held back.
var (
	brief = ec2.Delays{
		Initiating: 20 * time.Millisecond, Provisioning: 20 * time.Millisecond, Deleting: 20 * time.Millisecond,
	}
	visible = ec2.Delays{
		Initiating: 200 * time.Millisecond, Provisioning: 500 * time.Millisecond, Deleting: 20 * time.Millisecond,
	}
)

// Scenarios are all labs, in the order in which they are printed.
var Scenarios = []Scenario{
	{"marketing-finance", "three VPCs, one account, one Region", visible, marketingFinance},
	{"two-by-hand", "two public subnets, and two VPCs with the same block", visible, twoByHand},
	{"subnet-only", "one subnet of each VPC, and nothing else of either", brief, subnetOnly},
	{"shared-subnet", "a VPC shared with another account, whose groups only that account changes", brief, sharedSubnet},
	{"default-vpc", "the account's default VPC, main route tables only", brief, defaultVPC},
	{"course", "the 36 steps of the lab, on the stacks that `make deploy-lab` deploys", visible, course},
	{"endpoints", "private access to S3 and Session Manager, and a peering beside it", brief, endpoints},
	{"limits", "obstacles, and requests that have ended: blocks, routes, quotas", brief, limits},
	{"minute", "edits by another principal, and a deployed policy: neither waits for a scheduled sweep", brief, minute},
	{"first-contact", "a connection that people made before autopeer: report, look, adopt, enforce", brief, firstContact},
	{"drift", "routes, rules and a request without events from a trail: the schedule finds them", brief, drift},
	{"closing", "removals beside a conflict, and a peering that leaves the policy", brief, closing},
	{"agree", "two accounts agree: a request that waits for the requester's route, and a VPC outside the range",
		brief, agree},
	{"across-accounts", "marketing-finance with two accounts in one Region", visible, acrossAccounts},
	{"across-regions", "marketing-finance with one account in two Regions", visible, acrossRegions},
	{"across-both", "marketing-finance with two accounts in two Regions", visible, acrossBoth},
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
		fix := cmp.Or(suggest.Question(name, names), "it can be "+strings.Join(names, ", ")) // all of them
		return nil, fmt.Errorf("unknown scenario %q; %s", name, fix)
	}
	return chosen, nil
}

// atOnce is the number of scenarios that run concurrently. A scenario mostly waits. With more of them, the processes of
// their functions would compete for the cores, and a state that lasts milliseconds could pass unseen.
const atOnce = 4

// Run runs the scenarios concurrently, each on a cloud of its own, and reports whether all of them passed. It prints
// their stories to out one after another in the order of the scenarios, the current one line by line, and writes every
// line with its time to timeline.json in dir.
func Run(ctx context.Context, out io.Writer, dir string, w *local.Workshop, scenarios []Scenario) (bool, error) {
	stories := make([]*story, len(scenarios))
	for i, s := range scenarios {
		stories[i] = newStory(s)
	}
	go func() {
		slots := make(chan struct{}, atOnce)
		for i, s := range scenarios {
			slots <- struct{}{}
			go func() {
				play(ctx, stories[i], w, s)
				<-slots
			}()
		}
	}()
	var timeline []Entry
	failed := 0
	for _, story := range stories {
		story.printTo(out)
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
const limit = 2 * time.Minute

func play(ctx context.Context, story *story, w *local.Workshop, s Scenario) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	story.start = time.Now()
	defer close(story.ended)
	stage := &stage{story: story, Sandbox: newSandbox(s.delays), ctx: ctx, workshop: w}
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

// newSandbox returns a cloud whose connections take their time, and whose trail waits until a request is pending.
func newSandbox(delays ec2.Delays) *sandbox.Sandbox {
	s := sandbox.New(func(o *ec2.Options) { o.Delays = delays })
	s.SetWay(func(d events.Delivery, usual time.Duration) []time.Duration {
		if d.Stage == events.FromTrail {
			usual += delays.Initiating
		}
		return []time.Duration{usual}
	})
	return s
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
