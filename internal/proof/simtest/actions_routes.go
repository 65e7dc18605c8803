package simtest

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
)

// routeByHand routes something that may be in autopeer's way: all of another site's block, a part of it, more than it.
func (r *run) routeByHand() {
	s, other := r.pair()
	dst := other.primary
	switch r.IntN(4) {
	case 0:
		dst = netip.PrefixFrom(dst.Addr(), 24)
	case 1:
		dst = netip.PrefixFrom(dst.Addr(), 12)
	}
	r.act(s.Cell, "CreateRoute", r.to(s, random.Pick(r.Source, r.tablesOf(s)...).ID, dst)...)
}

// to returns the parameters of a route to the internet gateway, or to one of the VPC's connections.
func (r *run) to(s *site, table string, dst netip.Prefix) []string {
	name := "DestinationCidrBlock"
	if dst.Addr().Is6() {
		name = "DestinationIpv6CidrBlock"
	}
	params := []string{"RouteTableId", table, name, dst.String()}
	mine := slices.DeleteFunc(r.connections(ledger.Pending, ledger.Active), func(c *ledger.Connection) bool { return c.Requester != s.VPCKey && c.Accepter != s.VPCKey })
	if len(mine) > 0 && r.Chance(60) {
		return append(params, "VpcPeeringConnectionId", random.Pick(r.Source, mine...).ID)
	}
	return append(params, "GatewayId", s.gateway)
}

// aRoute returns some route of some table of the site, most often one of autopeer's.
func (r *run) aRoute(s *site) (table string, dst netip.Prefix, found bool) {
	type place struct {
		table string
		dst   netip.Prefix
	}
	var ours, all []place
	for _, t := range r.tablesOf(s) {
		all = append(all, look(r, func(*ledger.Ledger) []place {
			var here []place
			for dst, there := range t.Routes {
				here = append(here, place{t.ID, dst})
				if there.Ours {
					ours = append(ours, place{t.ID, dst})
				}
			}
			return here
		})...)
	}
	if len(ours) > 0 && r.Chance(80) {
		all = ours
	}
	if len(all) == 0 {
		return "", dst, false
	}
	slices.SortFunc(all, func(a, b place) int {
		if a.table != b.table {
			return slices.Compare([]byte(a.table), []byte(b.table))
		}
		return a.dst.Compare(b.dst)
	})
	p := random.Pick(r.Source, all...)
	return p.table, p.dst, true
}

func (r *run) deleteRoute() {
	s := random.Pick(r.Source, r.sites...)
	if table, dst, found := r.aRoute(s); found {
		r.act(s.Cell, "DeleteRoute", r.to(s, table, dst)[:4]...)
	}
}

func (r *run) replaceRoute() {
	s := random.Pick(r.Source, r.sites...)
	if table, dst, found := r.aRoute(s); found {
		r.act(s.Cell, "ReplaceRoute", r.to(s, table, dst)...)
	}
}

// fill takes what room a table or a group has.
func (r *run) fill() {
	s := random.Pick(r.Source, r.sites...)
	if r.Chance(50) {
		t := random.Pick(r.Source, r.tablesOf(s)...)
		for i := range r.Between(1, 6) {
			r.act(s.Cell, "CreateRoute", "RouteTableId", t.ID, "DestinationCidrBlock", "192.168."+strconv.Itoa(i)+".0/24", "GatewayId", s.gateway)
		}
		return
	}
	if groups := r.groupsOf(s); len(groups) > 0 {
		g := random.Pick(r.Source, groups...)
		for i := range r.Between(1, 4) {
			r.act(s.Cell, "AuthorizeSecurityGroupIngress", ruleParams(g.ID, ledger.Permission{Protocol: "udp", From: i, To: i, Block: s.primary})...)
		}
	}
}
