package simtest

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
)

// found distributes the sites over departments, once for a run.
func (r *run) found() {
	for i, s := range r.sites {
		switch {
		case i > 0 && r.Chance(12):
		case i > 0 && r.sites[i-1].department != "" && r.Chance(15):
			s.department = r.sites[i-1].department
		default:
			s.department = fmt.Sprintf("d%d", i)
		}
	}
}

// drawPolicy writes a policy for the departments. Its range for a VPC is wider than the VPC's first block.
func (r *run) drawPolicy() *plainpolicy.Policy {
	p := &plainpolicy.Policy{Reject: r.Chance(40), Disconnect: r.Chance(50), Limits: map[string]int{}}
	if r.Chance(25) {
		p.Limits = map[string]int{"routes": 6, "rules": 4, "peerings": 2}
	}
	var names []string
	r.listed = slices.DeleteFunc(slices.Clone(r.sites), func(s *site) bool { return s.department == "" || s.nth > 0 && r.Chance(5) })
	for _, s := range r.listed {
		p.Add(s.department, r.drawMember(s))
		if !slices.Contains(names, s.department) {
			names = append(names, s.department)
		}
	}
	for i, a := range names {
		for _, b := range names[:i] {
			if r.Chance(60) {
				p.Peerings = append(p.Peerings, r.drawEntry(a, b))
			}
		}
	}
	return p
}

func (r *run) drawMember(s *site) plainpolicy.Member {
	m := plainpolicy.Member{Cell: s.Cell, VPC: s.ID}
	switch {
	case s.ranged:
		a := s.primary.Addr().As4()
		m.VPC, m.Within = "", netip.PrefixFrom(netip.AddrFrom4([4]byte{a[0], a[1], 0, 0}), 12)
	case s.isAlone(r.sites) && r.Chance(25):
		m.CIDRs = append(m.CIDRs, netip.PrefixFrom(s.primary.Addr(), random.Pick(r.Source, 12, 16)))
	}
	return m
}

// isAlone reports whether no other site has the same first block.
func (s *site) isAlone(sites []*site) bool {
	return !slices.ContainsFunc(sites, func(o *site) bool { return o != s && o.primary == s.primary })
}

func (r *run) drawEntry(a, b string) plainpolicy.Peering {
	if r.Chance(50) {
		a, b = b, a
	}
	e := plainpolicy.Peering{A: a, B: b, Manual: r.Chance(20), DNS: r.Chance(25), Routes: map[string]plainpolicy.Routing{}}
	if r.Chance(30) {
		e.Requester = a
	}
	for _, own := range [][2]string{{a, b}, {b, a}} {
		if r.Chance(50) {
			e.Routes[own[0]] = r.drawRouting(own[0], own[1])
		}
		for range random.Pick(r.Source, 0, 1, 1, 2) {
			e.Permit(r.drawAllow(own[1], own[0]))
		}
	}
	return e
}

// members returns the sites of a department that the policy at hand lists.
func (r *run) members(department string) []*site {
	return slices.DeleteFunc(slices.Clone(r.listed), func(s *site) bool { return s.department != department })
}

func (r *run) drawRouting(own, peer string) plainpolicy.Routing {
	var c plainpolicy.Routing
	home := random.Pick(r.Source, r.members(own)...)
	tables := r.Ledger.RouteTablesOf(home.VPCKey)
	subnets := r.Ledger.SubnetsOf(home.VPCKey)
	switch r.IntN(6) {
	case 0:
		c.Main = true
	case 1:
		c.Tables = []string{random.Pick(r.Source, tables...).ID}
	case 2:
		c.Tags = map[string]string{"Tier": random.Pick(r.Source, "private", "public")}
	case 3:
		c.SubnetTags = map[string]string{"Tier": random.Pick(r.Source, "private", "public")}
	case 4:
		if len(subnets) > 0 {
			c.Subnets = []string{random.Pick(r.Source, subnets...).ID}
		}
	}
	there := random.Pick(r.Source, r.members(peer)...)
	switch r.IntN(5) {
	case 0:
		c.To = []netip.Prefix{there.primary}
	case 1:
		c.To = []netip.Prefix{netip.PrefixFrom(there.primary.Addr(), 24)}
	case 2:
		c.Except = []netip.Prefix{netip.MustParsePrefix("100.64.0.0/10")}
	}
	return c
}

func (r *run) drawAllow(from, to string) plainpolicy.Allow {
	a := plainpolicy.Allow{From: from, To: to, Protocol: random.Pick(r.Source, "tcp", "tcp", "udp", "icmp", "icmpv6", "all")}
	source := random.Pick(r.Source, r.members(from)...)
	home := random.Pick(r.Source, r.members(to)...)
	switch {
	case a.Protocol == "icmpv6":
	case r.Chance(15):
		a.Sources = []netip.Prefix{source.primary}
	case r.Chance(15):
		a.Sources = []netip.Prefix{netip.PrefixFrom(source.primary.Addr(), 24)}
	case source.Region == home.Region && r.Chance(20):
		a.SourceGroups = []string{random.Pick(r.Source, r.Ledger.SecurityGroupsOf(source.VPCKey)...).ID}
	}
	if r.Chance(40) {
		a.IDs = []string{random.Pick(r.Source, r.Ledger.SecurityGroupsOf(home.VPCKey)...).ID}
	} else {
		a.Tags = map[string]string{"Role": random.Pick(r.Source, "web", "db")}
	}
	switch {
	case a.Protocol == "tcp" || a.Protocol == "udp":
		a.Ports = random.Pick(r.Source, nil, [][2]int{{443, 443}}, [][2]int{{22, 22}, {8000, 8080}})
	case plainpolicy.IsICMP(a.Protocol):
		a.Ports = random.Pick(r.Source, nil, [][2]int{{8, -1}}, [][2]int{{3, 4}, {8, -1}})
	}
	return a
}
