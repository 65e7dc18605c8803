// Package plan computes the changes that bring one side of a peering connection to the state that the policy asks for. Its
// functions are pure, and their result does not depend on the order of their input.
package plan

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// Side is one half of an active connection: what its cell has observed, and what the policy wants there.
type Side struct {
	Connection peering.Connection
	Role       peering.Role
	Own, Peer  string // the departments' names
	Terms      policy.Terms
	Limits     policy.Limits
	By         peering.Installation // that plans, and marks its changes as its own
	LeftOut    []policy.LeftOut     // blocks of either VPC that the policy doesn't permit

	Tables  []peering.RouteTable // all of the side's VPC
	Subnets []peering.Subnet     // needed only where the terms choose tables by subnets' tags
	Groups  []peering.SecurityGroup
	Ours    []peering.IngressRule         // tagged with this connection
	Old     []peering.IngressRule         // of the groups that Doubtful names: tagged with a dead connection
	Dead    map[peering.ConnectionID]bool // of the connections that Leftovers names
}

// Plan is what is to be done. With Conflicts or Shortages there are no Changes: a side is made right or left
// alone.
type Plan struct {
	Changes   []Change
	Conflicts []Conflict
	Shortages []Shortage
	// MakesRoom says that the changes only take away, because a quota has no room for what is to be added before.
	MakesRoom bool
	State     []Fact   // the wanted routes and rules, all of which exist once the changes are made, sorted
	Notes     []string // a sentence for each part of the policy that the VPCs lack or can't have
}

// Fact is a route or an ingress rule that exists once a plan is carried out.
type Fact struct {
	Sentence string
	Key      string // the codes, ids and figures of the sentence
}

// IsObstructed reports whether something keeps the side from being made right.
func (p Plan) IsObstructed() bool { return len(p.Conflicts)+len(p.Shortages) > 0 }

// Connect plans to make the side right: routes to the peer's blocks, ingress rules, DNS option and tags.
func Connect(s Side) Plan {
	routes, rules := planRoutes(s), planRules(s)
	if obstructed := routes.with(rules); obstructed.IsObstructed() {
		return Plan{Conflicts: obstructed.Conflicts, Shortages: obstructed.Shortages}
	}
	if routes.MakesRoom || rules.MakesRoom {
		return Plan{Changes: slices.DeleteFunc(slices.Concat(routes.Changes, rules.Changes), adds), MakesRoom: true}
	}
	p := Plan{
		Changes: slices.Concat(routes.Changes, rules.Changes, planOptions(s), planTags(s)),
		State:   slices.Concat(routes.State, rules.State),
		Notes:   slices.Concat(routes.Notes, rules.Notes),
	}
	slices.SortFunc(p.State, func(a, b Fact) int { return cmp.Compare(a.Sentence, b.Sentence) })
	return p
}

// adds reports whether the change makes something that counts for a quota.
func adds(c Change) bool {
	switch c.(type) {
	case DeleteRoute, Revoke:
		return false
	}
	return true
}

// planOptions turns on DNS resolution for the peer. It is never turned off: somebody may have done that by hand.
func planOptions(s Side) []Change {
	on := s.Connection.DNS(s.Role)
	if !s.Terms.DNS || (on != nil && *on) {
		return nil
	}
	return []Change{EnableDNS{Connection: s.Connection.ID, Role: s.Role}}
}

// planTags leaves a Name that somebody has given.
func planTags(s Side) []Change {
	missing := map[string]string{}
	if s.Connection.Tags[peering.TagName] == "" {
		missing[peering.TagName] = s.name()
	}
	if s.Connection.ManagedBy() != s.By {
		missing[peering.TagManaged] = string(s.By)
	}
	if len(missing) == 0 {
		return nil
	}
	return []Change{Tag{Connection: s.Connection.ID, Tags: missing}}
}

// name is the connection's name, the same on both sides.
func (s Side) name() string {
	if s.Role == peering.Requester {
		return s.Own + " <> " + s.Peer
	}
	return s.Peer + " <> " + s.Own
}

func (s Side) peerBlocks() []netip.Prefix { return s.Permitted(s.Role.Other()) }

// Permitted returns the blocks of one half that the policy lets be routed and admitted.
func (s Side) Permitted(r peering.Role) []netip.Prefix {
	return slices.DeleteFunc(slices.Clone(s.Connection.VPC(r).Blocks), func(b netip.Prefix) bool {
		return slices.ContainsFunc(s.LeftOut, func(l policy.LeftOut) bool { return l.Role == r && l.Block == b })
	})
}

// Remains is what a cell still has of a connection.
type Remains struct {
	Connection peering.ConnectionID
	Tables     []peering.RouteTable  // at least those with routes to the connection
	Rules      []peering.IngressRule // tagged with the connection
}

// Disconnect plans to take back what Connect added, for a connection that is dead.
func Disconnect(r Remains) Plan {
	var p Plan
	for _, t := range sortedTables(r.Tables) {
		for _, route := range routesTo(t, r.Connection) {
			p.Changes = append(p.Changes, DeleteRoute{Table: t.ID, Destination: route.Destination, Via: r.Connection})
		}
	}
	p.Changes = append(p.Changes, revocations(r.Rules)...)
	return p
}

// IsLive reports whether a route proves that the connection still carries traffic, whatever else says.
func (r Remains) IsLive() bool {
	for _, t := range r.Tables {
		if slices.ContainsFunc(routesTo(t, r.Connection), func(route peering.Route) bool { return !route.Blackhole }) {
			return true
		}
	}
	return false
}

func routesTo(t peering.RouteTable, via peering.ConnectionID) []peering.Route {
	var routes []peering.Route
	for _, r := range t.Routes {
		if r.Target == peering.Target(via) && r.Destination.IsValid() {
			routes = append(routes, r)
		}
	}
	slices.SortFunc(routes, func(a, b peering.Route) int { return a.Destination.Compare(b.Destination) })
	return routes
}

func sortedTables(tables []peering.RouteTable) []peering.RouteTable {
	return slices.SortedFunc(slices.Values(tables), func(a, b peering.RouteTable) int { return cmp.Compare(a.ID, b.ID) })
}
