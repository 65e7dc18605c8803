package simtest

import (
	"net/netip"
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/peering"
)

// deed is something that people do, so often among others.
type deed struct {
	weight int
	do     func(*run)
}

var deeds = []deed{
	{30, (*run).request},
	{6, (*run).acceptByHand},
	{2, (*run).rejectByHand},
	{7, (*run).deleteConnection},
	{4, (*run).requestAgain},
	{6, (*run).approve},
	{8, (*run).routeByHand},
	{4, (*run).deleteRoute},
	{3, (*run).replaceRoute},
	{7, (*run).admitByHand},
	{3, (*run).revokeByHand},
	{6, (*run).retag},
	{4, (*run).changeBlocks},
	{6, (*run).rebuild},
	{2, (*run).removeParts},
	{3, (*run).redeploy},
	{4, (*run).forgeEvent},
	{3, (*run).silence},
	{2, (*run).fill},
	{1, (*run).changeHostnames},
}

func (r *run) somebodyActs() {
	total := 0
	for _, d := range deeds {
		total += d.weight
	}
	n := r.IntN(total)
	for _, d := range deeds {
		if n -= d.weight; n < 0 {
			d.do(r)
			return
		}
	}
}

// look lets people look at what there is, while autopeer changes it.
func look[T any](r *run, at func(*ledger) []T) []T {
	r.mu.Lock()
	defer r.mu.Unlock()
	return at(r.ledger)
}

// connections returns those in one of these states.
func (r *run) connections(states ...string) []*connection {
	return look(r, func(l *ledger) []*connection {
		var all []*connection
		for _, id := range l.requests {
			if c := l.connections[id]; slices.Contains(states, l.state(c, time.Now())) {
				all = append(all, c)
			}
		}
		return all
	})
}

func (r *run) tablesOf(s *site) []*table {
	return look(r, func(l *ledger) []*table { return l.tablesOf(s.vpcKey) })
}

func (r *run) groupsOf(s *site) []*group {
	return look(r, func(l *ledger) []*group { return l.groupsOf(s.vpcKey) })
}

// pair returns two different sites, most often of a peering.
func (r *run) pair() (from, to *site) {
	for range 4 {
		from, to = pick(r.dice, r.sites...), pick(r.dice, r.sites...)
		if from != to && (r.chance(20) || r.isListed(from, to)) {
			return from, to
		}
	}
	return r.sites[0], r.sites[1]
}

func (r *run) isListed(a, b *site) bool {
	p := look(r, func(l *ledger) []entry { return l.policy.peerings })
	return slices.ContainsFunc(p, func(e entry) bool {
		return e.a == a.department && e.b == b.department || e.a == b.department && e.b == a.department
	})
}

func (r *run) request() {
	from, to := r.pair()
	peer := to.vpcKey
	switch {
	case r.chance(4):
		peer.id = "vpc-0000000000000dead"
	case r.chance(4):
		peer.Account = pick(r.dice, r.cells...).Account
	}
	r.requestBetween(from.vpcKey, peer)
}

func (r *run) requestBetween(from, to vpcKey) {
	params := []string{"VpcId", from.id, "PeerVpcId", to.id}
	if from.Account != to.Account {
		params = append(params, "PeerOwnerId", string(to.Account))
	}
	if from.Region != to.Region {
		params = append(params, "PeerRegion", string(to.Region))
	}
	answer, err := r.ask(from.Cell, "CreateVpcPeeringConnection", params...)
	if err != nil {
		return
	}
	id := element(answer, "vpcPeeringConnectionId")
	if r.isNew(id) && r.chance(r.weather.stale) {
		const none = `<DescribeVpcPeeringConnectionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId><vpcPeeringConnectionSet/></DescribeVpcPeeringConnectionsResponse>`
		r.mu.Lock()
		defer r.mu.Unlock()
		r.old[from.String()+id] = oldAnswer{none, time.Now().Add(r.duration(time.Second, unseen))}
	}
}

// isNew tells a connection that was just made from one that EC2 had already.
func (r *run) isNew(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.ledger.connections[id]
	return c != nil && c.created.Equal(time.Now())
}

// unseen is how long a new connection may not be seen.
const unseen = 20 * time.Second

// decideByHand makes the accepter's call, or the one of either side.
func (r *run) decideByHand(action string, either bool, states ...string) {
	found := r.connections(states...)
	if len(found) == 0 {
		return
	}
	c := pick(r.dice, found...)
	cell := c.accepter.Cell
	if either && r.chance(60) {
		cell = c.requester.Cell
	}
	r.remember(c)
	r.act(cell, action, "VpcPeeringConnectionId", c.id)
}

func (r *run) acceptByHand() { r.decideByHand("AcceptVpcPeeringConnection", false, pending) }
func (r *run) rejectByHand() { r.decideByHand("RejectVpcPeeringConnection", false, pending) }
func (r *run) deleteConnection() {
	r.decideByHand("DeleteVpcPeeringConnection", true, active, active, pending)
}

