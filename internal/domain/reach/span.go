package reach

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// span is a range of numbers. Each number is a protocol's number followed by 16 bits: the port, or ICMP's type and
// code. A rule for any protocol matches one span.
type span struct{ first, last int }

// The first numbers of the protocols that have ports or types.
// https://www.iana.org/assignments/protocol-numbers
const (
	icmp   = 1 << 16
	tcp    = 6 << 16
	udp    = 17 << 16
	icmpv6 = 58 << 16

	ofPort = 1<<16 - 1 // the bits of port, or type and code
	ofCode = 1<<8 - 1
)

var (
	everything = span{0, 256<<16 - 1}
	bases      = map[peering.Protocol]int{peering.ICMP: icmp, peering.TCP: tcp, peering.UDP: udp, peering.ICMPv6: icmpv6}
)

// spanOf returns the span that a rule matches.
func spanOf(p peering.Protocol, from, to int32) span {
	base, known := bases[named(p)]
	switch first, last := int(from), int(to); {
	case p == peering.AllProtocols:
		return everything
	case !known:
		n, _ := strconv.Atoi(string(p))
		return span{n << 16, n<<16 | ofPort}
	case first < 0:
		return span{base, base | ofPort}
	case hasPorts(base):
		return span{base | first, base | last}
	case last < 0:
		return span{base | first<<8, base | first<<8 | ofCode}
	default:
		return span{base | first<<8 | last, base | first<<8 | last}
	}
}

// hasPorts reports whether the protocol of this number of a span has them.
func hasPorts(n int) bool { return n&^ofPort == tcp || n&^ofPort == udp }

func (s span) contains(o span) bool { return s.first <= o.first && o.last <= s.last }

// cut returns the parts of s between which an entry's span begins or has ended.
func (s span) cut(entries []peering.ACLEntry) []span {
	edges := []int{s.first, s.last + 1}
	for _, e := range entries {
		of := spanOf(e.Protocol, e.From, e.To)
		edges = append(edges, max(s.first, min(of.first, s.last+1)), max(s.first, min(of.last+1, s.last+1)))
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	parts := make([]span, len(edges)-1)
	for i := range parts {
		parts[i] = span{edges[i], edges[i+1] - 1}
	}
	return parts
}

// hull returns the smallest span that contains both and that one rule can match.
func (s span) hull(o span) span {
	first, last := min(s.first, o.first), max(s.last, o.last)
	switch {
	case first == last, first>>16 == last>>16 && hasPorts(first):
		return span{first, last}
	case first>>8 == last>>8:
		return span{first &^ ofCode, last | ofCode}
	case first>>16 == last>>16:
		return span{first &^ ofPort, last | ofPort}
	}
	return everything
}

// echoes have names, because few people know their numbers.
var echoes = map[span]string{
	spanOf(peering.ICMP, echoRequest, 0):     "icmp echo requests",
	spanOf(peering.ICMP, echoReply, 0):       "icmp echo replies",
	spanOf(peering.ICMPv6, echoRequestV6, 0): "icmpv6 echo requests",
	spanOf(peering.ICMPv6, echoReplyV6, 0):   "icmpv6 echo replies",
}

// String describes a span that one rule can match.
func (s span) String() string {
	protocol := named(peering.Protocol(strconv.Itoa(s.first >> 16)))
	from, to := s.first&ofPort, s.last&ofPort
	switch {
	case s == everything:
		return "all traffic"
	case echoes[s] != "":
		return echoes[s]
	case hasPorts(s.first) && from == to:
		return fmt.Sprintf("%s %d", protocol, from)
	case hasPorts(s.first):
		return fmt.Sprintf("%s %d-%d", protocol, from, to)
	case from == 0 && to == ofPort:
		return string(protocol)
	case from == to:
		return fmt.Sprintf("%s type %d code %d", protocol, from>>8, from&ofCode)
	}
	return fmt.Sprintf("%s type %d", protocol, from>>8)
}
