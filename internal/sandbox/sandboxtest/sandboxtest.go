// Package sandboxtest runs tests in a sandbox of their own with a virtual clock, and provides their checks.
package sandboxtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/cloudsim/events"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/wiring"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/sandbox"
)

// T is a sandbox in a test, whose clock is virtual: waiting costs nothing.
type T struct {
	*sandbox.Sandbox
	*testing.T
	Ctx   context.Context // that of the test
	sites []lab.Site
}

// Run runs a test in a sandbox of its own. Change, if not nil, changes EC2's options.
func Run(t *testing.T, change func(*ec2.Options), test func(*T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := sandbox.New(change)
		defer b.Close()
		test(&T{Sandbox: b, T: t, Ctx: t.Context()})
	})
}

// RunWithTagsKeptAndEnded runs a test twice: deleted connections keep their tags, or lose them.
func RunWithTagsKeptAndEnded(t *testing.T, test func(t *T, kept bool)) {
	t.Helper()
	for name, kept := range map[string]bool{"tags kept": true, "tags ended": false} {
		t.Run(name, func(t *testing.T) {
			Run(t, func(o *ec2.Options) { o.Switches.DeletedWithoutTags = !kept }, func(t *T) { test(t, kept) })
		})
	}
}

// Must ends the test on an error.
func (t *T) Must(err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Build builds a site with the credentials of the cell's account.
func (t *T) Build(cell peering.Cell, build func(*lab.Person) lab.Site) lab.Site {
	t.Helper()
	p := t.Person(t.Ctx, cell)
	site := build(p)
	t.Must(p.Err())
	t.sites = append(t.sites, site)
	return site
}

// Sites returns the sites that were built.
func (t *T) Sites() []lab.Site { return t.sites }

// ByHand makes a manual change in the cell.
func (t *T) ByHand(cell peering.Cell, do func(*lab.Person)) {
	t.Helper()
	p := t.Person(t.Ctx, cell)
	do(p)
	t.Must(p.Err())
}

// Company builds Marketing and Finance and deploys the policy that lets the one ping the other.
func (t *T) Company(marketing, finance peering.Cell) (m, f lab.Site) {
	t.Helper()
	m, f = t.Build(marketing, lab.Marketing), t.Build(finance, lab.Finance)
	t.Policy(lab.PingPolicy(m, f, lab.Site{}))
	return m, f
}

// Policy deploys the cells of the policy file, which receive no events of earlier calls, and waits for the sweeps after
// a deployment.
func (t *T) Policy(file string) {
	t.Helper()
	t.Settle()
	t.Must(t.Deploy(t.Ctx, file, nil))
	t.Settle()
}

// Redeploy deploys another policy file.
func (t *T) Redeploy(file string) {
	t.Helper()
	t.Must(t.Sandbox.Redeploy(t.Ctx, file, nil))
}

// DropEvents lets no event arrive any more, neither CloudTrail's nor autopeer's announcements. Schedules keep their
// times, and messages between cells arrive: without them no request between two cells can be accepted.
func (t *T) DropEvents() {
	t.SetWay(func(d events.Delivery, usual time.Duration) []time.Duration {
		if d.Event.Source == "aws.events" || d.Event.Source == message.Source {
			return []time.Duration{usual}
		}
		return nil
	})
}

// DropCalls lets no event of CloudTrail arrive any more, as without a trail.
func (t *T) DropCalls() {
	t.SetWay(func(d events.Delivery, usual time.Duration) []time.Duration {
		if d.Event.Source == "aws.ec2" {
			return nil
		}
		return []time.Duration{usual}
	})
}

// Ask requests a connection.
func (t *T) Ask(from, to lab.Site) (id peering.ConnectionID) {
	t.Helper()
	t.ByHand(from.Cell, func(p *lab.Person) { id = p.Ask(from, to, "") })
	return id
}

// Hold keeps a function from running until the returned function is called.
func (t *T) Hold(f function.Name) (release func()) { return local.Hold(t.Cells, f) }

// Sweep sweeps every cell twice, as the schedule and the second look do, and waits until the findings are handled.
func (t *T) Sweep() {
	t.Helper()
	t.Must(t.Sandbox.Sweep())
	t.Settle()
}

// NoSweeps ends the schedules, so that a permanent fault of a test isn't found again and again.
func (t *T) NoSweeps() {
	t.Helper()
	for _, c := range t.Cells {
		rules := eventbridge.NewFromConfig(local.Config(t.Cloud, c.Cell, string(c.Account)))
		_, err := rules.DisableRule(t.Ctx,
			&eventbridge.DisableRuleInput{Name: aws.String(wiring.DefaultPrefix + "-" + wiring.SweepRule)})
		t.Must(err)
	}
}

// Slow makes every call take forty milliseconds, as EC2's do, until the returned function is called.
func Slow(cloud *cloudsim.Cloud) (stop func()) {
	return cloud.Inject(func(apicall.Call) *cloudsim.Failure {
		time.Sleep(40 * time.Millisecond)
		return nil
	})
}

// Times makes the first n calls that match fail.
func Times(n int, failure cloudsim.Failure, match func(apicall.Call) bool) func(apicall.Call) *cloudsim.Failure {
	var mu sync.Mutex
	return func(c apicall.Call) *cloudsim.Failure {
		mu.Lock()
		defer mu.Unlock()
		if n == 0 || !match(c) {
			return nil
		}
		n--
		return &failure
	}
}

const noConnections = `<DescribeVpcPeeringConnectionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">` +
	`<requestId>r</requestId><vpcPeeringConnectionSet/></DescribeVpcPeeringConnectionsResponse>`

// Blind hides all connections from a function.
func Blind(f function.Name) func(apicall.Call) *cloudsim.Failure {
	return func(c apicall.Call) *cloudsim.Failure {
		if c.Action != "DescribeVpcPeeringConnections" || !strings.Contains(c.ARN, "autopeer-"+string(f)) {
			return nil
		}
		return &cloudsim.Failure{Answer: noConnections}
	}
}

// EditsShownLate has Describe calls show people's edits of connections, routes, rules and tags after the time, once it
// is set: not while the network is built.
func EditsShownLate(late *time.Duration) func(*ec2.Options) {
	return func(o *ec2.Options) {
		o.ShowLate = func(c apicall.Call) time.Duration {
			if strings.Contains(c.ARN, ":assumed-role/") {
				return 0
			}
			return *late
		}
	}
}

// Hidden hides a connection from the reads that name it, as EC2 may for some seconds.
func Hidden(id peering.ConnectionID) func(apicall.Call) *cloudsim.Failure {
	return func(c apicall.Call) *cloudsim.Failure {
		for _, value := range c.Params {
			if c.Action == "DescribeVpcPeeringConnections" && value == string(id) {
				return &cloudsim.Failure{Answer: noConnections}
			}
		}
		return nil
	}
}

// Settle waits until nothing is under way any more.
func (t *T) Settle() {
	t.Helper()
	t.Must(t.Cloud.Settle(t.Ctx))
}

// Redeliver puts an event straight into a function's queue, and waits until it is dealt with.
func (t *T) Redeliver(cell peering.Cell, f function.Name, event string) {
	t.Helper()
	t.Must(t.Deliver(t.Ctx, cell, f, event))
	t.Settle()
}

// Holds checks that exactly these routes and rules were added to the tables and groups of all sites since they were
// built.
func (t *T) Holds(want ...string) {
	t.Helper()
	got, err := t.State(t.Ctx, t.sites...)
	t.Must(err)
	want = slices.Sorted(slices.Values(want)) // the caller keeps his own
	if diff := cmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 {
		t.Errorf("routes and rules (-want +got):\n%s", diff)
	}
}

// Pinging returns the lines that Holds expects once Marketing is connected with Finance and may ping it.
func Pinging(m, f lab.Site, pcx peering.ConnectionID) []string {
	return append(sandbox.Connected(m, f, pcx), sandbox.Admits(f.Group, "icmp", m))
}

// InState checks the connection's state as the cell sees it.
func (t *T) InState(cell peering.Cell, id peering.ConnectionID, want peering.State) {
	t.Helper()
	c, err := t.Connection(t.Ctx, cell, id)
	t.Must(err)
	if c.State != want {
		t.Errorf("%s is %q, want %q", id, c.State, want)
	}
}

// AnnouncedOnce checks that autopeer announced the outcome, once or repeatedly under one id for each cell, side and
// reason, and returns the first.
func (t *T) AnnouncedOnce(outcomeType outcome.Type, id peering.ConnectionID) outcome.Outcome {
	t.Helper()
	announced := t.Announced(outcomeType, id)
	if len(announced) == 0 {
		t.Fatalf("%s of %s is not announced; announced were %s", outcomeType, id, summary(t.Announcements()))
	}
	ids := map[string]string{}
	for _, o := range announced {
		speaker := o.Cell.String() + string(o.Side) + " for " + o.Reason.Code
		if before, again := ids[speaker]; again && before != o.ID {
			t.Errorf("%s of %s is announced by %s under two ids", outcomeType, id, speaker)
		}
		ids[speaker] = o.ID
	}
	return announced[0]
}

func summary(outcomes []outcome.Outcome) string {
	var lines []string
	for _, o := range outcomes {
		lines = append(lines, fmt.Sprintf("%s of %s (%s)", o.Type, o.Connection, o.Reason.Sentence))
	}
	return strings.Join(lines, "; ")
}

// IsTagged checks whether the cell sees the tag of an installation on the connection.
func (t *T) IsTagged(cell peering.Cell, id peering.ConnectionID, want bool) {
	t.Helper()
	c, err := t.Connection(t.Ctx, cell, id)
	t.Must(err)
	if got := c.ManagedBy() != ""; got != want {
		t.Errorf("%s is %q with the tags %v, want one of an installation: %t", id, c.State, c.Tags, want)
	}
}

// Mutations returns autopeer's mutating EC2 calls since the mark, in the order of the log.
func (t *T) Mutations(mark int) []string {
	var actions []string
	for _, c := range t.ByAutopeer(mark) {
		if c.Service == "ec2" && c.Mutating {
			actions = append(actions, c.Action)
		}
	}
	return actions
}

// Unchanged checks that autopeer has changed nothing since the mark.
func (t *T) Unchanged(mark int) {
	t.Helper()
	if calls := t.Mutations(mark); len(calls) > 0 {
		t.Errorf("autopeer made %v, want no mutating call", calls)
	}
}

// Rounds groups autopeer's EC2 and EventBridge calls since the mark by the moment in which they were made:
// one entry a dependent round trip. It needs a cloud that takes its time, see Slow.
func (t *T) Rounds(mark int) [][]string {
	var rounds [][]string
	var last apicall.Call
	calls := slices.DeleteFunc(t.ByAutopeer(mark), func(c apicall.Call) bool { return c.Service == "sqs" })
	slices.SortStableFunc(calls, func(a, b apicall.Call) int { return a.At.Compare(b.At) })
	for _, c := range calls {
		if len(rounds) == 0 || !c.At.Equal(last.At) {
			rounds = append(rounds, nil)
		}
		last = c
		rounds[len(rounds)-1] = append(rounds[len(rounds)-1], c.Action)
	}
	for _, r := range rounds {
		slices.Sort(r)
	}
	return rounds
}

// InDeadLetters counts the messages that could not be dealt with.
func (t *T) InDeadLetters(want int) {
	t.Helper()
	got, err := t.DeadLetters(t.Ctx)
	t.Must(err)
	if got != want {
		t.Errorf("%d messages rest in dead-letter queues, want %d", got, want)
	}
}
