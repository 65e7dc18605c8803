package demo

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/reach"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
)

const (
	quarantined = "10.10.1.66/32" // inside Marketing's block
	narrowed    = "10.10.1.0/24"  // Marketing's subnet
)

// closing shows that removals don't wait: beside a conflict an entry is removed and another one narrowed, and then the
// peering is removed from the policy.
func closing(s *stage) {
	m, f := s.build(oneInVirginia, lab.Marketing), s.build(twoInVirginia, lab.Finance)
	d := s.build(oneInVirginia, lab.Developer)
	const ping, ssh = `      - { from: marketing, to: finance, groups: { tags: { Role: finance-server } }, protocol: icmp }
`, `      - { from: marketing, to: finance, groups: { tags: { Role: finance-server } }, protocol: tcp, ports: [22] }
`
	const entry = "  - between: [marketing, finance]\n    allow:\n"
	s.deploy(closingPolicy(m, f, d, entry+ping+ssh))
	pcx := s.request(m, f, "")
	s.settle()
	connected := append(sandbox.Connected(m, f, pcx), sandbox.Admits(f.Group, "tcp 22", m))
	s.exactly("Marketing and Finance are connected",
		slices.Concat(connected, []string{sandbox.Admits(f.Group, "icmp", m)})...)

	s.asks(f.Cell, func(p *lab.Person) string {
		p.RouteToServer(f.Table, quarantined, f.Server)
		return "create-route " + quarantined + " → FinanceServer in " + string(f.Table) + ", a part of Marketing's block"
	})
	route := slices.DeleteFunc(s.state(), func(line string) bool { return !strings.Contains(line, quarantined) })
	s.redeploy(closingPolicy(m, f, d, entry+ssh))
	s.sweep()
	s.exactly("the rule is removed beside the conflict, and the rest stays", slices.Concat(connected, route)...)
	s.unreachable("the ping is closed", s.ping(m, f), string(f.Group)+" admits no icmp")
	s.check("the announcement has the removal and the conflict", s.closedBeside(pcx),
		fmt.Sprintf("announced %+v", s.Announced(outcome.Conflicting, pcx)))

	s.narrow(m, f, closingPolicy(m, f, d, `  - between: [marketing, finance]
    routes: { finance: { to: [`+narrowed+`] } }
    allow:
`+strings.Replace(ssh, "to: finance,", "sources: ["+narrowed+"], to: finance,", 1)))
	s.exactly("Finance routes and admits only "+narrowed, slices.Concat(route, []string{
		sandbox.Routes(m.Table, f, pcx), sandbox.Routes(m.VPC.Main, f, pcx),
		fmt.Sprintf("%s admits tcp 22 from %s", f.Group, narrowed),
	}, both(f, pcx, narrowed))...)

	s.redeploy(closingPolicy(lab.Site{}, f, d, ""))
	s.sweep()
	s.exactly("the entry and the department are removed, and both sides are closed", route...)
	s.check("each cell announces its side as disconnected", spoke(s.Announced(outcome.Disconnected, pcx), m.Cell, f.Cell),
		"one does not")
}

// closingPolicy has the entry, and a second peering that keeps Marketing's cell in the policy.
func closingPolicy(m, f, d lab.Site, entry string) string {
	marketing := ""
	if m.VPC.ID != "" {
		marketing = "  marketing: " + m.Member() + "\n"
	}
	return fmt.Sprintf(`version: 1
removed: disconnect
departments:
%s  finance: %s
  developer: %s
peerings:
  - between: [developer, finance]
    allow: [{ from: developer, to: finance, groups: { tags: { Role: finance-server } }, protocol: icmp }]
%s`, marketing, f.Member(), d.Member(), entry)
}

// closedBeside reports whether a conflict with the quarantine route was announced together with the revocation of a
// rule.
func (s *stage) closedBeside(pcx peering.ConnectionID) bool {
	return slices.ContainsFunc(s.Announced(outcome.Conflicting, pcx), func(o outcome.Outcome) bool {
		return len(o.Conflicts) == 1 && o.Conflicts[0].Destination == quarantined &&
			slices.ContainsFunc(o.Changes, func(c string) bool { return strings.HasPrefix(c, "revoke ") })
	})
}

// narrow deploys the policy, and checks before each change of a route or rule that SSH is reachable.
func (s *stage) narrow(m, f lab.Site, policy string) {
	var checks, cuts atomic.Int32
	remove := s.Cloud.Inject(func(call apicall.Call) *cloudsim.Failure {
		if strings.HasSuffix(call.Action, "Route") || strings.HasSuffix(call.Action, "SecurityGroupIngress") {
			checks.Add(1)
			n, err := s.Snapshot(s.ctx, s.sites...)
			if err != nil ||
				!n.Check(reach.Query{From: m.Server, ToInstance: f.Server, Protocol: peering.TCP, Port: 22}).Reachable {
				cuts.Add(1)
			}
		}
		return nil
	})
	s.redeploy(policy)
	s.sweep()
	remove()
	s.reachable("SSH goes on", s.ssh(m, f))
	s.check(fmt.Sprintf("it was reachable before each of the %d changes", checks.Load()),
		checks.Load() > 0 && cuts.Load() == 0, fmt.Sprintf("not before %d", cuts.Load()))
}
