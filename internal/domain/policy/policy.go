// Package policy decides by the allow-list which departments may be connected and which traffic is allowed between
// them. It uses neither AWS nor files; package policyfile parses the file.
package policy

import (
	"net/netip"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Policy is a whole, checked allow-list, or the part of it that concerns one cell. Its JSON form is packed
// with each function.
type Policy struct {
	File string `json:"file"` // the name of the file it was read from, for messages
	// Installation is the one that enforces the policy. Only the part of a cell has one.
	Installation peering.Installation `json:"installation,omitempty"`
	Mode         Mode                 `json:"mode,omitempty"`
	Otherwise    Otherwise            `json:"otherwise"`
	Removed      Removed              `json:"removed,omitempty"`
	Limits       Limits               `json:"limits,omitzero"`
	Retired      []Retired            `json:"retired,omitempty"`
	Departments  []Department         `json:"departments"` // in the order of the file
	Peerings     []Peering            `json:"peerings"`    // in the order of the file
	// Others are the file's other departments, which are on no side of Peerings: names and members only. No
	// decision rests on them; the reasons of denials name them. Only the part of a cell has them.
	Others []Department `json:"others,omitempty"`
	// RejectingCells are those that Unpeered returns for the cell. Only the part of a cell has them.
	RejectingCells []peering.Cell `json:"rejectingCells,omitempty"`
}

// Otherwise is the treatment of requests that no peering names.
type Otherwise string

// The ways to treat a request that no peering names.
const (
	LeaveOthers  Otherwise = "leave" // the default: it stays pending until it expires
	RejectOthers Otherwise = "reject"
)

// Removed is the treatment of connections that autopeer once connected and the policy no longer allows.
// The connection itself is never deleted.
type Removed string

// The ways to treat a connection whose peering was removed from the policy.
const (
	ReportRemoved     Removed = "report"     // the default: it is announced and left as it is
	DisconnectRemoved Removed = "disconnect" // its routes and ingress rules are removed
)

// Department is a named set of VPCs.
type Department struct {
	Name    string   `json:"name"`
	Members []Member `json:"members"`
	Line    int      `json:"line,omitempty"` // in the file, from 1; 0 among Others
}

// Member is one VPC by id, or every VPC of a cell whose primary block lies inside Within. Exactly one of VPC and
// Within is set. An IPv6 range makes no VPC a member.
//
// The ranges of a department in a cell, and those of Also, permit further blocks of all its VPCs there, except of a
// VPC without CIDRs, which may have any.
type Member struct {
	peering.Cell
	VPC    peering.VPCID `json:"vpc,omitempty"`
	Within netip.Prefix  `json:"within,omitzero"`
	// CIDRs are the blocks that the VPC is declared to have; empty if the file declares none. Only VPC has them.
	CIDRs []netip.Prefix `json:"cidrs,omitempty"`
	Also  []netip.Prefix `json:"also,omitempty"` // only with Within; may overlap those of other departments
	Line  int            `json:"line,omitempty"` // 0 among Others
}

// Peering is one entry of the allow-list. Either department may request, unless Requester names one. A mesh, which
// has one department twice, connects the department's VPCs with one another: it has no Requester, Manage or Routes.
type Peering struct {
	Between   [2]string `json:"between"`
	Mode      Mode      `json:"mode,omitempty"`
	Requester string    `json:"requester,omitempty"`
	Approval  Approval  `json:"approval,omitempty"`
	// the only side that autopeer manages; set only with Requester
	Manage    peering.Role `json:"manage,omitempty"`
	Multipath bool         `json:"multipath,omitempty"` // requests that allow multipath resilience may be accepted
	Tags      Tags         `json:"tags,omitempty"`
	// routes may be removed without evidence that autopeer connected the connection
	Adopt  bool              `json:"adopt,omitempty"`
	DNS    bool              `json:"dns,omitempty"`
	Routes map[string]Routes `json:"routes,omitempty"` // by department; one that is missing means the zero value
	Allow  []Allow           `json:"allow,omitempty"`
	Line   int               `json:"line"`
}

// IsMesh reports whether the entry connects the VPCs of one department with one another.
func (p *Peering) IsMesh() bool { return p.Between[0] == p.Between[1] }

// Approval is the approval that a request needs if the policy allows it. The zero value requires none.
type Approval string

// ManualApproval requires that a person approves the request.
const ManualApproval Approval = "manual"

// Tags selects the tags that autopeer gives to connections. The zero value means its own tag and a name.
type Tags string

// NoTags leaves connections without tags of autopeer.
const NoTags Tags = "none"

// Routes selects the route tables of one department that get routes, and the destinations in the other's VPC.
// The zero value means every table, to every block.
type Routes struct {
	Tables Tables         `json:"tables,omitzero"`
	To     []netip.Prefix `json:"to,omitempty"`     // the destinations; empty: the peer's blocks
	Except []netip.Prefix `json:"except,omitempty"` // blocks that are never routed, before all other fields
	// Keep are destinations of own routes that may lead elsewhere although a wanted route includes them. Each
	// stands for routes to exactly this destination, so that a further route inside it stays a conflict.
	Keep []netip.Prefix `json:"keep,omitempty"`
}

// TableScope is the way in which route tables are chosen.
type TableScope string

// The ways to choose route tables. Gateway route tables are never among them.
const (
	AllTables    TableScope = "all"
	NoTables     TableScope = "none" // autopeer manages no routes
	MainTable    TableScope = "main"
	TablesByID   TableScope = "ids"
	TablesByTag  TableScope = "tags"
	SubnetTables TableScope = "subnets" // the tables that serve the chosen subnets
)

// Tables chooses the route tables of a VPC that get routes to the peer. The zero value is AllTables.
type Tables struct {
	Scope   TableScope             `json:"scope,omitempty"`
	IDs     []peering.RouteTableID `json:"ids,omitempty"`     // TablesByID
	Tags    map[string]string      `json:"tags,omitempty"`    // TablesByTag: all must match
	Subnets *Subnets               `json:"subnets,omitempty"` // SubnetTables
}

// Subnets chooses subnets by id, or by tags that all have to match. Exactly one field is set.
type Subnets struct {
	IDs  []peering.SubnetID `json:"ids,omitempty"`
	Tags map[string]string  `json:"tags,omitempty"`
}

// Groups chooses the security groups that admit the traffic, by id, or by tags that all have to match.
// Exactly one field is set.
type Groups struct {
	IDs  []peering.SecurityGroupID `json:"ids,omitempty"`
	Tags map[string]string         `json:"tags,omitempty"`
}

// Allow admits traffic from one department to security groups of the other.
type Allow struct {
	From     string           `json:"from"`
	To       string           `json:"to"`
	Sources  Sources          `json:"sources,omitzero"`
	Groups   Groups           `json:"groups"`
	Protocol peering.Protocol `json:"protocol"`
	Ports    []PortRange      `json:"ports,omitempty"` // of tcp and udp; empty: all
	Types    []ICMPType       `json:"types,omitempty"` // of icmp and icmpv6; empty: all
	Line     int              `json:"line"`
}

// Sources is the union of the sources of allowed traffic. The zero value means all blocks of the from-VPC.
type Sources struct {
	Blocks      []netip.Prefix            `json:"blocks,omitempty"`
	Groups      []peering.SecurityGroupID `json:"groups,omitempty"`      // of the from-VPC, in the same region
	PrefixLists []peering.PrefixListID    `json:"prefixLists,omitempty"` // of the to-side's account and region
}

// IsAll reports whether the file names no sources.
func (s Sources) IsAll() bool { return len(s.Blocks)+len(s.Groups)+len(s.PrefixLists) == 0 }

// ICMPType is a type of icmp or icmpv6, with one code or, as -1, all of them.
type ICMPType struct {
	Type int32 `json:"type"`
	Code int32 `json:"code"`
}

// PortRange is a range of ports of tcp or udp, both ends included.
type PortRange struct {
	From int32 `json:"from"`
	To   int32 `json:"to"`
}
