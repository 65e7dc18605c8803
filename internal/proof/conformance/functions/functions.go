// Package functions runs the functions' binaries under AWS's own runtime interface emulator of Lambda. The embedded
// cloud deploys the templates, enforces the functions' roles and brings the messages of the queues.
package functions

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/queue"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/wiring"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/proof/conformance/report"
	"github.com/autopeer/autopeer/internal/sandbox"
)

const (
	host    = "build/host" // where local.Prepare puts the functions, a folder for each
	runbook = "docs/runbook.md"
	within  = 2 * time.Minute // for all checks
)

// Judge runs each function's binary under the emulator at path, and reports every check. It runs in the root of the
// repository.
func Judge(ctx context.Context, j *report.Judge, path string) {
	j.ShowPassed()
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	s := &stage{Sandbox: sandbox.New(nil), ctx: ctx, j: j, path: path, environments: map[place]*environment{}}
	defer s.close()
	for _, step := range []func() error{
		s.deploy, s.succeed, s.failInPart, s.panics, s.runOutOfTime, s.failToStart, s.checkLogs,
	} {
		if err := step(); err != nil {
			j.Error("the functions under AWS's emulator", err)
			return
		}
	}
}

// place is a function in a cell.
type place struct {
	cell     peering.Cell
	function function.Name
}

// stage is a cloud with two cells whose functions run under the emulator.
type stage struct {
	*sandbox.Sandbox
	ctx  context.Context // of all checks
	j    *report.Judge
	path string

	environments map[place]*environment // that the mappings invoke
	others       []*environment
	requester    *lab.Person
	accepter     *lab.Person
	marketing    lab.Site
	finance      lab.Site
}

func (s *stage) close() {
	s.Close()
	for _, e := range append(slices.Collect(maps.Values(s.environments)), s.others...) {
		e.close()
	}
}

// deploy deploys two cells and has the emulator run their functions in place of the embedded cloud.
func (s *stage) deploy() error {
	w, err := local.Prepare(s.ctx, io.Discard)
	if err != nil {
		return err
	}
	s.requester = s.Person(s.ctx, peering.Cell{Account: "111111111111", Region: "us-east-1"})
	s.accepter = s.Person(s.ctx, peering.Cell{Account: "222222222222", Region: "us-east-1"})
	s.marketing, s.finance = lab.Marketing(s.requester), lab.Finance(s.accepter)
	if err := s.err(); err != nil {
		return err
	}
	if err := s.Launch(s.ctx, w, lab.PingPolicy(s.marketing, s.finance, lab.Site{}), nil); err != nil {
		return err
	}
	for _, c := range s.Cells {
		for _, f := range function.All {
			p := place{c.Cell, f}
			if s.environments[p], err = s.start(p, host, nil); err != nil {
				return err
			}
			if err := s.invoke(p, s.environments[p]); err != nil {
				return err
			}
		}
	}
	return s.SettleWithoutDelays(s.ctx)
}

func (s *stage) err() error {
	if err := s.requester.Err(); err != nil {
		return err
	}
	return s.accepter.Err()
}

func (s *stage) cellOf(p place) *local.Cell {
	i := slices.IndexFunc(s.Cells, func(c *local.Cell) bool { return c.Cell == p.cell })
	return s.Cells[i]
}

// start runs the binary of a function in the folder, with the variables of its template and those given.
func (s *stage) start(p place, folder string, change map[string]string) (*environment, error) {
	variables := s.cellOf(p).Stack.Functions[wiring.DefaultPrefix+"-"+string(p.function)].Variables()
	variables["AWS_LAMBDA_FUNCTION_TIMEOUT"] = "30"
	maps.Copy(variables, change)
	binary := filepath.Join(folder, string(p.function))
	if folder == host {
		binary = filepath.Join(binary, "bootstrap")
	}
	return start(s.ctx, s.path, binary, variables)
}

