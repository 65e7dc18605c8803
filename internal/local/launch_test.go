package local_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/autopeer/autopeer/internal/cloudsim/cloudwatch"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

var (
	one = peering.Cell{Account: "111111111111", Region: "us-east-1"}
	two = peering.Cell{Account: "222222222222", Region: "us-east-1"}
)

// launched is a bench on which Marketing and Finance are deployed as on AWS.
func launched(t *testing.T) (b *sandbox.Sandbox, m, f lab.Site) {
	t.Helper()
	w, err := local.Prepare(t.Context(), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	b = sandbox.New(nil)
	t.Cleanup(b.Close)
	build := func(cell peering.Cell, site func(*lab.Person) lab.Site) lab.Site {
		p := b.Person(t.Context(), cell)
		s := site(p)
		if p.Err() != nil {
			t.Fatal(p.Err())
		}
		return s
	}
	m, f = build(one, lab.Marketing), build(two, lab.Finance)
	if err := b.Launch(t.Context(), w, lab.PingPolicy(m, f, lab.Site{}), nil); err != nil {
		t.Fatal(err)
	}
	return b, m, f
}

// rest waits until nothing is in progress. It ends the delays and the windows of the sweeps' queues early.
func rest(t *testing.T, b *sandbox.Sandbox) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := b.SettleWithoutDelays(ctx); err != nil {
		t.Fatal(err)
	}
}

// TestLaunch: the real binaries connect two accounts, each call is made by a process of a function of its own
// account, and no role lacks a permission.
func TestLaunch(t *testing.T) {
	t.Parallel()
	b, m, f := launched(t)
	p := b.Person(t.Context(), m.Cell)
	pcx := p.Ask(m, f, "")
	if p.Err() != nil {
		t.Fatal(p.Err())
	}
	rest(t, b)
	want := append(sandbox.Connected(m, f, pcx), sandbox.Admits(f.Group, "icmp", m))
	slices.Sort(want)
	if got, err := b.State(t.Context(), m, f); err != nil || !slices.Equal(got, want) {
		t.Errorf("routes and rules are %v, %v; want %v", got, err, want)
	}
	calls := b.ByAutopeer(0)
	for _, c := range calls {
		name, pid, found := b.Process(c)
		if !found || pid == os.Getpid() || !strings.Contains(c.ARN, "assumed-role/"+name) {
			t.Errorf("%s by %s is made by process %d of %q", c.Action, c.ARN, pid, name)
		}
		if strings.HasPrefix(c.ErrorCode, "Unauthorized") || strings.HasPrefix(c.ErrorCode, "AccessDenied") {
			t.Errorf("%s by %s is refused: %s", c.Action, c.ARN, c.ErrorCode)
		}
	}
	if len(calls) == 0 {
		t.Error("autopeer made no call")
	}
	for _, cell := range b.Cells {
		for _, a := range cell.Stack.Alarms() {
			if a.State != cloudwatch.OK {
				t.Errorf("alarm %s of %s is %s with %v", a.Name, cell.Cell, a.State, a.Values)
			}
		}
	}
}

// TestASweepRepairs: the real binary of the sweep, called by a rule of the template and with the permissions of its
// role alone, sends connect a route that another principal has deleted. It makes no change itself.
func TestASweepRepairs(t *testing.T) {
	t.Parallel()
	t.Run("by the edit's event", func(t *testing.T) {
		t.Parallel()
		b, m, f := launched(t)
		pcx, mark := deletesRoute(t, b, m, f)
		rest(t, b)
		repaired := repairedOnce(t, b, mark, pcx)
		if found := b.Announced(outcome.DriftFound, pcx); len(found) > 0 {
			t.Errorf("found %+v, want the repair alone", found)
		}
		by := editor(t, b, mark)
		if !slices.Equal(repaired.EditedBy, []string{by}) {
			t.Errorf("edited by %q, want %s", repaired.EditedBy, by)
		}
	})
	t.Run("by the schedule", func(t *testing.T) {
		t.Parallel()
		b, m, f := launched(t)
		(&sandboxtest.T{Sandbox: b, T: t, Ctx: t.Context()}).DropCalls()
		pcx, mark := deletesRoute(t, b, m, f)
		rest(t, b)
		if repaired := b.Announced(outcome.Repaired, pcx); len(repaired) > 0 {
			t.Fatalf("repaired %+v without an event", repaired)
		}
		if err := b.Cloud.Events.Fire(b.Cells[0].SweepRule()); err != nil {
			t.Fatal(err)
		}
		rest(t, b)
		repaired, found := repairedOnce(t, b, mark, pcx), b.Announced(outcome.DriftFound, pcx)
		if len(found) != 1 || !slices.Equal(found[0].Wanted, repaired.Changes) || len(repaired.EditedBy) > 0 {
			t.Errorf("found %+v and repaired %+v, want the route once and no principal", found, repaired)
		}
	})
}

