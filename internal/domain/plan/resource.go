package plan

import (
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// resource is one route table or security group, with the items that a plan adds to it and removes from it.
type resource struct {
	gains, losses []item
	wanted        []Fact // once all changes are made
	existing      []item // routes and rules of the connection that are there now, and wanted rules of others
	conflicts     []Conflict
	unread        bool // a prefix list that couldn't be read may be a conflict
	quotas        []quota
}

// item is one route of a table or one ingress rule of a group.
type item struct {
	traffic peering.Permission  // that it admits; a route carries all traffic of its destination
	fact    Fact                // once it exists
	route   Change              // that makes or removes a route; nil for a rule
	rule    peering.IngressRule // to revoke
	group   peering.SecurityGroupID
	// closes is true for a loss with traffic that the policy forbids, and for a gain that only keeps traffic of such a
	// loss. An obstacle doesn't delay these changes.
	closes bool
}

func (s Side) resources() ([]resource, []string) {
	tables, unrouted := planRoutes(s)
	groups, unadmitted := planRules(s)
	return slices.Concat(tables, groups), slices.Concat(unrouted, unadmitted)
}

// order is the order in which a resource gains and loses its items.
type order struct {
	now     []item // gains for which there is room
	free    []item // losses without traffic that a gain of now keeps
	then    []item // the other losses: traffic that stays allowed is never cut
	last    []item // gains for which the losses make room
	lacking []item // gains for which there isn't any
}

// order adds before it removes wherever there is room, beginning with the gains that keep traffic of a loss.
func (r resource) order() order {
	var o order
	var later []item
	free := r.room()
	for _, gain := range slices.Concat(r.keeping(true), r.keeping(false)) {
		switch {
		case !r.isTaken(gain) && free.takes(gain):
			o.now = append(o.now, gain)
		default:
			later = append(later, gain)
		}
	}
	for _, loss := range r.losses {
		free.gets(loss)
		if slices.ContainsFunc(o.now, func(gain item) bool { return overlap(gain.traffic, loss.traffic) }) {
			o.then = append(o.then, loss)
		} else {
			o.free = append(o.free, loss)
		}
	}
	for _, gain := range later {
		if free.takes(gain) {
			o.last = append(o.last, gain)
		} else {
			o.lacking = append(o.lacking, gain)
		}
	}
	return o
}

// keeping returns the gains that keep some traffic of a loss, or if want is false, the others.
func (r resource) keeping(want bool) []item {
	return only(r.gains, func(gain item) bool {
		return slices.ContainsFunc(r.losses, func(loss item) bool { return overlap(gain.traffic, loss.traffic) }) == want
	})
}

// isTaken reports whether a loss is the same as the gain. It then has to be removed first, because EC2 refuses a
// duplicate rule.
func (r resource) isTaken(gain item) bool {
	return slices.ContainsFunc(r.losses, func(loss item) bool { return loss.traffic == gain.traffic })
}

// with adds the changes of the resource to the three steps.
func (o order) with(work [3][]Change, s Side) [3][]Change {
	return [3][]Change{
		slices.Concat(work[0], additions(s, o.now), removals(o.free)),
		slices.Concat(work[1], removals(o.then)),
		slices.Concat(work[2], additions(s, o.last)),
	}
}

func additions(s Side, gains []item) []Change {
	changes := routeChanges(gains)
	var permissions []peering.Permission
	for _, gain := range only(gains, item.isRule) {
		permissions = append(permissions, gain.traffic)
	}
	if len(permissions) == 0 {
		return changes
	}
	slices.SortFunc(permissions, comparePermissions)
	return append(changes, authorizations(s, gains[0].group, permissions)...)
}

func removals(losses []item) []Change {
	var closing, replaced []peering.IngressRule
	for _, loss := range only(losses, item.isRule) {
		if loss.closes {
			closing = append(closing, loss.rule)
		} else {
			replaced = append(replaced, loss.rule)
		}
	}
	return slices.Concat(routeChanges(losses), revocations(closing, false), revocations(replaced, true))
}

func routeChanges(items []item) []Change {
	var changes []Change
	for _, i := range items {
		if !i.isRule() {
			changes = append(changes, i.route)
		}
	}
	return changes
}

func (i item) isRule() bool { return i.route == nil }
