package demo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
)

// spare is a VPC with nothing in it but a server.
func spare(name, block string) func(*lab.Person) lab.Site {
	return func(p *lab.Person) lab.Site {
		site := lab.Site{Name: name, Cell: p.Cell, VPC: p.VPC(name, block+"0.0/16")}
		site.Subnet, site.Table = p.Subnet(site.VPC, name, block+"1.0/24"), site.VPC.Main
		site.Group = p.Group(site.VPC, name, nil)
		site.Server = p.Server(name, site.Subnet, block+"1.10", site.Group)
		return site
	}
}

func limits(s *stage) {
	m, f := s.build(oneInVirginia, lab.Marketing), s.build(oneInVirginia, lab.Finance)
	secondary, six := s.build(oneInVirginia, spare("Sales", "10.30.")), s.build(oneInVirginia, spare("Support", "10.40."))
	routed, late := s.build(oneInVirginia, spare("Legal", "10.50.")), s.build(oneInVirginia, spare("Audit", "10.60."))
	stranger := s.build(oneInVirginia, spare("Stranger", "10.70."))
	s.asks(oneInVirginia, func(p *lab.Person) string {
		p.AddBlock(f.VPC, "100.64.0.0/16")
		p.AddBlock(secondary.VPC, "100.64.0.0/16")
		p.ChooseIPv6Block(f.VPC, "2001:db8:1234::/56")
		p.ChooseIPv6Block(six.VPC, "2001:db8:1234::/56")
		p.RouteToGateway(m.VPC, m.Table, "10.50.0.0/16")
		p.Admit(m.Group, "tcp", 22, 22, clientAddress)
		return "gives Finance and Sales one secondary block, Finance and Support one IPv6 block, and Marketing a route to " +
			"10.50.0.0/16 that leads elsewhere and a rule"
	})
	s.deploy(limitsPolicy(m, f, secondary, six, routed, late))
	pcx := s.request(m, f, "")
	s.settle()
	agreed := slices.Concat(sandbox.Connected(m, f, pcx), both(m, pcx, "100.64.0.0/16", "2001:db8:1234::/56"),
		[]string{sandbox.Admits(f.Group, "icmp", m), string(m.Group) + " admits tcp 22 from " + clientAddress})
	s.exactly("Marketing and Finance are connected, all three blocks of Finance", agreed...)

	s.overlapping("a secondary block", secondary, f, "100.64.0.0/16")
	s.overlapping("an IPv6 block", six, f, "2001:db8:1234::/56")
	s.again(m, f, pcx)
	s.conflicting(m, routed)
	s.ended(late, m)
	s.short(m, late)
	s.unnamed(stranger, m)
	s.exactly("and everything else is as it was", agreed...)
}

// both are routes of a site's tables to more blocks.
func both(of lab.Site, via peering.ConnectionID, blocks ...string) []string {
	var lines []string
	for _, b := range blocks {
		lines = append(lines, fmt.Sprintf("%s routes %s to %s", of.Table, b, via),
			fmt.Sprintf("%s routes %s to %s", of.VPC.Main, b, via))
	}
	return lines
}

// limitsPolicy has quotas that suffice for Marketing and Finance only.
func limitsPolicy(m, f, sales, support, legal, audit lab.Site) string {
	return fmt.Sprintf(`version: 1
limits: { peerings: 1, routes: 5, rules: 1 }
departments:
  marketing: %s
  finance: %s
  sales: %s
  support: %s
  legal: %s
  audit: %s
peerings:
  - between: [sales, finance]
  - between: [support, finance]
  - between: [legal, marketing]
  - between: [audit, marketing]
    allow:
      - { from: audit, to: marketing, groups: { ids: [%s] }, protocol: icmp }
  - between: [marketing, finance]
    allow:
      - { from: marketing, to: finance, groups: { tags: { Role: finance-server } }, protocol: icmp }
`, m.Member(), f.Member(), sales.Member(), support.Member(), legal.Member(), audit.Member(), m.Group)
}

func (s *stage) overlapping(blocks string, from, to lab.Site, block string) {
	pcx := s.request(from, to, "")
	s.settle()
	announced := s.Announced(outcome.Failed, pcx)
	s.check("a request between VPCs that share "+blocks+" ends as failed",
		s.connection(from.Cell, pcx).State == peering.Failed, "it does not")
	s.check("it is announced as overlapping, with the two blocks",
		len(announced) > 0 && announced[0].Reason.Code == "overlap" &&
			strings.Count(announced[0].Reason.Sentence, block) == 2,
		fmt.Sprintf("autopeer announced %+v", announced))
}

