package oracle

import (
	"fmt"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
)

// checkForbidden checks that the side has no route to its connection and no rule of autopeer with traffic that the
// policy forbids. An obstacle is no excuse: removals don't wait for additions.
func (s side) checkForbidden() string {
	for _, t := range s.RouteTablesOf(s.own()) {
		wanted := s.wantedRoutes(t)
		for dst, there := range t.Routes {
			if there.Target == s.connection.ID && !isCovered(dst, wanted) {
				return fmt.Sprintf("%s still has a route to %s, which the policy forbids", t.ID, dst)
			}
		}
	}
	for _, g := range s.SecurityGroupsOf(s.own()) {
		wanted := s.wantedPermissions(g)
		for _, there := range s.rulesOfOurs(g.ID) {
			if !isAdmittedBy(there.Permission, wanted) {
				return fmt.Sprintf("%s still has a rule for %v, which the policy forbids", g.ID, there.Permission)
			}
		}
	}
	return ""
}

// rulesOfOurs returns the ingress rules that autopeer made in the security group for the connection.
func (s side) rulesOfOurs(group string) []*ledger.Rule {
	var ours []*ledger.Rule
	for _, r := range s.IngressRulesOf(group) {
		if s.Tags[r.ID][peering.TagConnection] == s.connection.ID {
			ours = append(ours, r)
		}
	}
	return ours
}

// hasEvidence reports whether the cell has evidence that autopeer connected the connection: its tag on the connection,
// or a rule that it made for it.
func (j judge) hasEvidence(id string, cell peering.Cell) bool {
	if c := j.Connections[id]; c != nil && j.TagsOn(c, cell)[peering.TagManaged] == "autopeer" {
		return true
	}
	for _, r := range j.Rules {
		if g := j.SecurityGroups[r.Group]; g.VPC.Cell == cell && j.Tags[r.ID][peering.TagConnection] == id {
			return true
		}
	}
	return false
}
