package ledger

import (
	"fmt"
	"net/netip"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// VPCKey identifies a VPC. Its id alone does not, because the simulated cloud gives VPCs of two accounts one id.
type VPCKey struct {
	peering.Cell
	ID string
}

// VPC is a VPC with its IPv4 and IPv6 CIDR blocks.
type VPC struct {
	VPCKey
	Blocks []netip.Prefix
}

// Subnet is a subnet and its explicit association with a route table.
type Subnet struct {
	ID                 string
	VPC                VPCKey
	Table, Association string // ids; empty while the main route table applies
}

// RouteTable is a route table without its local routes.
type RouteTable struct {
	ID     string
	VPC    VPCKey
	Main   bool
	Routes map[netip.Prefix]Route // by destination
}

// Route is the target of a destination.
type Route struct {
	Target string
	Ours   bool // autopeer has made it
}

// SecurityGroup is a security group; its rules are in Ledger.Rules.
type SecurityGroup struct {
	ID  string
	VPC VPCKey
}

// Permission is the traffic that a security group rule admits, from a CIDR block or from another group. It is
// comparable.
type Permission struct {
	Protocol string
	From, To int
	Block    netip.Prefix
	Group    string
}

func (p Permission) String() string {
	from := p.Group
	if p.Block.IsValid() {
		from = p.Block.String()
	}
	return fmt.Sprintf("%s %d to %d from %s", p.Protocol, p.From, p.To, from)
}

// Rule is a security group rule.
type Rule struct {
	ID, Group string
	Permission
	Egress bool
}