// deletesRoute connects the sites, and has a principal of Marketing's account delete a route after the returned mark.
func deletesRoute(t *testing.T, b *sandbox.Sandbox, m, f lab.Site) (pcx peering.ConnectionID, mark int) {
	t.Helper()
	p := b.Person(t.Context(), m.Cell)
	pcx = p.Ask(m, f, "")
	rest(t, b)
	mark = b.Cloud.Mark()
	p.DeleteRoute(m.Table, f.VPC.Block.String())
	if p.Err() != nil {
		t.Fatal(p.Err())
	}
	return pcx, mark
}

// editor returns the principal that has deleted a route since the mark.
func editor(t *testing.T, b *sandbox.Sandbox, mark int) string {
	t.Helper()
	for _, c := range b.Cloud.Since(mark) {
		if c.Action == "DeleteRoute" {
			return c.ARN
		}
	}
	t.Fatal("no route is deleted")
	return ""
}

// repairedOnce returns the one repair. It checks that the sweep has changed nothing since the mark, and that no role
// lacks a permission.
func repairedOnce(t *testing.T, b *sandbox.Sandbox, mark int, pcx peering.ConnectionID) outcome.Outcome {
	t.Helper()
	for _, c := range b.ByAutopeer(mark) {
		changes := strings.Contains(c.ARN, "autopeer-sweep") && c.Service == "ec2" && !strings.HasPrefix(c.Action, "Describe")
		if changes || strings.HasPrefix(c.ErrorCode, "AccessDenied") {
			t.Errorf("%s makes %s: %q", c.ARN, c.Action, c.ErrorCode)
		}
	}
	repaired := b.Announced(outcome.Repaired, pcx)
	if len(repaired) != 1 || len(repaired[0].Changes) != 1 {
		t.Fatalf("repaired %+v, want the route once", repaired)
	}
	return repaired[0]
}

// TestDenialsSoundTheirAlarm: a metric that a function writes into its log reaches the alarm on it.
func TestDenialsSoundTheirAlarm(t *testing.T) {
	t.Parallel()
	b, m, _ := launched(t)
	p := b.Person(t.Context(), two)
	stranger := lab.Site{Cell: two, VPC: p.VPC("stranger", "10.99.0.0/16")}
	id := p.Ask(stranger, m, "")
	if p.Err() != nil {
		t.Fatal(p.Err())
	}
	for range 9 { // and the request itself
		rest(t, b)
		event := sandbox.Event("CreateVpcPeeringConnection", two, id, stranger, m)
		if err := b.Deliver(t.Context(), one, function.Accept, event); err != nil {
			t.Fatal(err)
		}
	}
	rest(t, b)
	for _, a := range b.Cells[0].Stack.Alarms() {
		want := cloudwatch.OK
		if a.Name == "autopeer-accept-denials" {
			want = cloudwatch.Sounding
		}
		if a.State != want {
			t.Errorf("alarm %s is %s with %v, want %s", a.Name, a.State, a.Values, want)
		}
	}
}

// TestSynthesize: concurrent calls write templates once for a policy, and the functions once for all.
func TestSynthesize(t *testing.T) {
	t.Parallel()
	w, err := local.Prepare(t.Context(), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	policy := func(protocol string) []byte {
		a, b := lab.Site{Cell: one, VPC: lab.VPC{ID: "vpc-00000000000000001"}},
			lab.Site{Cell: two, VPC: lab.VPC{ID: "vpc-00000000000000002"}}
		return []byte(strings.ReplaceAll(lab.PingPolicy(a, b, lab.Site{}), "icmp", protocol))
	}
	var written [3]string
	var all errgroup.Group
	for i, protocol := range []string{"icmp", "tcp, ports: [22]", "icmp"} {
		all.Go(func() (err error) {
			written[i], err = w.Synthesize(t.Context(), "policy.yaml", policy(protocol), nil)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	folders, functions := map[string]bool{}, map[string]bool{}
	for _, folder := range written {
		folders[folder] = true
		bootstraps, err := filepath.Glob(filepath.Join(folder, "asset.*", "bootstrap"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range bootstraps {
			file, err := filepath.EvalSymlinks(name)
			if err != nil {
				t.Fatal(err)
			}
			functions[file] = true
		}
	}
	if len(folders) != 2 || len(functions) != len(function.All) {
		t.Errorf("there are %d folders and %d functions, want 2 and %d", len(folders), len(functions), len(function.All))
	}
	if _, err := w.Synthesize(t.Context(), "policy.yaml", []byte("version: 2"), nil); err == nil ||
		!strings.Contains(err.Error(), "policy.yaml:1:") {
		t.Errorf("error = %v, want the CDK app's error about the policy", err)
	}
}

func TestServe(t *testing.T) {
	t.Parallel()
	b := sandbox.New(nil)
	defer b.Close()
	url, stop, err := local.Serve(t.Context(), b.Cloud, 0)
	if err != nil {
		t.Fatal(err)
	}
	get := func() error {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(r)
		if err == nil {
			err = response.Body.Close()
		}
		return err
	}
	if err := get(); err != nil {
		t.Error(err)
	}
	stop()
	if get() == nil {
		t.Error("it is still served")
	}
}
