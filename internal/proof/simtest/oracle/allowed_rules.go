package oracle

import (
	"fmt"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
)

func (j judge) checkAuthorize(rec ledger.Record) string {
	id := rec.ConnectionTag()
	sides := j.allowedSides(id, rec.Cell)
	for _, made := range rec.MadeRules() {
		g := j.SecurityGroups[made.Group]
		isWanted := func(s side) bool { return slices.Contains(s.wantedPermissions(g), made.Permission) }
		if g == nil || !slices.ContainsFunc(sides, isWanted) {
			return fmt.Sprintf("%s was made to admit %v for %q, but the policy doesn't want the rule", made.Group, made.Permission, id)
		}
	}
	return ""
}

func (j judge) checkRevoke(rec ledger.Record) string {
	for _, id := range rec.RevokedRules() {
		if why := j.checkRevoked(id, rec.Cell); why != "" {
			return why
		}
	}
	return ""
}

func (j judge) checkRevoked(rule string, cell peering.Cell) string {
	gone := j.Rules[rule]
	if gone == nil {
		return "an unknown rule was revoked: " + rule
	}
	id := j.Tags[gone.ID][peering.TagConnection]
	switch {
	case id == "":
		return fmt.Sprintf("%s of %s was revoked, but it has no connection tag, so autopeer hasn't made it", gone.ID, gone.Group)
	case j.mayDisconnect(id, cell):
		return ""
	}
	sides := j.allowedSides(id, cell)
	isWanted := func(s side) bool {
		return slices.Contains(s.wantedPermissions(j.SecurityGroups[gone.Group]), gone.Permission)
	}
	if len(sides) == 0 || slices.ContainsFunc(sides, isWanted) && !j.isStale(gone) {
		return fmt.Sprintf("%s of %s was revoked, but %s still needs it", gone.ID, gone.Group, id)
	}
	return ""
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
