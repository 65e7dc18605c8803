package plan

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Conflict is an existing route that prevents a wanted one.
type Conflict struct {
	Table       peering.RouteTableID
	Route       peering.Route
	Destination netip.Prefix // the wanted one: the route's own, or one that overlaps it
	Wanted      peering.ConnectionID
	Own         string // the department of the table
}

// CanBeKept reports whether the policy can keep the route, because it is more specific than the wanted one.
func (c Conflict) CanBeKept() bool { return c.Route.Destination.Bits() > c.Destination.Bits() }

// IsHidden reports whether the route is to a prefix list that EC2 doesn't show, and may be in the way.
func (c Conflict) IsHidden() bool { return !c.Route.Destination.IsValid() }

// String names the table, the destination and both targets.
func (c Conflict) String() string {
	switch {
	case c.IsHidden():
		return fmt.Sprintf("%s, which is routed to %s in %s, may overlap %s, so that can't be routed to %s: EC2 doesn't "+
			"show this prefix list", c.Route.PrefixList, c.Route.Target, c.Table, c.Destination, c.Wanted)
	case c.Route.Blackhole:
		return c.blackhole()
	}
	if c.Destination != c.Route.Destination {
		return fmt.Sprintf("%s, which is routed to %s in %s%s, overlaps %s, so that can't be routed to %s",
			c.Route.Destination, c.Route.Target, c.Table, c.kind(), c.Destination, c.Wanted)
	}
	return fmt.Sprintf("%s is already routed to %s in %s%s, so it can't be routed to %s",
		c.Route.Destination, c.Route.Target, c.Table, c.kind(), c.Wanted)
}

// kind names an obstacle other than a static route for the block, because its owner changes it in another place.
func (c Conflict) kind() string {
	switch {
	case c.Route.PrefixList != "":
		return " by the prefix list " + string(c.Route.PrefixList)
	case c.Route.Propagated:
		return " by route propagation"
	}
	return ""
}

// blackhole is the sentence about a route whose target was deleted, or doesn't carry traffic yet.
func (c Conflict) blackhole() string {
	if c.Destination != c.Route.Destination {
		return fmt.Sprintf("%s, which has a blackhole route to %s in %s%s, overlaps %s, so that can't be routed to %s",
			c.Route.Destination, c.Route.Target, c.Table, c.kind(), c.Destination, c.Wanted)
	}
	return fmt.Sprintf("%s has a blackhole route to %s in %s%s, so it can't be routed to %s",
		c.Route.Destination, c.Route.Target, c.Table, c.kind(), c.Wanted)
}

// conflicts returns the routes of the table that stand in the way of one to the destination. Once ours is there, EC2
// prefers it to a propagated route and to a prefix list with the same block. A list that EC2 doesn't show is a conflict
// before that alone: it was none while it was shown.
func conflicts(t peering.RouteTable, dst netip.Prefix, s Side) []Conflict {
	ours, found := routeTo(t, dst)
	isOurs := found && ours.Target == peering.Target(s.Connection.ID)
	hidden := unreadLists(t, true)
	var all []Conflict
	for _, r := range t.Routes {
		isHidden := hidden[r.PrefixList] != nil
		if isOurs && (r.Destination == dst || isHidden) {
			continue
		}
		inTheWay := isHidden || standsInTheWay(r, dst) && !s.keeps(r, dst)
		if r.Target != peering.Target(s.Connection.ID) && !s.hasLeft(r) && inTheWay {
			all = append(all, Conflict{Table: t.ID, Route: r, Destination: dst, Wanted: s.Connection.ID, Own: s.Own})
		}
	}
	slices.SortFunc(all, func(a, b Conflict) int {
		return cmp.Or(a.Route.Destination.Compare(b.Route.Destination), cmp.Compare(a.Route.PrefixList, b.Route.PrefixList))
	})
	return all
}

// standsInTheWay reports whether the route already leads to some of the destination's addresses, or whether
// the wanted route would divert part of the traffic to another peer. A wider route to another kind of target,
// such as a default route or one to a transit gateway, serves the addresses without a more specific route.
func standsInTheWay(r peering.Route, dst netip.Prefix) bool {
	if !r.Destination.IsValid() || !r.Destination.Overlaps(dst) {
		return false
	}
	return r.Destination.Bits() >= dst.Bits() || r.Target.IsConnection()
}

// keeps reports whether the policy keeps the route, which is more specific than the wanted one. It can't keep a
// route to the wanted destination itself, which would replace ours, or a wider one to another connection, because
// ours would divert part of its traffic.
func (s Side) keeps(r peering.Route, dst netip.Prefix) bool {
	return r.Destination.Bits() > dst.Bits() && slices.Contains(s.Terms.Routes.Keep, r.Destination)
}

// keptIn returns a sentence for each route of the table that leads a part of a wanted destination elsewhere and is
// kept, sorted.
func keptIn(t peering.RouteTable, want []netip.Prefix, s Side) []string {
	var sentences []string
	for _, r := range t.Routes {
		inside := slices.ContainsFunc(want, func(dst netip.Prefix) bool { return standsInTheWay(r, dst) && s.keeps(r, dst) })
		if inside && r.Target != peering.Target(s.Connection.ID) && !s.hasLeft(r) {
			sentences = append(sentences, fmt.Sprintf("%s stays routed to %s in %s, as the policy keeps this route",
				r.Destination, r.Target, t.ID))
		}
	}
	slices.Sort(sentences)
	return sentences
}

// KeepsRoute reports whether the policy keeps a route of the side that leads a part of a wanted destination elsewhere.
func (s Side) KeepsRoute() bool {
	chosen, _ := Select(s.Terms.Routes.Tables, s.Tables, s.Subnets)
	want, _ := destinations(s.Terms.Routes, s.peerBlocks())
	return slices.ContainsFunc(s.Tables, func(t peering.RouteTable) bool {
		return chosen[t.ID] && len(keptIn(t, want, s)) > 0
	})
}

// isLeftover reports whether the route may have been left by a connection that is dead by now.
func (c Conflict) isLeftover() bool { return c.Route.Blackhole && c.Route.Target.IsConnection() }
