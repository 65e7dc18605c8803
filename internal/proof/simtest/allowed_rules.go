package simtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

func (l *ledger) againstAuthorize(rec record) string {
	for _, made := range rec.madeRules() {
		id := rec.ruleTag()
		var halves []half
		if id != "" {
			halves = l.allowed(id, rec)
		}
		g := l.groups[made.group]
		fits := slices.ContainsFunc(halves, func(h half) bool { return g != nil && slices.Contains(h.admits(g), made.permission) })
		if !fits {
			return fmt.Sprintf("%s was made to admit %v for %q, and the policy doesn't say so", made.group, made.permission, id)
		}
	}
	return ""
}

func (l *ledger) againstRevoke(rec record) string {
	for _, rule := range rec.revokedRules() {
		gone := l.rules[rule]
		if gone == nil {
			return "a rule was revoked that nobody knows: " + rule
		}
		id := l.tags[gone.id][peering.TagConnection]
		if id == "" {
			return fmt.Sprintf("%s of %s was revoked, which somebody else has made", gone.id, gone.group)
		}
		if l.mayTakeBack(id, rec) {
			continue
		}
		halves := l.allowed(id, rec)
		wanted := slices.ContainsFunc(halves, func(h half) bool {
			return slices.Contains(h.admits(l.groups[gone.group]), gone.permission) && !l.isStale(gone, rec.at)
		})
		if wanted || len(halves) == 0 {
			return fmt.Sprintf("%s of %s was revoked, which %s still needs", gone.id, gone.group, id)
		}
	}
	return ""
}

// isStale reports whether the group that the rule refers to is gone, or in a VPC that no connection leads to any more.
func (l *ledger) isStale(r *rule, now time.Time) bool {
	own, other := l.groups[r.group], l.groups[r.permission.group]
	if r.permission.group == "" || own == nil {
		return false
	}
	return other == nil || !l.arePeers(vpcKey{own.cell, own.vpc}, vpcKey{other.cell, other.vpc}, now)
}

func (l *ledger) arePeers(a, b vpcKey, now time.Time) bool {
	for _, c := range l.connections {
		if (c.requester == a && c.accepter == b || c.requester == b && c.accepter == a) && l.state(c, now) == active {
			return true
		}
	}
	return a == b
}
