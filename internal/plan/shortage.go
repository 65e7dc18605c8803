package plan

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/peering"
	"github.com/autopeer/autopeer/internal/policy"
)

// Shortage is a quota of AWS that doesn't suffice for what is wanted.
type Shortage struct {
	Resource string // the VPC, route table or security group that has the quota
	Of       string // what there are too few of, in words
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
	return ofQuota(string(vpc), "active peering connections", have, 1, limits.OrDefaults().Peerings)
}

func ofQuota(resource, of string, have, need, limit int) []Shortage {
	if need == 0 || have+need <= limit {
		return nil
	}
	return []Shortage{{Resource: resource, Of: of, Have: have, Need: need, Limit: limit}}
}

// families are counted apart: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
var families = []struct {
	name string
	has  func(netip.Prefix) bool
}{
	{"IPv4", func(p netip.Prefix) bool { return p.Addr().Is4() }},
	{"IPv6", func(p netip.Prefix) bool { return p.Addr().Is6() }},
}

// routeShortages holds the routes that would be created against the table's quota. Propagated routes have one
// of their own.
func routeShortages(s Side, t peering.RouteTable, changes []Change) []Shortage {
	var all []Shortage
	for _, family := range families {
		have := count(t.Routes, func(r peering.Route) bool { return !r.Propagated && family.has(r.Destination) })
		need := count(changes, func(c Change) bool {
			create, ok := c.(CreateRoute)
			return ok && family.has(create.Destination)
		})
		all = append(all, ofQuota(string(t.ID), family.name+" routes", have, need, s.Limits.OrDefaults().Routes)...)
	}
	return all
}

// ruleShortages holds the rules that would be added against the group's quota. A rule with another source than a
// block counts for both families; what a prefix list counts for is its size, which EC2 alone holds against the
// quota.
func ruleShortages(s Side, g peering.SecurityGroup, missing []peering.Permission) []Shortage {
	var all []Shortage
	for _, family := range families {
		counts := func(p peering.Permission) bool { return !p.Source.IsValid() || family.has(p.Source) }
		have, need := count(g.Ingress, counts), count(missing, counts)
		all = append(all, ofQuota(string(g.ID), "ingress rules for "+family.name, have, need, s.Limits.OrDefaults().Rules)...)
	}
	return all
}

func count[T any](all []T, counts func(T) bool) int {
	return len(slices.DeleteFunc(slices.Clone(all), func(t T) bool { return !counts(t) }))
}
