package demo

import (
	"fmt"
	"slices"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
)

// byHand are the steps of the course that a person does in the console, numbered from 1, as docs/labs.md has them.
var byHand = []string{
	"Create the VPC Marketing, 10.10.0.0/16.",
	"Create MarketingPublicSubnet, 10.10.1.0/24.",
	"Create an internet gateway.",
	"Attach it to Marketing.",
	"Create the route table MarketingPublic.",
	"Add the route 0.0.0.0/0 to the internet gateway.",
	"Associate the table with MarketingPublicSubnet.",
	"Create the VPC Finance, 172.31.0.0/16.",
	"Create FinancePrivateSubnet, 172.31.1.0/24.",
	"Create the route table FinancePrivate, with the local route only.",
	"Associate it with FinancePrivateSubnet.",
	"Create MarketingServerSecurityGroup.",
	"Create FinanceServerSecurityGroup, which admits nothing.",
	"Launch MarketingServer in MarketingPublicSubnet.",
	"Launch FinanceServer in FinancePrivateSubnet, without a public address.",
	"Connect to MarketingServer, and look up FinanceServer's private address.",
	"Ping FinanceServer from MarketingServer: no answer.",
	"Open *Peering connections* and create one, with the name *Marketing <> Finance*.",
	"Choose the accepter: account, Region and VPC.",
	"Wait until the connection is *Pending acceptance*.",
	"Find the request on the accepter's side.",
	"Check who requests it, and whether the blocks overlap.",
	"Accept the request.",
	"Ping again: still no answer.",
	"Add the route 172.31.0.0/16 to Marketing's table, with the connection as its target.",
	"Add the route 10.10.0.0/16 to Finance's table.",
	"Ping again: still no answer.",
	"Add an ingress rule for ICMP from 10.10.0.0/16 to FinanceServerSecurityGroup.",
	"Ping again: FinanceServer answers.",
	"Try SSH, and the ping in the other direction: no answer.",
	"Do it yourself: create the VPC Developer, 10.20.0.0/16, with a subnet and a server.",
	"Request a connection from Developer to Finance.",
	"Accept it.",
	"Add routes to Developer's table and Finance's.",
	"Add the ingress rule for 10.20.0.0/16, ping, and try Marketing → Developer.",
	"Clean up: delete the connections, then every blackhole route and every ingress rule.",
}

// steps prints steps of the course, which a person does by hand there, and how they happen here.
func (s *stage) steps(first, last int, here string) {
	for n := first; n <= last; n++ {
		s.note("step", "", fmt.Sprintf("step %2d of %d  %-84s │ %s", n, len(byHand), byHand[n-1], here))
	}
}

const byItself = "by itself"

// course plays the lab of Marketing and Finance step by step, on the stacks of infra/departments.
func course(s *stage) {
	d := s.labStacks(oneInVirginia)
	m, f, dev := d.marketing, d.finance, d.developer
	s.steps(1, 15, "built by the lab's stacks")
	s.steps(16, 16, "not needed: FinanceServer's address is an output of its stack")
	s.deploy(lab.PingPolicy(m, f, dev))
	noRoute := fmt.Sprintf("no route in %s leads to %s", m.Table, f.VPC.Block)
	s.steps(17, 17, "the same")
	s.unreachable("step 17: no route leads there", s.ping(m, f), noRoute)

	release := s.hold(function.Connect)
	s.steps(18, 19, "requested with one command")
	first := s.request(m, f, "Marketing <> Finance")
	s.steps(20, 23, byItself+": accept")
	s.watchStates(m.Cell, first)
	s.steps(24, 24, "the same, while connect is held back")
	s.unreachable("step 24: there is still no route", s.ping(m, f), noRoute)
	allow := s.Cloud.Inject(func(call apicall.Call) *cloudsim.Failure {
		if call.Action != "AuthorizeSecurityGroupIngress" {
			return nil
		}
		return &cloudsim.Failure{Code: "InvalidGroup.NotFound", Message: "The security group does not exist."}
	})
	release()
	s.steps(25, 26, byItself+": connect")
	s.until("the routes appear", func() bool { return s.holds(sandbox.Connected(m, f, first)...) })
	s.steps(27, 27, "the same, while EC2 refuses the ingress rule")
	s.unreachable("step 27: the group stops it", s.ping(m, f),
		fmt.Sprintf("%s admits no icmp from %s", f.Group, m.VPC.Block))
	allow()
	s.steps(28, 28, byItself+": connect")
	s.settle()
	s.steps(29, 30, "the same")
	s.reachable("step 29: FinanceServer answers", s.ping(m, f))
	s.unreachable("step 30: SSH is not agreed", s.ssh(m, f), "admits no tcp 22")
	s.unreachable("step 30: nor is the other direction", s.ping(f, m), "admits no icmp")
	agreed := append(sandbox.Connected(m, f, first), sandbox.Admits(f.Group, "icmp", m))
	s.exactly("autopeer added the routes and the rule, and nothing else", agreed...)

	second := s.doItYourself(d, agreed, first)
	s.leaveTheLab(d, first, second)
}

// doItYourself connects Developer with Finance.
func (s *stage) doItYourself(d departments, agreed []string, first peering.ConnectionID) peering.ConnectionID {
	s.steps(31, 31, "built by the lab's stack")
	s.steps(32, 32, "requested with one command")
	second := s.request(d.developer, d.finance, "Developer <> Finance")
	s.settle()
	s.steps(33, 34, byItself+": accept, connect")
	s.steps(35, 35, byItself+": connect")
	s.reachable("step 35: DeveloperServer reaches FinanceServer", s.ping(d.developer, d.finance))
	s.unreachable("step 35: Marketing doesn't reach Developer", s.ping(d.marketing, d.developer),
		"peering is not transitive")
	s.exactly("nothing of "+string(first)+" has changed",
		slices.Concat(agreed, sandbox.Connected(d.developer, d.finance, second),
			[]string{sandbox.Admits(d.finance.Group, "icmp", d.developer)})...)
	return second
}

// leaveTheLab deletes the connections and then the stacks, which leaves nothing behind. While a VPC has an active
// connection, EC2 refuses to delete it.
func (s *stage) leaveTheLab(d departments, ids ...peering.ConnectionID) {
	s.steps(36, 36, "requested: the deletion; "+byItself+": routes and rules")
	s.takeBack(d.marketing, d.finance, ids...)
	s.must("the lab is deleted", s.deleteLab(d))
	s.sites = nil
	for _, site := range []lab.Site{d.marketing, d.finance, d.developer} {
		vpcs, err := s.Network(site.Cell).VPCs(s.ctx, site.VPC.ID)
		s.check(site.Name+"'s VPC is gone, with its tables and groups", err == nil && len(vpcs) == 0, fmt.Sprint(vpcs, err))
	}
}
