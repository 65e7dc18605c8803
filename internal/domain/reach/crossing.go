package reach

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Crossing is traffic between blocks of two VPCs at the borders of one side's subnets with addresses in Own. A
// network ACL checks only the other end's address, so the part of a subnet that lies in Own doesn't matter.
//
// All of the traffic has to pass: every port and every address of Peer, and tcp and udp answers to every ephemeral
// port. ICMP without a type stands for its minimum, ping and its answer; types other than echo requests have no
// answer. All protocols mean all 256 of them, so that rules for tcp, udp and icmp together are not enough. Their
// answers need no tcp and udp ports below the ephemeral ones.
type Crossing struct {
	Subnets   []peering.Subnet
	ACLs      []peering.NetworkACL // a subnet that none names lets everything pass
	Own, Peer []netip.Prefix
	Outbound  bool             // the side asks and the peer answers
	Protocol  peering.Protocol // with From and To as in peering.Permission
	From, To  int32
}

// Obstruction is a rule of a network ACL that denies some of a Crossing, to or from one block of the peer's.
type Obstruction struct {
	ACL      peering.NetworkACLID
	Subnets  []peering.SubnetID // whose traffic it stops, sorted
	Rule     string             // its number, or "*"
	Egress   bool
	Return   bool   // it stops the answers
	Key      string // the codes, ids and figures of the sentence
	Sentence string
	Remedy   string // the rule that would allow it; those of all obstructions together allow everything
}

// Obstructions returns the rules that deny some of the traffic: ACL by ACL, the questions before the answers, in the
// order in which the rules decide. The order of the input does not matter.
func (c Crossing) Obstructions() []Obstruction {
	acls := slices.SortedFunc(slices.Values(c.ACLs), func(a, b peering.NetworkACL) int { return cmp.Compare(a.ID, b.ID) })
	questions, answers := c.spans()
	var found []Obstruction
	for _, acl := range slices.CompactFunc(acls, func(a, b peering.NetworkACL) bool { return a.ID == b.ID }) {
		found = append(found, c.meet(gate{acl: acl, asked: questions, egress: c.Outbound})...)
		found = append(found, c.meet(gate{acl: acl, asked: answers, egress: !c.Outbound, back: true})...)
	}
	return found
}

// meet checks the traffic with each block of the peer at the gate.
func (c Crossing) meet(g gate) []Obstruction {
	var found []Obstruction
	for _, peer := range cidr.Merge(c.Peer) {
		g.peer, g.subnets = peer, c.crossed(g.acl, peer)
		if len(g.subnets) > 0 && (packet{protocol: named(c.Protocol)}).suits(peer.Addr()) {
			found = append(found, g.obstructions()...)
		}
	}
	return found
}

