package world

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
)

// routeByHand makes a route that may conflict with one of autopeer's: to another site's block, a part of it, or more.
func (w *World) routeByHand() {
	s, other := w.pair()
	dst := other.primary
	switch w.IntN(4) {
	case 0:
		dst = netip.PrefixFrom(dst.Addr(), 24)
	case 1:
		dst = netip.PrefixFrom(dst.Addr(), 12)
	}
	w.act(s.Cell, "CreateRoute", w.routeParams(s, random.Pick(w.Source, w.tablesOf(s)...).ID, dst)...)
}

// routeParams returns the parameters of a route to the internet gateway, or to one of the VPC's connections. The first
// four are those that identify the route.
func (w *World) routeParams(s *site, table string, dst netip.Prefix) []string {
	name := "DestinationCidrBlock"
	if dst.Addr().Is6() {
		name = "DestinationIpv6CidrBlock"
	}
	params := []string{"RouteTableId", table, name, dst.String()}
	mine := slices.DeleteFunc(w.connections(ledger.Pending, ledger.Active), func(c *ledger.Connection) bool {
		return c.Requester != s.VPCKey && c.Accepter != s.VPCKey
	})
	if len(mine) > 0 && w.Chance(60) {
		return append(params, "VpcPeeringConnectionId", random.Pick(w.Source, mine...).ID)
	}
	return append(params, "GatewayId", s.gateway)
}

// pickRoute returns a route of one of the site's route tables, mostly one that autopeer has made.
func (w *World) pickRoute(s *site) (table string, dst netip.Prefix, found bool) {
	type key struct {
		table string
		dst   netip.Prefix
	}
	var ours, all []key
	for _, t := range w.tablesOf(s) {
		all = append(all, look(w, func(*ledger.Ledger) []key {
			var here []key
			for dst, there := range t.Routes {
				here = append(here, key{t.ID, dst})
				if there.Ours {
					ours = append(ours, key{t.ID, dst})
				}
			}
			return here
		})...)
	}
	if len(ours) > 0 && w.Chance(80) {
		all = ours
	}
	if len(all) == 0 {
		return "", dst, false
	}
	slices.SortFunc(all, func(a, b key) int {
		if a.table != b.table {
			return slices.Compare([]byte(a.table), []byte(b.table))
		}
		return a.dst.Compare(b.dst)
	})
	p := random.Pick(w.Source, all...)
	return p.table, p.dst, true
}

func (w *World) deleteRoute() {
	s := random.Pick(w.Source, w.sites...)
	if table, dst, found := w.pickRoute(s); found {
		w.act(s.Cell, "DeleteRoute", w.routeParams(s, table, dst)[:4]...)
	}
}

func (w *World) replaceRoute() {
	s := random.Pick(w.Source, w.sites...)
	if table, dst, found := w.pickRoute(s); found {
		w.act(s.Cell, "ReplaceRoute", w.routeParams(s, table, dst)...)
	}
}

// fill adds routes to a route table, or rules to a security group, up to its quota in some runs.
func (w *World) fill() {
	s := random.Pick(w.Source, w.sites...)
	if w.Chance(50) {
		t := random.Pick(w.Source, w.tablesOf(s)...)
		for i := range w.Between(1, 6) {
			w.act(s.Cell, "CreateRoute", "RouteTableId", t.ID, "DestinationCidrBlock",
				"192.168."+strconv.Itoa(i)+".0/24", "GatewayId", s.gateway)
		}
		return
	}
	if groups := w.groupsOf(s); len(groups) > 0 {
		g := random.Pick(w.Source, groups...)
		for i := range w.Between(1, 4) {
			w.act(s.Cell, "AuthorizeSecurityGroupIngress",
				ruleParams(g.ID, ledger.Permission{Protocol: "udp", From: i, To: i, Block: s.primary})...)
		}
	}
}
