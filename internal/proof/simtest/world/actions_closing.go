package world

import (
	"net/netip"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
)

// half is one side of an active connection, with the sites of its VPC and its peer's.
type half struct {
	connection *ledger.Connection
	own, peer  *site
}

// closingActions are people's changes to connections that carry traffic: they obstruct a side, and change the policy so
// that traffic has to be closed.
var closingActions = []struct {
	weight int
	do     func(*World, half)
}{
	{3, (*World).quarantine},
	{3, (*World).addRoutedBlock},
	{3, (*World).addForeignBlock},
	{3, (*World).narrow},
	{5, (*World).narrowBesideAnObstacle},
	{2, (*World).narrowWithoutRoom},
	{4, (*World).remove},
}

// ActOnTraffic lets a person do one of these in that many of a hundred cases. It is drawn by a name, so that the other
// draws of the seed stay the same.
func (w *World) ActOnTraffic(percent int) {
	d := w.named.Next("act on traffic")
	if !d.Chance(percent) {
		return
	}
	usual := w.Source
	w.Source = d
	defer func() { w.Source = usual }()
	h, found := w.pickHalf()
	if !found {
		return
	}
	total := 0
	for _, a := range closingActions {
		total += a.weight
	}
	n := w.IntN(total)
	for _, a := range closingActions {
		if n -= a.weight; n < 0 {
			a.do(w, h)
			return
		}
	}
}

// pickHalf returns a side of an active connection, mostly of one that the policy has a peering for.
func (w *World) pickHalf() (half, bool) {
	var all []half
	for _, c := range w.connections(ledger.Active) {
		from, to := w.siteOf(c.Requester), w.siteOf(c.Accepter)
		if from != nil && to != nil && from != to && (w.isListed(from, to) || w.Chance(20)) {
			all = append(all, half{c, from, to}, half{c, to, from})
		}
	}
	if len(all) == 0 {
		return half{}, false
	}
	return random.Pick(w.Source, all...), true
}

func (w *World) siteOf(v ledger.VPCKey) *site {
	i := slices.IndexFunc(w.sites, func(s *site) bool { return s.VPCKey == v })
	if i < 0 {
		return nil
	}
	return w.sites[i]
}

// quarantine routes some addresses of the peer elsewhere.
func (w *World) quarantine(h half) {
	a := h.peer.primary.Addr().As4()
	a[2], a[3] = byte(random.Pick(w.Source, 0, 0, 1, 200)), byte(16*w.IntN(16))
	w.routeElsewhere(h.own, netip.PrefixFrom(netip.AddrFrom4(a), 28))
}

func (w *World) routeElsewhere(s *site, dst netip.Prefix) {
	t := random.Pick(w.Source, w.tablesOf(s)...)
	w.act(s.Cell, "CreateRoute", "RouteTableId", t.ID, "DestinationCidrBlock", dst.String(), "GatewayId", s.gateway)
}

// addRoutedBlock adds a block to the peer that the side already routes elsewhere.
func (w *World) addRoutedBlock(h half) {
	a := h.peer.primary.Addr().As4()
	block := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, a[1] + byte(w.Between(1, 15)), 0, 0}), 16)
	w.routeElsewhere(h.own, block)
	w.act(h.peer.Cell, "AssociateVpcCidrBlock", "VpcId", h.peer.ID, "CidrBlock", block.String())
}

// addForeignBlock adds a block to the peer that few policies permit.
func (w *World) addForeignBlock(h half) {
	if w.Chance(30) {
		w.act(h.peer.Cell, "AssociateVpcCidrBlock", "VpcId", h.peer.ID, "AmazonProvidedIpv6CidrBlock", "true")
		return
	}
	w.act(h.peer.Cell, "AssociateVpcCidrBlock", "VpcId", h.peer.ID, "CidrBlock",
		random.Pick(w.Source, "100.127.0.0/16", "100.99.0.0/20"))
}

// edit deploys a changed copy of the policy. A copy that is no valid policy file is not deployed.
func (w *World) edit(change func(*plainpolicy.Policy)) {
	var p *plainpolicy.Policy
	w.observer.Look(func(l *ledger.Ledger) { p = l.Policy.Clone() })
	change(p)
	if len(p.Departments) > 0 && isValid(p) {
		w.deploy(p)
	}
}

// narrow narrows the entries of the policy for the side.
func (w *World) narrow(h half) {
	w.edit(func(p *plainpolicy.Policy) { w.narrowEntry(p, h) })
}

// narrowBesideAnObstacle puts an obstacle in the way of the side first.
func (w *World) narrowBesideAnObstacle(h half) {
	switch w.IntN(3) {
	case 0:
		w.quarantine(h)
	case 1:
		w.addRoutedBlock(h)
	default:
		w.addForeignBlock(h)
	}
	if w.Chance(50) {
		time.Sleep(w.Duration(time.Second, 10*time.Minute))
	}
	w.narrow(h)
}

// narrowWithoutRoom narrows the entries, and sets a limit that a route table or a security group of the side has
// reached. The policy wants one more route or rule there.
func (w *World) narrowWithoutRoom(h half) {
	w.edit(func(p *plainpolicy.Policy) {
		e := p.Between(h.own.department, h.peer.department)
		if e == nil {
			return
		}
		w.narrowEntry(p, h)
		p.Limits = map[string]int{}
		if groups := w.groupsWithRules(h); w.Chance(50) && len(groups) > 0 {
			g := random.Pick(w.Source, groups...)
			p.Limits["rules"] = len(look(w, func(l *ledger.Ledger) []*ledger.Rule { return l.IngressRulesOf(g.ID) }))
			e.Permit(plainpolicy.Allow{
				From: h.peer.department, To: h.own.department, IDs: []string{g.ID}, Protocol: "tcp",
				Ports: [][2]int{{9000, 9000 + w.IntN(9)}},
			})
			return
		}
		if e.A == e.B {
			return // a mesh has no routes of its own
		}
		t := random.Pick(w.Source, w.tablesWithRoutes(h)...)
		p.Limits["routes"] = len(look(w, func(l *ledger.Ledger) []netip.Prefix { return l.LocalAndOtherRoutes(t) }))
		r := e.Routes[h.own.department]
		r.To = []netip.Prefix{partOf(h.peer.primary, 0), partOf(h.peer.primary, 1), partOf(h.peer.primary, 2)}
		e.Routes[h.own.department] = r
	})
}

