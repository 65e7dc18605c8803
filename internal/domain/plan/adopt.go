package plan

import "slices"

// ask returns the plan with its changes as a proposal, and without steps, if they need a person's consent that is missing: without
// evidence that the installation has connected the connection, a route that the policy doesn't want may be in use.
func ask(s Side, p Plan) Plan {
	changes := p.Changes()
	if s.isOurs() || s.isAdopted() || !slices.ContainsFunc(changes, removesRoute) {
		return p
	}
	p.Proposal = slices.Concat(only(changes, Removes), only(changes, func(c Change) bool { return !Removes(c) }))
	p.Steps, p.State, p.Waits = nil, nil, false
	return p
}

// isOurs reports whether there is evidence that the installation has connected the connection: its tag, or else a rule of the
// installation for it in the cell.
func (s Side) isOurs() bool {
	return s.Connection.IsConnectedBy(s.By, slices.Concat(s.Ours, s.Rules))
}

// isAdopted reports whether the policy, or a person in the cell, consents to the removal of any route to the connection.
func (s Side) isAdopted() bool { return s.Terms.Adopt || s.Connection.IsAdopted() }

func removesRoute(c Change) bool {
	_, ok := c.(DeleteRoute)
	return ok
}

// NeedsConsent reports whether the changes wait for a person's consent.
func (p Plan) NeedsConsent() bool { return len(p.Proposal) > 0 }

// ProposesAdditions reports whether routes or rules are missing as long as the consent is.
func (p Plan) ProposesAdditions() bool { return slices.ContainsFunc(p.Proposal, IsEssential) }
