package plan_test

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// TestMain has more sides drawn than rapid draws by itself, since one takes microseconds.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "1000"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// universe has the values from which sides are drawn: so few that routes, blocks and sources meet.
type universe struct {
	blocks    []netip.Prefix // of the peer, and that the policy names
	routed    []netip.Prefix // by any principal: also wider and narrower ones
	protocols []peering.Protocol
}

var (
	four     = prefixes("10.0.0.0/16", "10.0.1.0/24", "10.1.0.0/16", "10.2.0.0/16")
	onlyIPv4 = universe{
		blocks:    four,
		routed:    append(prefixes("10.0.0.0/8", "0.0.0.0/0", "10.0.1.128/25"), four...),
		protocols: []peering.Protocol{peering.TCP, peering.UDP, peering.ICMP, peering.AllProtocols},
	}
	six   = prefixes("2001:db8:0:1::/64", "2001:db8:0:2::/64")
	mixed = universe{
		blocks:    slices.Concat(four, six),
		routed:    slices.Concat(onlyIPv4.routed, six, prefixes("::/0", "2001:db8::/32")),
		protocols: append(slices.Clone(onlyIPv4.protocols), peering.ICMPv6),
	}
)

const (
	pending = peering.Target("pcx-pending") // its routes are blackholes, and may come to life
	mine    = "mine"                        // a connection's name that a person gave
)

var (
	tier   = map[string]string{"Tier": "private"}
	server = map[string]string{"Role": "server"}
	// tags are the tags of tables and groups; the terms choose by one of the two keys.
	tags = []map[string]string{nil, {"Tier": "public", "Role": "client"},
		{"Tier": "private", "Role": "server", "Name": mine}, {"Tier": "private", "Role": "server"}}
)

func drawSide(t *rapid.T) plan.Side { return mixed.side(t) }

// drawer draws the parts of one side.
type drawer struct {
	*rapid.T
	universe
}

func pick[V any](d drawer, label string, from ...V) V {
	return rapid.SampledFrom(from).Draw(d.T, label)
}

func (d drawer) often(label string) bool { return d.upTo(4, label) > 0 }

func (d drawer) upTo(most int, label string) int { return rapid.IntRange(0, most).Draw(d.T, label) }

func (d drawer) some(most int, label string) []netip.Prefix {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(d.blocks), 0, most, rapid.ID).Draw(d.T, label)
}

func (u universe) side(t *rapid.T) plan.Side {
	d := drawer{t, u}
	s := plan.Side{
		By:   installation,
		Role: pick(d, "role", peering.Requester, peering.Accepter), Own: "a", Peer: "b",
		Limits: policy.Limits{
			Routes: pick(d, "limit of routes", 0, 0, 0, 3, 4), Rules: pick(d, "limit of rules", 0, 0, 0, 3, 4),
		},
		Dead: map[peering.ConnectionID]bool{peering.ConnectionID(other): true, peering.ConnectionID(pending): false},
	}
	s.Connection = d.connection(s.Role)
	for i := range d.upTo(3, "subnets") {
		s.Subnets = append(s.Subnets, peering.Subnet{
			ID: peering.SubnetID(fmt.Sprint("subnet-", i)), Tags: pick(d, "tags of the subnet", tags...),
		})
	}
	for i := range d.upTo(3, "tables") {
		s.Tables = append(s.Tables, d.table(i))
	}
	d.associate(s)
	for i := range d.upTo(3, "groups") {
		s.Groups = append(s.Groups, d.group(i))
	}
	s.Terms = policy.Terms{Routes: d.routes(), DNS: d.often("DNS"), Adopt: true}
	for range d.upTo(3, "allow lines") {
		s.Terms.Allow = append(s.Terms.Allow, d.allow())
	}
	s.Ours, s.Old = d.owners(s.Groups)
	return s
}

