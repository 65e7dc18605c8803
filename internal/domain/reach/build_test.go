package reach_test

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/reach"
)

// world is a Network under construction. Everything of a VPC has its name: vpc-x, subnet-x, rtb-x, acl-x, sg-x, i-x.
type world struct{ reach.Network }

// step changes a world; nil changes nothing.
type step func(*world)

func (w *world) after(steps ...step) *world {
	for _, s := range steps {
		if s != nil {
			s(w)
		}
	}
	return w
}

// everything is the permission that EC2 gives a new group's egress.
func everything(source string) peering.Permission {
	return peering.Permission{Protocol: peering.AllProtocols, From: -1, To: -1, Source: netip.MustParsePrefix(source)}
}

func icmpFrom(source string) peering.Permission {
	return peering.Permission{Protocol: peering.ICMP, From: -1, To: -1, Source: netip.MustParsePrefix(source)}
}

func tcpFrom(source string, from, to int32) peering.Permission {
	return peering.Permission{Protocol: peering.TCP, From: from, To: to, Source: netip.MustParsePrefix(source)}
}

func entry(number int32, egress, allow bool, p peering.Permission) peering.ACLEntry {
	return peering.ACLEntry{
		Number: number, Egress: egress, Allow: allow, Protocol: p.Protocol, From: p.From, To: p.To, Block: p.Source,
	}
}

// vpc adds a VPC with these blocks and, in its first /24 or /64, a subnet with its own route table, a default
// network ACL and an instance whose group admits nothing. The address ends in 5.
func vpc(name string, blocks ...string) step {
	return func(w *world) {
		v := peering.VPC{Owner: "111111111111", Region: "us-east-1", ID: peering.VPCID("vpc-" + name)}
		table := peering.RouteTable{ID: peering.RouteTableID("rtb-" + name), VPC: v.ID}
		for _, b := range blocks {
			p := netip.MustParsePrefix(b)
			v.Blocks = append(v.Blocks, p)
			table.Routes = append(table.Routes, peering.Route{Destination: p, Target: peering.Local})
		}
		w.VPCs = append(w.VPCs, v)
		w.RouteTables = append(w.RouteTables, table)
		w.SecurityGroups = append(w.SecurityGroups, peering.SecurityGroup{
			ID: peering.SecurityGroupID("sg-" + name), VPC: v.ID,
			Egress: []peering.Permission{everything("0.0.0.0/0"), everything("::/0")},
		})
		w.after(subnet(name, name, 0))
	}
}

// subnet adds a subnet called name to the VPC, its nth, with its instance, and associates it with the VPC's table.
func subnet(name, vpc string, nth byte) step {
	return func(w *world) {
		v := w.VPCs[slices.IndexFunc(w.VPCs, func(v peering.VPC) bool { return v.ID == peering.VPCID("vpc-"+vpc) })]
		id := peering.SubnetID("subnet-" + name)
		s := peering.Subnet{ID: id, VPC: v.ID}
		face := peering.Interface{
			ID: peering.InterfaceID("eni-" + name), VPC: v.ID, Subnet: id,
			Groups: []peering.SecurityGroupID{peering.SecurityGroupID("sg-" + vpc)},
		}
		for _, b := range v.Blocks {
			p := nthSubnet(b, nth)
			s.Blocks = append(s.Blocks, p)
			face.Addresses = append(face.Addresses, fifth(p))
		}
		w.Subnets = append(w.Subnets, s)
		w.Instances = append(w.Instances, peering.Instance{
			ID: peering.InstanceID("i-" + name), Interfaces: []peering.Interface{face},
		})
		t := w.table(peering.RouteTableID("rtb-" + vpc))
		t.Subnets = append(t.Subnets, id)
		w.NetworkACLs = append(w.NetworkACLs, peering.NetworkACL{
			ID: peering.NetworkACLID("acl-" + name), VPC: v.ID, Subnets: []peering.SubnetID{id},
			Entries: []peering.ACLEntry{
				entry(100, false, true, everything("0.0.0.0/0")), entry(32767, false, false, everything("0.0.0.0/0")),
				entry(100, true, true, everything("0.0.0.0/0")), entry(32767, true, false, everything("0.0.0.0/0")),
				entry(101, false, true, everything("::/0")), entry(32768, false, false, everything("::/0")),
				entry(101, true, true, everything("::/0")), entry(32768, true, false, everything("::/0")),
			},
		})
	}
}

func nthSubnet(block netip.Prefix, nth byte) netip.Prefix {
	if a := block.Addr(); a.Is6() {
		b := a.As16()
		b[7] = nth
		return netip.PrefixFrom(netip.AddrFrom16(b), 64)
	}
	b := block.Addr().As4()
	b[2] = nth
	return netip.PrefixFrom(netip.AddrFrom4(b), 24)
}

