package explain

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// The route tables that no peering chooses by ids, tags or subnets.
const (
	otherTables = "other tables"
	mainTable   = "main table"
)

// unlimited are quotas that no plan for examples reaches.
var unlimited = policy.Limits{Peerings: 1 << 20, Routes: 1 << 20, Rules: 1 << 20}

// resources has an example of each kind of security group and route table that the policies distinguish. The ids of
// the examples describe the kind.
type resources struct {
	groups  []peering.SecurityGroup
	tables  []peering.RouteTable
	subnets []peering.Subnet
}

// resourcesOf returns the examples for peerings, each once.
func resourcesOf(entries ...policy.Peering) resources {
	r := resources{tables: []peering.RouteTable{{ID: otherTables}, {ID: mainTable, Main: true}}}
	for _, e := range entries {
		for _, a := range e.Allow {
			r.addGroups(a.Groups)
		}
		for _, department := range slices.Sorted(maps.Keys(e.Routes)) {
			r.addTables(e.Routes[department].Tables)
		}
	}
	return r
}

func (r *resources) addGroups(g policy.Groups) {
	for _, id := range g.IDs {
		r.addGroup(peering.SecurityGroup{ID: id})
	}
	if len(g.Tags) > 0 {
		r.addGroup(peering.SecurityGroup{ID: peering.SecurityGroupID("groups tagged " + tagged(g.Tags)), Tags: g.Tags})
	}
}

func (r *resources) addGroup(g peering.SecurityGroup) {
	if !slices.ContainsFunc(r.groups, func(o peering.SecurityGroup) bool { return o.ID == g.ID }) {
		r.groups = append(r.groups, g)
	}
}

func (r *resources) addTables(t policy.Tables) {
	for _, id := range t.IDs {
		r.addTable(peering.RouteTable{ID: id})
	}
	if len(t.Tags) > 0 {
		r.addTable(peering.RouteTable{ID: peering.RouteTableID("tables tagged " + tagged(t.Tags)), Tags: t.Tags})
	}
	if t.Subnets == nil {
		return
	}
	for _, id := range t.Subnets.IDs {
		r.addSubnet(peering.Subnet{ID: id}, "table of "+string(id))
	}
	if tags := t.Subnets.Tags; len(tags) > 0 {
		words := tagged(tags)
		r.addSubnet(peering.Subnet{ID: peering.SubnetID("subnets tagged " + words), Tags: tags},
			"tables of subnets tagged "+words)
	}
}

func (r *resources) addTable(t peering.RouteTable) {
	if !slices.ContainsFunc(r.tables, func(o peering.RouteTable) bool { return o.ID == t.ID }) {
		r.tables = append(r.tables, t)
	}
}

func (r *resources) addSubnet(n peering.Subnet, table string) {
	if !slices.ContainsFunc(r.subnets, func(o peering.Subnet) bool { return o.ID == n.ID }) {
		r.subnets = append(r.subnets, n)
	}
	r.addTable(peering.RouteTable{ID: peering.RouteTableID(table), Subnets: []peering.SubnetID{n.ID}})
}

func tagged(tags map[string]string) string {
	var words []string
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		words = append(words, key+"="+tags[key])
	}
	return strings.Join(words, ", ")
}

// of returns the examples as resources of the VPC.
func (r resources) of(vpc peering.VPCID) plan.Inventory {
	i := plan.Inventory{Groups: slices.Clone(r.groups), Tables: slices.Clone(r.tables), Subnets: slices.Clone(r.subnets)}
	for n := range i.Groups {
		i.Groups[n].VPC = vpc
	}
	for n := range i.Tables {
		i.Tables[n].VPC = vpc
	}
	for n := range i.Subnets {
		i.Subnets[n].VPC = vpc
	}
	return i
}

// placed is traffic that the security groups of one kind admit, or a destination that the route tables of one kind
// lead to. The span of a route is all traffic, with the destination as its source.
type placed struct {
	place string // the kind
	span
}

// half is the work of one side of a connection.
type half struct {
	flows  []placed // that the side's own groups admit
	routes []placed // of the side's own tables
	dns    bool
	notes  []string // of the plan
}

// peer is the other end of a side, with the blocks that the side's policy declares of it.
type peer struct {
	vpcs
	declared []netip.Prefix
	near     vpcs // the side's own VPC
}

