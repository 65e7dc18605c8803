package plan

import "slices"

// ConnectSides plans all sides of one connection that a cell manages, each as Connect does. A change of the
// connection itself is in the first plan alone. If the changes of one side need a person's consent that is missing,
// all changes are proposals: the connection's tag would be evidence for the other side, too.
func ConnectSides(sides ...Side) []Plan {
	plans := make([]Plan, len(sides))
	asks := false
	for i, s := range sides {
		plans[i] = connect(s)
		asks = asks || s.asks(plans[i])
	}
	for i, s := range sides {
		for _, before := range plans[:i] {
			plans[i] = plans[i].without(before.Intended())
		}
		if asks {
			plans[i] = s.proposed(plans[i])
		}
	}
	return plans
}

// without returns the plan without the changes that are among the others.
func (p Plan) without(others []Change) Plan {
	for i, step := range p.Steps {
		p.Steps[i] = only(step, func(c Change) bool {
			return !slices.ContainsFunc(others, func(o Change) bool { return o.Key() == c.Key() })
		})
	}
	p.Steps = steps(p.Steps...)
	return p
}

// asks reports whether the plan needs a person's consent that is missing: without evidence that the installation
// has connected the connection, a route that the policy doesn't want may be in use. An obstacle may leave the route
// for now; until there is consent, nothing may become evidence.
func (s Side) asks(p Plan) bool {
	if s.isOurs() || s.isAdopted() {
		return false
	}
	return slices.ContainsFunc(p.Changes(), removesRoute) || s.waits(p) && s.hasSurplusRoute()
}

// waits reports whether additions of the plan wait for anything but consent.
func (s Side) waits(p Plan) bool { return p.IsObstructed() || s.onlyCloses() }

// hasSurplusRoute reports whether a route to the connection isn't among the wanted ones.
func (s Side) hasSurplusRoute() bool {
	resources, _ := s.resources()
	return slices.ContainsFunc(resources, func(r resource) bool {
		return slices.ContainsFunc(r.losses, func(i item) bool { return !i.isRule() })
	})
}

// proposed returns the plan with its changes as a proposal. One without changes stays as it is, and so does one
// whose additions wait anyway, but for its tags: the surplus route is proposed once it can be replaced.
func (s Side) proposed(p Plan) Plan {
	changes := p.Changes()
	if s.waits(p) && p.OnlyTags() {
		p.Steps = nil
		return p
	}
	if len(changes) == 0 {
		return p
	}
	p.Proposal = slices.Concat(only(changes, Removes), only(changes, func(c Change) bool { return !Removes(c) }))
	p.Steps, p.State, p.Waits = nil, nil, false
	return p
}

// isOurs reports whether there is evidence that the installation has connected the connection: its tag, or else a
// rule of the installation for it in the cell.
func (s Side) isOurs() bool {
	return s.Connection.IsConnectedBy(s.By, slices.Concat(s.Ours, s.Rules))
}

// isAdopted reports whether the policy, or a person in the cell, consents to the removal of any route to the
// connection.
func (s Side) isAdopted() bool { return s.Terms.Adopt || s.Connection.IsAdopted() }

func removesRoute(c Change) bool {
	_, ok := c.(DeleteRoute)
	return ok
}

// NeedsConsent reports whether the changes wait for a person's consent.
func (p Plan) NeedsConsent() bool { return len(p.Proposal) > 0 }

// Intended returns the changes of all steps in their order, or those that wait for a person's consent.
func (p Plan) Intended() []Change { return slices.Concat(p.Changes(), p.Proposal) }
