package simtest

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// ledger is what there is on the cloud, as it follows from CloudTrail's records alone and from the time.
type ledger struct {
	provisioning, initiating time.Duration

	policy      *plainPolicy // deployed; nil before
	vpcs        map[vpcKey]*vpc
	subnets     map[string]*subnet
	tables      map[string]*table
	groups      map[string]*group
	rules       map[string]*rule
	connections map[string]*connection
	tags        map[string]map[string]string // by id; those of a connection by its id and the account's cell
	requests    []string                     // connections in the order in which they were asked for
}

// vpcKey names a VPC. Ids alone don't: two accounts may have the same.
type vpcKey struct {
	peering.Cell
	id string
}

type vpc struct {
	vpcKey
	blocks []netip.Prefix
}

type subnet struct {
	id, vpc            string
	cell               peering.Cell
	table, association string // empty while the main table serves it
}

type table struct {
	id, vpc string
	cell    peering.Cell
	main    bool
	routes  map[netip.Prefix]route
}

type route struct {
	target string
	ours   bool // autopeer made it
}

type group struct {
	id, vpc string
	cell    peering.Cell
}

// permission is what a rule admits, comparable.
type permission struct {
	protocol string
	from, to int
	block    netip.Prefix
	group    string
}

func (p permission) String() string {
	from := p.group
	if p.block.IsValid() {
		from = p.block.String()
	}
	return fmt.Sprintf("%s %d to %d from %s", p.protocol, p.from, p.to, from)
}

type rule struct {
	id, group string
	permission
	egress bool
	ours   bool
}

type connection struct {
	id                  string
	requester, accepter vpcKey
	created             time.Time
	judged              bool // whether it could come to be
	failed              bool
	accepted            time.Time
	ended               time.Time
	dns                 map[peering.Role]bool
}

func newLedger(initiating, provisioning time.Duration) *ledger {
	return &ledger{
		initiating: initiating, provisioning: provisioning,
		vpcs: map[vpcKey]*vpc{}, subnets: map[string]*subnet{}, tables: map[string]*table{}, groups: map[string]*group{},
		rules: map[string]*rule{}, connections: map[string]*connection{}, tags: map[string]map[string]string{},
	}
}

// beside returns a ledger with these connections and blocks, and with the tables and groups of another: what a function
// reads at the same time needn't show the same moment. The policy is the one that it was deployed with.
func (l *ledger) beside(own *ledger, p *plainPolicy) *ledger {
	mixed := *l
	mixed.policy = p
	mixed.subnets, mixed.tables, mixed.groups, mixed.rules, mixed.tags = own.subnets, own.tables, own.groups, own.rules, own.tags
	return &mixed
}

// The states that matter here.
const (
	initiating   = "initiating"
	pending      = "pending"
	provisioning = "provisioning"
	active       = "active"
	dead         = "dead"
)

func (l *ledger) state(c *connection, now time.Time) string {
	l.judge(now)
	switch {
	case c.failed || !c.ended.IsZero():
		return dead
	case !c.accepted.IsZero() && now.Before(c.accepted.Add(l.provisioning)):
		return provisioning
	case !c.accepted.IsZero():
		return active
	case !c.judged:
		return initiating
	}
	return pending
}

// judge fails the requests that can't come to be, once they have been initiated.
func (l *ledger) judge(now time.Time) {
	for _, id := range l.requests {
		c := l.connections[id]
		if c.judged || now.Before(c.created.Add(l.initiating)) {
			continue
		}
		c.judged = true
		there := l.vpcs[c.accepter]
		c.failed = there == nil || c.requester == c.accepter || l.overlapping(c) || l.hasTwin(c)
	}
}

func (l *ledger) overlapping(c *connection) bool {
	a, b := l.vpcs[c.requester], l.vpcs[c.accepter]
	return a != nil && b != nil && anyOverlap(a.blocks, b.blocks)
}

