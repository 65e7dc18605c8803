package usecases

import (
	"fmt"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
)

const (
	requested = "CreateVpcPeeringConnection"
	accepted  = "AcceptVpcPeeringConnection"
	rejected  = "RejectVpcPeeringConnection"
	deleted   = "DeleteVpcPeeringConnection"
)

var (
	one       = peering.Cell{Account: "111111111111", Region: "us-east-1"}
	elsewhere = peering.Cell{Account: "111111111111", Region: "eu-west-3"}
	two       = peering.Cell{Account: "222222222222", Region: "us-east-1"}
	far       = peering.Cell{Account: "222222222222", Region: "eu-west-3"}
)

// scenario is played on both clouds. Their agreement proves little unless something happened: wants are
// parts of lines that the embedded cloud's transcript must have.
type scenario struct {
	name                string
	requester, accepter peering.Cell
	play                func(*stage)
	wants               []string
}

var scenarios = append([]scenario{
	{"marketing-finance", one, one, marketingFinance, []string{
		"Finance's table routes 10.10.0.0/16 to connection 1", "Finance's main table routes 10.20.0.0/16 to connection 2",
		"Finance's group admits icmp -1--1 from 10.20.0.0/16",
		"111111111111/us-east-1 announces Peering Disconnected of connection 2",
	}},
	{"across accounts", one, two, pingFinance, acrossWants},
	{"across regions", one, elsewhere, pingFinance, acrossWants},
	{"across accounts and regions", one, far, pingFinance, acrossWants},
	{"deleted by the accepter", one, far, deletedByTheAccepter,
		[]string{"announces Peering Disconnected of connection 1"}},
	{"names resolved", one, two, namesResolved,
		[]string{"sees the requester of connection 1, active, resolving names for its peer",
			"sees the accepter of connection 1, active, resolving names for its peer"}},
	{"ports and sources", one, two, portsAndSources, []string{
		"Finance's group admits tcp 443-443 from 10.10.1.0/24", "Finance's group admits tcp 5432-5440 from 10.10.1.0/24",
		"Marketing's group admits udp 53-53 from 172.31.0.0/16",
	}},
	{"a rule of another principal", one, two, aRuleOfAnotherPrincipal,
		[]string{`Finance's group admits icmp -1--1 from 10.10.0.0/16, described as ""`}},
	{"not in the policy", one, two, notInThePolicy,
		[]string{"announces Peering Denied of connection 1: not-listed", "sees connection 1 as pending-acceptance"}},
	{"otherwise reject", one, two, otherwiseReject,
		[]string{"announces Peering Denied of connection 1: not-listed", "sees connection 1 as rejected"}},
	{"approval by a person", one, two, approval,
		[]string{"announces Approval Requested of connection 1", "Marketing's table routes 172.31.0.0/16 to connection 1"}},
	{"a conflict in one account", one, one, conflict,
		[]string{"announces Peering Conflicting of connection 1: route-conflict", "sees connection 1 as pending-acceptance"}},
	{"a conflict across accounts", one, two, conflict,
		[]string{"111111111111/us-east-1 announces Peering Conflicting of connection 1: route-conflict",
			"222222222222/us-east-1 announces Peering Conflicting of connection 1: other-side",
			"sees connection 1 as pending-acceptance"}},
	{"overlapping blocks", one, one, overlap,
		[]string{"sees connection 1 as failed", "announces Peering Failed of connection 1: overlap"}},
	{"a secondary block", one, two, secondaryBlock,
		[]string{"Marketing's table routes 172.30.0.0/16 to connection 1",
			"Marketing's table routes 172.31.0.0/16 to connection 1"}},
	{"leftovers of a dead connection", one, two, leftovers,
		[]string{"Marketing's table routes 172.31.0.0/16 to connection 2",
			"Finance's group admits icmp -1--1 from 10.10.0.0/16"}},
}, scopes()...)

var acrossWants = []string{
	"Marketing's table routes 172.31.0.0/16 to connection 1",
	"Marketing's main table routes 172.31.0.0/16 to connection 1",
	"Finance's table routes 10.10.0.0/16 to connection 1", "Finance's main table routes 10.10.0.0/16 to connection 1",
	"Finance's group admits icmp -1--1 from 10.10.0.0/16", "sees the tag autopeer:managed=autopeer of connection 1",
	"announces Peering Accepted of connection 1", "announces Peering Connected of connection 1 as requester",
	"announces Peering Disconnected of connection 1",
}