func (d drawer) connection(own peering.Role) peering.Connection {
	c := peering.Connection{ID: via, State: peering.Active}
	c.Tags = pick(d, "tags", nil, map[string]string{peering.TagName: mine},
		map[string]string{peering.TagManaged: string(installation)})
	near := peering.VPC{Owner: "111111111111", Region: "us-east-1", ID: "vpc-1", Blocks: prefixes("192.168.0.0/16")}
	far := peering.VPC{
		Owner: "222222222222", Region: pick[peering.Region](d, "region of the peer", "us-east-1", "us-east-1", "eu-west-1"),
		ID: "vpc-2",
	}
	far.Blocks = rapid.SliceOfNDistinct(rapid.SampledFrom(d.blocks), 1, 3, rapid.ID).Draw(d.T, "blocks of the peer")
	yes, no := true, false
	dns := pick(d, "DNS option", nil, &no, &yes)
	if own == peering.Requester {
		c.Requester, c.Accepter, c.RequesterDNS = near, far, dns
	} else {
		c.Requester, c.Accepter, c.AccepterDNS = far, near, dns
	}
	return c
}

// table is the main one if it is the first.
func (d drawer) table(i int) peering.RouteTable {
	t := peering.RouteTable{
		ID: peering.RouteTableID(fmt.Sprint("rtb-", i)), Main: i == 0,
		Gateway: d.upTo(5, "gateway's") == 5, Tags: pick(d, "tags of the table", tags...),
		Routes: []peering.Route{{Destination: netip.MustParsePrefix("192.168.0.0/16"), Target: peering.Local}},
	}
	if d.upTo(5, "prefix list") == 5 {
		t.Routes = append(t.Routes, peering.Route{PrefixList: "pl-1", Target: peering.Target(via)})
	}
	destinations := rapid.SliceOfNDistinct(rapid.SampledFrom(d.routed), 0, 3, rapid.ID).Draw(d.T, "destinations")
	for _, dst := range destinations {
		r := pick(d, "route", peering.Route{Target: peering.Target(via)}, peering.Route{Target: peering.Target(via)},
			peering.Route{Target: other, Blackhole: true}, peering.Route{Target: other, Blackhole: true},
			peering.Route{Target: other},
			peering.Route{Target: pending, Blackhole: true}, peering.Route{Target: "pcx-live"},
			peering.Route{Target: "igw-1"}, peering.Route{Target: "eni-1", Blackhole: true},
			peering.Route{Target: "vgw-1", Propagated: true})
		r.Destination = dst
		t.Routes = append(t.Routes, r)
	}
	return t
}

// associate gives most subnets a table of their own.
func (d drawer) associate(s plan.Side) {
	for _, n := range s.Subnets {
		if i := d.upTo(3, "table of "+string(n.ID)); i < len(s.Tables) {
			s.Tables[i].Subnets = append(s.Tables[i].Subnets, n.ID)
		}
	}
}

func (d drawer) group(i int) peering.SecurityGroup {
	return peering.SecurityGroup{
		ID: peering.SecurityGroupID(fmt.Sprint("sg-", i)), Tags: pick(d, "tags of the group", tags...),
		Ingress: rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) peering.Permission {
			return drawer{t, d.universe}.permission()
		}), 0, 4, rapid.ID).Draw(d.T, "ingress"),
	}
}

func (d drawer) permission() peering.Permission {
	p := peering.Permission{Protocol: pick(d, "protocol", d.protocols...)}
	ports := pick(d, "ports", rangesOf(p.Protocol)...)
	p.From, p.To = ports.From, ports.To
	switch d.upTo(5, "kind of source") {
	case 0:
		p.Group = pick[peering.SecurityGroupID](d, "group", "sg-peer-1", "sg-peer-2")
	case 1:
		p.PrefixList = pick[peering.PrefixListID](d, "list", "pl-1", "pl-2")
	default:
		p.Source = pick(d, "source", d.blocks...)
	}
	return p
}

