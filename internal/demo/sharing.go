package demo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
)

// sharedSubnet connects a VPC whose subnet another account takes part in. The policy names a group of that account as
// well, which only the account itself can change.
func sharedSubnet(s *stage) {
	m, f := s.build(oneInVirginia, lab.Marketing), s.build(oneInVirginia, lab.Finance)
	participant := twoInVirginia
	s.Cloud.EC2.(*ec2.Service).Share(string(f.VPC.ID), string(participant.Account))
	s.note("network", "", fmt.Sprintf("%s is shared with the account %s", f.Name, participant.Account))
	var theirs peering.SecurityGroupID
	s.asks(participant, func(p *lab.Person) string {
		theirs = p.Group(f.VPC, "theirs", map[string]string{"Role": "finance-server"})
		return fmt.Sprintf("create-security-group in %s: %s", f.VPC.ID, theirs)
	})
	s.call(string(theirs), "the participant's group")
	s.deploy(sharingPolicy(m, f, theirs))

	pcx := s.request(m, f, "Marketing <> Finance")
	s.settle()
	connected := append(sandbox.Connected(m, f, pcx), sandbox.Admits(f.Group, "icmp", m))
	s.reachable("Finance's own server is reachable", s.ping(m, f))
	s.exactly("the group with the tag that belongs to the participant gets no rule", connected...)
	s.noted(pcx, fmt.Sprintf("%s gets no rules: it belongs to the account %s, a participant", theirs, participant.Account))
	s.check("nothing failed", len(s.Announced(outcome.Failed, pcx)) == 0, "it is announced")

	byHand := fmt.Sprintf("%s admits tcp 443 from %s", theirs, m.VPC.Block)
	s.asks(participant, func(p *lab.Person) string {
		p.Admit(theirs, "tcp", 443, 443, m.VPC.Block.String())
		return fmt.Sprintf("authorize-security-group-ingress %s: tcp 443 from %s", theirs, m.VPC.Block)
	})
	s.settle()
	s.exactly("the participant admits the traffic itself", append(connected, byHand)...)
	s.giveBack(m, pcx, byHand)
}

// noted checks that the accepter's announcement of the connection has a note that begins so, and prints the note.
func (s *stage) noted(id peering.ConnectionID, words string) {
	var notes []string
	for _, o := range s.Announced(outcome.Connected, id) {
		if o.Side == peering.Accepter {
			notes = append(notes, o.Notes...)
		}
	}
	at := slices.IndexFunc(notes, func(n string) bool { return strings.HasPrefix(n, words) })
	s.check("the announcement names the group and its owner", at >= 0, "it has the notes "+strings.Join(notes, "; "))
	if at >= 0 {
		s.note("says", "", "  note: "+notes[at])
	}
}

func sharingPolicy(m, f lab.Site, theirs peering.SecurityGroupID) string {
	return fmt.Sprintf(`version: 1
departments:
  marketing: %s
  finance: %s
peerings:
  - between: [marketing, finance]
    allow:
      - { from: marketing, to: finance, groups: { tags: { Role: finance-server } }, protocol: icmp }
      - { from: marketing, to: finance, groups: { ids: [%s] }, protocol: tcp, ports: [443] }
`, m.Member(), f.Member(), theirs)
}