func marketingFinance(s *stage) {
	m, f, d := s.build(one, lab.Marketing), s.build(one, lab.Finance), s.build(one, lab.Developer)
	s.deploy(lab.PingPolicy(m, f, d))
	first := s.connect(m, f)
	second := s.connect(d, f)
	s.takeBack(m.Cell, first)
	s.takeBack(f.Cell, second)
}

func pingFinance(s *stage) {
	m, f := s.pair()
	s.deploy(lab.PingPolicy(m, f, lab.Site{}))
	s.takeBack(m.Cell, s.connect(m, f))
}

func deletedByTheAccepter(s *stage) {
	m, f := s.pair()
	s.deploy(lab.PingPolicy(m, f, lab.Site{}))
	s.takeBack(f.Cell, s.connect(m, f))
}

// pair builds Marketing in the requester's cell, Finance in the accepter's.
func (s *stage) pair() (m, f lab.Site) {
	return s.build(s.requester, lab.Marketing), s.build(s.accepter, lab.Finance)
}

// connect requests a connection and sends its events to the cells, each twice.
func (s *stage) connect(m, f lab.Site) peering.ConnectionID {
	pcx := s.ask(m, f)
	s.look("asked")
	s.event("accepted", requested, pcx, m, f)
	s.again("accepted", requested, pcx, m, f)
	s.event("connected", accepted, pcx, m, f)
	s.again("connected", accepted, pcx, m, f)
	return pcx
}

// takeBack deletes the connection and sends the event to the cells.
func (s *stage) takeBack(by peering.Cell, pcx peering.ConnectionID) {
	s.in(by, func(p *lab.Person) { p.Delete(pcx) })
	s.event("disconnected", deleted, pcx)
	s.left("disconnected", pcx)
	s.again("disconnected", deleted, pcx)
}

// file is a policy of Marketing and Finance, with more in their peering.
func file(m, f lab.Site, more string) string {
	return fmt.Sprintf("version: 1\ndepartments:\n  marketing: %s\n  finance: %s\npeerings:\n  - "+
		"between: [marketing, finance]\n%s", m.Member(), f.Member(), more)
}

func namesResolved(s *stage) {
	m, f := s.pair()
	s.in(m.Cell, func(p *lab.Person) { p.DNSHostnames(m.VPC) })
	s.in(f.Cell, func(p *lab.Person) { p.DNSHostnames(f.VPC) })
	s.deploy(file(m, f, "    dns: true\n"))
	s.takeBack(m.Cell, s.connect(m, f))
}

func portsAndSources(s *stage) {
	m, f := s.pair()
	s.deploy(file(m, f, fmt.Sprintf(`    allow:
      - { from: marketing, sources: [10.10.1.0/24], to: finance, groups: { tags: { Role: finance-server } }, protocol: tcp, ports: [443, 5432-5440] }
      - { from: finance, to: marketing, groups: { ids: [%s] }, protocol: udp, ports: [53] }
`, m.Group)))
	s.takeBack(m.Cell, s.connect(m, f))
}

func aRuleOfAnotherPrincipal(s *stage) {
	m, f := s.pair()
	s.in(f.Cell, func(p *lab.Person) { p.Admit(f.Group, "icmp", -1, -1, "10.10.0.0/16") })
	s.deploy(lab.PingPolicy(m, f, lab.Site{}))
	s.takeBack(m.Cell, s.connect(m, f))
}

// strangers returns a policy that names Finance and an unknown VPC, and not Marketing.
func strangers(m, f lab.Site, top string) string {
	m.VPC.ID = "vpc-00000000"
	return strings.Replace(file(m, f, ""), "version: 1\n", "version: 1\n"+top, 1)
}

func notInThePolicy(s *stage) {
	m, f := s.pair()
	s.deploy(strangers(m, f, ""))
	pcx := s.ask(m, f)
	s.event("denied", requested, pcx, m, f)
	s.again("denied", requested, pcx, m, f)
	s.takeBack(m.Cell, pcx)
}

func otherwiseReject(s *stage) {
	m, f := s.pair()
	s.deploy(strangers(m, f, "otherwise: reject\n"))
	pcx := s.ask(m, f)
	s.event("rejected", requested, pcx, m, f)
	s.again("rejected", requested, pcx, m, f)
	s.event("disconnected", rejected, pcx)
}

