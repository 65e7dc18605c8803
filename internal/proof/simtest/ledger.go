package simtest

import (
	"fmt"
	"slices"
	"time"
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
