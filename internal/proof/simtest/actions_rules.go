package simtest

import (
	"slices"
	"strconv"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
)

// admitByHand makes a rule of somebody's own: often the same that the policy wants.
func (r *run) admitByHand() {
	s, other := r.pair()
	if groups := r.groupsOf(s); len(groups) > 0 {
		g := random.Pick(r.Source, groups...)
		p := r.permissionFor(s, g, other)
		r.act(s.Cell, "AuthorizeSecurityGroupIngress", ruleParams(g.id, p)...)
	}
}

// permissionFor is what the policy says for the group, if it says anything, or else something.
func (r *run) permissionFor(s *site, g *group, other *site) permission {
	all := look(r, func(l *ledger) []permission {
		var all []permission
		for _, id := range l.requests {
			c := l.connections[id]
			reading := l.read(c)
			for _, role := range []peering.Role{peering.Requester, peering.Accepter} {
				if c.side(role) == s.vpcKey && reading.entry != nil && l.vpcs[c.side(role.Other())] != nil {
					all = append(all, half{ledger: l, connection: c, role: role, reading: reading, now: time.Now()}.admits(g)...)
				}
			}
		}
		return slices.DeleteFunc(all, func(p permission) bool { return !p.block.IsValid() })
	})
	if len(all) > 0 && r.Chance(70) {
		return random.Pick(r.Source, all...)
	}
	return permission{protocol: "tcp", from: 80, to: 80, block: other.primary}
}

// revokeByHand revokes any rule.
func (r *run) revokeByHand() {
	rules := look(r, func(l *ledger) []*rule { return sorted(l.rules, func(*rule) bool { return true }) })
	if len(rules) == 0 {
		return
	}
	gone := random.Pick(r.Source, rules...)
	cells := look(r, func(l *ledger) []peering.Cell { return []peering.Cell{l.groups[gone.group].cell} })
	r.act(cells[0], "RevokeSecurityGroupIngress", "GroupId", gone.group, "SecurityGroupRuleId.1", gone.id)
}

// ruleParams returns the parameters of a call that makes a rule with the permission.
func ruleParams(group string, p permission) []string {
	list, field := "IpPermissions.1.IpRanges.1.CidrIp", p.block.String()
	if p.block.Addr().Is6() {
		list = "IpPermissions.1.Ipv6Ranges.1.CidrIpv6"
	}
	return []string{
		"GroupId", group, "IpPermissions.1.IpProtocol", p.protocol, "IpPermissions.1.FromPort", strconv.Itoa(p.from), "IpPermissions.1.ToPort", strconv.Itoa(p.to), list, field,
	}
}
