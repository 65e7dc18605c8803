package reach_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/reach"
)

// oracle answers yes or no by trying everything: every prefix length, every rule number, every ephemeral port.
// It knows nothing of blockers, and shares no code with the package.
type oracle struct{ reach.Network }

func (o oracle) reaches(a, b peering.Instance, protocol peering.Protocol, port int32) bool {
	for _, there := range b.Interfaces {
		for _, to := range there.Addresses {
			if protocol == peering.ICMP && to.Is6() || protocol == peering.ICMPv6 && to.Is4() {
				continue
			}
			if here, from := o.sender(a, to); from.IsValid() {
				return o.roundTrip(here, there, from, to, protocol, port)
			}
		}
	}
	return false
}

// sender returns the last of the choices, from the least to the most preferred.
func (o oracle) sender(a peering.Instance, to netip.Addr) (face peering.Interface, from netip.Addr) {
	for _, near := range []bool{false, true} {
		for _, f := range slices.Backward(a.Interfaces) {
			for _, addr := range slices.Backward(f.Addresses) {
				if addr.Is4() == to.Is4() && (!near || o.subnetHolds(f, to)) {
					face, from = f, addr
				}
			}
		}
	}
	return face, from
}

func (o oracle) subnetHolds(f peering.Interface, a netip.Addr) bool {
	for _, s := range o.Subnets {
		for _, b := range s.Blocks {
			if s.ID == f.Subnet && b.Contains(a) {
				return true
			}
		}
	}
	return false
}

func (o oracle) roundTrip(a, b peering.Interface, from, to netip.Addr, protocol peering.Protocol, port int32) bool {
	there, back := []int32{port}, []int32{0}
	switch protocol {
	case peering.ICMP:
		there = []int32{8}
	case peering.ICMPv6:
		there, back = []int32{128}, []int32{129}
	case peering.TCP:
		back = nil
		for p := int32(1024); p <= 65535; p++ {
			back = append(back, p)
		}
	}
	return o.grouped(a, b, to, protocol, there[0], true) && o.grouped(b, a, from, protocol, there[0], false) &&
		o.oneWay(a, b, from, to, protocol, there) && o.oneWay(b, a, to, from, protocol, back)
}

func (o oracle) oneWay(a, b peering.Interface, from, to netip.Addr, protocol peering.Protocol, ports []int32) bool {
	if o.arrivesAt(a, to) != b.ID {
		return false
	}
	if a.Subnet == b.Subnet {
		return true
	}
	return !slices.ContainsFunc(ports, func(p int32) bool {
		return !o.listed(a.Subnet, true, to, protocol, p) || !o.listed(b.Subnet, false, from, protocol, p)
	})
}

// arrivesAt returns the interface that receives the packets of a to the address.
func (o oracle) arrivesAt(a peering.Interface, to netip.Addr) peering.InterfaceID {
	vpc := a.VPC
	if !o.subnetHolds(a, to) {
		vpc = o.arrivesIn(a.VPC, o.target(o.tableOf(a), to))
	}
	for _, i := range o.Instances {
		for _, f := range i.Interfaces {
			if f.VPC == vpc && slices.Contains(f.Addresses, to) {
				return f.ID
			}
		}
	}
	return ""
}

func (o oracle) arrivesIn(vpc peering.VPCID, target peering.Target) peering.VPCID {
	if target == peering.Local {
		return vpc
	}
	for _, c := range o.Connections {
		switch {
		case peering.Target(c.ID) != target || c.State != peering.Active:
		case c.Requester.ID == vpc:
			return c.Accepter.ID
		case c.Accepter.ID == vpc:
			return c.Requester.ID
		}
	}
	return "nowhere"
}

func (o oracle) tableOf(a peering.Interface) (table peering.RouteTable) {
	for _, t := range o.RouteTables {
		if t.Main && t.VPC == a.VPC && table.ID == "" {
			table = t
		}
		if slices.Contains(t.Subnets, a.Subnet) {
			table = t
		}
	}
	return table
}

// target returns where the table sends the address, empty for nowhere.
func (o oracle) target(t peering.RouteTable, to netip.Addr) peering.Target {
	for bits := to.BitLen(); bits >= 0; bits-- {
		p, _ := to.Prefix(bits)
		for _, propagated := range []bool{false, true} {
			for _, r := range t.Routes {
				if r.Destination != p || r.Propagated != propagated {
					continue
				}
				if r.Blackhole {
					return ""
				}
				return r.Target
			}
		}
	}
	return ""
}