func fifth(p netip.Prefix) netip.Addr {
	a := p.Addr()
	for range 5 {
		a = a.Next()
	}
	return a
}

// peer adds an active connection pcx-ab between vpc-a and vpc-b.
func peer(a, b string) step {
	return func(w *world) {
		w.Connections = append(w.Connections, peering.Connection{
			ID: peering.ConnectionID("pcx-" + a + b), State: peering.Active,
			Requester: peering.VPC{ID: peering.VPCID("vpc-" + a)}, Accepter: peering.VPC{ID: peering.VPCID("vpc-" + b)},
		})
	}
}

// state puts the last connection into the state.
func state(s peering.State) step {
	return func(w *world) { w.Connections[len(w.Connections)-1].State = s }
}

func (w *world) table(id peering.RouteTableID) *peering.RouteTable {
	i := slices.IndexFunc(w.RouteTables, func(t peering.RouteTable) bool { return t.ID == id })
	return &w.RouteTables[i]
}

// face returns the primary interface of i-name.
func (w *world) face(name string) *peering.Interface {
	return &w.instance(name).Interfaces[0]
}

func (w *world) instance(name string) *peering.Instance {
	i := slices.IndexFunc(w.Instances, func(i peering.Instance) bool { return i.ID == peering.InstanceID("i-"+name) })
	return &w.Instances[i]
}

// attach gives i-b another interface eni-second in subnet-b2, with the group and the addresses.
func attach(group peering.SecurityGroupID, addresses ...string) step {
	return func(w *world) {
		face := peering.Interface{
			ID: "eni-second", VPC: "vpc-b", Subnet: "subnet-b2", Groups: []peering.SecurityGroupID{group},
		}
		for _, a := range addresses {
			face.Addresses = append(face.Addresses, netip.MustParseAddr(a))
		}
		w.instance("b").Interfaces = append(w.instance("b").Interfaces, face)
	}
}

// route adds a route, written "10.20.0.0/16 pcx-ab" or "10.20.0.0/16 pcx-ab blackhole".
func route(table peering.RouteTableID, text string) step {
	return func(w *world) {
		f := strings.Fields(text)
		t := w.table(table)
		t.Routes = append(t.Routes, peering.Route{
			Destination: netip.MustParsePrefix(f[0]), Target: peering.Target(f[1]), Blackhole: len(f) > 2,
		})
	}
}

// noRoutes empties a route table.
func noRoutes(table peering.RouteTableID) step {
	return func(w *world) { w.table(table).Routes = nil }
}

func (w *world) group(id peering.SecurityGroupID) *peering.SecurityGroup {
	i := slices.IndexFunc(w.SecurityGroups, func(g peering.SecurityGroup) bool { return g.ID == id })
	return &w.SecurityGroups[i]
}

func ingress(group peering.SecurityGroupID, ps ...peering.Permission) step {
	return func(w *world) { w.group(group).Ingress = append(w.group(group).Ingress, ps...) }
}

// egress replaces the group's egress rules.
func egress(group peering.SecurityGroupID, ps ...peering.Permission) step {
	return func(w *world) { w.group(group).Egress = ps }
}

// acl adds entries to those that a default ACL has.
func acl(id peering.NetworkACLID, entries ...peering.ACLEntry) step {
	return func(w *world) {
		i := slices.IndexFunc(w.NetworkACLs, func(a peering.NetworkACL) bool { return a.ID == id })
		w.NetworkACLs[i].Entries = append(w.NetworkACLs[i].Entries, entries...)
	}
}

// onlyACL replaces the ACL's entries.
func onlyACL(id peering.NetworkACLID, entries ...peering.ACLEntry) step {
	return func(w *world) {
		i := slices.IndexFunc(w.NetworkACLs, func(a peering.NetworkACL) bool { return a.ID == id })
		w.NetworkACLs[i].Entries = entries
	}
}

// implicit makes the table the main one of its VPC, with no association.
func implicit(table peering.RouteTableID) step {
	return func(w *world) {
		t := w.table(table)
		t.Main, t.Subnets = true, nil
	}
}

// region moves a VPC to another region.
func region(vpc peering.VPCID, r peering.Region) step {
	return func(w *world) {
		i := slices.IndexFunc(w.VPCs, func(v peering.VPC) bool { return v.ID == vpc })
		w.VPCs[i].Region = r
	}
}

func steps(s ...step) step { return func(w *world) { w.after(s...) } }

// ping asks from i-from to i-to.
func ping(from, to string) reach.Query {
	return reach.Query{
		From: peering.InstanceID("i-" + from), ToInstance: peering.InstanceID("i-" + to), Protocol: peering.ICMP,
	}
}

func tcp(from, to string, port uint16) reach.Query {
	q := ping(from, to)
	q.Protocol, q.Port = peering.TCP, port
	return q
}
