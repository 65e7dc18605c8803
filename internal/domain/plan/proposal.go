package plan

import (
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// Accept is the acceptance of a request, as a proposal lists it before the changes that follow.
type Accept struct{ Connection peering.ConnectionID }

func (c Accept) String() string { return "accept " + string(c.Connection) }

// Key implements Change.
func (c Accept) Key() string { return key("accept", c.Connection) }

// Reject is the rejection of a request, as a proposal lists it.
type Reject struct{ Connection peering.ConnectionID }

func (c Reject) String() string { return "reject " + string(c.Connection) }

// Key implements Change.
func (c Reject) Key() string { return key("reject", c.Connection) }

// Standing returns the side's routes to the connection and rules for it that exist now, and the wanted rules of
// others, sorted.
func Standing(s Side) []Fact {
	var facts []Fact
	resources, _ := s.resources()
	for _, r := range resources {
		for _, i := range r.existing {
			facts = append(facts, i.fact)
		}
	}
	return sortedFacts(facts)
}

// Lacks reports whether the plan adds a route, a rule or the DNS option, now or after a person's consent.
func (p Plan) Lacks() bool {
	for _, c := range p.Intended() {
		if !Removes(c) && !Tags(c) {
			return true
		}
	}
	return false
}

// Spares reports whether the routes and rules of a dead connection stay although they obstruct the side, because
// nothing may be changed for that connection. The blocks of its VPCs are those that the side knows. A side that is
// only proposed lists their removal if its own connection's mode is the reason.
func (s Side) Spares(dead peering.Connection, p *policy.Policy) bool {
	for _, known := range []peering.VPC{s.Connection.Requester, s.Connection.Accepter} {
		switch {
		case known.Same(dead.Requester):
			dead.Requester.Blocks = known.Blocks
		case known.Same(dead.Accepter):
			dead.Accepter.Blocks = known.Blocks
		}
	}
	return p.Reports(dead) && !p.Reports(s.Connection)
}