// listed asks the network ACL of the subnet, if it has one, rule number by rule number.
func (o oracle) listed(subnet peering.SubnetID, egress bool, other netip.Addr,
	protocol peering.Protocol, port int32) bool {
	for _, acl := range o.NetworkACLs {
		if !slices.Contains(acl.Subnets, subnet) {
			continue
		}
		for number := range int32(10) {
			for _, e := range acl.Entries {
				if e.Number == number && e.Egress == egress && e.Block.Contains(other) &&
					includes(e.Protocol, e.From, e.To, protocol, port) {
					return e.Allow
				}
			}
		}
		return false
	}
	return true
}

func (o oracle) grouped(own, other peering.Interface, addr netip.Addr, protocol peering.Protocol,
	port int32, egress bool) bool {
	for _, g := range o.SecurityGroups {
		rules := g.Ingress
		if egress {
			rules = g.Egress
		}
		for _, r := range rules {
			if slices.Contains(own.Groups, g.ID) && includes(r.Protocol, r.From, r.To, protocol, port) &&
				(r.Source.Contains(addr) || o.isMember(own, other, r.Group)) {
				return true
			}
		}
	}
	return false
}

func (o oracle) isMember(own, other peering.Interface, group peering.SecurityGroupID) bool {
	if !slices.Contains(other.Groups, group) {
		return false
	}
	if own.VPC == other.VPC {
		return true
	}
	for _, c := range o.Connections {
		ids := []peering.VPCID{c.Requester.ID, c.Accepter.ID}
		if c.State == peering.Active && slices.Contains(ids, own.VPC) && slices.Contains(ids, other.VPC) {
			return c.Requester.Region == c.Accepter.Region
		}
	}
	return false
}

func includes(p peering.Protocol, from, to int32, protocol peering.Protocol, port int32) bool {
	if p == "-1" {
		return true
	}
	if p != protocol {
		return false
	}
	if p == "tcp" {
		return port >= from && port <= to
	}
	return (from == port || from == -1) && (to == 0 || to == -1)
}

// networks draws small networks in which about every second question has the answer yes.
type networks struct {
	*rapid.T
	reach.Network
}

var (
	// Two VPCs may get the same block: their connection fails, but a third can be peered with both.
	vpcBlocks = prefixes("10.0.0.0/29", "10.0.0.8/29", "10.0.0.8/29", "10.0.1.0/29")
	anyBlocks = prefixes("10.0.0.0/29", "10.0.0.8/29", "10.0.1.0/29", "10.0.0.0/30", "10.0.0.8/30", "10.0.0.0/28",
		"0.0.0.0/0", "::/0", "2001:db8::/32")
)

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		all[i] = netip.MustParsePrefix(t)
	}
	return all
}

// often is false now and then, so that networks mostly work and each is broken in few places.
func (n *networks) often(label string) bool { return rapid.IntRange(1, 20).Draw(n.T, label) != 13 }

func sample[V any](n *networks, label string, from ...V) V {
	return rapid.SampledFrom(from).Draw(n.T, label)
}

func drawNetwork(t *rapid.T) reach.Network {
	n := &networks{T: t}
	for i := range rapid.IntRange(2, 3).Draw(t, "VPCs") {
		n.addVPC(i)
	}
	for i := range n.VPCs {
		for j := range i {
			n.addConnection(n.VPCs[j], n.VPCs[i])
		}
	}
	for _, v := range n.VPCs {
		n.addTables(v)
		n.addGroups(v)
	}
	for _, s := range n.Subnets {
		n.addACL(s)
	}
	return n.Network
}