func approval(s *stage) {
	m, f := s.pair()
	s.deploy(file(m, f, "    approval: manual\n"))
	pcx := s.ask(m, f)
	s.event("asked for approval", requested, pcx, m, f)
	s.in(f.Cell, func(p *lab.Person) { p.Accept(pcx) })
	s.event("connected", accepted, pcx, m, f)
	s.again("connected", accepted, pcx, m, f)
	s.takeBack(f.Cell, pcx)
}

func conflict(s *stage) {
	m, f := s.pair()
	s.in(m.Cell, func(p *lab.Person) { p.RouteToGateway(m.VPC, m.Table, "172.31.0.0/16") })
	s.deploy(lab.PingPolicy(m, f, lab.Site{}))
	pcx := s.ask(m, f)
	s.event("accepted", requested, pcx, m, f)
	s.event("connected", accepted, pcx, m, f)
	s.takeBack(m.Cell, pcx)
}

func overlap(s *stage) {
	m := s.build(s.requester, lab.Marketing)
	twin := s.build(s.accepter, func(p *lab.Person) lab.Site {
		return lab.ByHand(p, "Finance", "10.10.0.0/16", "10.10.9.0/24", "10.10.9.9")
	})
	s.deploy(lab.PingPolicy(m, twin, lab.Site{}))
	pcx := s.ask(m, twin)
	s.look("asked")
	s.event("accepted", requested, pcx, m, twin)
	s.again("accepted", requested, pcx, m, twin)
}

func secondaryBlock(s *stage) {
	m, f := s.pair()
	s.in(f.Cell, func(p *lab.Person) { p.AddBlock(f.VPC, "172.30.0.0/16") })
	s.deploy(lab.PingPolicy(m, f, lab.Site{}))
	s.takeBack(m.Cell, s.connect(m, f))
}

// leftovers: no cell receives the deletion, and the pair is connected again.
func leftovers(s *stage) {
	m, f := s.pair()
	s.deploy(lab.PingPolicy(m, f, lab.Site{}))
	first := s.connect(m, f)
	s.in(m.Cell, func(p *lab.Person) { p.Delete(first) })
	s.look("deleted")
	second := s.connect(m, f)
	s.takeBack(m.Cell, second)
}

// scopes are the ways to choose Marketing's route tables: it has its public one, one that is tagged and serves a
// tagged subnet, and the main one, which serves another subnet without an association.
func scopes() []scenario {
	tables := map[string]struct {
		scope func(m lab.Site, private, plain string) string
		wants []string
	}{
		"all": {func(lab.Site, string, string) string {
			return "all"
		}, []string{"Marketing's table", "Marketing's main table", "the private table"}},
		"main": {func(lab.Site, string, string) string { return "main" }, []string{"Marketing's main table"}},
		"ids": {func(m lab.Site, _, _ string) string {
			return fmt.Sprintf("{ ids: [%s] }", m.Table)
		}, []string{"Marketing's table"}},
		"tags": {func(lab.Site, string, string) string { return "{ tags: { Peered: yes } }" }, []string{"the private table"}},
		"subnets' ids": {func(_ lab.Site, private, plain string) string {
			return fmt.Sprintf("{ subnets: { ids: [%s, %s] } }", private, plain)
		},
			[]string{"the private table", "Marketing's main table"}},
		"subnets' tags": {func(lab.Site, string, string) string {
			return "{ subnets: { tags: { Tier: private } } }"
		}, []string{"the private table"}},
	}
	var all []scenario
	for name, t := range tables {
		var wants []string
		for _, table := range t.wants {
			wants = append(wants, table+" routes 172.31.0.0/16 to connection 1")
		}
		all = append(all, scenario{"route tables by " + name, one, two, chosen(t.scope), wants})
	}
	return all
}

func chosen(scope func(m lab.Site, private, plain string) string) func(*stage) {
	return func(s *stage) {
		m, f := s.pair()
		var private, plain string
		s.in(m.Cell, func(p *lab.Person) {
			subnet := p.TaggedSubnet(m.VPC, "10.10.2.0/24", map[string]string{"Tier": "private"})
			table := p.RouteTable(m.VPC, "private", subnet)
			p.TagTable(table, map[string]string{"Peered": "yes"})
			private, plain = string(subnet), string(p.Subnet(m.VPC, "plain", "10.10.3.0/24"))
			s.names.add(string(table), "the private table")
		})
		s.deploy(file(m, f, fmt.Sprintf("    routes:\n      marketing: { tables: %s }\n", scope(m, private, plain))))
		s.takeBack(m.Cell, s.connect(m, f))
	}
}