// planHalf plans the side of a connection that the policy allows, with the blocks that the policy permits. The ends
// are the side's own VPC and its peer.
func planHalf(
	p *policy.Policy, c peering.Connection, role peering.Role, d policy.Decision, ends [2]vpcs, r resources,
) half {
	if !d.Manages(role) {
		return half{}
	}
	examples := r.of(c.VPC(role).ID)
	groups := examples.Groups
	examples.Groups = nil // any of them may be of the other VPC
	s := examples.Side(c, role, d, p)
	s.Limits, s.LeftOut = unlimited, nil
	terms := s.Terms
	near, far := ends[0], ends[1]
	h, to := half{dns: terms.DNS}, peer{far, declaredBy(find(p, far.Cell, far.id)), near}
	s.Terms = policy.Terms{Routes: terms.Routes, Tags: policy.NoTags}
	h.addRoutes(s, to, d.Peering.Line)
	if kept := terms.Routes.Keep; len(kept) > 0 {
		h.notes = append(h.notes, fmt.Sprintf("routes of %s to %s may lead elsewhere: the policy keeps them",
			s.Own, texts(kept)))
	}
	noRoutes := policy.Routes{Tables: policy.Tables{Scope: policy.NoTables}}
	for _, line := range terms.Allow {
		for _, a := range bySource(line) {
			isSource := func(g peering.SecurityGroup) bool { return slices.Contains(a.Sources.Groups, g.ID) }
			s.Groups = slices.DeleteFunc(slices.Clone(groups), isSource)
			s.Terms = policy.Terms{Routes: noRoutes, Tags: policy.NoTags, Allow: []policy.Allow{a}}
			h.addFlows(s, to, a)
		}
	}
	return h
}

// bySource splits the line so that no part has a security group both as a source and as one that admits. In a mesh
// a line may list groups of several VPCs as both: each admits the groups of the other VPCs.
func bySource(line policy.Allow) []policy.Allow {
	var parts []policy.Allow
	isSource := func(id peering.SecurityGroupID) bool { return slices.Contains(line.Sources.Groups, id) }
	rest := line
	rest.Groups.IDs = slices.DeleteFunc(slices.Clone(line.Groups.IDs), isSource)
	if len(rest.Groups.IDs)+len(rest.Groups.Tags) > 0 {
		parts = append(parts, rest)
	}
	for _, id := range line.Groups.IDs {
		if !isSource(id) {
			continue
		}
		one := line
		one.Groups.IDs = []peering.SecurityGroupID{id}
		one.Sources.Groups = slices.DeleteFunc(slices.Clone(line.Sources.Groups),
			func(o peering.SecurityGroupID) bool { return o == id })
		if !one.Sources.IsAll() {
			parts = append(parts, one)
		}
	}
	return parts
}

func (h *half) addFlows(s plan.Side, far peer, a policy.Allow) {
	planned := plan.Connect(s)
	h.notes = append(h.notes, planned.Notes...)
	for _, change := range planned.Changes() {
		authorize, ok := change.(plan.Authorize)
		if !ok {
			continue
		}
		for _, permission := range authorize.Permissions {
			from := source{block: permission.Source, ref: string(permission.Group) + string(permission.PrefixList),
				whole: a.Sources.IsAll()}
			from.place(s, far)
			for _, each := range spans(permission, from, a.Line) {
				h.flows = append(h.flows, placed{string(authorize.Group), each})
			}
		}
	}
}

// addRoutes plans the routes to the blocks that the peer has or is declared to have, and those to the ranges of
// further blocks that it may have.
func (h *half) addRoutes(s plan.Side, far peer, line int) {
	whole, except := len(s.Terms.Routes.To) == 0, s.Terms.Routes.Except
	permitted := s.Permitted(s.Role.Other())
	isKnown := func(b netip.Prefix) bool { return slices.Contains(far.known, b) || slices.Contains(far.declared, b) }
	ranges := slices.DeleteFunc(slices.Clone(permitted), isKnown)
	if len(ranges) < len(permitted) {
		known := slices.DeleteFunc(slices.Clone(permitted), func(b netip.Prefix) bool { return !isKnown(b) })
		h.addRoutesTo(withPeer(s, known), far, source{whole: whole}, line)
	}
	if len(ranges) == 0 {
		return
	}
	var holes []netip.Prefix
	if whole { // a block of the VPC beside the hole is routed
		s.Terms.Routes.Except, holes = split(except, ranges)
	}
	h.addRoutesTo(withPeer(s, ranges), far, source{whole: whole, holes: holes}, line)
}

func (h *half) addRoutesTo(s plan.Side, far peer, to source, line int) {
	planned, holes := plan.Connect(s), to.holes
	h.notes = append(h.notes, planned.Notes...)
	for _, change := range planned.Changes() {
		if create, ok := change.(plan.CreateRoute); ok {
			to.block, to.inside = create.Destination, netip.Prefix{}
			to.place(s, far)
			to.holes = slices.DeleteFunc(slices.Clone(holes), func(hole netip.Prefix) bool { return !to.inside.Overlaps(hole) })
			to.except = texts(to.holes)
			h.routes = append(h.routes, placed{string(create.Table), span{others, 0, last, to, line}})
		}
	}
}