func (n *networks) addVPC(i int) {
	v := peering.VPC{
		ID:     peering.VPCID(fmt.Sprintf("vpc-%d", i)),
		Region: sample(n, "region", peering.Region("us-east-1"), "us-east-1", "eu-west-1"),
		Blocks: []netip.Prefix{sample(n, "block", vpcBlocks...), netip.MustParsePrefix(fmt.Sprintf("2001:db8:%d::/48", i))},
	}
	n.VPCs = append(n.VPCs, v)
	for _, half := range []int{1, 5} {
		s := peering.Subnet{ID: peering.SubnetID(fmt.Sprintf("subnet-%d-%d", i, half)), VPC: v.ID}
		for _, b := range v.Blocks {
			p, _ := hostOf(b, half).Prefix(b.Addr().BitLen() - 2)
			s.Blocks = append(s.Blocks, p)
		}
		n.Subnets = append(n.Subnets, s)
		for k := range rapid.IntRange(1, 2).Draw(n.T, "instances") {
			n.Instances = append(n.Instances, peering.Instance{ID: peering.InstanceID(fmt.Sprintf("i-%s-%d", v.ID, half+k))})
			n.addInterface(v, s, half+k, &n.Instances[len(n.Instances)-1])
		}
		if rapid.Bool().Draw(n.T, "further interface") { // of an instance of this subnet or the other one
			own := slices.IndexFunc(n.Instances, func(i peering.Instance) bool { return i.Interfaces[0].VPC == v.ID })
			n.addInterface(v, s, half+2, &n.Instances[own])
		}
	}
}

func hostOf(b netip.Prefix, host int) netip.Addr {
	a := b.Addr()
	for range host {
		a = a.Next()
	}
	return a
}

// addInterface adds an interface. A subnet's first may also have the address before its own.
func (n *networks) addInterface(v peering.VPC, s peering.Subnet, host int, of *peering.Instance) {
	i := peering.Interface{ID: peering.InterfaceID(fmt.Sprintf("eni-%s-%d", v.ID, host)), VPC: v.ID, Subnet: s.ID}
	for _, b := range v.Blocks {
		if n.often("family") {
			i.Addresses = append(i.Addresses, hostOf(b, host))
		}
	}
	if (host == 1 || host == 5) && rapid.Bool().Draw(n.T, "secondary address") {
		i.Addresses = append(i.Addresses, hostOf(v.Blocks[0], host-1))
	}
	i.Groups = []peering.SecurityGroupID{sample(n, "group", peering.SecurityGroupID("sg-"+v.ID),
		peering.SecurityGroupID("sg-"+v.ID+"-2"))}
	of.Interfaces = append(of.Interfaces, i)
}

func (n *networks) addConnection(a, b peering.VPC) {
	state := peering.Active
	if !n.often("active") {
		state = sample(n, "state", peering.PendingAcceptance, peering.Provisioning, peering.Deleted)
	}
	id := peering.ConnectionID(fmt.Sprintf("pcx-%s-%s", a.ID, b.ID))
	n.Connections = append(n.Connections, peering.Connection{ID: id, State: state, Requester: a, Accepter: b})
}

// addTables adds a main table and one for a single subnet.
func (n *networks) addTables(v peering.VPC) {
	main := peering.RouteTable{ID: peering.RouteTableID("rtb-" + v.ID), VPC: v.ID, Main: true, Routes: n.routes(v)}
	own := peering.RouteTable{ID: main.ID + "-own", VPC: v.ID, Routes: n.routes(v)}
	for _, s := range n.Subnets {
		if s.VPC == v.ID && n.often("own table") {
			own.Subnets = append(own.Subnets, s.ID)
		}
	}
	n.RouteTables = append(n.RouteTables, main, own)
}

func (n *networks) routes(v peering.VPC) []peering.Route {
	var routes []peering.Route
	targets := []peering.Target{"igw-1", "pcx-unknown"}
	for _, b := range v.Blocks {
		routes = append(routes, peering.Route{Destination: b, Target: peering.Local})
	}
	for _, c := range n.Connections {
		targets = append(targets, peering.Target(c.ID))
		for _, other := range []peering.VPC{c.Requester, c.Accepter} {
			ends := c.Requester.ID == v.ID || c.Accepter.ID == v.ID
			if other.ID == v.ID || !ends || !n.often("routed") {
				continue
			}
			for _, b := range other.Blocks {
				routes = append(routes, peering.Route{Destination: b, Target: peering.Target(c.ID)})
			}
		}
	}
	for range rapid.IntRange(0, 2).Draw(n.T, "odd routes") {
		routes = append(routes, peering.Route{
			Destination: sample(n, "destination", anyBlocks...), Target: sample(n, "target", targets...),
			Blackhole: !n.often("live"), Propagated: !n.often("static"),
		})
	}
	return onePerDestination(routes)
}

