package plan

import "slices"

// evidenceLast returns the steps with the revocations after the deletions of routes, if rules may be the only evidence
// that the routes are the installation's. A function that is killed in between leaves the evidence for the next one.
func (s Side) evidenceLast(all [][]Change) [][]Change {
	deletes := func(step []Change) bool { return slices.ContainsFunc(step, removesRoute) }
	if !s.isUntagged() {
		return all
	}
	var first, last, after [][]Change
	for i, step := range all {
		if !slices.ContainsFunc(all[i:], deletes) {
			after = append(after, step)
			continue
		}
		first = append(first, only(step, func(c Change) bool { return !revokes(c) }))
		last = append(last, only(step, revokes))
	}
	return steps(slices.Concat(first, [][]Change{slices.Concat(last...)}, after)...)
}

// Turns returns the indexes of the plans for the sides of one connection, in groups that are carried out one after
// the other. The plans of a group are carried out concurrently. If the rules that one plan revokes may be the only
// evidence for the routes that another one deletes, each plan is a group of its own, and plans that revoke rules
// come last.
func Turns(sides []Side, plans []Plan) [][]int {
	var first, last []int
	deletes := false
	for i, p := range plans {
		if sides[i].isUntagged() && slices.ContainsFunc(p.Changes(), revokes) {
			last = append(last, i)
		} else {
			first = append(first, i)
		}
		deletes = deletes || slices.ContainsFunc(p.Changes(), removesRoute)
	}
	all := slices.Concat(first, last)
	if !deletes || len(last) == 0 {
		return [][]int{all}
	}
	return slices.Collect(slices.Chunk(all, 1))
}

// isUntagged reports whether the connection lacks the installation's tag, so that rules are the only evidence.
func (s Side) isUntagged() bool { return s.Connection.ManagedBy() != s.By }

func revokes(c Change) bool {
	_, ok := c.(Revoke)
	return ok
}
