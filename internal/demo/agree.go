package demo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
)

// agree shows that a connection between two cells is accepted only once both sides are free. One request waits for a
// route of the requester's. Another one, of a VPC that belongs to no department, is never accepted.
func agree(s *stage) {
	m, f := s.build(oneInVirginia, lab.Marketing), s.build(twoInVirginia, lab.Finance)
	stranger := s.build(oneInVirginia, spare("Stranger", "10.200."))
	elsewhere := f.VPC.Block.String()
	s.asks(m.Cell, func(p *lab.Person) string {
		p.RouteToServer(m.Table, elsewhere, m.Server)
		return "create-route " + elsewhere + " → MarketingServer in " + string(m.Table) + ", which is Finance's block"
	})
	route := s.state()
	s.deploy(agreePolicy(m.Cell, f))

	mark := s.Cloud.Mark()
	pcx := s.request(m, f, "")
	s.settle()
	s.waits(mark, pcx, m, f, route)

	s.asks(m.Cell, func(p *lab.Person) string {
		p.DeleteRoute(m.Table, elsewhere)
		return "delete-route " + elsewhere + " in " + string(m.Table)
	})
	s.sweep()
	connected := append(sandbox.Connected(m, f, pcx), sandbox.Admits(f.Group, "icmp", m))
	s.exactly("with the route gone, the sweep has the request accepted, and both sides are connected", connected...)
	s.reachable("and Marketing reaches Finance", s.ping(m, f))
	s.check("the accepter's cell announces the acceptance, and each cell its side",
		spoke(s.Announced(outcome.Accepted, pcx), f.Cell) &&
			spoke(s.Announced(outcome.Connected, pcx), m.Cell, f.Cell), "one announcement is missing")

	s.refused(stranger, f)
	s.exactly("and everything else is as it was", connected...)
}

// agreePolicy has Marketing as a range and Finance without cidrs: neither cell knows the blocks of the other's VPC.
func agreePolicy(marketing peering.Cell, f lab.Site) string {
	return fmt.Sprintf(`version: 1
departments:
  marketing: [{ account: %q, region: %s, within: 10.10.0.0/15 }]
  finance: %s
peerings:
  - between: [marketing, finance]
    allow:
      - { from: marketing, to: finance, groups: { tags: { Role: finance-server } }, protocol: icmp }
`, marketing.Account, marketing.Region, f.Member())
}

// waits checks that the request waits for the route in the requester's table: since the mark nothing was accepted or
// changed on either side, and both owners know the reason.
func (s *stage) waits(mark int, pcx peering.ConnectionID, m, f lab.Site, route []string) {
	s.pending("a route of the requester's leads elsewhere, so the accepter's cell does not accept", f.Cell, pcx)
	s.unaccepted(mark)
	s.exactly("neither side is changed", route...)
	announced := s.Announced(outcome.Conflicting, pcx)
	detailed := slices.ContainsFunc(announced, func(o outcome.Outcome) bool {
		return o.Cell == m.Cell && o.Reason.Code == "route-conflict" && len(o.Conflicts) == 1 &&
			o.Conflicts[0].RouteTable == m.Table &&
			o.Conflicts[0].Destination == f.VPC.Block.String() && o.Conflicts[0].Target != "" &&
			o.Conflicts[0].Wanted == peering.Target(pcx)
	})
	instead := fmt.Sprintf("announced %+v", announced)
	s.check("the requester's cell announces the conflict, with table, destination and both targets", detailed, instead)
	informed := slices.ContainsFunc(announced, func(o outcome.Outcome) bool {
		return o.Cell == f.Cell && o.Reason.Code == "other-side" && strings.Contains(o.Reason.Sentence, m.Cell.String()) &&
			len(o.Conflicts) == 0 && !strings.Contains(o.Reason.Sentence, string(m.Table))
	})
	s.check("the accepter's cell announces that the other side is not ready, and no id of it", informed, instead)
}

// refused requests a connection from a VPC whose block lies in no department, and checks that both owners learn the
// block.
func (s *stage) refused(stranger, f lab.Site) {
	mark := s.Cloud.Mark()
	pcx := s.request(stranger, f, "")
	s.settle()
	s.sweep()
	s.pending("a VPC outside Marketing's range is never accepted, not by a sweep either", f.Cell, pcx)
	s.unaccepted(mark)
	announced := s.Announced(outcome.Denied, pcx)
	for _, side := range []lab.Site{stranger, f} {
		s.check("the denial in "+side.Cell.String()+" names the block",
			slices.ContainsFunc(announced, func(o outcome.Outcome) bool {
				return o.Cell == side.Cell && o.Reason.Code == "not-listed" &&
					strings.Contains(o.Reason.Sentence, stranger.VPC.Block.String())
			}), fmt.Sprintf("announced %+v", announced))
	}
}

// unaccepted checks that no function has called for an acceptance or any other change of EC2's since the mark. A
// connection that is accepted too early fails here even if it is ended later.
func (s *stage) unaccepted(mark int) {
	changes := slices.DeleteFunc(s.ByAutopeer(mark), func(c apicall.Call) bool {
		return c.Service != "ec2" || !c.Mutating
	})
	var actions []string
	for _, c := range changes {
		actions = append(actions, described(c))
	}
	s.check("no function has tried to change anything", len(changes) == 0,
		"there is "+strings.Join(counted(actions), ", "))
}
