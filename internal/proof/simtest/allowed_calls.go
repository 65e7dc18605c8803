package simtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// objections are what speaks against a call of autopeer's. A call that isn't here, autopeer has no business making.
var objections = map[string]func(*ledger, record) string{
	"AcceptVpcPeeringConnection":        (*ledger).againstAccept,
	"RejectVpcPeeringConnection":        (*ledger).againstReject,
	"CreateRoute":                       (*ledger).againstRoute,
	"ReplaceRoute":                      (*ledger).againstReplace,
	"DeleteRoute":                       (*ledger).againstDeleteRoute,
	"AuthorizeSecurityGroupIngress":     (*ledger).againstAuthorize,
	"RevokeSecurityGroupIngress":        (*ledger).againstRevoke,
	"CreateTags":                        (*ledger).againstTags,
	"ModifyVpcPeeringConnectionOptions": (*ledger).againstOptions,
}

// objection says in a sentence why autopeer shouldn't have made the call, as things stand; "" if it may.
func (l *ledger) objection(rec record) string {
	object := objections[rec.call]
	if object == nil {
		return fmt.Sprintf("autopeer-%s called %s, which it never does", rec.who, rec.call)
	}
	if want := callers[rec.call]; !slices.Contains(want, rec.who) {
		return fmt.Sprintf("autopeer-%s called %s, which only %v do", rec.who, rec.call, want)
	}
	return object(l, rec)
}

// callers are the functions that may make a call.
var callers = map[string][]string{
	"AcceptVpcPeeringConnection":        {"accept"},
	"RejectVpcPeeringConnection":        {"accept"},
	"CreateRoute":                       {"connect"},
	"ReplaceRoute":                      {"connect"},
	"DeleteRoute":                       {"connect", "disconnect"},
	"AuthorizeSecurityGroupIngress":     {"connect"},
	"RevokeSecurityGroupIngress":        {"connect", "disconnect"},
	"CreateTags":                        {"connect"},
	"ModifyVpcPeeringConnectionOptions": {"connect"},
}

func (l *ledger) againstAccept(rec record) string {
	c := l.connections[rec.connection()]
	if c == nil {
		return rec.connection() + " was accepted, which nobody asked for"
	}
	sees := inCell(rec.cell)
	readings := l.readings(c, sees)
	allowed := allowing(readings)
	switch {
	case len(readings) == 0:
		return fmt.Sprintf("%s from %s to %s was accepted, and no peering of the policy names the two in this direction", c.id, c.requester, c.accepter)
	case len(allowed) == 0:
		return c.id + " was accepted, and its blocks contradict the policy"
	case asks(allowed) && !l.isApproved(c):
		return c.id + " was accepted, and nobody has approved it"
	}
	for _, reading := range allowed {
		if _, found := l.foreseen(c, reading, rec.cell, rec.at); !found {
			return ""
		}
	}
	in, _ := l.foreseen(c, allowed[0], rec.cell, rec.at)
	return fmt.Sprintf("%s was accepted, and %s is in the way", c.id, in)
}

// foreseen returns a route that is in the way of one of the cell's halves, as far as that is known before acceptance.
func (l *ledger) foreseen(c *connection, by reading, cell peering.Cell, now time.Time) (in string, found bool) {
	for _, role := range c.roles(cell) {
		h := half{ledger: l, connection: c, role: role, reading: by, now: now}.expecting(inCell(cell))
		if in, found := h.obstacle(); found {
			return in, true
		}
	}
	return "", false
}

func (l *ledger) againstReject(rec record) string {
	c := l.connections[rec.connection()]
	if c == nil || !l.policy.reject || len(l.readings(c, inCell(rec.cell))) > 0 {
		return rec.connection() + " was rejected, and the policy doesn't ask for that"
	}
	return ""
}

// allowed returns the halves of an active connection that the cell owns and the policy allows.
func (l *ledger) allowed(id string, rec record) []half {
	c := l.connections[id]
	if c == nil || l.policy == nil || l.state(c, rec.at) != active {
		return nil
	}
	reading := l.read(c)
	if !reading.allows() {
		return nil
	}
	var halves []half
	for _, role := range c.roles(rec.cell) {
		halves = append(halves, half{ledger: l, connection: c, role: role, reading: reading, now: rec.at})
	}
	return halves
}

// mayTakeBack reports whether nothing of the connection shall be left in the cell. A new one may not be shown yet, and
// then is as good as gone to a function that was told so.
func (l *ledger) mayTakeBack(id string, rec record) bool {
	if l.isDead(id, rec.at) {
		return true
	}
	c := l.connections[id]
	return l.isRemoved(c, rec.cell, rec.at) || rec.at.Sub(c.created) < unseen
}

// isRemoved reports whether autopeer has connected it once and the policy has no peering for it any more, and wants
// it disconnected.
func (l *ledger) isRemoved(c *connection, cell peering.Cell, now time.Time) bool {
	return l.policy != nil && l.policy.disconnect && l.state(c, now) == active && l.read(c).entry == nil &&
		l.tagsOn(c, cell)[peering.TagManaged] == "true"
}

func (l *ledger) againstTags(rec record) string {
	for _, id := range rec.tagged() {
		if len(l.allowed(id, rec)) == 0 {
			return id + " was tagged, which the policy doesn't allow"
		}
		for _, key := range rec.tagKeys() {
			before := l.tagsOn(l.connections[id], rec.cell)[key]
			if key != peering.TagManaged && (key != peering.TagName || before != "") {
				return fmt.Sprintf("%s was given the tag %s", id, key)
			}
		}
	}
	return ""
}

func (l *ledger) againstOptions(rec record) string {
	for _, h := range l.allowed(rec.connection(), rec) {
		if h.reading.entry.dns {
			return ""
		}
	}
	return "the DNS option of " + rec.connection() + " was changed, and the policy doesn't say so"
}
