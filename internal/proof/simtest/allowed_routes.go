package simtest

import (
	"fmt"
	"slices"
)

func (l *ledger) againstRoute(rec record) string {
	t := l.tables[rec.routeTable()]
	id, dst := rec.target(), rec.destination()
	for _, h := range l.allowed(id, rec) {
		if t != nil && slices.Contains(h.wants(t), dst) {
			return ""
		}
	}
	return fmt.Sprintf("%s was routed to %s in %s, and the policy doesn't say so", dst, id, rec.routeTable())
}

func (l *ledger) againstReplace(rec record) string {
	if why := l.againstRoute(rec); why != "" {
		return why
	}
	t := l.tables[rec.routeTable()]
	there, found := t.routes[rec.destination()]
	if found && isConnection(there.target) && l.isDead(there.target, rec.at) {
		return ""
	}
	return fmt.Sprintf("the route %s → %s in %s was replaced, and it isn't what a dead connection has left", rec.destination(), there.target, t.id)
}

func (l *ledger) againstDeleteRoute(rec record) string {
	t := l.tables[rec.routeTable()]
	if t == nil {
		return ""
	}
	there := t.routes[rec.destination()]
	switch {
	case !l.concerns(vpcKey{t.cell, t.vpc}):
		return fmt.Sprintf("a route of %s was deleted, which is no department's", t.vpc)
	case !isConnection(there.target):
		return fmt.Sprintf("the route %s → %s in %s was deleted, which leads to no connection", rec.destination(), there.target, t.id)
	case l.mayTakeBack(there.target, rec):
		return ""
	}
	for _, h := range l.allowed(there.target, rec) {
		if t.vpc == h.own().id && slices.Contains(h.wants(t), rec.destination()) {
			return fmt.Sprintf("the route %s → %s in %s was deleted, which the policy wants", rec.destination(), there.target, t.id)
		}
	}
	if len(l.allowed(there.target, rec)) == 0 {
		return fmt.Sprintf("the route %s → %s in %s was deleted, and the connection isn't autopeer's to judge", rec.destination(), there.target, t.id)
	}
	return ""
}
