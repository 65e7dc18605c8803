package policyfile

import (
	"net/netip"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// document is the file as it is written. The schema is generated from it, and editors show the descriptions
// in the tags.
type document struct {
	Version     scalar[version]           `yaml:"version" jsonschema:"required" jsonschema_description:"The version of this format."`
	Mode        scalar[policy.Mode]       `yaml:"mode" jsonschema_description:"report: nothing is changed, and the changes are announced. enforce (the default): they are made."`
	Otherwise   scalar[policy.Otherwise]  `yaml:"otherwise" jsonschema_description:"The treatment of requests that no peering allows: leave (the default) lets them expire, reject rejects them."`
	Removed     scalar[policy.Removed]    `yaml:"removed" jsonschema_description:"The treatment of connections that autopeer connected and no peering allows any more: report (the default) announces them, disconnect also removes their routes and ingress rules."`
	Retired     some[retirement]          `yaml:"retired" jsonschema_description:"Accounts and Regions that are about to leave this file. Everything that autopeer made for their connections is removed, on both sides."`
	Limits      limits                    `yaml:"limits" jsonschema_description:"AWS's quotas, where they have been raised."`
	Departments table[name, some[member]] `yaml:"departments" jsonschema:"required" jsonschema_description:"The departments by name, each with its VPCs. An empty mapping is for a file that only retires cells."`
	Peerings    list[entry]               `yaml:"peerings" jsonschema:"required" jsonschema_description:"The departments that may be connected, and the traffic allowed between them. An empty list allows nothing."`
}

// limits are AWS's quotas. At least one field is set.
type limits struct {
	Peerings scalar[peeringLimit] `yaml:"peerings" jsonschema_description:"Active peering connections of a VPC. Default: 50."`
	Routes   scalar[routeLimit]   `yaml:"routes" jsonschema_description:"Routes of a route table, of IPv4 and of IPv6 each. Default: 500."`
	Rules    scalar[ruleLimit]    `yaml:"rules" jsonschema_description:"Ingress rules of a security group, of IPv4 and of IPv6 each. Default: 60."`
}

// retirement is a cell without departments that keeps its stack until its connections are closed.
type retirement struct {
	origin
	Account scalar[peering.AccountID] `yaml:"account" jsonschema:"required" jsonschema_description:"The account, in quotes."`
	Region  scalar[peering.Region]    `yaml:"region" jsonschema:"required" jsonschema_description:"The Region."`
}

// member is one VPC of a department, or a range of them.
type member struct {
	origin
	Account scalar[peering.AccountID]  `yaml:"account" jsonschema:"required" jsonschema_description:"The account that owns the VPC, in quotes."`
	Region  scalar[peering.Region]     `yaml:"region" jsonschema:"required" jsonschema_description:"The Region of the VPC."`
	VPC     scalar[peering.VPCID]      `yaml:"vpc" jsonschema_description:"One VPC by its id."`
	Within  scalar[netip.Prefix]       `yaml:"within" jsonschema_description:"Every VPC of the account and Region whose primary IPv4 block lies inside this one. An IPv6 block makes no VPC a member and permits further blocks."`
	CIDRs   some[scalar[netip.Prefix]] `yaml:"cidrs" jsonschema_description:"The blocks that the VPC has. A request is left to a person if the VPC has a block outside of these and of the ranges of its department. Without cidrs, all blocks are routed."`
	Also    some[scalar[netip.Prefix]] `yaml:"also" jsonschema_description:"Further blocks, with within only: blocks inside them are routed for every VPC of the department in the account and Region. They make no VPC a member."`
}

// entry is one peering.
type entry struct {
	origin
	Between   pair                    `yaml:"between" jsonschema:"required" jsonschema_description:"The two departments. One department, named twice, connects its VPCs with one another."`
	Mode      scalar[policy.Mode]     `yaml:"mode" jsonschema_description:"report: nothing is changed for connections of this peering, and the changes are announced. Default: the mode of the file."`
	Requester scalar[name]            `yaml:"requester" jsonschema_description:"The only department that may request a connection. Without it, either may. Not for one department with itself."`
	Approval  scalar[policy.Approval] `yaml:"approval" jsonschema_description:"manual: a person approves each request. Without it, allowed requests are accepted."`
	Manage    scalar[peering.Role]    `yaml:"manage" jsonschema_description:"The only side that autopeer manages, where the other department is a third party without autopeer. Without it, autopeer manages both. Not for one department with itself."`
	Multipath scalar[bool]            `yaml:"multipath" jsonschema_description:"Whether requests that allow multipath resilience are accepted, which allows it for the accepter too and costs extra. Default: false."`
	Tags      scalar[policy.Tags]     `yaml:"tags" jsonschema_description:"none: autopeer tags no connection of the peering, because another tool removes tags that it doesn't know. Without it, autopeer tags them."`
	Adopt     scalar[bool]            `yaml:"adopt" jsonschema_description:"Whether autopeer may remove routes of a connection if nothing shows that autopeer has connected it. Default: false, and the changes are proposed first. Required with tags: none and without allow."`
	DNS       scalar[bool]            `yaml:"dns" jsonschema_description:"Whether each side resolves its public host names to private addresses for the other. Default: false."`
	Routes    table[name, sideRoutes] `yaml:"routes" jsonschema_description:"The route tables of a department that get routes, and the blocks of the other department that they lead to. A department that is left out uses all tables, to all blocks. Not for one department with itself."`
	Allow     some[allow]             `yaml:"allow" jsonschema_description:"The traffic that the security groups admit. Without it, there are routes and no ingress rules."`
}

// sideRoutes are the routes of one department's side of a peering. At least one field is set.
type sideRoutes struct {
	Tables tables                     `yaml:"tables" jsonschema_description:"The route tables: all of the VPC (the default), the main one, none, or a choice. Gateway route tables are never among them."`
	To     some[scalar[netip.Prefix]] `yaml:"to" jsonschema_description:"The blocks in the other department's VPC that these tables lead to. Default: all blocks of that VPC."`
	Except some[scalar[netip.Prefix]] `yaml:"except" jsonschema_description:"Blocks of the other department's VPC that are never routed."`
	Keep   some[scalar[netip.Prefix]] `yaml:"keep" jsonschema_description:"Destinations of routes in these tables that may lead elsewhere, each inside a routed block. Such a route is no conflict and stays."`
}

// choice is embedded in structs that have exactly one of their fields set.
type choice struct{ origin }

// tableChoice is the longer form of tables.
type tableChoice struct {
	choice
	IDs     some[scalar[peering.RouteTableID]] `yaml:"ids" jsonschema_description:"These route tables."`
	Tags    table[tagKey, scalar[tagValue]]    `yaml:"tags" jsonschema_description:"The route tables that have all these tags."`
	Subnets subnetChoice                       `yaml:"subnets" jsonschema_description:"The route tables that serve these subnets."`
}

// subnetChoice chooses subnets.
type subnetChoice struct {
	choice
	IDs  some[scalar[peering.SubnetID]]  `yaml:"ids" jsonschema_description:"These subnets."`
	Tags table[tagKey, scalar[tagValue]] `yaml:"tags" jsonschema_description:"The subnets that have all these tags."`
}

// allow is traffic in one direction.
type allow struct {
	origin
	From     scalar[name]                   `yaml:"from" jsonschema:"required" jsonschema_description:"The department that opens connections."`
	To       scalar[name]                   `yaml:"to" jsonschema:"required" jsonschema_description:"The department whose security groups admit them. In a peering of one department with itself, from and to are that department."`
	Sources  some[scalar[source]]           `yaml:"sources" jsonschema_description:"The blocks, security groups of the from-VPC and prefix lists of the to-side that traffic may come from. Default: all blocks of the from-VPC."`
	Groups   groupChoice                    `yaml:"groups" jsonschema:"required" jsonschema_description:"The security groups that get the rules."`
	Protocol scalar[peering.Protocol]       `yaml:"protocol" jsonschema:"required" jsonschema_description:"The protocol, or all."`
	Ports    some[scalar[policy.PortRange]] `yaml:"ports" jsonschema_description:"Ports and ranges of ports, for tcp and udp only. Default: all ports."`
	Types    some[scalar[policy.ICMPType]]  `yaml:"types" jsonschema_description:"Types, or types with a code as in 3/4, for icmp and icmpv6 only. Default: all types."`
}

// groupChoice chooses security groups.
type groupChoice struct {
	choice
	IDs  some[scalar[peering.SecurityGroupID]] `yaml:"ids" jsonschema_description:"These security groups."`
	Tags table[tagKey, scalar[tagValue]]       `yaml:"tags" jsonschema_description:"The security groups that have all these tags."`
}

// pair is a list of exactly two departments.
type pair struct {
	origin
	names  [2]scalar[name]
	ok     bool           // two items were read, whether well-formed or not
	others []scalar[name] // the items of a list of another length
}

// tables is a word or a choice.
type tables struct {
	scope  scalar[policy.TableScope]
	choice tableChoice
}

// Values of the file that have no type in the policy.
type (
	name     string // of a department
	tagKey   string
	tagValue string
	version  int
)

// The limits, each a type of its own because AWS grants a different maximum of each.
type (
	peeringLimit int
	routeLimit   int
	ruleLimit    int
)

// source is where traffic may come from. Exactly one field is set.
type source struct {
	block netip.Prefix
	group peering.SecurityGroupID
	list  peering.PrefixListID
}