// requestAgain asks for what is there or was there.
func (r *run) requestAgain() {
	if found := r.connections(pending, active, dead); len(found) > 0 {
		c := pick(r.dice, found...)
		if r.chance(50) {
			r.remember(c)
			r.act(c.requester.Cell, "DeleteVpcPeeringConnection", "VpcPeeringConnectionId", c.id)
		}
		r.requestBetween(c.requester, c.accepter)
	}
}

func (r *run) approve() {
	found := r.connections(pending)
	if len(found) == 0 {
		return
	}
	c := pick(r.dice, found...)
	r.remember(c)
	cell := c.accepter.Cell
	if r.chance(10) {
		cell = c.requester.Cell // where it says nothing
	}
	r.act(cell, "CreateTags", tagged(c.id, peering.TagApproved, pick(r.dice, "true", "true", "true", "false"))...)
}

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
	r.act(s.Cell, "CreateRoute", r.to(s, pick(r.dice, r.tablesOf(s)...).id, dst)...)
}

// to returns the parameters of a route to the internet gateway, or to one of the VPC's connections.
func (r *run) to(s *site, table string, dst netip.Prefix) []string {
	name := "DestinationCidrBlock"
	if dst.Addr().Is6() {
		name = "DestinationIpv6CidrBlock"
	}
	params := []string{"RouteTableId", table, name, dst.String()}
	mine := slices.DeleteFunc(r.connections(pending, active), func(c *connection) bool { return c.requester != s.vpcKey && c.accepter != s.vpcKey })
	if len(mine) > 0 && r.chance(60) {
		return append(params, "VpcPeeringConnectionId", pick(r.dice, mine...).id)
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
		all = append(all, look(r, func(*ledger) []place {
			var here []place
			for dst, there := range t.routes {
				here = append(here, place{t.id, dst})
				if there.ours {
					ours = append(ours, place{t.id, dst})
				}
			}
			return here
		})...)
	}
	if len(ours) > 0 && r.chance(80) {
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
	p := pick(r.dice, all...)
	return p.table, p.dst, true
}

func (r *run) deleteRoute() {
	s := pick(r.dice, r.sites...)
	if table, dst, found := r.aRoute(s); found {
		r.act(s.Cell, "DeleteRoute", r.to(s, table, dst)[:4]...)
	}
}

func (r *run) replaceRoute() {
	s := pick(r.dice, r.sites...)
	if table, dst, found := r.aRoute(s); found {
		r.act(s.Cell, "ReplaceRoute", r.to(s, table, dst)...)
	}
}

// admitByHand makes a rule of somebody's own: often the same that the policy wants.
func (r *run) admitByHand() {
	s, other := r.pair()
	if groups := r.groupsOf(s); len(groups) > 0 {
		g := pick(r.dice, groups...)
		p := r.permissionFor(s, g, other)
		r.act(s.Cell, "AuthorizeSecurityGroupIngress", p.params(g.id)...)
	}
}

// permissionFor is what the policy says for the group, if it says anything, or else something.
func (r *run) permissionFor(s *site, g *group, other *site) permission {
	all := look(r, func(l *ledger) []permission {
		var all []permission
		for _, id := range l.requests {
			c := l.connections[id]
			reading := l.read(c)
			for _, role := range []peering.Role{peering.Requester, peering.Accepter} {
				if c.side(role) == s.vpcKey && reading.entry != nil && l.vpcs[c.side(role.Other())] != nil {
					all = append(all, half{ledger: l, connection: c, role: role, reading: reading, now: time.Now()}.admits(g)...)
				}
			}
		}
		return slices.DeleteFunc(all, func(p permission) bool { return !p.block.IsValid() })
	})
	if len(all) > 0 && r.chance(70) {
		return pick(r.dice, all...)
	}
	return permission{protocol: "tcp", from: 80, to: 80, block: other.primary}
}

func (p permission) params(group string) []string {
	list, field := "IpPermissions.1.IpRanges.1.CidrIp", p.block.String()
	if p.block.Addr().Is6() {
		list = "IpPermissions.1.Ipv6Ranges.1.CidrIpv6"
	}
	return []string{
		"GroupId", group, "IpPermissions.1.IpProtocol", p.protocol, "IpPermissions.1.FromPort", text(p.from), "IpPermissions.1.ToPort", text(p.to), list, field,
	}
}

// revokeByHand revokes any rule.
func (r *run) revokeByHand() {
	rules := look(r, func(l *ledger) []*rule { return sorted(l.rules, func(*rule) bool { return true }) })
	if len(rules) == 0 {
		return
	}
	gone := pick(r.dice, rules...)
	cells := look(r, func(l *ledger) []peering.Cell { return []peering.Cell{l.groups[gone.group].cell} })
	r.act(cells[0], "RevokeSecurityGroupIngress", "GroupId", gone.group, "SecurityGroupRuleId.1", gone.id)
}

// retag changes tags by which the policy chooses.
func (r *run) retag() {
	s := pick(r.dice, r.sites...)
	switch r.IntN(3) {
	case 0:
		r.retagOne(s.Cell, pick(r.dice, r.tablesOf(s)...).id, "Tier", "private", "public")
	case 1:
		if groups := r.groupsOf(s); len(groups) > 0 {
			r.retagOne(s.Cell, pick(r.dice, groups...).id, "Role", "web", "db")
		}
	default:
		if subnets := r.subnetsOf(s); len(subnets) > 0 {
			r.retagOne(s.Cell, pick(r.dice, subnets...).id, "Tier", "private", "public")
		}
	}
}

func (r *run) retagOne(cell peering.Cell, id, key string, values ...string) {
	if r.chance(25) {
		r.act(cell, "DeleteTags", "ResourceId.1", id, "Tag.1.Key", key)
		return
	}
	r.act(cell, "CreateTags", tagged(id, key, pick(r.dice, values...))...)
}

func (r *run) subnetsOf(s *site) []*subnet {
	return look(r, func(l *ledger) []*subnet {
		return sorted(l.subnets, func(n *subnet) bool { return n.vpc == s.id && n.cell == s.Cell })
	})
}

// changeBlocks associates a block, or dissociates one.
func (r *run) changeBlocks() {
	s := pick(r.dice, r.sites...)
	if r.chance(60) {
		r.addBlock(s)
		return
	}
	answer, err := r.ask(s.Cell, "DescribeVpcs", "VpcId.1", s.id)
	if err != nil {
		return
	}
	if ids := associationID.FindAllString(answer, -1); len(ids) > 1 {
		r.act(s.Cell, "DisassociateVpcCidrBlock", "AssociationId", ids[len(ids)-1])
	}
}

// rebuild adds to a VPC, or has another table serve a subnet.
func (r *run) rebuild() {
	s := pick(r.dice, r.sites...)
	subnets := r.subnetsOf(s)
	switch r.IntN(4) {
	case 0:
		r.addSubnet(s)
	case 1:
		r.addGroup(s)
	case 2:
		r.addTable(s)
	default:
		if len(subnets) == 0 {
			return
		}
		n := pick(r.dice, subnets...)
		switch {
		case n.association == "":
			r.act(s.Cell, "AssociateRouteTable", "SubnetId", n.id, "RouteTableId", pick(r.dice, r.tablesOf(s)...).id)
		case r.chance(50):
			r.act(s.Cell, "DisassociateRouteTable", "AssociationId", n.association)
		default:
			r.act(s.Cell, "ReplaceRouteTableAssociation", "AssociationId", n.association, "RouteTableId", pick(r.dice, r.tablesOf(s)...).id)
		}
	}
}

// removeParts removes a table or a group that nothing needs.
func (r *run) removeParts() {
	s := pick(r.dice, r.sites...)
	if tables := r.tablesOf(s); r.chance(50) {
		r.act(s.Cell, "DeleteRouteTable", "RouteTableId", pick(r.dice, tables...).id)
		return
	}
	if groups := r.groupsOf(s); len(groups) > 1 {
		r.act(s.Cell, "DeleteSecurityGroup", "GroupId", pick(r.dice, groups...).id)
	}
}

func (r *run) redeploy() { r.deploy() }

// forgeEvent tells a function something that may never have happened, or happened to others.
func (r *run) forgeEvent() {
	found := r.connections(pending, active, dead)
	cells := slices.DeleteFunc(slices.Clone(r.cells), func(c peering.Cell) bool {
		return !look(r, func(l *ledger) []bool { return []bool{l.policy.isDeployed(c)} })[0]
	})
	if len(found) == 0 || len(cells) == 0 {
		return
	}
	h := pick(r.dice, hints...)
	c := pick(r.dice, found...)
	requester, accepter := c.requester, c.accepter
	if r.chance(50) {
		requester, accepter = pick(r.dice, r.sites...).vpcKey, pick(r.dice, r.sites...).vpcKey
	}
	r.forge(pick(r.dice, cells...), h.function, h.call, c.id, requester, accepter, pick(r.dice, 0, time.Minute, time.Hour))
}

// silence turns an account's trail off, or all on again.
func (r *run) silence() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.silent) > 0 {
		clear(r.silent)
		return
	}
	if r.weather.lost > 0 {
		r.silent[pick(r.dice, r.cells...)] = true
		r.note(remark("a trail has stopped to log"))
	}
}

// fill takes what room a table or a group has.
func (r *run) fill() {
	s := pick(r.dice, r.sites...)
	if r.chance(50) {
		t := pick(r.dice, r.tablesOf(s)...)
		for i := range r.between(1, 6) {
			r.act(s.Cell, "CreateRoute", "RouteTableId", t.id, "DestinationCidrBlock", "192.168."+text(i)+".0/24", "GatewayId", s.gateway)
		}
		return
	}
	if groups := r.groupsOf(s); len(groups) > 0 {
		g := pick(r.dice, groups...)
		for i := range r.between(1, 4) {
			r.act(s.Cell, "AuthorizeSecurityGroupIngress", permission{protocol: "udp", from: i, to: i, block: s.primary}.params(g.id)...)
		}
	}
}

func (r *run) changeHostnames() {
	s := pick(r.dice, r.sites...)
	r.act(s.Cell, "ModifyVpcAttribute", "VpcId", s.id, "EnableDnsHostnames.Value", pick(r.dice, "true", "true", "false"))
}
