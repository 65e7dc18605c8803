// Package reach computes whether one instance can reach another, and names the obstacle if it can't: a route, a peering
// connection, a network ACL or a security group. It follows a packet and its answer through plain values and never calls AWS.
package reach

import (
	"net/netip"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Network is what is known, of any number of VPCs, accounts and regions at once. What is missing is taken not
// to be there, with one exception: a subnet that no network ACL names lets everything pass, as a default ACL does.
type Network struct {
	VPCs           []peering.VPC
	Subnets        []peering.Subnet
	RouteTables    []peering.RouteTable
	NetworkACLs    []peering.NetworkACL
	SecurityGroups []peering.SecurityGroup
	Connections    []peering.Connection
	Instances      []peering.Instance
}

// Query asks for one kind of traffic from an instance to another, or to an address. An address means the
// instance that has it where the source's routes lead.
//
// The system of an instance with several interfaces is taken to send a question through an interface in the subnet of the
// destination if it has one, and else through its primary interface, from the first address of the family. It is taken to
// send an answer through the interface that has the address that was asked, as Amazon Linux does.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-net-utils.html
type Query struct {
	From        peering.InstanceID
	FromAddress netip.Addr         // the zero Addr for the one that the system chooses
	ToInstance  peering.InstanceID // or empty
	To          netip.Addr         // used where ToInstance is empty
	Protocol    peering.Protocol   // one protocol, not AllProtocols; icmp and icmpv6 mean ping
	Port        uint16             // for tcp and udp
}

// Answer says whether the traffic gets there and its answer gets back.
type Answer struct {
	Reachable bool
	Blocker   Blocker // the first on the way; zero where Reachable
	Path      []Hop   // what was passed before the blocker, or on the whole way there and back
}

// Blocker is what stops a packet.
type Blocker struct {
	Code     Code
	Resource string // the id of what has to be changed, or of what was not found
	Return   bool   // it stops the answer and not the question
	Sentence string // for people, with the ids
}

// Code is a code for a Blocker.
type Code string

// The kinds of blockers.
const (
	NoInstance    Code = "no-instance"    // nobody known has the address, or the id
	NoAddress     Code = "no-address"     // no pair of addresses of one family that suits the protocol
	Egress        Code = "egress"         // the source's security groups
	Ingress       Code = "ingress"        // the destination's security groups
	NetworkACL    Code = "network-acl"    // either subnet's, either direction
	NoRoute       Code = "no-route"       // none but a default route out of the VPC
	Blackhole     Code = "blackhole"      // a route whose target is not available
	Elsewhere     Code = "elsewhere"      // a route that leads to another place than was asked for
	NotTransitive Code = "not-transitive" // only a third VPC is peered with both
)

// Hop is something that let a packet pass.
type Hop struct {
	Resource string
	Return   bool // on the way of the answer
	Sentence string
}

// check is one place where a packet passes or is stopped. A zero Hop means that there is nothing to tell.
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
	// Security groups are stateful: what they admitted may be answered. Network ACLs and routes know nothing of it.
	// https://docs.aws.amazon.com/vpc/latest/userguide/infrastructure-security.html#VPC_Security_Comparison
	back, blocker := pass(p.answer(), n.leaveSubnet, n.follow, n.enterSubnet)
	path = append(path, back...)
	if blocker != nil {
		return Answer{Path: path, Blocker: *blocker}
	}
	return Answer{Reachable: true, Path: path}
}

// pass takes p through the checks up to the first that stops it.
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