func anyOverlap(a, b []netip.Prefix) bool {
	return slices.ContainsFunc(a, func(p netip.Prefix) bool { return slices.ContainsFunc(b, p.Overlaps) })
}

// hasTwin reports whether an earlier request for the same pair of ids is open.
func (l *ledger) hasTwin(c *connection) bool {
	for _, id := range l.requests {
		o := l.connections[id]
		if o == c {
			return false
		}
		same := o.requester.id == c.requester.id && o.accepter.id == c.accepter.id || o.requester.id == c.accepter.id && o.accepter.id == c.requester.id
		if same && !o.failed && o.ended.IsZero() {
			return true
		}
	}
	return false
}

// isDead reports whether the connection can carry nothing any more; one that nobody asked for can't.
func (l *ledger) isDead(id string, now time.Time) bool {
	c := l.connections[id]
	return c == nil || l.state(c, now) == dead
}

// side returns the VPC of one half.
func (c *connection) side(r peering.Role) vpcKey {
	if r == peering.Requester {
		return c.requester
	}
	return c.accepter
}

// roles returns the halves that are the cell's.
func (c *connection) roles(cell peering.Cell) []peering.Role {
	var roles []peering.Role
	for _, r := range []peering.Role{peering.Requester, peering.Accepter} {
		if c.side(r).Cell == cell {
			roles = append(roles, r)
		}
	}
	return roles
}

// tagsOn returns the tags that a cell's view of the connection has.
func (l *ledger) tagsOn(c *connection, cell peering.Cell) map[string]string {
	return l.tags[tagKey(c.id, cell)]
}

func tagKey(id string, cell peering.Cell) string {
	if isConnection(id) {
		return id + "@" + cell.String()
	}
	return id
}

func isConnection(id string) bool { return len(id) > 4 && id[:4] == "pcx-" }

// sorted returns the values in order of their keys, so that a draw among them is repeated in a replay.
func sorted[T any](m map[string]T, keep func(T) bool) []T {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var all []T
	for _, k := range keys {
		if keep(m[k]) {
			all = append(all, m[k])
		}
	}
	return all
}

// inVPC returns the route tables of a VPC in order of their ids.
func (l *ledger) tablesOf(v vpcKey) []*table {
	return sorted(l.tables, func(t *table) bool { return t.vpc == v.id && t.cell == v.Cell })
}

func (l *ledger) subnetsOf(v vpcKey) []*subnet {
	return sorted(l.subnets, func(s *subnet) bool { return s.vpc == v.id && s.cell == v.Cell })
}

func (l *ledger) groupsOf(v vpcKey) []*group {
	return sorted(l.groups, func(g *group) bool { return g.vpc == v.id && g.cell == v.Cell })
}

func (l *ledger) rulesOf(group string) []*rule {
	return sorted(l.rules, func(r *rule) bool { return r.group == group && !r.egress })
}

// serves returns the table of a subnet, or the VPC's main one.
func (l *ledger) serves(s *subnet, v vpcKey) string {
	if s.table != "" {
		return s.table
	}
	for _, t := range l.tablesOf(v) {
		if t.main {
			return t.id
		}
	}
	return ""
}

// around returns the ids of the connection and of what is in its VPCs.
func (l *ledger) around(c *connection) []string {
	ids := []string{c.id}
	for _, v := range []vpcKey{c.requester, c.accepter} {
		ids = append(ids, v.id)
		for _, t := range l.tablesOf(v) {
			ids = append(ids, t.id)
		}
		for _, g := range l.groupsOf(v) {
			ids = append(ids, g.id)
		}
	}
	return ids
}

// routeLines returns the routes in the form of sandbox.State.
func (l *ledger) routeLines() []string {
	var words []string
	for _, t := range l.tables {
		for dst, there := range t.routes {
			words = append(words, fmt.Sprintf("%s routes %s to %s", t.id, dst, there.target))
		}
	}
	return words
}