// onePerDestination keeps one created and one propagated route of each destination, as EC2 does.
func onePerDestination(routes []peering.Route) []peering.Route {
	var kept []peering.Route
	for _, r := range routes {
		if !slices.ContainsFunc(kept, func(k peering.Route) bool {
			return k.Destination == r.Destination && k.Propagated == r.Propagated
		}) {
			kept = append(kept, r)
		}
	}
	return kept
}

func (n *networks) permissions() []peering.Permission {
	var ps []peering.Permission
	if n.often("open") {
		ps = append(ps, everything("0.0.0.0/0"), everything("::/0"))
	}
	for range rapid.IntRange(0, 2).Draw(n.T, "permissions") {
		p := n.permission()
		switch sample(n, "source", "block", "group", "list") {
		case "group":
			p.Source, p.Group = netip.Prefix{}, peering.SecurityGroupID("sg-"+sample(n, "group", n.VPCs...).ID)
		case "list":
			p.Source, p.PrefixList = netip.Prefix{}, "pl-1"
		}
		ps = append(ps, p)
	}
	return ps
}

func (n *networks) permission() peering.Permission {
	p := peering.Permission{
		Protocol: sample(n, "protocol", peering.AllProtocols, peering.TCP, peering.ICMP, peering.ICMPv6), From: -1, To: -1,
	}
	p.Source = sample(n, "source block", anyBlocks...)
	switch p.Protocol {
	case peering.TCP:
		p.From = sample(n, "from", int32(0), 22, 80, 1024, 30000)
		p.To = sample(n, "to", int32(22), 1024, 40000, 65535)
	case peering.ICMP, peering.ICMPv6:
		p.From = sample(n, "type", int32(-1), 0, 8, 128, 129)
	}
	return p
}

func (n *networks) addGroups(v peering.VPC) {
	for _, id := range []peering.SecurityGroupID{peering.SecurityGroupID("sg-" + v.ID),
		peering.SecurityGroupID("sg-" + v.ID + "-2")} {
		n.SecurityGroups = append(n.SecurityGroups, peering.SecurityGroup{
			ID: id, VPC: v.ID, Ingress: n.permissions(), Egress: n.permissions(),
		})
	}
}

func (n *networks) addACL(s peering.Subnet) {
	acl := peering.NetworkACL{ID: peering.NetworkACLID("acl-" + s.ID), VPC: s.VPC, Subnets: []peering.SubnetID{s.ID}}
	for _, egress := range []bool{false, true} {
		if n.often("default rule") {
			acl.Entries = append(acl.Entries, entry(8, egress, true, everything("0.0.0.0/0")),
				entry(9, egress, true, everything("::/0")))
		}
		if n.often("no other rule") {
			continue
		}
		for _, number := range []int32{6, 3} {
			acl.Entries = append(acl.Entries, entry(number, egress, n.often("allow"), n.permission()))
		}
	}
	n.NetworkACLs = append(n.NetworkACLs, acl)
}

func TestCheckAgreesWithTheOracle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := drawNetwork(t)
		a := rapid.SampledFrom(n.Instances).Draw(t, "from")
		protocol := rapid.SampledFrom([]peering.Protocol{peering.TCP, peering.ICMP, peering.ICMPv6}).Draw(t, "protocol")
		for _, b := range n.Instances {
			q := reach.Query{From: a.ID, ToInstance: b.ID, Protocol: protocol, Port: 22}
			got := n.Check(q)
			if want := (oracle{n}).reaches(a, b, protocol, 22); got.Reachable != want {
				t.Fatalf("Check(%+v) = %+v, but the oracle returns %v", q, got, want)
			}
		}
	})
}

func TestEveryRefusalNamesItsBlocker(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := drawNetwork(t)
		from, to := rapid.SampledFrom(n.Instances).Draw(t, "from"), rapid.SampledFrom(n.Instances).Draw(t, "to")
		got := n.Check(reach.Query{From: from.ID, ToInstance: to.ID, Protocol: peering.TCP, Port: 22})
		b := got.Blocker
		named := b.Code != "" && b.Resource != "" && b.Sentence != ""
		if got.Reachable != (b == reach.Blocker{}) || !got.Reachable && !named {
			t.Fatalf("Reachable is %v with the blocker %+v", got.Reachable, b)
		}
	})
}
