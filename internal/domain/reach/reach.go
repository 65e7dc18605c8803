// Package reach computes whether one instance can reach another, and names the obstacle if it can't: a route, a
// peering connection, a network ACL or a security group. It follows a packet and its answer through plain values
// and never calls AWS.
package reach

import (
	"net/netip"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Network has the known resources of any number of VPCs, accounts and Regions. Resources that it lacks count as absent,
// with one exception: a subnet that no network ACL names passes all traffic, as with a default ACL.
type Network struct {
	VPCs           []peering.VPC
	Subnets        []peering.Subnet
	RouteTables    []peering.RouteTable
	NetworkACLs    []peering.NetworkACL
	SecurityGroups []peering.SecurityGroup
	Connections    []peering.Connection
	Instances      []peering.Instance
	Endpoints      []peering.Endpoint
}

// Query asks for one kind of traffic from an instance to another, or to an address. An address means the
// instance that has it where the source's routes lead.
//
// The system of an instance with several interfaces is taken to send a question through an interface in the subnet of
// the destination, if it has one. Otherwise it sends the question through its primary interface. The source is the
// first address of the family. The system is taken to send an answer through the interface that has the address that
// was asked, as Amazon Linux does. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-net-utils.html
type Query struct {
	From        peering.InstanceID
	FromAddress netip.Addr         // the zero Addr for the one that the system chooses
	ToInstance  peering.InstanceID // or empty
	To          netip.Addr         // used where ToInstance is empty
	Protocol    peering.Protocol   // one protocol, not AllProtocols; icmp and icmpv6 mean ping
	Port        uint16             // for tcp and udp
}

// Answer reports whether the traffic reaches its destination and its answer returns.
type Answer struct {
	Reachable bool
	Blocker   Blocker // the first on the way; zero if Reachable
	Path      []Hop   // the hops before the blocker, or on the whole way there and back
}

// Blocker is the resource, or the lack of one, that stops a packet.
type Blocker struct {
	Code     Code
	Resource string // the id of the resource to change, or of the one that was not found
	Return   bool   // it stops the answer and not the question
	Sentence string // for people, with the ids
}

// Code is a code for a Blocker.
type Code string

// The kinds of blockers.
const (
	NoInstance    Code = "no-instance"    // no known instance has the address or the id
	NoAddress     Code = "no-address"     // no pair of addresses of one family that fits the protocol
	Egress        Code = "egress"         // the source's security groups
	Ingress       Code = "ingress"        // the destination's security groups
	NetworkACL    Code = "network-acl"    // either subnet's, either direction
	NoRoute       Code = "no-route"       // no route except a default route out of the VPC
	Blackhole     Code = "blackhole"      // a route whose target is not available
	Elsewhere     Code = "elsewhere"      // a route that leads to another place than the destination
	NotTransitive Code = "not-transitive" // only a third VPC is peered with both
	PrivateDNS    Code = "private-dns"    // an interface endpoint without it, whose service's name leads to the internet
	Policy        Code = "policy"         // of an endpoint or of the resource
)

// Hop is a resource that let a packet pass.
type Hop struct {
	Resource string
	Return   bool // on the way of the answer
	Sentence string
}

// check is one place where a packet passes or is stopped. A zero Hop is not part of the path.
type check func(packet) (Hop, *Blocker)

// Check follows a packet to its destination, and the answer back.
func (n Network) Check(q Query) Answer {
	p, blocker := n.packet(q)
	if blocker != nil {
		return Answer{Blocker: *blocker}
	}
	path, blocker := pass(p, n.leaveGroups, n.leaveSubnet, n.follow, n.enterSubnet, n.enterGroups)
	if blocker != nil {
		return Answer{Path: path, Blocker: *blocker}
	}
	// Security groups are stateful: they let the answers of admitted traffic pass. Network ACLs and routes are
	// stateless.
	// https://docs.aws.amazon.com/vpc/latest/userguide/infrastructure-security.html#VPC_Security_Comparison
	back, blocker := pass(p.answer(), n.leaveSubnet, n.follow, n.enterSubnet)
	path = append(path, back...)
	if blocker != nil {
		return Answer{Path: path, Blocker: *blocker}
	}
	return Answer{Reachable: true, Path: path}
}

// pass runs the checks on p until one stops it.
func pass(p packet, checks ...check) ([]Hop, *Blocker) {
	var path []Hop
	for _, c := range checks {
		hop, blocker := c(p)
		if blocker != nil {
			return path, blocker
		}
		if hop != (Hop{}) {
			path = append(path, hop)
		}
	}
	return path, nil
}
