package demo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
)

// firstContact shows the first deployment in two accounts with a connection that people made: report, look, adopt,
// enforce.
func firstContact(s *stage) {
	m, f := s.build(oneInVirginia, lab.Marketing), s.build(twoInVirginia, lab.Finance)
	var pcx peering.ConnectionID
	s.asks(m.Cell, func(p *lab.Person) string {
		pcx = p.Ask(m, f, "")
		return "create-vpc-peering-connection from Marketing to Finance, before autopeer is there"
	})
	s.until("the request arrives", func() bool { return s.connection(f.Cell, pcx).State == peering.PendingAcceptance })
	s.asks(f.Cell, func(p *lab.Person) string { p.Accept(pcx); return "accept-vpc-peering-connection" })
	s.until("the connection is active", func() bool { return s.connection(f.Cell, pcx).State == peering.Active })
	marketing := s.routes(m, "172.31.1.0/24", pcx)
	byHand := []string{marketing, s.routes(f, "10.10.1.0/24", pcx)}
	s.exactly("each side has a route to one subnet of the other", byHand...)

	policy := lab.PingPolicy(m, f, lab.Site{})
	mark := s.Cloud.Mark()
	s.deploy(strings.Replace(policy, "version: 1\n", "version: 1\nmode: report\n", 1))
	s.settle()
	s.exactly("in report mode nothing is changed", byHand...)
	s.proposed("report-mode", pcx, m, f)

	s.redeploy(policy)
	s.settleEarly("the queue of each sweep gathers CloudFormation's events")
	s.exactly("enforced, the connection that people made is not touched either", byHand...)
	proposed := s.proposed("needs-adoption", pcx, m, f)
	s.unchangedSince(mark)

	s.asks(f.Cell, func(p *lab.Person) string {
		p.Tag(string(pcx), map[string]string{peering.TagAdopt: "true"})
		return fmt.Sprintf("create-tags %s=true on %s: Finance consents for its account", peering.TagAdopt, pcx)
	})
	s.untilGathered(f.Cell, 1)
	s.settleEarly("the queue of Finance's sweep gathers the event of the tag")
	finance := []string{sandbox.Routes(f.Table, m, pcx), sandbox.Routes(f.VPC.Main, m, pcx),
		sandbox.Admits(f.Group, "icmp", m)}
	s.exactly("Finance's side is as the policy wants it, and Marketing's waits", append(finance, marketing)...)
	s.madeAsProposed(proposed[peering.Accepter], pcx)

	s.redeploy(strings.Replace(policy, "    allow:", "    adopt: true\n    allow:", 1))
	s.settleEarly("the policy consents for the rest, and the queue of each sweep gathers CloudFormation's events")
	s.exactly("both sides are as the policy wants them",
		append(sandbox.Connected(m, f, pcx), sandbox.Admits(f.Group, "icmp", m))...)
	s.madeAsProposed(proposed[peering.Requester], pcx)
	s.reachable("and Marketing reaches Finance", s.ping(m, f))
}

// routes has a principal of the site's account route a block to the connection, and returns the line of the state.
func (s *stage) routes(from lab.Site, block string, via peering.ConnectionID) string {
	s.asks(from.Cell, func(p *lab.Person) string {
		p.RouteTo(from.Table, block, via)
		return "create-route " + block + " in " + string(from.Table)
	})
	return fmt.Sprintf("%s routes %s to %s", from.Table, block, via)
}

// proposed checks that the changes of both sides are proposed for the reason, removals first, and returns the
// proposals.
func (s *stage) proposed(code string, pcx peering.ConnectionID, m, f lab.Site) map[peering.Role]outcome.Outcome {
	all := map[peering.Role]outcome.Outcome{}
	for _, o := range s.Announced(outcome.Proposed, pcx) {
		if o.Reason.Code == code {
			all[o.Side] = o
		}
	}
	for side, site := range map[peering.Role]lab.Site{peering.Requester: m, peering.Accepter: f} {
		o := all[side]
		removes := len(o.Removals) == 1 && strings.HasSuffix(o.Removals[0], "in "+string(site.Table))
		s.check(fmt.Sprintf("proposed to %s (%s): %s; and %d additions", site.Name, code,
			strings.Join(o.Removals, ", "), len(o.Additions)),
			removes && len(o.Additions) >= 2 && o.Cell == site.Cell, fmt.Sprintf("proposed %+v", o))
	}
	return all
}

// unchangedSince checks that autopeer has made no changing EC2 call since the mark.
func (s *stage) unchangedSince(mark int) {
	var made []string
	for _, c := range s.ByAutopeer(mark) {
		if c.Service == "ec2" && c.Mutating {
			made = append(made, c.Action)
		}
	}
	s.check("autopeer has changed nothing in EC2", len(made) == 0, fmt.Sprintf("it made %v", made))
}

// madeAsProposed checks that the side was announced as connected with exactly the proposed changes.
func (s *stage) madeAsProposed(proposal outcome.Outcome, pcx peering.ConnectionID) {
	var made []string
	for _, o := range s.Announced(outcome.Connected, pcx) {
		if o.Side == proposal.Side {
			made = append(made, o.Changes...)
		}
	}
	want := slices.Sorted(slices.Values(slices.Concat(proposal.Removals, proposal.Additions)))
	s.check(fmt.Sprintf("exactly the %d proposed changes of the %s side are made", len(want), proposal.Side),
		slices.Equal(want, slices.Sorted(slices.Values(made))), fmt.Sprintf("made %q, proposed %q", made, want))
}
