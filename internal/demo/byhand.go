package demo

import (
	"fmt"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
)

const icmpPeering = `peerings:
  - between: [vpc1, vpc2]
    allow:
      - { from: vpc1, to: vpc2, groups: { tags: { Lesson: VPC 2 } }, protocol: icmp }
`

func twoByHand(s *stage) {
	one := s.build(oneInVirginia, func(p *lab.Person) lab.Site {
		return lab.ByHand(p, "VPC 1", "10.1.0.0/16", "10.1.1.0/24", "10.1.1.10")
	})
	two := s.build(oneInVirginia, func(p *lab.Person) lab.Site {
		return lab.ByHand(p, "VPC 2", "10.2.0.0/16", "10.2.1.0/24", "10.2.1.10")
	})
	twin := s.build(oneInVirginia, func(p *lab.Person) lab.Site {
		return lab.ByHand(p, "VPC 3", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.10")
	})
	s.deploy(fmt.Sprintf("version: 1\ndepartments:\n  vpc1: %s\n  vpc2: %s\n  vpc3: %s\n%s  - between: [vpc1, vpc3]\n",
		one.Member(), two.Member(), twin.Member(), icmpPeering))
	pcx := s.connectStepByStep(one, two, "")
	ssh := func(g peering.SecurityGroupID) string { return string(g) + " admits tcp 22 from 0.0.0.0/0" }
	connected := append(sandbox.Connected(one, two, pcx), sandbox.Admits(two.Group, "icmp", one), ssh(one.Group),
		ssh(two.Group), ssh(twin.Group))
	s.exactly("the route on both sides and ICMP from VPC 1, beside the SSH that was there", connected...)

	overlapping := s.request(one, twin, "")
	s.settle()
	state := s.connection(oneInVirginia, overlapping).State
	s.check("a request between equal blocks ends as failed", state == peering.Failed, "it is "+string(state))
	announced := s.Announced(outcome.Failed, overlapping)
	s.check("it is announced as overlapping, with the two blocks",
		len(announced) > 0 && announced[0].Reason.Code == "overlap" &&
			strings.Count(announced[0].Reason.Sentence, "10.1.0.0/16") == 2,
		fmt.Sprintf("autopeer announced %+v", announced))
	s.exactly("and everything else is as it was", connected...)
}

func defaultVPC(s *stage) {
	one := s.build(oneInVirginia, func(p *lab.Person) lab.Site {
		site := lab.Site{Name: "VPC-1", Cell: p.Cell, VPC: p.VPC("VPC-1", "10.1.0.0/16")}
		site.Subnet, site.Table = p.Subnet(site.VPC, "VPC-1 subnet", "10.1.1.0/24"), site.VPC.Main
		site.Group = p.Group(site.VPC, "VPC-1 server", nil)
		site.Server = p.Server("VPC-1 server", site.Subnet, "10.1.1.10", site.Group)
		return site
	})
	standard := s.build(oneInVirginia, func(p *lab.Person) lab.Site {
		site := lab.Site{Name: "the default VPC", Cell: p.Cell, VPC: p.DefaultVPC()}
		site.Subnet, site.Table = p.FirstSubnet(site.VPC), site.VPC.Main
		site.Group = p.Group(site.VPC, "default server", map[string]string{"Lesson": "VPC 2"})
		site.Server = p.Server("default VPC's server", site.Subnet, "172.31.0.10", site.Group)
		return site
	})
	s.deploy(fmt.Sprintf("version: 1\ndepartments:\n  vpc1: %s\n  vpc2: %s\n%s", one.Member(),
		standard.Member(), icmpPeering))
	for _, t := range s.snapshot().RouteTables {
		s.check(fmt.Sprintf("%s serves its subnets only implicitly", t.ID), t.Main && len(t.Subnets) == 0, "it is not")
	}
	pcx := s.request(one, standard, "")
	s.settle()
	s.exactly("both main tables have the route",
		append(sandbox.Connected(one, standard, pcx), sandbox.Admits(standard.Group, "icmp", one))...)
	s.reachable("VPC-1 reaches the default VPC", s.ping(one, standard))
}
