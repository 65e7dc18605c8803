package oracle

import (
	"fmt"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
)

// checkSide checks a side that the policy allows and that has nothing forbidden: it is exactly as the policy wants it,
// or an announcement since the last fault explains why not.
func (e End) checkSide(s side) string {
	if route, found := s.conflict(); found {
		return e.unlessAnnounced(s, conflicting, e.Calmed, "it conflicts with "+route+", which wasn't announced")
	}
	why := s.checkContents()
	switch {
	// only rules that refer to security groups are missing, which are retried once a day, regardless of deployments
	case s.isShort() && why == "":
		return e.unlessAnnounced(s, failed, time.Time{}, "a quota doesn't suffice, which wasn't announced")
	case s.isShort():
		return e.unlessAnnounced(s, failed, e.Calmed, "a quota doesn't suffice, which wasn't announced")
	case why != "":
		return why
	}
	tags := s.TagsOn(s.connection, s.own().Cell)
	if tags[peering.TagManaged] != "autopeer" || tags[peering.TagName] == "" {
		return "the connection has no tags in the cell"
	}
	if s.reading.peering.DNS && !s.connection.DNS[s.role] && e.wasConnected(s) {
		return "the DNS option isn't set"
	}
	return e.checkLeftOut(s)
}

// checkContents checks the route tables and security groups of the side's own VPC.
func (s side) checkContents() string {
	for _, t := range s.RouteTablesOf(s.own()) {
		if why := s.checkRouteTable(t); why != "" {
			return why
		}
	}
	for _, g := range s.SecurityGroupsOf(s.own()) {
		if why := s.checkSecurityGroup(g); why != "" {
			return why
		}
	}
	return ""
}

func (s side) checkRouteTable(t *ledger.RouteTable) string {
	want := s.wantedRoutes(t)
	for _, dst := range want {
		if t.Routes[dst].Target != s.connection.ID {
			return fmt.Sprintf("%s has no route to %s", t.ID, dst)
		}
	}
	for dst, there := range t.Routes {
		if there.Target == s.connection.ID && !slices.Contains(want, dst) {
			return fmt.Sprintf("%s has a route to %s that the policy doesn't want", t.ID, dst)
		}
	}
	return ""
}

// checkSecurityGroup lets rules be missing that refer to security groups: EC2 may refuse such a rule, and if nothing
// else is missing it is retried only once a day.
func (s side) checkSecurityGroup(g *ledger.SecurityGroup) string {
	want := s.wantedPermissions(g)
	for _, p := range want {
		if p.Group == "" && !s.isAdmitted(g, p) {
			return fmt.Sprintf("%s has no rule for %v", g.ID, p)
		}
	}
	for _, there := range s.rulesOfOurs(g.ID) {
		if !slices.Contains(want, there.Permission) {
			return fmt.Sprintf("%s has a rule for %v that the policy doesn't want", g.ID, there.Permission)
		}
	}
	return ""
}

// isAdmitted reports whether the security group has a rule with the permission, whether or not autopeer has made it.
func (j judge) isAdmitted(g *ledger.SecurityGroup, p ledger.Permission) bool {
	return slices.ContainsFunc(j.IngressRulesOf(g.ID), func(there *ledger.Rule) bool { return there.Permission == p })
}
