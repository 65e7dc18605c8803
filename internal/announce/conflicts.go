package announce

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

// mostRoutes limits the routes that a next step names, so that the event stays small. The conflicts of the event
// list the others.
const mostRoutes = 10

// remedy returns the next step after the conflicts, which are those of one cell. It has the commands that delete
// blackhole routes, the remedies for prefix lists that EC2 doesn't show and for live routes, and the lines of the
// policy that keep more specific routes. A mesh can't have such lines.
func remedy(o outcome.Outcome, conflicts []plan.Conflict) string {
	var steps []string
	blackholes := slices.DeleteFunc(slices.Clone(conflicts), func(c plan.Conflict) bool { return !c.Route.Blackhole })
	if len(blackholes) > 0 {
		steps = append(steps, deletionOfBlackholes(o, blackholes))
	}
	live := "delete each live route in the way"
	if !isOfMesh(o) {
		live += ", or leave the wanted destination out of the policy's routes with to or except"
	}
	hidden := hiddenLists(conflicts)
	if len(hidden) > 0 {
		steps = append(steps, fmt.Sprintf("have the owner of %s share it with %s, or delete its routes",
			strings.Join(first(hidden), " and of "), o.Cell.Account))
	}
	if slices.ContainsFunc(conflicts, func(c plan.Conflict) bool { return !c.Route.Blackhole && !c.IsHidden() }) {
		steps = append(steps, live)
	}
	if isOfMesh(o) {
		return strings.Join(append(steps,
			fmt.Sprintf("to keep a route in the way, split the VPCs of %s into two departments: "+
				"only a peering of two departments can choose or keep routes", o.Peering.Between[0])), "; ")
	}
	return strings.Join(append(steps, keeping(conflicts)...), "; ")
}

// hiddenLists returns the prefix lists that EC2 doesn't show.
func hiddenLists(conflicts []plan.Conflict) []string {
	var ids []string
	for _, c := range conflicts {
		if id := string(c.Route.PrefixList); c.IsHidden() && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// isOfMesh reports whether the peering of the outcome is one of a department with itself.
func isOfMesh(o outcome.Outcome) bool {
	return o.Peering != nil && o.Peering.Between[0] == o.Peering.Between[1]
}

func deletionOfBlackholes(o outcome.Outcome, blackholes []plan.Conflict) string {
	var commands []string
	for _, c := range blackholes {
		if command := deletionOfRoute(o, c.Table, c.Route); !slices.Contains(commands, command) {
			commands = append(commands, command)
		}
	}
	condition := "if the blackhole route isn't needed"
	if len(commands) > 1 {
		condition = "if the blackhole routes aren't needed"
	}
	return fmt.Sprintf("%s, in %s: %s", condition, o.Cell.Account, strings.Join(first(commands), "; "))
}

// keeping returns a step for each department with routes that the policy can keep.
func keeping(conflicts []plan.Conflict) []string {
	kept := map[string][]string{}
	for _, c := range conflicts {
		if text := c.Route.Destination.String(); c.CanBeKept() && !slices.Contains(kept[c.Own], text) {
			kept[c.Own] = append(kept[c.Own], text)
		}
	}
	var steps []string
	for _, department := range slices.Sorted(maps.Keys(kept)) {
		steps = append(steps, fmt.Sprintf("to keep the route to %s, set keep: [%s] in the peering's routes of %s",
			strings.Join(first(kept[department]), " or "), strings.Join(first(kept[department]), ", "), department))
	}
	return steps
}

// first returns the entries that a next step names.
func first(entries []string) []string { return entries[:min(len(entries), mostRoutes)] }
