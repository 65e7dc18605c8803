package plan

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// Shortage is a quota of AWS that doesn't suffice for the wanted routes, rules or connections.
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

// ofPeerings returns the shortage of a VPC with that many accepted connections, if it has no room for one more.
func ofPeerings(vpc peering.VPCID, have int, limits policy.Limits) []Shortage {
	return ofQuota(quota{resource: string(vpc), of: "active peering connections", code: "peerings"}, have, 1,
		limits.OrDefaults().Peerings)
}

// quota is one quota of one resource.
type quota struct {
	resource, of, code string
	has                func(netip.Prefix) bool // the family that it counts
	have, limit        int
}

func ofQuota(q quota, have, need, limit int) []Shortage {
	if need == 0 || have+need <= limit {
		return nil
	}
	return []Shortage{{Resource: q.resource, Of: q.of, Quota: q.code, Have: have, Need: need, Limit: limit}}
}

// obstacles returns the conflicts and shortages that keep the resources from getting all their gains. Losses don't
// count.
func obstacles(resources []resource) Plan {
	var p Plan
	for _, r := range resources {
		p.Conflicts, p.IsUnread = append(p.Conflicts, r.conflicts...), p.IsUnread || r.unread
		for _, q := range r.quotas {
			p.Shortages = append(p.Shortages, ofQuota(q, q.have-q.count(r.losses), q.count(r.gains), q.limit)...)
		}
	}
	return p
}

// families are counted apart: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
var families = []struct {
	name string
	has  func(netip.Prefix) bool
}{
	{"IPv4", func(p netip.Prefix) bool { return p.Addr().Is4() }},
	{"IPv6", func(p netip.Prefix) bool { return p.Addr().Is6() }},
}

// routeQuotas are those of a table. Propagated routes have a quota of their own. A prefix list counts for its size,
// which EC2 alone holds against the quota.
func routeQuotas(s Side, t peering.RouteTable) []quota {
	var quotas []quota
	for _, family := range families {
		have := count(t.Routes, func(r peering.Route) bool { return r.IsStatic() && family.has(r.Destination) })
		quotas = append(quotas,
			quota{string(t.ID), family.name + " routes", "routes-" + strings.ToLower(family.name), family.has, have,
				s.Limits.OrDefaults().Routes})
	}
	return quotas
}

// ruleQuotas are those of a group.
func ruleQuotas(s Side, g peering.SecurityGroup) []quota {
	var quotas []quota
	for _, family := range families {
		q := quota{
			string(g.ID), "ingress rules for " + family.name, "rules-" + strings.ToLower(family.name),
			family.has, 0, s.Limits.OrDefaults().Rules,
		}
		q.have = count(g.Ingress, func(p peering.Permission) bool { return q.counts(item{traffic: p}) })
		quotas = append(quotas, q)
	}
	return quotas
}

// counts reports whether the item counts against the quota. A rule with a group or a prefix list as its source
// counts for both families. The size of a prefix list, which EC2 counts, isn't known here. A route that replaces
// another one doesn't count.
func (q quota) counts(i item) bool {
	if _, replaces := i.route.(ReplaceRoute); replaces {
		return false
	}
	return !i.traffic.Source.IsValid() || q.has(i.traffic.Source)
}

func (q quota) count(items []item) int { return count(items, q.counts) }

// room has the free part of each quota of a resource at a moment.
type room struct {
	quotas []quota
	free   []int
}

func (r resource) room() room {
	free := make([]int, len(r.quotas))
	for i, q := range r.quotas {
		free[i] = q.limit - q.have
	}
	return room{r.quotas, free}
}

// takes reports whether there is room for the item, and gives it that.
func (r room) takes(gain item) bool {
	for i, q := range r.quotas {
		if q.counts(gain) && r.free[i] < 1 {
			return false
		}
	}
	r.add(gain, -1)
	return true
}

// gets returns the room of the item.
func (r room) gets(loss item) { r.add(loss, 1) }

func (r room) add(i item, n int) {
	for at, q := range r.quotas {
		if q.counts(i) {
			r.free[at] += n
		}
	}
}

func count[T any](all []T, counts func(T) bool) int {
	return len(slices.DeleteFunc(slices.Clone(all), func(t T) bool { return !counts(t) }))
}
