// Package ledger computes the resources of the cloud from the records of CloudTrail and the time.
package ledger

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
)

// Ledger holds the resources of all accounts and Regions. Callers read its fields and change none.
type Ledger struct {
	provisioning, initiating time.Duration

	Policy         *plainpolicy.Policy // deployed; nil before the first deployment
	VPCs           map[VPCKey]*VPC
	Subnets        map[string]*Subnet
	RouteTables    map[string]*RouteTable
	SecurityGroups map[string]*SecurityGroup
	Rules          map[string]*Rule
	Connections    map[string]*Connection
	Tags           map[string]map[string]string // by id; for those of a connection see TagsOn
	Requests       []string                     // ids of connections in the order in which they were requested
}

// New returns the ledger of an empty cloud, in which a connection is initiating and provisioning for these durations.
func New(initiating, provisioning time.Duration) *Ledger {
	return &Ledger{
		initiating: initiating, provisioning: provisioning,
		VPCs: map[VPCKey]*VPC{}, Subnets: map[string]*Subnet{}, RouteTables: map[string]*RouteTable{},
		SecurityGroups: map[string]*SecurityGroup{},
		Rules:          map[string]*Rule{}, Connections: map[string]*Connection{}, Tags: map[string]map[string]string{},
	}
}

// Beside returns a ledger with the VPCs and connections of l and the tags of these connections, the other resources of
// own, and the policy: the answers to concurrent calls of one function need not be from one instant.
func (l *Ledger) Beside(own *Ledger, p *plainpolicy.Policy) *Ledger {
	mixed := *l
	mixed.Policy = p
	mixed.Subnets, mixed.RouteTables, mixed.SecurityGroups, mixed.Rules, mixed.Tags = own.Subnets, own.RouteTables,
		own.SecurityGroups, own.Rules, l.tagsBeside(own)
	return &mixed
}

// tagsBeside returns the tags of l's connections and of own's other resources. EC2 shows a connection with its tags.
func (l *Ledger) tagsBeside(own *Ledger) map[string]map[string]string {
	if l == own {
		return own.Tags
	}
	mixed := map[string]map[string]string{}
	for id, tags := range own.Tags {
		if !IsConnectionID(id) {
			mixed[id] = tags
		}
	}
	for id, tags := range l.Tags {
		if IsConnectionID(id) {
			mixed[id] = tags
		}
	}
	return mixed
}

// Sorted returns the values to keep in the order of their keys, so that replays draw the same from them.
func Sorted[T any](m map[string]T, keep func(T) bool) []T {
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

// RouteTablesOf returns the route tables of a VPC, sorted by id.
func (l *Ledger) RouteTablesOf(v VPCKey) []*RouteTable {
	return Sorted(l.RouteTables, func(t *RouteTable) bool { return t.VPC == v })
}

// SubnetsOf returns the subnets of a VPC, sorted by id.
func (l *Ledger) SubnetsOf(v VPCKey) []*Subnet {
	return Sorted(l.Subnets, func(s *Subnet) bool { return s.VPC == v })
}

// LocalAndOtherRoutes returns the IPv4 destinations of a route table, those of the local routes included.
func (l *Ledger) LocalAndOtherRoutes(t *RouteTable) []netip.Prefix {
	var all []netip.Prefix
	for _, b := range l.VPCs[t.VPC].Blocks {
		if b.Addr().Is4() {
			all = append(all, b)
		}
	}
	for dst := range t.Routes {
		if dst.Addr().Is4() {
			all = append(all, dst)
		}
	}
	return all
}

// SecurityGroupsOf returns the security groups of a VPC, sorted by id.
func (l *Ledger) SecurityGroupsOf(v VPCKey) []*SecurityGroup {
	return Sorted(l.SecurityGroups, func(g *SecurityGroup) bool { return g.VPC == v })
}

// IngressRulesOf returns the ingress rules of a security group, sorted by id.
func (l *Ledger) IngressRulesOf(group string) []*Rule {
	return Sorted(l.Rules, func(r *Rule) bool { return r.Group == group && !r.Egress })
}

// TableOf returns the id of the route table that applies to a subnet: its own, or else the main one of the VPC.
func (l *Ledger) TableOf(s *Subnet, v VPCKey) string {
	if s.Table != "" {
		return s.Table
	}
	for _, t := range l.RouteTablesOf(v) {
		if t.Main {
			return t.ID
		}
	}
	return ""
}

// RelatedIDs returns the ids of the connection, its VPCs, and their route tables and security groups.
func (l *Ledger) RelatedIDs(c *Connection) []string {
	ids := []string{c.ID}
	for _, v := range []VPCKey{c.Requester, c.Accepter} {
		ids = append(ids, v.ID)
		for _, t := range l.RouteTablesOf(v) {
			ids = append(ids, t.ID)
		}
		for _, g := range l.SecurityGroupsOf(v) {
			ids = append(ids, g.ID)
		}
	}
	return ids
}

// RouteLines returns all routes in the form of sandbox.State, in no order: "rtb-1 routes 10.0.0.0/16 to pcx-1".
func (l *Ledger) RouteLines() []string {
	var lines []string
	for _, t := range l.RouteTables {
		for dst, there := range t.Routes {
			lines = append(lines, fmt.Sprintf("%s routes %s to %s", t.ID, dst, there.Target))
		}
	}
	return lines
}
