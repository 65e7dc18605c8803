package reach

import (
	"fmt"
	"net/netip"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Echo request and echo reply, the two types of ping; their code is 0.
// https://www.iana.org/assignments/icmp-parameters and https://www.iana.org/assignments/icmpv6-parameters
const (
	echoRequest, echoReply     = 8, 0
	echoRequestV6, echoReplyV6 = 128, 129
)

// end is one of the two ends of the traffic.
type end struct {
	addr     netip.Addr
	instance *peering.Instance // nil if no known instance has the address
}

// packet is one direction of the traffic.
type packet struct {
	from, to end
	protocol peering.Protocol
	port     int32 // for tcp and udp, of the question; for ping the type
	back     bool  // the answer, to any source port of the question
}

// packet returns the question's first packet.
func (n Network) packet(q Query) (packet, *Blocker) {
	p := packet{protocol: named(q.Protocol), port: int32(q.Port)}
	switch p.protocol {
	case peering.ICMP:
		p.port = echoRequest
	case peering.ICMPv6:
		p.port = echoRequestV6
	}
	if p.from.instance = n.instance(q.From); p.from.instance == nil {
		return p, p.blocked(NoInstance, q.From, "instance %s is not known here", q.From)
	}
	if q.ToInstance == "" {
		return n.toAddress(p, q.To)
	}
	if p.to.instance = n.instance(q.ToInstance); p.to.instance == nil {
		return p, p.blocked(NoInstance, q.ToInstance, "instance %s is not known here", q.ToInstance)
	}
	return p.withAddresses(string(q.ToInstance), p.to.instance.Addresses)
}

func (n Network) toAddress(p packet, to netip.Addr) (packet, *Blocker) {
	if !p.suits(to) {
		return p, p.blocked(NoAddress, to, "%s is not an address for %s", to, p.protocol)
	}
	p, blocker := p.withAddresses(to.String(), []netip.Addr{to})
	if blocker != nil {
		return p, blocker
	}
	if l, blocked := n.lead(p); blocked == nil {
		p.to.instance = n.instanceAt(l.into, to)
	}
	return p, nil
}

// withAddresses chooses the first of the destination's addresses that fits the protocol, if the source has an
// address of the same family.
func (p packet) withAddresses(name string, destinations []netip.Addr) (packet, *Blocker) {
	suits := false
	for _, to := range destinations {
		if !p.suits(to) {
			continue
		}
		suits = true
		for _, from := range p.from.instance.Addresses {
			if from.Is4() == to.Is4() {
				p.from.addr, p.to.addr = from, to
				return p, nil
			}
		}
	}
	if !suits {
		return p, p.blocked(NoAddress, name, "%s has no address for %s", name, p.protocol)
	}
	source := p.from.instance.ID
	return p, p.blocked(NoAddress, source, "%s has no address of the family of %s", source, name)
}

func (p packet) suits(a netip.Addr) bool {
	switch p.protocol {
	case peering.ICMP:
		return a.Is4()
	case peering.ICMPv6:
		return a.Is6()
	}
	return a.IsValid()
}

// answer returns the packet of the answer.
func (p packet) answer() packet {
	p.from, p.to, p.back = p.to, p.from, true
	switch p.protocol {
	case peering.ICMP:
		p.port = echoReply
	case peering.ICMPv6:
		p.port = echoReplyV6
	}
	return p
}

// hasPorts reports whether rules distinguish the ports of the protocol.
func (p packet) hasPorts() bool { return p.protocol == peering.TCP || p.protocol == peering.UDP }

// within reports whether a rule for the protocol and ports, or type and code, matches p at the port.
// Rules for other protocols than these four apply to the whole protocol, even if they show ports.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
func (p packet) within(protocol peering.Protocol, from, to, port int32) bool {
	const all = -1
	switch {
	case protocol == peering.AllProtocols:
		return true
	case named(protocol) != p.protocol:
		return false
	case p.hasPorts():
		return from <= port && port <= to
	case p.protocol == peering.ICMP, p.protocol == peering.ICMPv6:
		return (from == all || from == port) && (to == all || to == 0)
	}
	return true
}

// named returns the protocol by name if EC2 has one: network ACLs show numbers, and security groups names.
func named(p peering.Protocol) peering.Protocol {
	switch p {
	case "1":
		return peering.ICMP
	case "6":
		return peering.TCP
	case "17":
		return peering.UDP
	case "58":
		return peering.ICMPv6
	}
	return p
}

// traffic describes the traffic of the query, "icmp" or "tcp 22".
func (p packet) traffic() string {
	if p.hasPorts() {
		return fmt.Sprintf("%s %d", p.protocol, p.port)
	}
	return string(p.protocol)
}

// blocked returns a blocker of p.
func (p packet) blocked(code Code, resource any, format string, args ...any) *Blocker {
	return &Blocker{Code: code, Resource: fmt.Sprint(resource), Return: p.back, Sentence: fmt.Sprintf(format, args...)}
}

// passed returns a hop of p.
func (p packet) passed(resource any, format string, args ...any) Hop {
	return Hop{Resource: fmt.Sprint(resource), Return: p.back, Sentence: fmt.Sprintf(format, args...)}
}
