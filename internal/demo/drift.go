package demo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/wiring"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
)

func drift(s *stage) {
	m, f := s.build(oneInVirginia, lab.Marketing), s.build(twoInVirginia, lab.Finance)
	d := s.build(oneInVirginia, lab.Developer)
	s.deploy(lab.PingPolicy(m, f, d))
	pcx := s.request(m, f, "")
	s.settle()
	agreed := append(sandbox.Connected(m, f, pcx), sandbox.Admits(f.Group, "icmp", m))
	s.exactly("Marketing and Finance are connected", agreed...)

	s.stopTrail(m.Cell)
	s.stopTrail(f.Cell)
	s.asks(m.Cell, func(p *lab.Person) string {
		p.DeleteRoute(m.Table, f.VPC.Block.String())
		return "delete-route " + f.VPC.Block.String() + " in " + string(m.Table)
	})
	s.asks(f.Cell, func(p *lab.Person) string {
		p.AdmitTagged(f.Group, "tcp", 22, 22, m.VPC.Block.String(), map[string]string{
			peering.TagConnection: string(pcx), peering.TagManaged: wiring.DefaultPrefix,
		})
		return "authorize-security-group-ingress tcp 22 in " + string(f.Group) + ", with autopeer's tag"
	})
	s.unreachable("the ping is lost", s.ping(m, f), "no route in "+string(m.Table))
	s.sweep()
	s.exactly("the route is back, and the rule is gone", agreed...)
	s.reachable("and so is the ping", s.ping(m, f))
	s.check("the missing route is announced as drift, found and repaired",
		spoke(s.Announced(outcome.DriftFound, pcx), m.Cell) && spoke(s.Announced(outcome.Repaired, pcx), m.Cell), "it is not")
	s.check("the rule is removed without a second look, and the announcement has the removal",
		slices.ContainsFunc(s.Announced(outcome.Connected, pcx), func(o outcome.Outcome) bool {
			return o.Cell == f.Cell && len(o.Changes) == 1 && strings.HasPrefix(o.Changes[0], "revoke ")
		}), "it has none")

	s.Cloud.Events.StartLogging(string(f.Cell.Account), string(f.Cell.Region))
	s.note("asks", "a person in "+f.Cell.String(),
		"starts the trail again; the trail of "+d.Cell.String()+" stays stopped")
	second := s.request(d, f, "")
	s.until("the request is pending", func() bool {
		return s.connection(d.Cell, second).State == peering.PendingAcceptance
	})
	s.settle()
	s.pending("no function receives an event of the next request", d.Cell, second)
	s.sweep()
	s.sweep()
	s.exactly("a sweep finds it, and it is connected like the first",
		slices.Concat(agreed, sandbox.Connected(d, f, second), []string{sandbox.Admits(f.Group, "icmp", d)})...)
	s.check("no alarm is raised: the event of so young a request may only be late",
		!s.raised("sweep-missed-events"), "one is")
}

// stopTrail has CloudTrail send no event of the cell from now on.
func (s *stage) stopTrail(cell peering.Cell) {
	s.Cloud.Events.StopLogging(string(cell.Account), string(cell.Region))
	s.note("asks", "a person in "+cell.String(), "stops the trail: no event of this account and Region arrives any more")
}

// sweep lets the sweep of every cell begin, instead of waiting a quarter of an hour.
func (s *stage) sweep() {
	s.note("asks", "", "a quarter of an hour passes: every cell sweeps, and looks again after five minutes")
	s.must("the cells sweep", s.Sweep())
	s.settle()
}

// raised reports whether the alarm with that name is raised in any cell.
func (s *stage) raised(alarm string) bool {
	return slices.ContainsFunc(s.alarms(), func(name string) bool { return name == fmt.Sprintf("autopeer-%s", alarm) })
}
