package oracle

import (
	"fmt"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
)

func (j judge) checkAuthorize(rec ledger.Record) string {
	id := rec.ConnectionTag()
	if why := j.checkConsent("a rule was made", id, rec.Cell); why != "" {
		return why
	}
	sides := j.maintainedSides(id, rec.Cell)
	for _, made := range rec.MadeRules() {
		g := j.SecurityGroups[made.Group]
		i := slices.IndexFunc(sides, func(s side) bool {
			return g != nil && slices.Contains(s.wantedPermissions(g), made.Permission)
		})
		if i < 0 {
			return fmt.Sprintf("%s was made to admit %v for %q, but the policy doesn't want the rule",
				made.Group, made.Permission, id)
		}
		if why := sides[i].checkNarrowed(fmt.Sprintf("a rule of %s for %v", made.Group, made.Permission),
			isAdmittedBy(made.Permission, permissionsOf(sides[i].rulesOfOurs(made.Group)))); why != "" {
			return why
		}
	}
	return ""
}

func permissionsOf(rules []*ledger.Rule) []ledger.Permission {
	var all []ledger.Permission
	for _, r := range rules {
		all = append(all, r.Permission)
	}
	return all
}

func (j judge) checkRevoke(rec ledger.Record) string {
	for _, id := range rec.RevokedRules() {
		if why := j.checkRevoked(id, rec); why != "" {
			return why
		}
	}
	for _, id := range rec.RevokedRules() {
		if why := j.checkKept(j.Rules[id], rec); why != "" {
			return why
		}
	}
	return ""
}

// checkKept checks that the revocation of a rule cuts no traffic that the policy allows before and after.
func (j judge) checkKept(gone *ledger.Rule, rec ledger.Record) string {
	id := j.Tags[gone.ID][peering.TagConnection]
	sides := j.maintainedSides(id, rec.Cell)
	if j.mayDisconnect(id, rec.Cell) || j.isWanted(gone, sides) && takesBack(rec, sides) {
		return ""
	}
	for _, s := range sides {
		if p, found := s.interruptedPermission(j.SecurityGroups[gone.Group], rec.RevokedRules()); found {
			return fmt.Sprintf("%s of %s was revoked before there was another rule for %v, which the "+
				"policy allows before and after", gone.ID, gone.Group, p)
		}
	}
	return ""
}

func (j judge) checkRevoked(rule string, rec ledger.Record) string {
	gone := j.Rules[rule]
	if gone == nil {
		return "an unknown rule was revoked: " + rule
	}
	id := j.Tags[gone.ID][peering.TagConnection]
	switch {
	case id == "":
		return fmt.Sprintf("%s of %s was revoked, but it has no connection tag, so autopeer hasn't made it",
			gone.ID, gone.Group)
	case j.mayDisconnect(id, rec.Cell):
		return ""
	}
	sides := j.maintainedSides(id, rec.Cell)
	if len(sides) == 0 || j.isWanted(gone, sides) && !j.isStale(gone) && !takesBack(rec, sides) {
		return fmt.Sprintf("%s of %s was revoked, but %s still needs it", gone.ID, gone.Group, id)
	}
	return ""
}

// isWanted reports whether one of the sides wants exactly the rule.
func (j judge) isWanted(r *ledger.Rule, sides []side) bool {
	return slices.ContainsFunc(sides, func(s side) bool {
		return slices.Contains(s.wantedPermissions(j.SecurityGroups[r.Group]), r.Permission)
	})
}

// isStale reports whether the rule refers to a security group that was deleted or is in a VPC that is no longer a peer.
func (j judge) isStale(r *ledger.Rule) bool {
	if r.Permission.Group == "" {
		return false
	}
	own, other := j.SecurityGroups[r.Group], j.SecurityGroups[r.Permission.Group]
	return other == nil || !j.arePeers(own.VPC, other.VPC)
}

// arePeers reports whether an active connection leads from one VPC to the other, or both are the same.
func (j judge) arePeers(a, b ledger.VPCKey) bool {
	for _, c := range j.Connections {
		if (c.Requester == a && c.Accepter == b || c.Requester == b && c.Accepter == a) && j.stateOf(c) == ledger.Active {
			return true
		}
	}
	return a == b
}
