package demo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
)

var (
	oneInVirginia = peering.Cell{Account: "111111111111", Region: "us-east-1"}
	twoInVirginia = peering.Cell{Account: "222222222222", Region: "us-east-1"}
	oneInParis    = peering.Cell{Account: "111111111111", Region: "eu-west-3"}
	twoInParis    = peering.Cell{Account: "222222222222", Region: "eu-west-3"}
)

func marketingFinance(s *stage) {
	m, f := s.build(oneInVirginia, lab.Marketing), s.build(oneInVirginia, lab.Finance)
	d := s.build(oneInVirginia, lab.Developer)
	s.deploy(lab.PingPolicy(m, f, d))
	first := s.connectStepByStep(m, f, "Marketing <> Finance")
	agreed := append(sandbox.Connected(m, f, first), sandbox.Admits(f.Group, "icmp", m))
	s.exactly("all tables of both have the route, the group admits ICMP from Marketing, and that is all", agreed...)
	s.check("both sides are announced as connected", len(s.Announced(outcome.Connected, first)) >= 2, "they are not")
	s.check("the name that the requester gave stays",
		s.connection(m.Cell, first).Tags[peering.TagName] == "Marketing <> Finance", "it is gone")
	s.unreachable("TCP 22 is not part of the agreement", s.ssh(m, f),
		string(f.Group)+" admits no tcp 22 from 10.10.0.0/16")
	s.unreachable("nor is the other direction", s.ping(f, m), string(m.Group)+" admits no icmp from 172.31.0.0/16")

	second := s.request(d, f, "")
	s.settle()
	s.reachable("Developer reaches Finance as well", s.ping(d, f))
	both := slices.Concat(agreed, sandbox.Connected(d, f, second), []string{sandbox.Admits(f.Group, "icmp", d)})
	s.exactly("the same on the same table of Finance, with nothing of the first changed", both...)
	s.unreachable("Marketing does not reach Developer through Finance", s.ping(m, d), "peering is not transitive")

	s.asks(f.Cell, func(p *lab.Person) string {
		p.DenyPing(f.VPC, f.Subnet)
		return "puts a network ACL on FinancePrivateSubnet that denies ICMP in rule 90"
	})
	s.unreachable("the network ACL and its rule are named", s.ping(m, f), "rule 90 denies icmp")
	s.takeBack(m, f, first, second)
}

// connectStepByStep requests a connection, and holds back connect and then the ingress rule, to show the
// purpose of each.
func (s *stage) connectStepByStep(from, to lab.Site, name string) peering.ConnectionID {
	noRoute := fmt.Sprintf("no route in %s leads to %s", from.Table, to.VPC.Block)
	s.unreachable("before anything, no route leads there", s.ping(from, to), noRoute)
	release := s.hold(function.Connect)
	pcx := s.request(from, to, name)
	s.watchStates(from.Cell, pcx)
	s.unreachable("with connect held back there is still no route", s.ping(from, to), noRoute)

	allow := s.Cloud.Inject(func(call apicall.Call) *cloudsim.Failure {
		if call.Action != "AuthorizeSecurityGroupIngress" {
			return nil
		}
		return &cloudsim.Failure{Code: "InvalidGroup.NotFound", Message: "The security group does not exist."}
	})
	s.note("asks", "", "connect may run now, but EC2 refuses its ingress rules for a while")
	release()
	s.until("the routes appear", func() bool { return s.holds(sandbox.Connected(from, to, pcx)...) })
	s.unreachable("with the ingress rule held back the group stops it", s.ping(from, to),
		fmt.Sprintf("%s admits no icmp from %s", to.Group, from.VPC.Block))
	allow()
	s.settle()
	s.reachable("with everything done it is reachable, and the answer needs no rule of its own", s.ping(from, to))
	return pcx
}

func (s *stage) request(from, to lab.Site, name string) peering.ConnectionID {
	var id peering.ConnectionID
	s.asks(from.Cell, func(p *lab.Person) string {
		id = p.Ask(from, to, name)
		return fmt.Sprintf("create-vpc-peering-connection %s → %s, which is %s", from.VPC.ID, to.VPC.ID, id)
	})
	return id
}

// watchStates follows a connection until it is active.
func (s *stage) watchStates(cell peering.Cell, id peering.ConnectionID) {
	var passed []string
	s.until("the connection becomes active", func() bool {
		state := string(s.connection(cell, id).State)
		if len(passed) == 0 || passed[len(passed)-1] != state {
			passed = append(passed, state)
			s.note("sees", "", string(id)+" is "+state)
		}
		return state == string(peering.Active)
	})
	want := []string{"initiating-request", "pending-acceptance", "provisioning", "active"}
	s.check("the connection becomes active without a person", slices.Equal(passed, want), strings.Join(passed, " → "))
}

// takeBack deletes the connections and checks that nothing is left of them.
func (s *stage) takeBack(m, f lab.Site, ids ...peering.ConnectionID) {
	for _, id := range ids {
		s.asks(f.Cell, func(p *lab.Person) string {
			p.Delete(id)
			return "delete-vpc-peering-connection " + string(id)
		})
	}
	s.settle()
	for _, id := range ids {
		s.check(fmt.Sprintf("%s is announced as disconnected", id),
			len(s.Announced(outcome.Disconnected, id)) > 0, "it is not")
	}
	s.exactly("every route and rule that autopeer added is gone")
	s.unreachable("Marketing reaches Finance no more", s.ping(m, f), "no route in "+string(m.Table))
}
