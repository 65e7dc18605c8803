package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/reach"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/sandbox"
)

// stage is where a scenario plays: an empty cloud, people with accounts, and autopeer. A step that can't be
// taken is a failure and ends the scenario.
type stage struct {
	*story
	*sandbox.Sandbox
	ctx      context.Context // a stage lives as long as one scenario
	workshop *local.Workshop
	sites    []lab.Site // that a ping may cross
	own      []string   // the routes and rules that the sites were built with, which exactly leaves out
}

// stopped unwinds a scenario whose next step makes no sense any more.
type stopped struct{}

func (s *stage) must(doing string, err error) {
	if err != nil {
		s.check(doing, false, err.Error())
		panic(stopped{})
	}
}

// build builds a site with the credentials of the cell's account.
func (s *stage) build(cell peering.Cell, build func(*lab.Person) lab.Site) lab.Site {
	p := s.Person(s.ctx, cell)
	site := build(p)
	s.must("the network is built", p.Err())
	s.sites = append(s.sites, site)
	s.note("network", "", fmt.Sprintf("%s is %s, %s in %s", site.Name, site.VPC.ID, site.VPC.Block, cell))
	s.call(string(site.VPC.ID), site.Name)
	s.call(string(site.Table), site.Name+"'s table")
	s.call(string(site.VPC.Main), site.Name+"'s main table") // the first name of one table counts
	s.call(string(site.Group), site.Name+"'s security group")
	return site
}

// asks makes a manual change in the cell, and prints it.
func (s *stage) asks(cell peering.Cell, do func(*lab.Person) string) {
	p := s.Person(s.ctx, cell)
	call := do(p)
	s.must(call, p.Err())
	s.note("asks", "a person in "+cell.String(), call)
}

// deploy checks the policy, deploys its cells and prints its peerings.
func (s *stage) deploy(policy string) {
	s.must("the cells are deployed", s.Launch(s.ctx, s.workshop, policy, s.announced))
	for _, c := range s.Cells {
		s.note("deploys", "", fmt.Sprintf("stack %s: the event bus and its policy", c.Bus.Name))
	}
	for _, c := range s.Cells {
		s.note("deploys", "",
			fmt.Sprintf("stack %s: %d functions, %d queues, roles enforced", c.Stack.Name,
				len(c.Stack.Functions), len(c.Stack.QueueURLs)))
	}
	s.show(policy)
}

// redeploy deploys another policy for the same cells and shows its peerings.
func (s *stage) redeploy(policy string) {
	s.must("the policy is deployed", s.Update(s.ctx, policy))
	s.note("deploys", "", "another policy")
	s.show(policy)
}

func (s *stage) show(policy string) {
	for line := range strings.Lines(peeringsOf(policy)) {
		s.note("policy", "", "│ "+strings.TrimRight(line, "\n"))
	}
}

// peeringsOf returns the policy from the key peerings on. A key of limits has the same name.
func peeringsOf(policy string) string {
	return policy[strings.Index(policy, "\npeerings:")+1:]
}

// hold keeps a function from running until the returned function is called.
func (s *stage) hold(f function.Name) (release func()) { return local.Hold(s.Cells, f) }

// settle waits until nothing is under way any more, and lets no message wait on purpose.
func (s *stage) settle() { s.must("everything comes to rest", s.SettleWithoutDelays(s.ctx)) }

// until waits for a condition that no announcement reports.
func (s *stage) until(text string, holds func() bool) {
	for !holds() {
		select {
		case <-s.ctx.Done():
			s.must(text, s.ctx.Err())
		case <-time.After(time.Millisecond):
		}
	}
}

func (s *stage) snapshot() reach.Network {
	n, err := s.Snapshot(s.ctx, s.sites...)
	s.must("read the network", err)
	return n
}

// ping reports whether a site's server reaches another's by ICMP.
func (s *stage) ping(from, to lab.Site) reach.Answer {
	return s.reach("ping", reach.Query{From: from.Server, ToInstance: to.Server, Protocol: peering.ICMP})
}

// ssh does so by TCP 22.
func (s *stage) ssh(from, to lab.Site) reach.Answer {
	return s.reach("ssh", reach.Query{From: from.Server, ToInstance: to.Server, Protocol: peering.TCP, Port: 22})
}

func (s *stage) reach(traffic string, q reach.Query) reach.Answer {
	n := s.snapshot()
	a := n.Check(q)
	answer := "reachable"
	if !a.Reachable {
		answer = "unreachable: " + a.Blocker.Sentence
	}
	s.note("ping", "", fmt.Sprintf("%s %s → %s: %s", traffic, name(n, q.From), name(n, q.ToInstance), answer))
	return a
}

func name(n reach.Network, id peering.InstanceID) string {
	i := slices.IndexFunc(n.Instances, func(i peering.Instance) bool { return i.ID == id })
	if i < 0 {
		return string(id)
	}
	return n.Instances[i].Name
}

func (s *stage) reachable(text string, a reach.Answer) {
	s.check(text, a.Reachable, a.Blocker.Sentence)
}

// unreachable checks that the blocker is named with this text.
func (s *stage) unreachable(text string, a reach.Answer, part string) {
	instead := a.Blocker.Sentence
	if a.Reachable {
		instead = "it is reachable"
	}
	s.check(text, !a.Reachable && strings.Contains(a.Blocker.Sentence, part), instead)
}

func (s *stage) connection(cell peering.Cell, id peering.ConnectionID) peering.Connection {
	c, err := s.Connection(s.ctx, cell, id)
	s.must("read "+string(id), err)
	return c
}

// holds reports whether all of these are part of the state of the sites.
func (s *stage) holds(lines ...string) bool {
	state := s.state()
	for _, line := range lines {
		if !slices.Contains(state, line) {
			return false
		}
	}
	return true
}

func (s *stage) state() []string {
	state, err := s.State(s.ctx, s.sites...)
	s.must("read the route tables and the security groups", err)
	return state
}

// exactly checks that the sites' tables and groups hold these, their own, and nothing else.
func (s *stage) exactly(text string, want ...string) {
	want = slices.Sorted(slices.Values(slices.Concat(want, s.own)))
	got := s.state()
	s.check(text, slices.Equal(got, want), "there is "+strings.Join(got, ", "))
}
