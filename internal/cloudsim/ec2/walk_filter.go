package ec2

import (
	"net/netip"
	"slices"
)

// content has the properties of a packet, beside addresses, that security groups and network ACLs match.
type content struct {
	protocol string // by name, as security groups have it
	number   string // as network ACLs have it
	port     int    // the destination's, or the type of an ICMP message, whose code is 0
}

// there returns the content of the packet itself.
func (p Packet) there() content {
	switch p.Protocol {
	case "icmp":
		return content{"icmp", "1", 8}
	case "icmpv6":
		return content{"icmpv6", "58", 128}
	case "udp":
		return content{"udp", "17", int(p.Port)}
	}
	return content{"tcp", "6", int(p.Port)}
}

// The range of the ports on which clients receive answers:
// https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports.
const firstEphemeral, lastEphemeral = 1024, 65535

// back returns the possible contents of the answer. A client may choose any ephemeral port; those where no entry of the
// ACLs begins or has just ended are treated as the one below.
func (p Packet) back(acls ...*acl) []content {
	c := p.there()
	switch c.protocol {
	case "icmp":
		return []content{{c.protocol, c.number, 0}}
	case "icmpv6":
		return []content{{c.protocol, c.number, 129}}
	}
	ports := []int{firstEphemeral}
	for _, a := range acls {
		for _, e := range a.entries {
			if e.ports != nil {
				ports = append(ports, e.ports.from, e.ports.to+1)
			}
		}
	}
	var all []content
	for _, port := range ports {
		if port >= firstEphemeral && port <= lastEphemeral {
			all = append(all, content{c.protocol, c.number, port})
		}
	}
	return all
}

// admitted reports whether a rule of any of the interface's security groups covers its traffic with the peer.
func admitted(f *face, egress bool, c content, remote netip.Addr, peer *face) bool {
	for _, g := range f.groups {
		for _, r := range g.rules {
			if r.egress == egress && r.carries(c) && r.names(remote, peer) {
				return true
			}
		}
	}
	return false
}

func (r *rule) carries(c content) bool {
	switch r.protocol {
	case "-1":
		return true
	case c.protocol:
		return c.within(span{r.from, r.to})
	}
	return false
}

// names reports whether the rule applies to the peer. A rule that refers to a group applies to the group's members,
// under any of their addresses.
func (r *rule) names(remote netip.Addr, peer *face) bool {
	switch {
	case r.groupID != "":
		return slices.ContainsFunc(peer.groups, func(g *securityGroup) bool { return g.id == r.groupID })
	case r.listID != "":
		_, found := r.group.allLists()[r.listID].contains(remote)
		return found
	}
	return r.cidr.Contains(remote)
}

// within takes the range as one of ports or, for ICMP, as type and code, where -1 means all.
func (c content) within(s span) bool {
	if c.protocol == "icmp" || c.protocol == "icmpv6" {
		return s.from == -1 || s.from == c.port && (s.to == -1 || s.to == 0)
	}
	return s.from <= c.port && c.port <= s.to
}

// acl returns the network ACL of the interface's subnet.
func (f *face) acl() *acl {
	for _, a := range f.acls {
		if slices.ContainsFunc(a.bindings, func(b binding) bool { return b.subnet == f.subnet }) {
			return a
		}
	}
	return nil
}

// passes reports whether the subnet's network ACL allows the interface's traffic with a remote address in another
// subnet. The entry with the lowest number decides; traffic without an entry is denied:
// https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html.
func (f *face) passes(egress bool, c content, remote netip.Addr) bool {
	decisive := aclEntry{number: lastEntry}
	for _, e := range f.acl().entries {
		if e.egress == egress && e.number < decisive.number && e.covers(c, remote) {
			decisive = e
		}
	}
	return decisive.allow
}

func (e aclEntry) covers(c content, remote netip.Addr) bool {
	switch {
	case !e.cidr.Contains(remote):
		return false
	case e.protocol == "-1":
		return true
	case e.protocol != c.number:
		return false
	case e.icmp != nil:
		return c.within(*e.icmp)
	}
	return c.within(*e.ports)
}
