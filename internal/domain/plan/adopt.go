package plan

import "slices"

// ask returns the plan with its changes as a proposal if they need a person's consent that is missing. Without evidence that the
// installation has connected the connection, a route that the policy doesn't want may be in use.
func ask(s Side, p Plan) Plan {
	changes := p.Changes()
	if s.IsOurs || s.isAdopted() || !slices.ContainsFunc(changes, removesRoute) {
		return p
	}
	p.Proposal = slices.Concat(only(changes, Removes), only(changes, func(c Change) bool { return !Removes(c) }))
	p.Steps, p.State, p.Waits = nil, s.existing(), false
	return p
}

// isAdopted reports whether the policy, or a person in the cell, consents to the removal of any route to the connection.
func (s Side) isAdopted() bool { return s.Terms.Adopt || s.Connection.IsAdopted() }

func removesRoute(c Change) bool {
	_, ok := c.(DeleteRoute)
	return ok
}

// existing returns the routes to the connection that exist now, sorted. Rules that the installation made would be evidence.
func (s Side) existing() []Fact {
	var facts []Fact
	for _, t := range s.Tables {
		for _, r := range routesTo(t, s.Connection.ID) {
			facts = append(facts, routeFact(t.ID, r.Destination, s.Connection.ID))
		}
	}
	return sortedFacts(facts)
}

// NeedsConsent reports whether the changes wait for a person's consent.
func (p Plan) NeedsConsent() bool { return len(p.Proposal) > 0 }

// IsIncomplete reports whether the proposal adds routes or rules, so that a part of the side is missing without it.
func (p Plan) IsIncomplete() bool {
	return slices.ContainsFunc(p.Proposal, func(c Change) bool { return IsEssential(c) })
}
