package policyfile

import (
	"cmp"
	"fmt"
	"net/netip"
	"reflect"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/suggest"
)

func (c checker) checkAllow(e entry, a allow) {
	if a.From.ok && a.To.ok && a.From.text == a.To.text && !c.mayBeMesh(e) {
		c.add(a.To.at, fmt.Sprintf("traffic goes from %s to %s", a.From.text, a.To.text),
			fmt.Sprintf("from is one department of the peering and to the other; traffic among the VPCs of %[1]s belongs to a "+
				"peering between [%[1]s, %[1]s]", a.From.text))
	}
	distinct(c.reader, "security group", a.Groups.IDs)
	distinct(c.reader, "source", a.Sources)
	apart(c.reader, "source", a.blocks())
	// EC2 accepts rules that overlap, and each counts against the quota of the security group.
	disjoint(c.reader, "ports", a.Ports, func(x, y policy.PortRange) bool { return x.From <= y.To && y.From <= x.To })
	disjoint(c.reader, "types", a.Types, sameType)
	c.checkFamily(a)
	c.checkSources(a)
	c.checkReferences(a)
}

// sameType reports whether a packet can be of both.
func sameType(a, b policy.ICMPType) bool {
	return a.Type == b.Type && (a.Code == b.Code || a.Code == -1 || b.Code == -1)
}

// checkFamily reports ICMP of one family with sources of the other. EC2 accepts such a rule, which never
// matches a packet.
func (c checker) checkFamily(a allow) {
	for _, s := range a.blocks() {
		switch {
		case a.Protocol.value == peering.ICMPv6 && s.value.Addr().Is4():
			c.add(s.at, fmt.Sprintf("source %s is IPv4, and icmpv6 is the ICMP of IPv6", s.text), "use icmp for IPv4")
		case a.Protocol.value == peering.ICMP && s.value.Addr().Is6():
			c.add(s.at, fmt.Sprintf("source %s is IPv6, and icmp is the ICMP of IPv4", s.text), "use icmpv6 for IPv6")
		}
	}
}

// blocks returns the well-formed sources that are blocks.
func (a allow) blocks() []scalar[netip.Prefix] {
	var all []scalar[netip.Prefix]
	for _, s := range a.Sources.items {
		if s.ok && s.value.block.IsValid() {
			all = append(all, scalar[netip.Prefix]{origin: s.origin, value: s.value.block, text: s.text, ok: true})
		}
	}
	return all
}

// checkSources reports sources from which traffic of the department can't come.
func (c checker) checkSources(a allow) {
	ranges, known := c.ranges(a.From.text)
	for _, s := range a.blocks() {
		if !known || cidr.Covers(ranges, s.value) {
			continue
		}
		c.add(s.at, fmt.Sprintf("source %s lies outside the blocks of %s", s.text, a.From.text),
			"they are "+suggest.List(texts(ranges)))
	}
}

// checkReferences reports security groups where no VPC of from shares a Region with another one of to. EC2 lets a
// rule refer to a group of a peered VPC of the same Region only.
// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html
func (c checker) checkReferences(a allow) {
	i := slices.IndexFunc(a.Sources.items, func(s scalar[source]) bool { return s.value.group != "" })
	from, to := c.regions(a.From.text), c.regions(a.To.text)
	isShared := func(region string) bool {
		return slices.Contains(to, region) && (a.From.text != a.To.text || c.hasSharedRegion(a.From.text))
	}
	if i < 0 || len(from) == 0 || len(to) == 0 || slices.ContainsFunc(from, isShared) {
		return
	}
	s := a.Sources.items[i]
	const fix = "EC2 refers to security groups inside one Region only: name blocks"
	if a.From.text == a.To.text {
		c.add(s.at, fmt.Sprintf("source %s is a security group, and each VPC of %s is in another Region",
			s.text, a.From.text), fix)
		return
	}
	c.add(s.at, fmt.Sprintf("source %s is in %s, and %s in %s",
		s.text, suggest.Alternatives(from), a.To.text, suggest.Alternatives(to)), fix)
}

// regions returns the Regions of the department, or none if one of them couldn't be read.
func (c checker) regions(department string) []string {
	var all []string
	for _, m := range c.members[department].items {
		if !m.Region.ok {
			return nil
		}
		all = append(all, m.Region.text)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// ranges returns all blocks that the department can have. They are known only if the file declares those of
// each member: a VPC without cidrs may have any.
func (c checker) ranges(department string) (blocks []netip.Prefix, known bool) {
	members := c.members[department].items
	for _, m := range members {
		switch {
		case m.Within.ok:
			if !wellFormed(m.Also) {
				return nil, false
			}
			blocks = append(append(blocks, m.Within.value), values(m.Also)...)
		case len(m.CIDRs.items) > 0 && wellFormed(m.CIDRs):
			blocks = append(blocks, values(m.CIDRs)...)
		default:
			return nil, false
		}
	}
	return blocks, len(blocks) > 0
}

func texts[T any](values []T) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = fmt.Sprint(v)
	}
	return all
}

// checkTwice reports entries that repeat an earlier one, even if their items have another order.
func (c checker) checkTwice(entries []allow) {
	sorted := make([]policy.Allow, len(entries))
	for i, a := range entries {
		sorted[i] = inOrder(a.policy())
		if !a.complete() {
			continue
		}
		for j, earlier := range sorted[:i] {
			if entries[j].complete() && reflect.DeepEqual(sorted[i], earlier) {
				c.add(a.at, fmt.Sprintf("this entry repeats line %d", entries[j].at.line), "keep one of the two")
				break
			}
		}
	}
}

// complete reports whether all of the entry could be read, so that no part of it is missing in the policy.
func (a allow) complete() bool {
	return a.From.ok && a.To.ok && a.Protocol.ok && a.Groups.complete() && wellFormed(a.Sources) &&
		wellFormed(a.Ports) && wellFormed(a.Types)
}

func (g groupChoice) complete() bool {
	for _, row := range g.Tags.rows {
		if !row.key.ok || !row.value.ok {
			return false
		}
	}
	return (g.IDs.given() || g.Tags.given()) && wellFormed(g.IDs)
}

func wellFormed[T any](l some[scalar[T]]) bool { return len(values(l)) == len(l.items) }

// inOrder sorts the lists whose order has no meaning, and leaves out the line.
func inOrder(a policy.Allow) policy.Allow {
	slices.SortFunc(a.Sources.Blocks, netip.Prefix.Compare)
	slices.Sort(a.Sources.Groups)
	slices.Sort(a.Sources.PrefixLists)
	slices.Sort(a.Groups.IDs)
	slices.SortFunc(a.Ports, func(x, y policy.PortRange) int { return int(x.From - y.From) })
	slices.SortFunc(a.Types, func(x, y policy.ICMPType) int {
		return cmp.Or(cmp.Compare(x.Type, y.Type), cmp.Compare(x.Code, y.Code))
	})
	a.Line = 0
	return a
}
