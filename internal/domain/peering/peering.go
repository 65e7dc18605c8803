// Package peering defines the values of the domain: VPCs, peering connections, route tables, security groups, ids
// and states, spelled as AWS spells them. Their methods only report their properties.
package peering

import (
	"net/netip"
	"slices"
	"time"
)

// The ids that AWS gives. Each is a type of its own so that the compiler keeps them apart.
type (
	AccountID       string // twelve digits
	Region          string
	VPCID           string
	SubnetID        string
	ConnectionID    string // pcx-…
	RouteTableID    string
	SecurityGroupID string
	RuleID          string // sgr-…
	NetworkACLID    string
	InstanceID      string
	InterfaceID     string // eni-…
	PrefixListID    string // pl-…
)

// Installation is the name of an installation of autopeer: the prefix of all its names. Several may share an
// account and Region, and none touches the resources of another.
type Installation string

// Cell is one account in one Region: the unit that is deployed, and that changes nothing outside itself.
type Cell struct {
	Account AccountID `json:"account"`
	Region  Region    `json:"region"`
}

// String returns the cell as people write it, "111111111111/us-east-1".
func (c Cell) String() string { return string(c.Account) + "/" + string(c.Region) }

// Own returns the ids of those VPCs that are the cell's, each once.
func (c Cell) Own(vpcs ...VPC) []VPCID {
	var ids []VPCID
	for _, v := range vpcs {
		if v.Cell() == c && !slices.Contains(ids, v.ID) {
			ids = append(ids, v.ID)
		}
	}
	return ids
}

// Shared returns the ids of the cell's VPCs that both connections have.
func (c Cell) Shared(a, b Connection) []VPCID {
	others := c.Own(b.Requester, b.Accepter)
	return slices.DeleteFunc(c.Own(a.Requester, a.Accepter), func(id VPCID) bool { return !slices.Contains(others, id) })
}

// VPC is one end of a connection.
type VPC struct {
	Owner  AccountID
	Region Region
	ID     VPCID
	// Blocks are the IPv4 and IPv6 CIDR blocks in state associated, the primary block first. Nil means not known, not
	// none: a pending connection doesn't show them.
	Blocks []netip.Prefix
}

// Primary returns the IPv4 block that the VPC was created with. It is part of the VPC for good: EC2 neither changes nor
// disassociates it. The result is invalid while the blocks aren't known.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
func (v VPC) Primary() netip.Prefix {
	if len(v.Blocks) == 0 {
		return netip.Prefix{}
	}
	return v.Blocks[0]
}

// Cell returns the cell that owns the VPC.
func (v VPC) Cell() Cell { return Cell{v.Owner, v.Region} }

// Same reports whether v and o name the same VPC. It ignores their blocks.
func (v VPC) Same(o VPC) bool { return v.ID == o.ID && v.Cell() == o.Cell() }

// Role is requester or accepter.
type Role string

// The two sides of a connection.
const (
	Requester Role = "requester"
	Accepter  Role = "accepter"
)

// Other returns the opposite side.
func (r Role) Other() Role {
	if r == Requester {
		return Accepter
	}
	return Requester
}

// State is a connection's status code as AWS spells it.
type State string

// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-lifecycle
const (
	InitiatingRequest State = "initiating-request"
	PendingAcceptance State = "pending-acceptance"
	Provisioning      State = "provisioning"
	Active            State = "active"
	Deleting          State = "deleting"
	Deleted           State = "deleted"
	Rejected          State = "rejected"
	Failed            State = "failed"
	Expired           State = "expired"
)

// IsDead reports whether a connection in this state can never carry traffic again.
func (s State) IsDead() bool {
	switch s {
	case Deleting, Deleted, Rejected, Failed, Expired:
		return true
	}
	return false
}

// IsAccepted reports whether the connection was accepted and still exists.
func (s State) IsAccepted() bool { return s == Provisioning || s == Active }

// Connection is a VPC peering connection as one cell sees it.
type Connection struct {
	ID        ConnectionID
	State     State
	Message   string // AWS's status message, for people
	Requester VPC
	Accepter  VPC
	// RequesterDNS and AccepterDNS report whether that side resolves its public host names to private
	// addresses for the peer. Nil where AWS doesn't show it: the other side's, or not yet active.
	RequesterDNS, AccepterDNS *bool
	// RequesterMultipath reports whether EC2 shows that the requester allows multipath resilience.
	RequesterMultipath bool
	Expires            time.Time         // zero once accepted
	Tags               map[string]string // of this cell's view; the other side has its own
}

// VPC returns the VPC on the given side.
func (c Connection) VPC(r Role) VPC {
	if r == Requester {
		return c.Requester
	}
	return c.Accepter
}

// DNS returns the DNS option of the given side, nil where it isn't known.
func (c Connection) DNS(r Role) *bool {
	if r == Requester {
		return c.RequesterDNS
	}
	return c.AccepterDNS
}

// AsksMultipath reports whether an acceptance would allow multipath resilience for the accepter as well: the
// requester allows it, and the connection isn't accepted yet.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreatePeeringConnectionOptionsRequest.html
func (c Connection) AsksMultipath() bool { return c.RequesterMultipath && !c.State.IsAccepted() }

// ManagedBy returns the installation whose tag the connection has, "" without one.
func (c Connection) ManagedBy() Installation { return Installation(c.Tags[TagManaged]) }

// IsHeld reports whether a person has put the connection on hold in the cell: nothing is added to it, and removals
// go on.
func (c Connection) IsHeld() bool { return c.Tags[TagHold] == "true" }

// IsAdopted reports whether a person has consented in the cell to the removal of routes that the installation
// hasn't made.
func (c Connection) IsAdopted() bool { return c.Tags[TagAdopt] == "true" }

// ConnectedBy returns the installations that have connected the cell's side: the one whose tag the connection has,
// or else all that have made a rule for it, each once. The rules are the cell's, those of other connections too.
func (c Connection) ConnectedBy(rules []IngressRule) []Installation {
	if c.ManagedBy() != "" {
		return []Installation{c.ManagedBy()}
	}
	var all []Installation
	for _, r := range rules {
		if by := r.MadeBy(); by != "" && r.Connection() == c.ID && !slices.Contains(all, by) {
			all = append(all, by)
		}
	}
	return all
}

// IsConnectedBy reports whether the installation is among those that have connected the cell's side.
func (c Connection) IsConnectedBy(by Installation, rules []IngressRule) bool {
	return slices.Contains(c.ConnectedBy(rules), by)
}

// IsForeignTo reports whether only other installations have connected the cell's side.
func (c Connection) IsForeignTo(by Installation, rules []IngressRule) bool {
	owners := c.ConnectedBy(rules)
	return len(owners) > 0 && !slices.Contains(owners, by)
}

// lifetime is the time after which a pending request expires.
// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-connection-quotas.html
const lifetime = 7 * 24 * time.Hour

// RequestedAt returns when a pending or expired connection was requested, zero for others: EC2 shows only when it
// expires.
func (c Connection) RequestedAt() time.Time {
	if c.Expires.IsZero() {
		return time.Time{}
	}
	return c.Expires.Add(-lifetime)
}

// Roles returns the sides that the cell owns: none, one, or both, the requester first.
func (c Connection) Roles(cell Cell) []Role {
	var roles []Role
	for _, r := range []Role{Requester, Accepter} {
		if c.VPC(r).Cell() == cell {
			roles = append(roles, r)
		}
	}
	return roles
}
