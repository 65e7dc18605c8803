package policyfile

import (
	"fmt"
	"net/netip"

	"github.com/goccy/go-yaml/ast"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// document is the file as it is written. The schema is generated from it, so the tags are what an editor
// shows.
type document struct {
	Version     scalar[version]           `yaml:"version" jsonschema:"required" jsonschema_description:"The version of this format."`
	Otherwise   scalar[policy.Otherwise]  `yaml:"otherwise" jsonschema_description:"What happens to requests that no peering allows: leave (the default) lets them expire, reject rejects them."`
	Removed     scalar[policy.Removed]    `yaml:"removed" jsonschema_description:"What happens to connections that autopeer connected and no peering allows any more: report (the default) announces them, disconnect takes their routes and ingress rules back as well."`
	Limits      limits                    `yaml:"limits" jsonschema_description:"AWS's quotas, where they have been raised."`
	Departments table[name, some[member]] `yaml:"departments" jsonschema:"required" jsonschema_description:"The departments by name, each with its VPCs."`
	Peerings    list[entry]               `yaml:"peerings" jsonschema:"required" jsonschema_description:"Which departments may be connected, and what may flow between them. An empty list allows nothing."`
}

// limits are AWS's quotas. At least one field is set.
type limits struct {
	Peerings scalar[peeringLimit] `yaml:"peerings" jsonschema_description:"Active peering connections of a VPC. Left out, 50."`
	Routes   scalar[routeLimit]   `yaml:"routes" jsonschema_description:"Routes of a route table, of IPv4 and of IPv6 each. Left out, 500."`
	Rules    scalar[ruleLimit]    `yaml:"rules" jsonschema_description:"Ingress rules of a security group, of IPv4 and of IPv6 each. Left out, 60."`
}

// member is one VPC of a department, or a range of them.
type member struct {
	Account scalar[peering.AccountID]  `yaml:"account" jsonschema:"required" jsonschema_description:"The account that owns the VPC, in quotes."`
	Region  scalar[peering.Region]     `yaml:"region" jsonschema:"required" jsonschema_description:"The Region of the VPC."`
	VPC     scalar[peering.VPCID]      `yaml:"vpc" jsonschema_description:"One VPC by its id."`
	Within  scalar[netip.Prefix]       `yaml:"within" jsonschema_description:"Every VPC of the account and Region whose blocks all lie inside this one."`
	CIDRs   some[scalar[netip.Prefix]] `yaml:"cidrs" jsonschema_description:"The blocks that the VPC has. Every block that AWS shows must lie inside one of them."`
	at      position
}

// entry is one peering.
type entry struct {
	Between   pair                    `yaml:"between" jsonschema:"required" jsonschema_description:"The two departments."`
	Requester scalar[name]            `yaml:"requester" jsonschema_description:"The only department that may ask. Left out, either may."`
	Approval  scalar[policy.Approval] `yaml:"approval" jsonschema_description:"manual: a person approves each request. Left out, what is allowed is accepted."`
	Manage    scalar[peering.Role]    `yaml:"manage" jsonschema_description:"The only half that autopeer manages, where the other department is a third party without autopeer. Left out, both."`
	DNS       scalar[bool]            `yaml:"dns" jsonschema_description:"Whether each side resolves its public host names to private addresses for the other. Left out, false."`
	Routes    table[name, sideRoutes] `yaml:"routes" jsonschema_description:"Which route tables of a department lead where in the other one. A department that is left out uses all tables, to all blocks."`
	Allow     some[allow]             `yaml:"allow" jsonschema_description:"What the security groups admit. Left out, there are routes and no ingress rules."`
	at        position
	fine      bool // its keys are in order
}

// sideRoutes is what a department's side of a peering does about routes. At least one field is set.
type sideRoutes struct {
	Tables tables                     `yaml:"tables" jsonschema_description:"The route tables: all of the VPC (the default), the main one, none, or a choice. Gateway route tables are never among them."`
	To     some[scalar[netip.Prefix]] `yaml:"to" jsonschema_description:"The blocks in the other department's VPC that these tables lead to. Left out, all blocks of that VPC."`
	Except some[scalar[netip.Prefix]] `yaml:"except" jsonschema_description:"Blocks of the other department's VPC that are never routed."`
}

// tableChoice is the longer form of tables. Exactly one field is set.
type tableChoice struct {
	IDs     some[scalar[peering.RouteTableID]] `yaml:"ids" jsonschema_description:"These route tables."`
	Tags    table[tagKey, scalar[tagValue]]    `yaml:"tags" jsonschema_description:"The route tables that have all these tags."`
	Subnets subnetChoice                       `yaml:"subnets" jsonschema_description:"The route tables that serve these subnets."`
}

// subnetChoice chooses subnets. Exactly one field is set.
type subnetChoice struct {
	IDs  some[scalar[peering.SubnetID]]  `yaml:"ids" jsonschema_description:"These subnets."`
	Tags table[tagKey, scalar[tagValue]] `yaml:"tags" jsonschema_description:"The subnets that have all these tags."`
	at   position
}

// allow is traffic in one direction.
type allow struct {
	From     scalar[name]                   `yaml:"from" jsonschema:"required" jsonschema_description:"The department that opens connections."`
	To       scalar[name]                   `yaml:"to" jsonschema:"required" jsonschema_description:"The department whose security groups admit them."`
	Sources  some[scalar[source]]           `yaml:"sources" jsonschema_description:"The blocks, security groups of the from-VPC and prefix lists of the to-side that traffic may come from. Left out, all blocks of the from-VPC."`
	Groups   groupChoice                    `yaml:"groups" jsonschema:"required" jsonschema_description:"The security groups that get the rules."`
	Protocol scalar[peering.Protocol]       `yaml:"protocol" jsonschema:"required" jsonschema_description:"The protocol, or all."`
	Ports    some[scalar[policy.PortRange]] `yaml:"ports" jsonschema_description:"Ports and ranges of ports, for tcp and udp only. Left out, all ports."`
	Types    some[scalar[policy.ICMPType]]  `yaml:"types" jsonschema_description:"Types, or types with a code as in 3/4, for icmp and icmpv6 only. Left out, all types."`
	at       position
}

// groupChoice chooses security groups. Exactly one field is set.
type groupChoice struct {
	IDs  some[scalar[peering.SecurityGroupID]] `yaml:"ids" jsonschema_description:"These security groups."`
	Tags table[tagKey, scalar[tagValue]]       `yaml:"tags" jsonschema_description:"The security groups that have all these tags."`
}

// pair is a list of exactly two departments.
type pair struct {
	names [2]scalar[name]
	at    position
	ok    bool // two items were read, whatever they are
}

// tables is a word or a choice.
type tables struct {
	scope  scalar[policy.TableScope]
	choice tableChoice
}

func (d *document) read(r *reader, n ast.Node, what string) { r.object(n, what, d) }

// read checks what concerns the member alone, while its keys are known to be in order.
func (m *member) read(r *reader, n ast.Node, what string) {
	m.at = place(n)
	if !r.object(n, "a member of "+quoted(what), m) {
		return
	}
	r.exactlyOne(m.at, "a member of "+quoted(what), given{"vpc", m.VPC.given()}, given{"within", m.Within.given()})
	if m.Within.given() && !m.VPC.given() && m.CIDRs.given() {
		r.add(m.CIDRs.at, "cidrs are given for a range", "cidrs go with vpc; within says the blocks itself")
	}
}

func (e *entry) read(r *reader, n ast.Node, _ string) {
	e.at = place(n)
	e.fine = r.object(n, "a peering", e)
	if e.fine && e.Manage.given() && !e.Requester.given() {
		r.add(e.Manage.at, "manage is given without requester, so nobody knows which department is the third party",
			"add the key requester")
	}
}

func (l *limits) read(r *reader, n ast.Node, what string) {
	r.object(n, what, l)
	r.notEmpty(n, what, "give it peerings, routes or rules, or leave it out")
}

func (s *sideRoutes) read(r *reader, n ast.Node, what string) {
	what = "routes of " + quoted(what)
	r.object(n, what, s)
	r.notEmpty(n, what, "give it tables, to or except, or leave the department out")
}

// read tells the two forms apart by their YAML, so that a mistake is about the form that was meant.
func (t *tables) read(r *reader, n ast.Node, what string) {
	if _, isMapping := n.(*ast.MappingNode); isMapping {
		t.choice.read(r, n, what)
		return
	}
	t.scope.read(r, n, what)
}

func (t *tableChoice) read(r *reader, n ast.Node, what string) {
	if r.object(n, what, t) {
		r.exactlyOne(place(n), what, given{"ids", t.IDs.given()}, given{"tags", t.Tags.given()},
			given{"subnets", t.Subnets.at.given()})
	}
}

func (s *subnetChoice) read(r *reader, n ast.Node, what string) {
	s.at = place(n)
	if r.object(n, what, s) {
		r.exactlyOne(s.at, what, given{"ids", s.IDs.given()}, given{"tags", s.Tags.given()})
	}
}

func (g *groupChoice) read(r *reader, n ast.Node, what string) {
	if r.object(n, what, g) {
		r.exactlyOne(place(n), what, given{"ids", g.IDs.given()}, given{"tags", g.Tags.given()})
	}
}

func (a *allow) read(r *reader, n ast.Node, _ string) {
	a.at = place(n)
	r.object(n, "an allow entry", a)
}

func (p *pair) read(r *reader, n ast.Node, what string) {
	p.at = place(n)
	if _, isList := n.(*ast.SequenceNode); !isList {
		r.sequence(n, what)
		return
	}
	nodes := r.sequence(n, what)
	if len(nodes) != len(p.names) {
		r.add(p.at, fmt.Sprintf("%s names %d departments", what, len(nodes)), "a peering is between two")
		return
	}
	for i, item := range nodes {
		p.names[i].read(r, item, what)
	}
	p.ok = true
}

// given is a key and whether the file has it.
type given struct {
	key   string
	found bool
}

// exactlyOne reports it when none or several of the keys are there.
func (r *reader) exactlyOne(at position, what string, keys ...given) {
	var all, found []string
	for _, k := range keys {
		all = append(all, k.key)
		if k.found {
			found = append(found, k.key)
		}
	}
	switch len(found) {
	case 0:
		r.add(at, fmt.Sprintf("%s has none of the keys that it needs", what), "give it "+alternatives(all))
	case 1:
	default:
		r.add(at, fmt.Sprintf("%s has %d keys that exclude each other", what, len(found)), "keep only "+alternatives(found))
	}
}