// again asks for the connection that is there already, in both directions.
func (s *stage) again(m, f lab.Site, pcx peering.ConnectionID) {
	mark := s.Cloud.Mark()
	s.check("EC2 answers a second request for one pair with the connection that is there",
		s.request(m, f, "") == pcx, "it is another one")
	opposite := s.request(f, m, "")
	s.settle()
	denied := s.Announced(outcome.Denied, opposite)
	s.check("one in the other direction is denied, with the connection that is there",
		len(denied) > 0 && denied[0].Reason.Code == "already-connected" &&
			strings.Contains(denied[0].Reason.Sentence, string(pcx)), fmt.Sprintf("autopeer announced %+v", denied))
	changed := slices.ContainsFunc(s.ByAutopeer(mark), func(c apicall.Call) bool {
		return c.Service == "ec2" && c.Mutating
	})
	s.check("and nothing is changed", !changed, "autopeer changed something")
}

func (s *stage) conflicting(m, routed lab.Site) {
	pcx := s.request(routed, m, "")
	s.settle()
	announced := s.Announced(outcome.Conflicting, pcx)
	s.check("a block that is routed elsewhere is a conflict, with table, destination and both targets",
		len(announced) > 0 && len(announced[0].Conflicts) == 1 &&
			announced[0].Conflicts[0].RouteTable == m.Table && announced[0].Conflicts[0].Destination == "10.50.0.0/16" &&
			strings.HasPrefix(string(announced[0].Conflicts[0].Target), "igw-") &&
			announced[0].Conflicts[0].Wanted == peering.Target(pcx),
		fmt.Sprintf("autopeer announced %+v", announced))
	s.pending("it is not accepted", routed.Cell, pcx)
}

// short asks for one connection, one route and one rule too many.
func (s *stage) short(m, from lab.Site) {
	pcx := s.request(from, m, "")
	s.settle()
	want := []outcome.Shortage{
		{Resource: string(m.VPC.ID), Of: "active peering connections", Quota: "peerings", Have: 1, Need: 1, Limit: 1},
		{Resource: string(m.Table), Of: "IPv4 routes", Quota: "routes-ipv4", Have: 5, Need: 1, Limit: 5},
		{Resource: string(m.Group), Of: "ingress rules for IPv4", Quota: "rules-ipv4", Have: 1, Need: 1, Limit: 1},
	}
	announced := s.Announced(outcome.Failed, pcx)
	s.check("a VPC, a table and a group at their quotas are announced before anything is changed, with the figures",
		len(announced) > 0 && slices.Equal(announced[0].Shortages, want), fmt.Sprintf("autopeer announced %+v", announced))
	s.pending("it is not accepted either", from.Cell, pcx)
}

// ended asks, and then the request is over before autopeer comes to it.
func (s *stage) ended(from, to lab.Site) {
	for _, end := range []struct {
		state peering.State
		by    func(p *lab.Person, pcx peering.ConnectionID)
	}{
		{peering.Deleted, func(p *lab.Person, pcx peering.ConnectionID) { p.Delete(pcx) }},
		{peering.Rejected, func(p *lab.Person, pcx peering.ConnectionID) { p.Reject(pcx) }},
		{peering.Expired, func(_ *lab.Person, pcx peering.ConnectionID) { s.Cloud.EC2.(*ec2.Service).Expire(string(pcx)) }},
	} {
		release := s.hold("accept")
		pcx := s.request(from, to, "")
		s.until("the request is pending", func() bool {
			return s.connection(from.Cell, pcx).State == peering.PendingAcceptance
		})
		s.asks(to.Cell, func(p *lab.Person) string {
			end.by(p, pcx)
			return fmt.Sprintf("%s is %s before autopeer comes", pcx, end.state)
		})
		release()
		s.settle()
		announced := slices.Concat(s.Announced(outcome.Disconnected, pcx), s.Announced(outcome.Failed, pcx))
		s.check("there is nothing to do, and that is announced once",
			len(announced) == 1 && announced[0].Reason.Code == string(end.state),
			fmt.Sprintf("autopeer announced %+v", announced))
	}
}

func (s *stage) unnamed(from, to lab.Site) {
	pcx := s.request(from, to, "")
	s.settle()
	announced := s.Announced(outcome.Denied, pcx)
	s.check("a VPC that the policy does not name is announced as denied",
		len(announced) > 0 && announced[0].Reason.Code == "not-listed", fmt.Sprintf("autopeer announced %+v", announced))
	s.pending("its request is left pending", from.Cell, pcx)
}

func (s *stage) pending(text string, cell peering.Cell, pcx peering.ConnectionID) {
	state := s.connection(cell, pcx).State
	s.check(text, state == peering.PendingAcceptance, "it is "+string(state))
}
