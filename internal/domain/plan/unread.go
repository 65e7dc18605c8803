package plan

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// Unread joins the errors of the prefix lists in the tables that get routes to the peer, once for each list. If a table
// lacks a route, all additions of the side wait until its lists are read. Unread returns nil while they wait for
// another reason, and leaves out two kinds, because reading again doesn't help:
//   - a list that EC2 doesn't show, which is a conflict or a note;
//   - a missing permission, as long as the table lacks no route, which is a note.
func (s Side) Unread() error {
	if s.onlyCloses() {
		return nil
	}
	faults := map[peering.PrefixListID]error{}
	for _, t := range s.routedTables() {
		for id, err := range unreadLists(t, false) {
			if fault.Of(err) != fault.Permanent || s.lacksRoute(t) {
				faults[id] = err
			}
		}
	}
	var all []error
	for _, id := range slices.Sorted(maps.Keys(faults)) {
		all = append(all, faults[id])
	}
	return errors.Join(all...)
}

// lacksRoute reports whether the table has no route of the connection to one of the wanted destinations.
func (s Side) lacksRoute(t peering.RouteTable) bool {
	want, _ := destinations(s.Terms.Routes, s.peerBlocks())
	return slices.ContainsFunc(want, func(dst netip.Prefix) bool { return s.routeChange(t, dst) != nil })
}

// routedTables returns the tables that have or get routes to the peer, sorted.
func (s Side) routedTables() []peering.RouteTable {
	if s.Terms.Routes.Tables.Scope == policy.NoTables || len(s.Reached()) == 0 {
		return nil
	}
	chosen, _ := Select(s.Terms.Routes.Tables, s.Tables, s.Subnets)
	return only(sortedTables(s.Tables), func(t peering.RouteTable) bool { return chosen[t.ID] })
}

// unreadLists returns the lists of the table that EC2 doesn't show, or the others that couldn't be read.
func unreadLists(t peering.RouteTable, hidden bool) map[peering.PrefixListID]error {
	lists := maps.Clone(t.Unread)
	maps.DeleteFunc(lists, func(_ peering.PrefixListID, err error) bool {
		return (fault.Of(err) == fault.Denied) != hidden
	})
	return lists
}

// Unreadable returns those of the prefix lists that the side's tables refer to and whose blocks can't be read now.
func (s Side) Unreadable(lists []peering.PrefixListID) []peering.PrefixListID {
	return only(lists, func(id peering.PrefixListID) bool {
		return slices.ContainsFunc(s.Tables, func(t peering.RouteTable) bool { return t.Unread[id] != nil })
	})
}

// ListsInTheWay returns the prefix lists with a block that conflicts with a wanted route, sorted.
func (p Plan) ListsInTheWay() []peering.PrefixListID {
	var ids []peering.PrefixListID
	for _, c := range p.Conflicts {
		if c.Route.PrefixList != "" && !c.IsHidden() {
			ids = append(ids, c.Route.PrefixList)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// besideUnreadLists returns a note for each route to a prefix list whose blocks EC2 doesn't show to the cell's account,
// or not to autopeer for lack of a permission.
func (s Side) besideUnreadLists() []string {
	var notes []string
	for _, t := range s.routedTables() {
		for _, r := range t.Routes {
			var reason string
			switch fault.Of(t.Unread[r.PrefixList]) {
			case fault.Denied:
				reason = "EC2 doesn't show the list"
			case fault.Permanent:
				reason = "autopeer has no permission to read the list"
			default: // it is read, or read again before the announcement
				continue
			}
			notes = append(notes, fmt.Sprintf("%s routes %s to %s beside the routes to the peer: %s, and if it has "+
				"addresses of the peer, traffic to them may go to %s", t.ID, r.PrefixList, r.Target, reason, r.Target))
		}
	}
	return notes
}