// invoke has the mapping of a queue invoke the function in the environment. Without the batching window of sweep, no
// check waits for it.
func (s *stage) invoke(p place, e *environment) error {
	c := s.cellOf(p)
	m := queue.Mapping{BatchSize: 10, MaxConcurrency: 2, ReportBatchItemFailures: true, Timeout: 30 * time.Second}
	next, err := c.Mappings[p.function].Replace(m, e)
	if err == nil {
		c.Mappings[p.function] = next
	}
	return err
}

// succeed lets a real request, its acceptance, an edit, a denied request and the deletion go through all functions.
func (s *stage) succeed() error {
	id, err := s.connect("a request")
	if err != nil {
		return err
	}
	s.requester.DeleteRoute(s.marketing.Table, "172.31.0.0/16")
	if err := s.rest(); err != nil {
		return err
	}
	if err := s.checkState("sweep notices a deleted route, and connect adds it again", s.connected(id)...); err != nil {
		return err
	}
	if err := s.denied(); err != nil {
		return err
	}
	s.requester.Delete(id)
	if err := s.rest(); err != nil {
		return err
	}
	if err := s.checkState("disconnect removes the routes and rules of a deleted connection"); err != nil {
		return err
	}
	for _, f := range function.All {
		s.checkResults(f)
	}
	return nil
}

// denied requests a connection that the policy doesn't name, so that the logs have a next step, and deletes it.
func (s *stage) denied() error {
	id := s.requester.Ask(lab.Developer(s.requester), s.finance, "a request without a peering")
	if err := s.rest(); err != nil {
		return err
	}
	s.requester.Delete(id)
	return s.rest()
}

// checkResults checks all answers of a function so far.
func (s *stage) checkResults(f function.Name) {
	results, faults := 0, []string{}
	for p, e := range s.environments {
		if p.function != f {
			continue
		}
		for i := range e.invocations() {
			results++
			if err := e.answerAt(i).functionError(); err != nil {
				faults = append(faults, err.Error())
			}
		}
	}
	s.j.Check(results > 0 && len(faults) == 0, string(f)+" answers every event of SQS with a result", "results", faults)
}

// connect requests a connection and checks that accept and connect do their work.
func (s *stage) connect(name string) (peering.ConnectionID, error) {
	id := s.requester.Ask(s.marketing, s.finance, name)
	if err := s.rest(); err != nil {
		return id, err
	}
	if err := s.checkStatus(id); err != nil {
		return id, err
	}
	return id, s.checkState("connect adds the routes and the rule on both sides", s.connected(id)...)
}

// connected returns the state of the network while the connection is connected.
func (s *stage) connected(id peering.ConnectionID) []string {
	lines := []string{fmt.Sprintf("%s admits icmp from 10.10.0.0/16", s.finance.Group)}
	for _, table := range []peering.RouteTableID{s.marketing.Table, s.marketing.VPC.Main} {
		lines = append(lines, fmt.Sprintf("%s routes 172.31.0.0/16 to %s", table, id))
	}
	for _, table := range []peering.RouteTableID{s.finance.Table, s.finance.VPC.Main} {
		lines = append(lines, fmt.Sprintf("%s routes 10.10.0.0/16 to %s", table, id))
	}
	slices.Sort(lines)
	return lines
}

func (s *stage) checkStatus(id peering.ConnectionID) error {
	shown, err := s.Connection(s.ctx, s.finance.Cell, id)
	if err == nil {
		s.j.Check(shown.State == peering.Active, "accept accepts a request", peering.Active, shown.State)
	}
	return err
}

func (s *stage) checkState(name string, want ...string) error {
	got, err := s.State(s.ctx, s.marketing, s.finance)
	if err == nil {
		s.j.Check(slices.Equal(got, want), name, strings.Join(want, ", "), strings.Join(got, ", "))
	}
	return err
}

func (s *stage) rest() error {
	if err := s.err(); err != nil {
		return err
	}
	return s.SettleWithoutDelays(s.ctx)
}

// scratch returns a folder for the programs that a check builds.
func scratch() (string, func(), error) {
	folder, err := os.MkdirTemp("", "conformance")
	return folder, func() { _ = os.RemoveAll(folder) }, err
}
