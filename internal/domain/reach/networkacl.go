package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Clients choose the port to which answers are sent. An ACL has to allow all of these ports, or some questions
// get no answer.
// https://docs.aws.amazon.com/vpc/latest/userguide/nacl-ephemeral-ports.html
const firstEphemeral, lastEphemeral = 1024, 65535

// lastNumber is the highest number that a rule can have. The rules that deny the rest, which consoles show as "*",
// have the following numbers in EC2's list: 32767 for IPv4 and 32768 for IPv6.
// https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html
const lastNumber = 32766

// leaveSubnet checks p at the network ACL of the source's subnet.
func (n Network) leaveSubnet(p packet) (Hop, *Blocker) {
	return n.filter(p, p.from, p.to, true)
}

// enterSubnet checks p at the network ACL of the destination's subnet.
func (n Network) enterSubnet(p packet) (Hop, *Blocker) {
	return n.filter(p, p.to, p.from, false)
}

// filter checks p at the network ACL of own's subnet, if it crosses the border of that subnet.
func (n Network) filter(p packet, own, other end, egress bool) (Hop, *Blocker) {
	acl := n.networkACL(own.face.Subnet)
	if acl == nil || other.face != nil && other.face.Subnet == own.face.Subnet {
		return Hop{}, nil
	}
	preposition, direction := directionNames(egress)
	where := fmt.Sprintf("%s %s (%s of %s)", preposition, other.addr, direction, own.face.Subnet)
	entries := inForce(acl.Entries, netip.PrefixFrom(other.addr, other.addr.BitLen()), egress)
	for _, port := range p.ports(entries) {
		if rule, allowed := p.decide(entries, port); !allowed {
			return Hop{}, p.blocked(NetworkACL, acl.ID, "network ACL %s rule %s denies %s %s", acl.ID, rule,
				p.trafficAt(port), where)
		}
	}
	return p.passed(acl.ID, "network ACL %s allows %s %s", acl.ID, p.trafficAt(firstEphemeral), where), nil
}

// directionNames returns the preposition and the name of a direction, as seen from the subnet.
func directionNames(egress bool) (preposition, direction string) {
	if egress {
		return "to", "egress"
	}
	return "from", "ingress"
}

// inForce returns the entries for the direction and for addresses of the other end, in the order in which they
// decide.
func inForce(entries []peering.ACLEntry, other netip.Prefix, egress bool) []peering.ACLEntry {
	var ordered []peering.ACLEntry
	for _, e := range entries {
		if e.Egress == egress && e.Block.Overlaps(other) {
			ordered = append(ordered, e)
		}
	}
	slices.SortStableFunc(ordered, func(a, b peering.ACLEntry) int { return int(a.Number - b.Number) })
	return ordered
}

// decide returns the number of the first entry that matches p at the port, and whether it allows p.
func (p packet) decide(entries []peering.ACLEntry, port int32) (rule string, allowed bool) {
	for _, e := range entries {
		if p.within(e.Protocol, e.From, e.To, port) {
			return ruleName(e.Number), e.Allow
		}
	}
	return ruleName(lastNumber + 1), false
}

// ruleName returns the number of a rule as consoles show it.
func ruleName(number int32) string {
	if number > lastNumber {
		return "*"
	}
	return strconv.Itoa(int(number))
}

// ports returns the ports for which an ACL has to be checked. For a question it is the port of the question. For an
// answer they are the first of the ephemeral ports and every port at which an entry begins or has ended. Between these,
// no decision changes.
func (p packet) ports(entries []peering.ACLEntry) []int32 {
	if !p.back || !p.hasPorts() {
		return []int32{p.port}
	}
	ports := []int32{firstEphemeral}
	for _, e := range entries {
		for _, edge := range []int32{e.From, e.To + 1} {
			if firstEphemeral < edge && edge <= lastEphemeral {
				ports = append(ports, edge)
			}
		}
	}
	slices.Sort(ports)
	return ports
}

// trafficAt describes the traffic of one direction, an answer by its destination port.
func (p packet) trafficAt(port int32) string {
	if p.back && p.hasPorts() {
		return fmt.Sprintf("%s answers to ephemeral ports from %d", p.protocol, port)
	}
	if p.back {
		return fmt.Sprintf("%s answers", p.protocol)
	}
	return p.traffic()
}
