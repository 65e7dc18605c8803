package peering

import (
	"fmt"
	"net/netip"
	"strings"
)

// Local is the target of a route to the VPC's own blocks.
const Local Target = "local"

// Target is the target of a route: "local", or the id of a gateway, connection, interface or instance.
type Target string

// IsEndpoint reports whether the target is a VPC endpoint.
func (t Target) IsEndpoint() bool { return strings.HasPrefix(string(t), "vpce-") }

// IsConnection reports whether the target is a VPC peering connection.
func (t Target) IsConnection() bool { return strings.HasPrefix(string(t), "pcx-") }

// IsInternetGateway reports whether the target is an internet gateway.
func (t Target) IsInternetGateway() bool { return strings.HasPrefix(string(t), "igw-") }

// IsNATGateway reports whether the target is a NAT gateway.
func (t Target) IsNATGateway() bool { return strings.HasPrefix(string(t), "nat-") }

// Route is one entry of a route table, or one block of an entry whose destination is a prefix list.
type Route struct {
	Destination netip.Prefix // canonical; invalid for a prefix list whose blocks are unknown
	PrefixList  PrefixListID // that has the destination, or empty
	Target      Target
	Interface   InterfaceID // of the instance that is the target; or empty
	Blackhole   bool        // the target is not available
	Propagated  bool        // came from a gateway and not from CreateRoute
}

// IsStatic reports whether the route is for the block itself. Of routes to the same destination EC2 takes the static
// one:
// https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html
func (r Route) IsStatic() bool { return r.PrefixList == "" && !r.Propagated }

// RouteTable is a route table with its explicit associations.
type RouteTable struct {
	ID      RouteTableID
	VPC     VPCID
	Main    bool       // serves every subnet that has no association of its own
	Gateway bool       // associated with an internet or virtual private gateway; not for peering routes
	Subnets []SubnetID // explicitly associated
	Routes  []Route
	// Unread maps the prefix lists of Routes whose blocks couldn't be read to the error. It is Denied for a list that
	// EC2 doesn't show to the account.
	Unread map[PrefixListID]error
	Tags   map[string]string
}

// Subnet is a subnet with its blocks of both families.
type Subnet struct {
	ID     SubnetID
	VPC    VPCID
	Blocks []netip.Prefix
	Tags   map[string]string
}

// Protocol is an IP protocol as EC2 writes it in a rule: "tcp", "udp", "icmp", "icmpv6", a number, or "-1" for all.
type Protocol string

// The protocols that a policy can name.
const (
	TCP          Protocol = "tcp"
	UDP          Protocol = "udp"
	ICMP         Protocol = "icmp"
	ICMPv6       Protocol = "icmpv6"
	AllProtocols Protocol = "-1"
)

// Permission is the traffic that one rule admits, from exactly one source. Two permissions that are == admit
// the same traffic; EC2 refuses the second as a duplicate. From and To are -1 for all protocols, and for every
// type and code of icmp and icmpv6.
type Permission struct {
	Protocol   Protocol
	From, To   int32           // ports; for icmp the type and the code
	Source     netip.Prefix    // canonical; invalid where the source is a group or a prefix list
	Group      SecurityGroupID // referenced group
	PrefixList PrefixListID
}

// SecurityGroup is a security group with all its rules, one source a permission.
type SecurityGroup struct {
	ID      SecurityGroupID
	VPC     VPCID
	Owner   AccountID
	Name    string
	Ingress []Permission
	// Described maps those of Ingress whose description autopeer wrote to the connection that it names.
	Described map[Permission]ConnectionID
	// Peered maps the groups of peered VPCs that Ingress refers to, to the active connections by which EC2 shows them.
	Peered map[SecurityGroupID]ConnectionID
	Egress []Permission
	Tags   map[string]string
}

// IngressRule is one rule with an id and tags of its own.
type IngressRule struct {
	ID    RuleID
	Group SecurityGroupID
	Permission
	// Stale reports that the referenced group was deleted, or the connection by which it was referenced.
	// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html
	Stale       bool
	Description string
	Tags        map[string]string
}

// descriptionOf begins the description of every rule that autopeer makes.
const descriptionOf = "autopeer "

// Describe returns the description of a rule for the connection, by which a person recognizes it. EC2 allows few
// characters in it, and no "<" or ">".
func Describe(c ConnectionID, peer, own string) string {
	return fmt.Sprintf("%s%s %s to %s", descriptionOf, c, peer, own)
}

// Described returns the connection that a rule's description names, "" for a description that autopeer didn't write.
func Described(description string) ConnectionID {
	rest, ours := strings.CutPrefix(description, descriptionOf)
	id, _, _ := strings.Cut(rest, " ")
	if c := ConnectionID(id); ours && c.IsValid() {
		return c
	}
	return ""
}

// Connection returns the connection that the rule was made for, "" where autopeer didn't make it.
func (r IngressRule) Connection() ConnectionID { return ConnectionID(r.Tags[TagConnection]) }

// MadeBy returns the installation that made the rule, "" where none did.
func (r IngressRule) MadeBy() Installation {
	if r.Connection() == "" {
		return ""
	}
	return Installation(r.Tags[TagManaged])
}

// RulesOf returns the rules that the installation made.
func RulesOf(by Installation, rules []IngressRule) []IngressRule {
	var made []IngressRule
	for _, r := range rules {
		if r.MadeBy() == by {
			made = append(made, r)
		}
	}
	return made
}

// ACLEntry is one numbered rule of a network ACL.
type ACLEntry struct {
	Number   int32 // lower numbers decide first
	Egress   bool
	Allow    bool
	Protocol Protocol // as in Permission
	From, To int32    // as in Permission
	Block    netip.Prefix
}

// NetworkACL is a stateless packet filter of some subnets.
type NetworkACL struct {
	ID      NetworkACLID
	VPC     VPCID
	Subnets []SubnetID
	Entries []ACLEntry
}

// Instance is a machine with its network interfaces.
type Instance struct {
	ID         InstanceID
	Name       string      // its Name tag
	Interfaces []Interface // the primary one first
}

// Interface is a network interface of an instance. Each has a subnet and security groups of its own.
type Interface struct {
	ID        InterfaceID
	VPC       VPCID
	Subnet    SubnetID
	Addresses []netip.Addr // private, both families; the primary one first
	Public    bool         // it has a public IPv4 address
	Groups    []SecurityGroupID
}

// DNSAttributes are the attributes of a VPC that the DNS option of its connections needs. Both VPCs need both.
// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-dns.html
type DNSAttributes struct{ HostNames, Support bool }

// Missing returns the names of the attributes that are off, as EC2 names them.
func (a DNSAttributes) Missing() []string {
	var names []string
	if !a.HostNames {
		names = append(names, "enableDnsHostnames")
	}
	if !a.Support {
		names = append(names, "enableDnsSupport")
	}
	return names
}
