package demo

import (
	"fmt"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
)

const (
	blockA        = "10.1.1.0/24" // subnet-a
	blockB        = "10.2.1.0/24" // subnet-b
	clientAddress = "203.0.113.7/32"
)

// subnetOnly connects one subnet of each VPC, and nothing else of either.
func subnetOnly(s *stage) {
	var main, sharing lab.Site // other subnets of VPC-A: on the main table, and on subnet-a's
	a := s.build(oneInVirginia, func(p *lab.Person) lab.Site {
		site := oneSubnet(p, "VPC-A", "10.1.0.0/16", "subnet-a", blockA, "10.1.1.10")
		p.ToInternet(site.VPC, site.Table)
		p.Admit(site.Group, "tcp", 22, 22, clientAddress)
		main, sharing = site, site
		main.Server = p.Server("another server of VPC-A", p.Subnet(site.VPC, "another subnet", "10.1.2.0/24"),
			"10.1.2.10", site.Group)
		beside := p.Subnet(site.VPC, "subnet beside subnet-a", "10.1.3.0/24")
		p.Associate(site.Table, beside)
		sharing.Server = p.Server("a server on subnet-a's table", beside, "10.1.3.10", site.Group)
		return site
	})
	b := s.build(oneInVirginia, func(p *lab.Person) lab.Site {
		return oneSubnet(p, "VPC-B", "10.2.0.0/16", "subnet-b", blockB, "10.2.1.10")
	})
	s.call(string(a.Subnet), "subnet-a")
	s.call(string(b.Subnet), "subnet-b")
	s.deploy(subnetPolicy(a, b))
	client := fmt.Sprintf("%s admits tcp 22 from %s", a.Group, clientAddress)
	s.exactly("subnet-a admits SSH from one client address only, and subnet-b's group admits nothing", client)
	s.unreachable("before anything, no route leads from subnet-a to subnet-b", s.ssh(a, b),
		fmt.Sprintf("no route in %s leads to", a.Table))

	pcx := s.request(a, b, "subnet-a <> subnet-b")
	s.settle()
	s.reachable("ssh from subnet-a's server works", s.ssh(a, b))
	s.unreachable("from another subnet of VPC-A it doesn't: its table has no route", s.ssh(main, b),
		fmt.Sprintf("no route in %s leads to", a.VPC.Main))
	s.unreachable("nor from one that shares subnet-a's table: subnet-b's group doesn't admit it", s.ssh(sharing, b),
		fmt.Sprintf("%s admits no tcp 22", b.Group))
	s.unreachable("nor the other way: subnet-a still admits its one client only", s.ssh(b, a),
		fmt.Sprintf("%s admits no tcp 22", a.Group))
	s.exactly("only the tables of subnet-a and subnet-b have a route, to the other subnet and not to the whole VPC",
		client,
		fmt.Sprintf("%s routes %s to %s", a.Table, blockB, pcx), fmt.Sprintf("%s routes %s to %s", b.Table, blockA, pcx),
		fmt.Sprintf("%s admits tcp 22 from %s", b.Group, blockA))
	s.giveBack(a, pcx, client)
}

// oneSubnet builds a VPC with a named subnet on a route table of its own. The server's group, which admits
// nothing, is tagged Lesson=subnet.
func oneSubnet(p *lab.Person, vpc, block, subnet, subnetBlock, address string) lab.Site {
	site := lab.Site{Name: vpc, Cell: p.Cell, VPC: p.VPC(vpc, block)}
	site.Subnet = p.Subnet(site.VPC, subnet, subnetBlock)
	site.Table = p.RouteTable(site.VPC, subnet, site.Subnet)
	site.Group = p.Group(site.VPC, subnet+" server", map[string]string{"Lesson": subnet})
	site.Server = p.Server(subnet+" server", site.Subnet, address, site.Group)
	return site
}

func subnetPolicy(a, b lab.Site) string {
	return fmt.Sprintf(`version: 1
departments:
  vpc-a: %s
  vpc-b: %s
peerings:
  - between: [vpc-a, vpc-b]
    routes:
      vpc-a: { tables: { subnets: { ids: [%s] } }, to: [%s] }
      vpc-b: { tables: { subnets: { ids: [%s] } }, to: [%s] }
    allow:
      - { from: vpc-a, sources: [%[6]s], to: vpc-b, groups: { tags: { Lesson: subnet-b } }, protocol: tcp, ports: [22] }
`, a.Member(), b.Member(), a.Subnet, blockB, b.Subnet, blockA)
}

// giveBack deletes the connection and checks that only the earlier routes and rules are left.
func (s *stage) giveBack(by lab.Site, id peering.ConnectionID, left ...string) {
	s.asks(by.Cell, func(p *lab.Person) string {
		p.Delete(id)
		return "delete-vpc-peering-connection " + string(id)
	})
	s.settle()
	s.check("it is announced as disconnected", len(s.Announced(outcome.Disconnected, id)) > 0, "it is not")
	s.exactly("every route and rule that autopeer added is gone, and the others stay", left...)
}
