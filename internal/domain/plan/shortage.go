package plan

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// Shortage is a quota of AWS that doesn't suffice for what is wanted.
type Shortage struct {
	Resource string // the VPC, route table or security group that has the quota
	Of       string // the resources that the quota counts, in words
	Quota    string // the same as a code
	Have     int
	Need     int // more than it has
	Limit    int
}

// String gives the figures.
func (s Shortage) String() string {
	return fmt.Sprintf("%s has %d of %d %s and needs %d more", s.Resource, s.Have, s.Limit, s.Of, s.Need)
}

// ofPeerings is about a VPC that has so many accepted connections and is to have one more.
func ofPeerings(vpc peering.VPCID, have int, limits policy.Limits) []Shortage {
	return ofQuota(quota{string(vpc), "active peering connections", "peerings"}, have, 1, limits.OrDefaults().Peerings)
}

// quota is one quota of one resource.
type quota struct{ resource, of, code string }

func ofQuota(q quota, have, need, limit int) []Shortage {
	if need == 0 || have+need <= limit {
		return nil
	}
	return []Shortage{{Resource: q.resource, Of: q.of, Quota: q.code, Have: have, Need: need, Limit: limit}}
}

// hold holds what a table or group has and needs against its quota. What goes away doesn't count in the end, but
// EC2 refuses what would be too much for a moment, so that it has to go first.
func hold(q quota, have, need, going, limit int) Plan {
	if short := ofQuota(q, have-going, need, limit); len(short) > 0 {
		return Plan{Shortages: short}
	}
	return Plan{MakesRoom: need > 0 && have+need > limit}
}

// families are counted apart: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
var families = []struct {
	name string
	has  func(netip.Prefix) bool
}{
	{"IPv4", func(p netip.Prefix) bool { return p.Addr().Is4() }},
	{"IPv6", func(p netip.Prefix) bool { return p.Addr().Is6() }},
}

// holdRoutes is about the routes of a table that would be created and deleted. Propagated routes have a quota of
// their own.
func holdRoutes(s Side, t peering.RouteTable, changes []Change) Plan {
	var p Plan
	for _, family := range families {
		have := count(t.Routes, func(r peering.Route) bool { return !r.Propagated && family.has(r.Destination) })
		need := count(changes, func(c Change) bool {
			create, ok := c.(CreateRoute)
			return ok && family.has(create.Destination)
		})
		going := count(changes, func(c Change) bool {
			gone, ok := c.(DeleteRoute)
			return ok && family.has(gone.Destination)
		})
		p = p.with(hold(quota{string(t.ID), family.name + " routes", "routes-" + strings.ToLower(family.name)}, have, need, going, s.Limits.OrDefaults().Routes))
	}
	return p
}

// holdRules is about the rules of a group that would be added and taken away. One with another source than a block
// counts for both families; what a prefix list counts for is its size, which EC2 alone holds against the quota.
func holdRules(s Side, g peering.SecurityGroup, missing, going []peering.Permission) Plan {
	var p Plan
	for _, family := range families {
		counts := func(p peering.Permission) bool { return !p.Source.IsValid() || family.has(p.Source) }
		p = p.with(hold(quota{string(g.ID), "ingress rules for " + family.name, "rules-" + strings.ToLower(family.name)},
			count(g.Ingress, counts), count(missing, counts), count(going, counts), s.Limits.OrDefaults().Rules))
	}
	return p
}

func count[T any](all []T, counts func(T) bool) int {
	return len(slices.DeleteFunc(slices.Clone(all), func(t T) bool { return !counts(t) }))
}
