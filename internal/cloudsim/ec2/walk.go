package ec2

import (
	"net/netip"
	"time"
)

// Packet opens a conversation.
type Packet struct {
	From     string // the id of an instance, which sends by its primary interface, or of a network interface of one
	To       netip.Addr
	Protocol string // tcp or udp; icmp or icmpv6 for a ping
	Port     uint16 // the destination's; a ping has none
}

// The obstacles of a packet or of the answer to it.
const (
	noInstance     = "no-instance"   // no instance has the address, or sends the packet
	noAddress      = "no-address"    // the sender has no address of the destination's family
	noRoute        = "route"         // no route covers the destination
	blackhole      = "blackhole"     // the route's target isn't available
	intoInternet   = "internet"      // the embedded cloud ends at internet gateways
	beyond         = "beyond"        // the embedded cloud ends at virtual private gateways, transit gateways and endpoints
	wrongInstance  = "instance"      // the route leads to an instance, which drops packets for others
	stoppedEgress  = "egress"        // no rule of the sender's security groups
	stoppedACL     = "acl"           // a network ACL, on the way there
	stoppedIngress = "ingress"       // no rule of the receiver's security groups
	returnACL      = "return-acl"    // a network ACL, on the way back
	onReturn       = "return-"       // before any of the codes of routing: the answer's way
	returnAstray   = "return-astray" // the answer reaches another instance
)

// Walk sends a packet through the network as it is, and its answer back. It returns the first obstacle in one word. It
// doesn't use Describe calls, so that it can check conclusions from them.
func (s *Service) Walk(p Packet) (delivered bool, stoppedBy string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	stoppedBy = s.walk(p)
	return stoppedBy == "", stoppedBy
}

func (s *Service) walk(p Packet) string {
	sender := s.sender(p.From)
	if sender == nil {
		return noInstance
	}
	source := sender.addressLike(p.To)
	if !source.IsValid() {
		return noAddress
	}
	receiver, stopped := s.follow(sender, p.To)
	if stopped != "" {
		return stopped
	}
	if stopped := question(sender, receiver, source, p); stopped != "" {
		return stopped
	}
	back, stopped := s.follow(receiver, source)
	switch {
	case stopped != "":
		return onReturn + stopped
	case back.attachment.instance != sender.attachment.instance:
		return returnAstray
	}
	return answer(sender, receiver, source, p)
}

// question takes the packet through the filters on its way.
func question(sender, receiver *face, source netip.Addr, p Packet) string {
	there := p.there()
	switch {
	case !admitted(sender, true, there, p.To, receiver):
		return stoppedEgress
	case !cross(sender, receiver, there, source, p.To):
		return stoppedACL
	case !admitted(receiver, false, there, source, sender):
		return stoppedIngress
	}
	return ""
}

// answer takes the answer through the network ACLs. Security groups are stateful: they have let it pass already.
func answer(sender, receiver *face, source netip.Addr, p Packet) string {
	for _, back := range p.back(receiver.acl(), sender.acl()) {
		if !cross(receiver, sender, back, p.To, source) {
			return returnACL
		}
	}
	return ""
}

// cross takes a packet out of one subnet and into another, each behind its network ACL. They aren't asked inside a
// subnet: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html.
func cross(from, to *face, c content, source, destination netip.Addr) bool {
	return from.subnet == to.subnet || from.passes(true, c, destination) && to.passes(false, c, source)
}

// sender returns the interface with the id, or the primary interface of the instance with it, nil if it isn't in use.
func (s *Service) sender(id string) *face {
	for _, c := range s.cells {
		if i := c.instances[id]; i != nil && i.runs() {
			return i.faces[0]
		}
		if f := c.faces[id]; f != nil && f.hasInstance() {
			return f
		}
	}
	return nil
}

// holder returns the instance's interface that has the address in the VPC.
func (v *vpc) holder(a netip.Addr) *face {
	for _, f := range v.faces {
		if f.subnet.vpc == v && f.hasInstance() && f.has(a) {
			return f
		}
	}
	return nil
}