// crossed returns the ACL's subnets with addresses in Own of the peer's family.
func (c Crossing) crossed(acl peering.NetworkACL, peer netip.Prefix) []peering.SubnetID {
	var ids []peering.SubnetID
	for _, s := range c.Subnets {
		blocks := slices.DeleteFunc(slices.Clone(s.Blocks),
			func(b netip.Prefix) bool { return b.Addr().Is4() != peer.Addr().Is4() })
		if _, _, takesPart := cidr.Overlap(blocks, c.Own); takesPart && slices.Contains(acl.Subnets, s.ID) {
			ids = append(ids, s.ID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// spans returns the questions and the answers that have to pass.
func (c Crossing) spans() (questions, answers []span) {
	asked := []span{spanOf(c.Protocol, c.From, c.To)}
	switch p := named(c.Protocol); {
	case p == peering.ICMP && (c.From < 0 || c.From == echoRequest):
		return []span{spanOf(p, echoRequest, 0)}, []span{spanOf(p, echoReply, 0)}
	case p == peering.ICMPv6 && (c.From < 0 || c.From == echoRequestV6):
		return []span{spanOf(p, echoRequestV6, 0)}, []span{spanOf(p, echoReplyV6, 0)}
	case p == peering.ICMP, p == peering.ICMPv6:
		return asked, nil
	case p == peering.AllProtocols:
		return asked, []span{{0, tcp - 1}, {tcp | firstEphemeral, udp - 1}, {udp | firstEphemeral, everything.last}}
	}
	return asked, []span{spanOf(c.Protocol, firstEphemeral, lastEphemeral)}
}

// gate is one direction of an ACL, for the traffic with one block of the peer.
type gate struct {
	acl          peering.NetworkACL
	subnets      []peering.SubnetID
	peer         netip.Prefix
	asked        []span
	egress, back bool
}

// piece is traffic that no entry divides, with the index of the entry that decides it.
type piece struct {
	block netip.Prefix
	span  span
	by    int
}

// obstructions returns the entries that deny any of the traffic.
func (g gate) obstructions() []Obstruction {
	// EC2 lists the last rule as well; without it, some traffic would be undecided.
	last := peering.ACLEntry{Number: lastNumber + 1, Protocol: peering.AllProtocols, Block: g.peer}
	entries := append(inForce(g.acl.Entries, g.peer, g.egress), last)
	pieces := g.pieces(entries)
	var found []Obstruction
	for i, e := range entries {
		if hull, exists := hullOf(pieces, i); exists && !e.Allow {
			found = append(found, g.obstruction(e.Number, hull, isPart(pieces, hull)))
		}
	}
	return found
}

// pieces cuts the traffic along the borders of all entries. The first entry that covers a piece decides it.
func (g gate) pieces(entries []peering.ACLEntry) []piece {
	var parts []span
	for _, s := range g.asked {
		parts = append(parts, s.cut(entries)...)
	}
	var pieces []piece
	for _, block := range cutBlock(g.peer, entries) {
		for _, s := range parts {
			by := slices.IndexFunc(entries, func(e peering.ACLEntry) bool {
				return cidr.Contains(e.Block, block) && spanOf(e.Protocol, e.From, e.To).contains(s)
			})
			pieces = append(pieces, piece{block, s, by})
		}
	}
	return pieces
}

// cutBlock halves the block until no entry is for a part of any half.
func cutBlock(p netip.Prefix, entries []peering.ACLEntry) []netip.Prefix {
	cuts := func(e peering.ACLEntry) bool { return e.Block.Bits() > p.Bits() && p.Overlaps(e.Block) }
	if !slices.ContainsFunc(entries, cuts) {
		return []netip.Prefix{p}
	}
	upper := p.Addr().AsSlice()
	upper[p.Bits()/8] |= 0x80 >> (p.Bits() % 8)
	middle, _ := netip.AddrFromSlice(upper)
	return append(cutBlock(netip.PrefixFrom(p.Addr(), p.Bits()+1), entries),
		cutBlock(netip.PrefixFrom(middle, p.Bits()+1), entries)...)
}

// hullOf returns the smallest traffic that one rule can mean and that contains all pieces decided by the entry.
func hullOf(pieces []piece, by int) (hull piece, exists bool) {
	for _, p := range pieces {
		switch {
		case p.by != by:
		case !exists:
			hull, exists = piece{p.block, p.span.hull(p.span), by}, true
		default:
			hull.block, hull.span = commonBlock(hull.block, p.block), hull.span.hull(p.span)
		}
	}
	return hull, exists
}

// commonBlock returns the smallest block that contains both.
func commonBlock(a, b netip.Prefix) netip.Prefix {
	for !cidr.Contains(a, b) {
		a = netip.PrefixFrom(a.Addr(), a.Bits()-1)
	}
	return a.Masked()
}

// isPart reports whether the hull contains traffic that other entries decide.
func isPart(pieces []piece, hull piece) bool {
	return slices.ContainsFunc(pieces, func(p piece) bool {
		return p.by != hull.by && cidr.Contains(hull.block, p.block) && hull.span.contains(p.span)
	})
}

// obstruction describes how the rule of this number denies the hull, or a part of it.
func (g gate) obstruction(number int32, hull piece, part bool) Obstruction {
	preposition, direction := directionNames(g.egress)
	traffic := fmt.Sprintf("%s %s %s", hull.span, preposition, hull.block)
	rule := ruleName(number)
	denies, purpose := "denies", ""
	if part {
		denies = "denies part of"
	}
	if g.back {
		purpose = ", which the answers need"
	}
	return Obstruction{
		ACL: g.acl.ID, Subnets: g.subnets, Rule: rule, Egress: g.egress, Return: g.back,
		Key: fmt.Sprintf("%s|%s|%t|%t|%s|%s|%d-%d|%t", g.acl.ID, rule, g.egress, g.back, g.subnets, hull.block,
			hull.span.first, hull.span.last, part),
		Sentence: fmt.Sprintf("network ACL %s rule %s %s %s (%s of %s)%s",
			g.acl.ID, rule, denies, traffic, direction, list(g.subnets), purpose),
		Remedy: fmt.Sprintf("allow %s by an %s rule of %s before rule %s", traffic, direction, g.acl.ID, rule),
	}
}

func list(subnets []peering.SubnetID) string {
	names := make([]string, len(subnets))
	for i, s := range subnets {
		names[i] = string(s)
	}
	return strings.Join(names, ", ")
}
