package world

import (
	"slices"
	"strconv"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
)

// admitByHand makes a rule, often one that the policy wants.
func (w *World) admitByHand() {
	s, other := w.pair()
	if groups := w.groupsOf(s); len(groups) > 0 {
		g := random.Pick(w.Source, groups...)
		p := w.permissionFor(g, other)
		w.act(s.Cell, "AuthorizeSecurityGroupIngress", ruleParams(g.ID, p)...)
	}
}

// permissionFor returns mostly one that the policy wants in the group, if there is any.
func (w *World) permissionFor(g *ledger.SecurityGroup, other *site) ledger.Permission {
	all := look(w, func(l *ledger.Ledger) []ledger.Permission { return oracle.WantedPermissions(l, g) })
	all = slices.DeleteFunc(all, func(p ledger.Permission) bool { return !p.Block.IsValid() })
	if len(all) > 0 && w.Chance(70) {
		return random.Pick(w.Source, all...)
	}
	return ledger.Permission{Protocol: "tcp", From: 80, To: 80, Block: other.primary}
}

// revokeByHand revokes any rule, of autopeer or not.
func (w *World) revokeByHand() {
	rules := look(w, func(l *ledger.Ledger) []*ledger.Rule {
		return ledger.Sorted(l.Rules, func(*ledger.Rule) bool { return true })
	})
	if len(rules) == 0 {
		return
	}
	gone := random.Pick(w.Source, rules...)
	cells := look(w, func(l *ledger.Ledger) []peering.Cell {
		return []peering.Cell{l.SecurityGroups[gone.Group].VPC.Cell}
	})
	w.act(cells[0], "RevokeSecurityGroupIngress", "GroupId", gone.Group, "SecurityGroupRuleId.1", gone.ID)
}

// ruleParams returns the parameters of a call that makes a rule with the permission.
func ruleParams(group string, p ledger.Permission) []string {
	list, field := "IpPermissions.1.IpRanges.1.CidrIp", p.Block.String()
	if p.Block.Addr().Is6() {
		list = "IpPermissions.1.Ipv6Ranges.1.CidrIpv6"
	}
	return []string{
		"GroupId", group, "IpPermissions.1.IpProtocol", p.Protocol, "IpPermissions.1.FromPort", strconv.Itoa(p.From),
		"IpPermissions.1.ToPort", strconv.Itoa(p.To), list, field,
	}
}
