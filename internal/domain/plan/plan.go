// Package plan computes the changes that bring one side of a peering connection to the state that the policy asks
// for. Its functions are pure, and their result does not depend on the order of their input.
package plan

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// Side is one side of an active connection: the resources that its cell has observed, and the terms of the policy.
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
	// PeerGroups are the groups of the peer's VPC. Every VPC has at least one; empty if they weren't read.
	PeerGroups []peering.SecurityGroup
	Ours       []peering.IngressRule // tagged with this connection
	// of the cell, tagged with this connection by any installation: evidence beside Ours
	Rules   []peering.IngressRule
	Old     []peering.IngressRule         // of the groups that Doubtful names: tagged with a dead connection
	Dead    map[peering.ConnectionID]bool // of the connections that Leftovers names
	Closing bool                          // the policy objects to the connection, so that additions wait

	Peerings int // accepted connections of the side's VPC, apart from this one; of Prospects
}

// Plan is the work on one side. With a conflict, a shortage, an unread prefix list, an objection of the policy or a
// hold, it only closes: it removes routes and rules with traffic that the policy forbids, and opens nothing.
type Plan struct {
	// Steps are made one after the other, and the changes of each concurrently.
	Steps     [][]Change
	Proposal  []Change // that waits for a person's consent, removals first; there are no steps and no state then
	Conflicts []Conflict
	Shortages []Shortage
	// routes and rules that exist after the changes, sorted: the wanted ones, or those that remain with an obstacle
	State    []Fact
	Notes    []string // a sentence for each part of the policy that can't be carried out in the VPCs
	Waits    bool     // routes or rules are missing until the hold of the connection ends
	IsUnread bool     // routes or rules are missing until the prefix lists with the errors of Side.Unread are read
}

// Obstacles returns the ids of the route tables with conflicts and of the tables, groups and VPCs with shortages.
func (p Plan) Obstacles() []string {
	var all []string
	for _, c := range p.Conflicts {
		all = append(all, string(c.Table))
	}
	for _, s := range p.Shortages {
		all = append(all, s.Resource)
	}
	return all
}

// Changes returns the changes of all steps in their order.
func (p Plan) Changes() []Change { return slices.Concat(p.Steps...) }

// Closes reports whether a change removes a route or a rule.
func (p Plan) Closes() bool { return slices.ContainsFunc(p.Changes(), Removes) }

// OnlyTags reports whether only the tags of the connection are missing.
func (p Plan) OnlyTags() bool {
	return len(p.Changes()) > 0 && !slices.ContainsFunc(p.Changes(), func(c Change) bool { return !Tags(c) })
}

// Fact is a route or an ingress rule that exists once a plan is carried out.
type Fact struct {
	Sentence string
	Key      string // the codes, ids and figures of the sentence
}

// IsObstructed reports whether a conflict, a shortage or an unread prefix list keeps the side from getting all that the
// policy asks for.
func (p Plan) IsObstructed() bool { return p.HasObstacle() || p.IsUnread }

// HasObstacle reports whether there is a conflict or a shortage: unlike an unread prefix list, it is announced.
func (p Plan) HasObstacle() bool { return len(p.Conflicts)+len(p.Shortages) > 0 }

// Connect plans to bring the side to the state that the policy asks for: routes to the peer's blocks, ingress
// rules, DNS option and tags. Removals don't wait for anything that obstructs the additions, apart from a person's
// consent.
func Connect(s Side) Plan { return ConnectSides(s)[0] }

func connect(s Side) Plan {
	if s.isBlind() {
		return Plan{Steps: steps(certain(s))}
	}
	resources, notes := s.resources()
	p := obstacles(resources)
	if s.onlyCloses() || p.IsObstructed() {
		return closing(s, resources)
	}
	var work [3][]Change
	for _, r := range resources {
		work = r.order().with(work, s)
		p.State = append(p.State, r.wanted...)
	}
	p.Steps = surround(planTags(s), s.evidenceLast(steps(work[:]...)), planOptions(s))
	p.State, p.Notes = sortedFacts(p.State), notes
	return p
}

// surround adds changes to the first step and to the last one. Tags come first, as they are the evidence of the
// installation's routes. The DNS option comes last, as EC2 may refuse it, and no other change waits for that.
func surround(first []Change, work [][]Change, last []Change) [][]Change {
	if len(work) == 0 {
		return steps(slices.Concat(first, last))
	}
	work[0] = append(work[0], first...)
	work[len(work)-1] = append(work[len(work)-1], last...)
	return work
}

// steps leaves out those that are empty.
func steps(all ...[]Change) [][]Change {
	return slices.DeleteFunc(all, func(step []Change) bool { return len(step) == 0 })
}

func sortedFacts(facts []Fact) []Fact {
	return slices.SortedFunc(slices.Values(facts), func(a, b Fact) int { return cmp.Compare(a.Sentence, b.Sentence) })
}

// planOptions turns on DNS resolution for the peer. It never turns it off, because the VPC's owner may have turned
// it on.
func planOptions(s Side) []Change {
	on := s.Connection.DNS(s.Role)
	if !s.Terms.DNS || (on != nil && *on) {
		return nil
	}
	return []Change{EnableDNS{Connection: s.Connection.ID, Role: s.Role}}
}

// planTags plans the tags of the connection. It doesn't change an existing Name.
func planTags(s Side) []Change {
	if s.Terms.Tags == policy.NoTags {
		return nil
	}
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

// Permitted returns the blocks of one side that the policy permits to route and admit.
func (s Side) Permitted(r peering.Role) []netip.Prefix {
	return slices.DeleteFunc(slices.Clone(s.Connection.VPC(r).Blocks), func(b netip.Prefix) bool {
		return slices.ContainsFunc(s.LeftOut, func(l policy.LeftOut) bool { return l.Role == r && l.Block == b })
	})
}

// Remains are the resources of a connection that a cell still has.
type Remains struct {
	Connection peering.ConnectionID
	Tables     []peering.RouteTable  // at least those with routes to the connection
	Rules      []peering.IngressRule // tagged with the connection
}

// Disconnect plans the removal of everything that Connect added, for a dead connection.
func Disconnect(r Remains) Plan {
	var changes []Change
	for _, t := range sortedTables(r.Tables) {
		for _, route := range routesTo(t, r.Connection) {
			changes = append(changes, DeleteRoute{Table: t.ID, Destination: route.Destination, Via: r.Connection})
		}
	}
	return Plan{Steps: steps(slices.Concat(changes, revocations(r.Rules, false)))}
}

// IsLive reports whether a route proves that the connection still carries traffic, even if an event reports its end.
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
		if r.Target == peering.Target(via) && r.PrefixList == "" {
			routes = append(routes, r)
		}
	}
	slices.SortFunc(routes, func(a, b peering.Route) int { return a.Destination.Compare(b.Destination) })
	return routes
}

func sortedTables(tables []peering.RouteTable) []peering.RouteTable {
	return slices.SortedFunc(slices.Values(tables), func(a, b peering.RouteTable) int { return cmp.Compare(a.ID, b.ID) })
}