// withPeer returns the side with other blocks of the peer.
func withPeer(s plan.Side, blocks []netip.Prefix) plan.Side {
	if s.Role == peering.Requester {
		s.Connection.Accepter.Blocks = blocks
	} else {
		s.Connection.Requester.Blocks = blocks
	}
	return s
}

// split separates the blocks that hold a range from those that are only a part of one.
func split(except, ranges []netip.Prefix) (hold, parts []netip.Prefix) {
	for _, e := range except {
		isPart := func(r netip.Prefix) bool { return r != e && cidr.Contains(r, e) }
		if slices.ContainsFunc(ranges, isPart) {
			parts = append(parts, e)
		} else {
			hold = append(hold, e)
		}
	}
	return hold, cidr.Sorted(parts)
}

// place sets the range of permitted blocks that holds the block, unless the VPC has the block for certain.
func (s *source) place(side plan.Side, far peer) {
	if !s.block.IsValid() || cidr.Covers(far.known, s.block) {
		return
	}
	s.other, s.own, s.isDeclared = far.near, far.vpcs, slices.Contains(far.declared, s.block)
	for _, r := range cidr.Merge(side.Permitted(side.Role.Other())) {
		if cidr.Contains(r, s.block) {
			s.inside = r
		}
	}
}

func texts(blocks []netip.Prefix) string {
	all := make([]string, len(blocks))
	for i, b := range blocks {
		all[i] = b.String()
	}
	return strings.Join(all, ", ")
}

// view is the answer of one policy for two VPCs.
type view struct {
	requests [2]policy.Decision // a requests b, and b requests a
	multi    [2]policy.Decision // the same for requests that allow multipath resilience
	// for the connection once it's active; of the first request unless only the second is allowed
	active policy.Decision
	halves [2]half // of a and of b; empty unless the connection is allowed
}

// look asks the policy for both requests between two VPCs, and plans both sides.
func look(p *policy.Policy, a, b vpcs, r resources) view {
	var v view
	x, y := pair(p, a, b)
	for i := 1; i >= 0; i-- {
		c := peering.Connection{ID: "pcx-00000000", State: peering.PendingAcceptance, Requester: x, Accepter: y}
		if i == 1 {
			c.Requester, c.Accepter = y, x
		}
		v.requests[i] = p.Decide(c)
		c.RequesterMultipath = true
		v.multi[i] = p.Decide(c)
		c.RequesterMultipath, c.State = false, peering.Active
		if d := p.Decide(c); d.Verdict == policy.Accept || i == 0 && v.active.Verdict != policy.Accept {
			v.active = d
			v.halves = planBoth(p, c, d, [2]vpcs{a, b}, i, r)
		}
	}
	return v
}

// planBoth plans the sides of both VPCs. The requester is the VPC with the index.
func planBoth(p *policy.Policy, c peering.Connection, d policy.Decision, ends [2]vpcs, requester int, r resources) (
	halves [2]half,
) {
	if d.Verdict != policy.Accept {
		return halves
	}
	c.Requester.Blocks = blocks(p, c.Requester, ends[requester])
	c.Accepter.Blocks = blocks(p, c.Accepter, ends[1-requester])
	own, far := ends[requester], ends[1-requester]
	halves[requester] = planHalf(p, c, peering.Requester, d, [2]vpcs{own, far}, r)
	halves[1-requester] = planHalf(p, c, peering.Accepter, d, [2]vpcs{far, own}, r)
	return halves
}

// blocks returns the declared blocks of the VPC, and the ranges of all other blocks that it may have.
func blocks(p *policy.Policy, v peering.VPC, of vpcs) []netip.Prefix {
	if of.known != nil && of.id == "" {
		return of.known
	}
	permitted := p.Permits(v)
	further := slices.DeleteFunc(slices.Clone(permitted), func(r netip.Prefix) bool { return cidr.Covers(of.known, r) })
	known := slices.DeleteFunc(slices.Clone(of.known), func(b netip.Prefix) bool { return !cidr.Covers(permitted, b) })
	return append(known, further...)
}

// isOpen reports whether a request is accepted, at once or after an approval.
func isOpen(d policy.Decision) bool { return d.Verdict == policy.Accept || d.Verdict == policy.Ask }

// entryOf returns the policy's peering of two departments, or nil.
func entryOf(p *policy.Policy, a, b string) *policy.Peering {
	i := slices.IndexFunc(p.Peerings, func(e policy.Peering) bool {
		return e.Between == [2]string{a, b} || e.Between == [2]string{b, a}
	})
	if i < 0 {
		return nil
	}
	return &p.Peerings[i]
}

// fileLine names a line as editors and CI systems link it.
func fileLine(p *policy.Policy, line int) string { return fmt.Sprintf("%s:%d", p.File, line) }
