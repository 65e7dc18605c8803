package reach

import (
	"fmt"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// direction selects an end's security groups, the rules of one direction and the words for sentences about them.
type direction struct {
	kind        Code
	own, other  end
	rules       func(peering.SecurityGroup) []peering.Permission
	preposition string // before the other end's address
	suffix      string // after it
}

// leaveGroups checks p at the source's security groups.
func (n Network) leaveGroups(p packet) (Hop, *Blocker) {
	return n.admit(p, direction{
		kind: Egress, own: p.from, other: p.to, preposition: "to", suffix: " (egress)",
		rules: func(g peering.SecurityGroup) []peering.Permission { return g.Egress },
	})
}

// enterGroups checks p at the destination's security groups.
func (n Network) enterGroups(p packet) (Hop, *Blocker) {
	return n.admit(p, direction{
		kind: Ingress, own: p.to, other: p.from, preposition: "from",
		rules: func(g peering.SecurityGroup) []peering.Permission { return g.Ingress },
	})
}

// admit lets p pass if a rule of any of the groups admits it. Groups have no rules that deny.
func (n Network) admit(p packet, d direction) (Hop, *Blocker) {
	var relevant []peering.Permission
	for _, id := range d.own.face.Groups {
		g := n.group(id)
		if g == nil {
			continue
		}
		for _, r := range d.rules(*g) {
			if !p.within(r.Protocol, r.From, r.To, p.port) {
				continue
			}
			if n.meets(r, d) {
				return p.passed(id, "%s admits %s %s %s%s", id, p.traffic(), d.preposition, d.other.addr, d.suffix), nil
			}
			relevant = append(relevant, r)
		}
	}
	return Hop{}, n.notAdmitted(p, d, relevant)
}

// meets reports whether the rule is for the other end. A group stands for the interfaces that have it, not for the
// other interfaces of their instances. A prefix list admits no end, because its entries are not known.
func (n Network) meets(r peering.Permission, d direction) bool {
	if r.Group == "" {
		return r.Source.Contains(d.other.addr)
	}
	other := d.other.face
	return other != nil && slices.Contains(other.Groups, r.Group) && n.mayRefer(d.own.face.VPC, other.VPC)
}

// mayRefer reports whether rules in one VPC may name groups of the other: only over an active connection in one
// Region.
// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html
func (n Network) mayRefer(a, b peering.VPCID) bool {
	active := func(s peering.State) bool { return s == peering.Active }
	return a == b || n.region(a) == n.region(b) && n.peered(a, b, active)
}

// notAdmitted names the other end's whole block, unless one of the relevant rules is for a part of it.
func (n Network) notAdmitted(p packet, d direction, relevant []peering.Permission) *Blocker {
	groups := d.own.face.Groups
	if len(groups) == 0 {
		return p.blocked(d.kind, d.own.face.ID, "%s is in no security group that is known here", d.own.name())
	}
	block := n.blockOf(d.other)
	other := blockOrAddress(block, d.other.addr, slices.ContainsFunc(relevant, func(r peering.Permission) bool {
		return r.Group != "" || r.Source.Overlaps(block)
	}))
	return p.blocked(d.kind, groups[0], "%s no %s %s %s%s%s",
		admits(groups), p.traffic(), d.preposition, other, d.suffix, n.unknown(groups, relevant))
}

// name returns the instance, with the interface unless it is the primary one.
func (e end) name() string {
	if e.face == &e.instance.Interfaces[0] {
		return string(e.instance.ID)
	}
	return fmt.Sprintf("%s of %s", e.face.ID, e.instance.ID)
}

// admits returns the groups with the verb that suits their number.
func admits(groups []peering.SecurityGroupID) string {
	if len(groups) == 1 {
		return fmt.Sprintf("%s admits", groups[0])
	}
	names := make([]string, len(groups))
	for i, g := range groups {
		names[i] = string(g)
	}
	return strings.Join(names, " and ") + " admit"
}

// unknown returns a remark about the prefix lists and groups that may admit the packet and whose content is not known.
func (n Network) unknown(groups []peering.SecurityGroupID, relevant []peering.Permission) string {
	var names []string
	for _, id := range groups {
		if n.group(id) == nil {
			names = append(names, string(id))
		}
	}
	for _, r := range relevant {
		if r.PrefixList != "" {
			names = append(names, string(r.PrefixList))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf(" (the content of %s is not known here)", strings.Join(names, ", "))
}
