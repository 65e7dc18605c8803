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

// IsConnection reports whether the target is a VPC peering connection.
func (t Target) IsConnection() bool { return strings.HasPrefix(string(t), "pcx-") }

// Route is one entry of a route table.
type Route struct {
	Destination netip.Prefix // canonical; invalid where the destination is a prefix list
	PrefixList  PrefixListID // or empty
	Target      Target
	Blackhole   bool // the target is not available
	Propagated  bool // came from a gateway and not from CreateRoute
}

// RouteTable is a route table with its explicit associations.
type RouteTable struct {
	ID      RouteTableID
	VPC     VPCID
	Main    bool       // serves every subnet that has no association of its own
	Gateway bool       // associated with an internet or virtual private gateway; not for peering routes
	Subnets []SubnetID // explicitly associated
	Routes  []Route
	Tags    map[string]string
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

// Instance is a machine with an address in a subnet. It has only the fields that decide whether packets reach it.
type Instance struct {
	ID        InstanceID
	Name      string // its Name tag
	VPC       VPCID
	Subnet    SubnetID
	Addresses []netip.Addr // private, both families
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