// groupsWithRules returns the security groups of the side in which autopeer has made rules for the connection.
func (w *World) groupsWithRules(h half) []*ledger.SecurityGroup {
	return look(w, func(l *ledger.Ledger) []*ledger.SecurityGroup {
		return slices.DeleteFunc(l.SecurityGroupsOf(h.own.VPCKey), func(g *ledger.SecurityGroup) bool {
			return !slices.ContainsFunc(l.IngressRulesOf(g.ID), func(r *ledger.Rule) bool {
				return l.Tags[r.ID][peering.TagConnection] == h.connection.ID
			})
		})
	})
}

// tablesWithRoutes returns the route tables of the side that have routes to the connection, or all without any.
func (w *World) tablesWithRoutes(h half) []*ledger.RouteTable {
	return look(w, func(l *ledger.Ledger) []*ledger.RouteTable {
		var all []*ledger.RouteTable
		for _, t := range l.RouteTablesOf(h.own.VPCKey) {
			for _, there := range t.Routes {
				if there.Target == h.connection.ID {
					all = append(all, t)
					break
				}
			}
		}
		if len(all) == 0 {
			return l.RouteTablesOf(h.own.VPCKey)
		}
		return all
	})
}

// partOf returns a small part of the primary block of a VPC.
func partOf(primary netip.Prefix, nth byte) netip.Prefix {
	a := primary.Addr().As4()
	a[2] = nth
	return netip.PrefixFrom(netip.AddrFrom4(a), 24)
}

// narrowEntry narrows the destinations of the side and the entries that admit traffic to it, or removes some.
func (w *World) narrowEntry(p *plainpolicy.Policy, h half) {
	own, peer := h.own.department, h.peer.department
	e := p.Between(own, peer)
	if e == nil {
		return
	}
	if own != peer && w.Chance(50) { // a mesh has no routes of its own
		r := e.Routes[own]
		r.To = []netip.Prefix{w.narrower(r.To, h.peer.primary)}
		e.Routes[own] = r
	}
	all := e.Allow
	e.Allow = nil
	for _, a := range all {
		switch {
		case a.To != own || a.From != peer || w.Chance(20):
		case w.Chance(25):
			continue
		default:
			w.narrowAllow(&a, h.peer.primary)
		}
		e.Permit(a)
	}
}

func (w *World) narrowAllow(a *plainpolicy.Allow, primary netip.Prefix) {
	hasPorts := a.Protocol == "tcp" || a.Protocol == "udp"
	switch {
	case hasPorts && w.Chance(40):
		a.Ports = random.Pick(w.Source, [][2]int{{443, 443}}, [][2]int{{8000, 8040}})
	case a.Protocol != "icmpv6":
		a.Sources, a.SourceGroups = []netip.Prefix{w.narrower(a.Sources, primary)}, nil
	}
}

// narrower returns a part of the first of the blocks, or of the primary block without any.
func (w *World) narrower(blocks []netip.Prefix, primary netip.Prefix) netip.Prefix {
	if len(blocks) == 0 {
		return random.Pick(w.Source, primary, partOf(primary, 0), partOf(primary, 1))
	}
	b := blocks[0]
	if b.Bits() < 24 {
		return partOf(b, byte(w.IntN(2)))
	}
	return netip.PrefixFrom(b.Addr(), min(b.Bits()+1, 28))
}

// removals remove the parts that name the side's connection from the policy.
var removals = []func(*World, *plainpolicy.Policy, half){
	func(_ *World, p *plainpolicy.Policy, h half) { p.RemovePeering(h.own.department, h.peer.department) },
	func(_ *World, p *plainpolicy.Policy, h half) { p.RemoveMembers(h.isOwn) },
	func(_ *World, p *plainpolicy.Policy, h half) { p.RemoveDepartment(h.own.department) },
	func(_ *World, p *plainpolicy.Policy, h half) {
		p.RemoveDepartment(h.own.department)
		p.RemoveDepartment(h.peer.department)
	},
	func(w *World, p *plainpolicy.Policy, h half) {
		if e := p.Between(h.own.department, h.peer.department); e != nil {
			e.Requester = w.siteOf(h.connection.Accepter).department
		}
	},
	func(_ *World, p *plainpolicy.Policy, h half) {
		p.RemoveMembers(func(_ string, m plainpolicy.Member) bool { return m.Cell == h.own.Cell })
	},
}

// isOwn reports whether the member names the VPC of the side, or its range.
func (h half) isOwn(department string, m plainpolicy.Member) bool {
	return department == h.own.department && m.Cell == h.own.Cell &&
		(m.VPC == h.own.ID || h.own.ranged && m.Within.IsValid())
}

// remove removes the parts that name the connection from the policy. A cell without members may be retired.
func (w *World) remove(h half) {
	w.edit(func(p *plainpolicy.Policy) {
		p.Disconnect = w.Chance(80)
		random.Pick(w.Source, removals...)(w, p, h)
		for _, cell := range []peering.Cell{h.own.Cell, h.peer.Cell} {
			if w.Chance(50) {
				p.Retire(cell)
			}
		}
	})
}
