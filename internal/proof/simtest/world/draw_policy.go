package world

import (
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
)

// draft draws one policy for the resources that exist.
type draft struct {
	random.Source
	*ledger.Ledger
	sites  []*site
	listed []*site // by the policy
}

// draw returns the policy. Its range for a VPC is wider than the VPC's first block.
func (d *draft) draw() *plainpolicy.Policy {
	p := &plainpolicy.Policy{Reject: d.Chance(40), Disconnect: d.Chance(50), Limits: map[string]int{}}
	if d.Chance(25) {
		p.Limits = map[string]int{"routes": 6, "rules": 4, "peerings": 2}
	}
	var names []string
	d.listed = slices.DeleteFunc(slices.Clone(d.sites), func(s *site) bool {
		return s.department == "" || s.nth > 0 && d.Chance(5)
	})
	for _, s := range d.listed {
		p.Add(s.department, d.drawMember(s))
		if !slices.Contains(names, s.department) {
			names = append(names, s.department)
		}
	}
	for i, a := range names {
		for _, b := range names[:i] {
			if d.Chance(60) {
				p.Peerings = append(p.Peerings, d.drawPeering(a, b))
			}
		}
	}
	return p
}

// further are the ranges of the blocks that addBlock draws outside of 10.0.0.0/8.
var further = []netip.Prefix{netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("::/0")}

func (d *draft) drawMember(s *site) plainpolicy.Member {
	m := plainpolicy.Member{Cell: s.Cell, VPC: s.ID}
	switch {
	case s.ranged:
		a := s.primary.Addr().As4()
		m.VPC, m.Within = "", netip.PrefixFrom(netip.AddrFrom4([4]byte{a[0], a[1], 0, 0}), 12)
		m.Also = random.Pick(d.Source, nil, further[:1], further[1:], further)
	case s.isAlone(d.sites) && d.Chance(25):
		m.CIDRs = append(m.CIDRs, netip.PrefixFrom(s.primary.Addr(), random.Pick(d.Source, 12, 16)))
	}
	return m
}

// isAlone reports whether no other site has the same first block.
func (s *site) isAlone(sites []*site) bool {
	return !slices.ContainsFunc(sites, func(o *site) bool { return o != s && o.primary == s.primary })
}

func (d *draft) drawPeering(a, b string) plainpolicy.Peering {
	if d.Chance(50) {
		a, b = b, a
	}
	e := plainpolicy.Peering{A: a, B: b, Manual: d.Chance(20), DNS: d.Chance(25), Routes: map[string]plainpolicy.Routing{}}
	if d.Chance(30) {
		e.Requester = a
	}
	for _, own := range [][2]string{{a, b}, {b, a}} {
		if d.Chance(50) {
			e.Routes[own[0]] = d.drawRouting(own[0], own[1])
		}
		for range random.Pick(d.Source, 0, 1, 1, 2) {
			e.Permit(d.drawAllow(own[1], own[0]))
		}
	}
	return e
}

// drawMeshes adds peerings of departments with themselves. The draws have names, so that the other draws of the seed
// stay the same.
func (d *draft) drawMeshes(p *plainpolicy.Policy, named *random.ByName) {
	for _, department := range p.Departments {
		own := *d
		own.Source = named.Next("mesh", department.Name)
		if len(d.members(department.Name)) > 1 && own.Chance(70) {
			p.Peerings = append(p.Peerings, own.drawMesh(department.Name))
		}
	}
}

func (d *draft) drawMesh(department string) plainpolicy.Peering {
	e := plainpolicy.Peering{
		A: department, B: department, Manual: d.Chance(20), DNS: d.Chance(25), Routes: map[string]plainpolicy.Routing{},
	}
	for range random.Pick(d.Source, 0, 1, 1, 2, 3) {
		e.Permit(d.drawAllow(department, department))
	}
	return e
}

// members returns the sites of a department that the policy lists.
func (d *draft) members(department string) []*site {
	return slices.DeleteFunc(slices.Clone(d.listed), func(s *site) bool { return s.department != department })
}

func (d *draft) drawRouting(own, peer string) plainpolicy.Routing {
	var r plainpolicy.Routing
	home := random.Pick(d.Source, d.members(own)...)
	tables := d.RouteTablesOf(home.VPCKey)
	subnets := d.SubnetsOf(home.VPCKey)
	switch d.IntN(6) {
	case 0:
		r.Main = true
	case 1:
		r.Tables = []string{random.Pick(d.Source, tables...).ID}
	case 2:
		r.Tags = map[string]string{"Tier": random.Pick(d.Source, "private", "public")}
	case 3:
		r.SubnetTags = map[string]string{"Tier": random.Pick(d.Source, "private", "public")}
	case 4:
		if len(subnets) > 0 {
			r.Subnets = []string{random.Pick(d.Source, subnets...).ID}
		}
	}
	there := random.Pick(d.Source, d.members(peer)...)
	switch d.IntN(5) {
	case 0:
		r.To = []netip.Prefix{there.primary}
	case 1:
		r.To = []netip.Prefix{netip.PrefixFrom(there.primary.Addr(), 24)}
	case 2:
		r.Except = []netip.Prefix{netip.MustParsePrefix("100.64.0.0/10")}
	}
	return r
}

func (d *draft) drawAllow(from, to string) plainpolicy.Allow {
	a := plainpolicy.Allow{
		From: from, To: to, Protocol: random.Pick(d.Source, "tcp", "tcp", "udp", "icmp", "icmpv6", "all"),
	}
	source := random.Pick(d.Source, d.members(from)...)
	home := random.Pick(d.Source, slices.DeleteFunc(d.members(to), func(s *site) bool { return s == source })...)
	switch {
	case a.Protocol == "icmpv6":
	case d.Chance(15):
		a.Sources = []netip.Prefix{source.primary}
	case d.Chance(15):
		a.Sources = []netip.Prefix{netip.PrefixFrom(source.primary.Addr(), 24)}
	case source.Region == home.Region && d.Chance(20):
		a.SourceGroups = []string{random.Pick(d.Source, d.SecurityGroupsOf(source.VPCKey)...).ID}
	}
	if d.Chance(40) {
		a.IDs = []string{random.Pick(d.Source, d.SecurityGroupsOf(home.VPCKey)...).ID}
	} else {
		a.Tags = map[string]string{"Role": random.Pick(d.Source, "web", "db")}
	}
	switch {
	case a.Protocol == "tcp" || a.Protocol == "udp":
		a.Ports = random.Pick(d.Source, nil, [][2]int{{443, 443}}, [][2]int{{22, 22}, {8000, 8080}})
	case plainpolicy.IsICMP(a.Protocol):
		a.Ports = random.Pick(d.Source, nil, [][2]int{{8, -1}}, [][2]int{{3, 4}, {8, -1}})
	}
	return a
}
