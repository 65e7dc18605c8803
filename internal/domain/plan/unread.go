package plan

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/fault"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// Unread joins the errors of the prefix lists in the tables that get routes to the peer, once for each list. New routes
// wait until they are read. A list that EC2 doesn't show has no error here, but is a conflict or a note, because
// reading it again doesn't help. Unread returns nil while all additions wait for another reason.
func (s Side) Unread() error {
	if s.onlyCloses() {
		return nil
	}
	faults := map[peering.PrefixListID]error{}
	for _, t := range s.routedTables() {
		maps.Copy(faults, unreadLists(t, false))
	}
	var all []error
	for _, id := range slices.Sorted(maps.Keys(faults)) {
		all = append(all, faults[id])
	}
	return errors.Join(all...)
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

// besideHiddenLists returns a note for each route to a prefix list that EC2 doesn't show to the cell's account.
func (s Side) besideHiddenLists() []string {
	var notes []string
	for _, t := range s.routedTables() {
		for _, r := range t.Routes {
			if unreadLists(t, true)[r.PrefixList] != nil {
				notes = append(notes, fmt.Sprintf("%s routes %s to %s beside the routes to the peer: EC2 doesn't show the list, "+
					"and if it has addresses of the peer, traffic to them may go to %s", t.ID, r.PrefixList, r.Target, r.Target))
			}
		}
	}
	return notes
}
