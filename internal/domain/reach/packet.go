package reach

import (
	"fmt"
	"net/netip"
	"slices"

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
	instance *peering.Instance  // nil if no known instance has the address
	face     *peering.Interface // the instance's that has the address; nil with it
}

// endsOf returns the instance with each address of each of its interfaces.
func endsOf(i *peering.Instance) []end {
	var all []end
	for k := range i.Interfaces {
		for _, a := range i.Interfaces[k].Addresses {
			all = append(all, end{a, i, &i.Interfaces[k]})
		}
	}
	return all
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
	source := n.instance(q.From)
	if source == nil {
		return p, p.blocked(NoInstance, q.From, "instance %s is not known here", q.From)
	}
	p.from.instance = source
	sources := endsOf(source)
	if q.FromAddress.IsValid() {
		from := find(sources, func(e end) bool { return e.addr == q.FromAddress })
		if from == nil {
			return p, p.blocked(NoAddress, q.From, "%s has no address %s", q.From, q.FromAddress)
		}
		sources = []end{*from}
	}
	if q.ToInstance == "" {
		return n.toAddress(p, q.To, sources)
	}
	destination := n.instance(q.ToInstance)
	if destination == nil {
		return p, p.blocked(NoInstance, q.ToInstance, "instance %s is not known here", q.ToInstance)
	}
	return n.withAddresses(p, string(q.ToInstance), sources, endsOf(destination))
}

func (n Network) toAddress(p packet, to netip.Addr, sources []end) (packet, *Blocker) {
	if !p.suits(to) {
		return p, p.blocked(NoAddress, to, "%s is not an address for %s", to, p.protocol)
	}
	p, blocker := n.withAddresses(p, to.String(), sources, []end{{addr: to}})
	if blocker != nil {
		return p, blocker
	}
	if l, blocked := n.lead(p); blocked == nil {
		p.to = n.endAt(l.into, to)
	}
	return p, nil
}

// withAddresses chooses the first of the destination's addresses that suits the protocol and has a
// counterpart of its family at the source.
func (n Network) withAddresses(p packet, name string, sources, destinations []end) (packet, *Blocker) {
	suits := false
	for _, to := range destinations {
		if !p.suits(to.addr) {
			continue
		}
		suits = true
		if from := n.source(sources, to.addr); from != nil {
			p.from, p.to = *from, to
			return p, nil
		}
	}
	if !suits {
		return p, p.blocked(NoAddress, name, "%s has no address for %s", name, p.protocol)
	}
	source := p.from.instance.ID
	return p, p.blocked(NoAddress, source, "%s has no address of the family of %s", source, name)
}

// source returns the first of the ends with an address of the destination's family, one in the destination's subnet
// before the others, or nil.
func (n Network) source(ends []end, to netip.Addr) *end {
	ofFamily := slices.DeleteFunc(slices.Clone(ends), func(e end) bool { return e.addr.Is4() != to.Is4() })
	if near := find(ofFamily, func(e end) bool { return n.isIn(e.face, to) }); near != nil {
		return near
	}
	return find(ofFamily, func(end) bool { return true })
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