// rangesOf are a few of the protocol, the last one being all there are.
func rangesOf(p peering.Protocol) []policy.PortRange {
	switch p {
	case peering.TCP, peering.UDP:
		return []policy.PortRange{{From: 22, To: 22}, {From: 443, To: 443}, {From: 0, To: 65535}}
	case peering.ICMP, peering.ICMPv6:
		return []policy.PortRange{{From: 8, To: -1}, {From: 3, To: 4}, {From: -1, To: -1}}
	}
	return []policy.PortRange{{From: -1, To: -1}}
}

func (d drawer) routes() policy.Routes {
	return policy.Routes{
		To: d.some(2, "to"), Except: d.some(1, "except"),
		Keep: rapid.SliceOfNDistinct(rapid.SampledFrom(d.routed), 0, 2, rapid.ID).Draw(d.T, "keep"),
		Tables: pick(d, "scope", policy.Tables{}, policy.Tables{Scope: policy.AllTables},
			policy.Tables{Scope: policy.NoTables}, policy.Tables{Scope: policy.MainTable},
			policy.Tables{Scope: policy.TablesByID, IDs: []peering.RouteTableID{"rtb-1", "rtb-gone"}},
			policy.Tables{Scope: policy.TablesByTag, Tags: tier},
			policy.Tables{Scope: policy.SubnetTables, Subnets: &policy.Subnets{IDs: []peering.SubnetID{"subnet-0", "subnet-2"}}},
			policy.Tables{Scope: policy.SubnetTables, Subnets: &policy.Subnets{Tags: tier}}),
	}
}

func (d drawer) allow() policy.Allow {
	a := policy.Allow{
		Protocol: pick(d, "protocol", d.protocols...),
		Groups: pick(d, "groups", policy.Groups{Tags: server}, policy.Groups{Tags: server},
			policy.Groups{IDs: []peering.SecurityGroupID{"sg-1", "sg-gone"}}),
		Sources: policy.Sources{Blocks: d.some(2, "sources")},
	}
	if d.upTo(2, "groups as sources") == 2 {
		a.Sources.Groups = append(a.Sources.Groups, "sg-peer-1")
	}
	if d.upTo(2, "lists as sources") == 2 {
		a.Sources.PrefixLists = append(a.Sources.PrefixLists, "pl-1")
	}
	for _, r := range rangesOf(a.Protocol) {
		switch {
		case a.Protocol == peering.AllProtocols || r.From < 0 || d.often("without "+fmt.Sprint(r)):
		case a.Protocol == peering.ICMP || a.Protocol == peering.ICMPv6:
			a.Types = append(a.Types, policy.ICMPType{Type: r.From, Code: r.To})
		default:
			a.Ports = append(a.Ports, r)
		}
	}
	return a
}

// owners returns some rules as ours, or as leftovers of a dead connection. The others belong to other principals.
func (d drawer) owners(groups []peering.SecurityGroup) (ours, old []peering.IngressRule) {
	for _, g := range groups {
		for i, p := range g.Ingress {
			r := peering.IngressRule{ID: peering.RuleID(fmt.Sprintf("sgr-%s-%d", g.ID, i)), Group: g.ID, Permission: p}
			switch d.upTo(3, "owner") {
			case 0:
				r.Tags = map[string]string{peering.TagConnection: string(via), peering.TagManaged: string(installation)}
				r.Stale = p.Group != "" && d.often("stale")
				ours = append(ours, r)
			case 1:
				r.Tags = map[string]string{peering.TagConnection: string(other), peering.TagManaged: string(installation)}
				old = append(old, r)
			}
		}
	}
	return ours, old
}

// peerBlocks are those of the other side.
func peerBlocks(s plan.Side) []netip.Prefix { return s.Connection.VPC(s.Role.Other()).Blocks }

func withPeerBlocks(s plan.Side, blocks []netip.Prefix) plan.Side {
	if s.Role == peering.Requester {
		s.Connection.Accepter.Blocks = blocks
	} else {
		s.Connection.Requester.Blocks = blocks
	}
	return s
}
