package policy

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Decision is the policy's answer for one connection.
type Decision struct {
	Verdict Verdict
	// Peering is the entry that the decision rests on, nil when no peering names the two VPCs.
	Peering *Peering
	// Requester and Accepter are the names of the departments, empty for a VPC in no department.
	Requester, Accepter string
	Code                Code
	Reason              string // Code in a sentence for people
	// Blocks are the blocks that Code is about: the one that isn't declared, or the two that overlap. Nil for others.
	Blocks []netip.Prefix
	// Details are the other parts of Reason. Where no peering was found, these are the sides in no department, the
	// possible departments of both sides, or the retired cell. Where a block isn't declared, they are the permitted
	// ones. Of a denial by a peering, they are the departments that a VPC is in only if its primary block, which
	// isn't known, lies in a range.
	Details []string
	// LeftOut are the known blocks of both VPCs that the policy doesn't permit, those of the requester first.
	LeftOut []LeftOut
	// Provisional reports that a side's blocks aren't known yet. The verdict then rests on owners, Regions and
	// ids, and Decide has to be called again with the blocks of the active connection.
	Provisional bool
	// Reports is true if nothing may be changed for the connection, with any verdict: see Policy.Reports.
	Reports bool
}

// Verdict is the treatment of a connection.
type Verdict string

// The verdicts.
const (
	Accept Verdict = "accept"
	Reject Verdict = "reject"
	Leave  Verdict = "leave" // neither accept nor reject: AWS lets the request expire after seven days
	Ask    Verdict = "ask"   // accept when a person has approved
)

// Code is the reason of a decision in a form for programs.
type Code string

// The codes.
const (
	Allowed        Code = "allowed"
	ApprovalNeeded Code = "approval-needed"
	Overlap        Code = "overlap"         // a block of one side overlaps a block of the other
	CIDRMismatch   Code = "cidr-mismatch"   // before acceptance, AWS shows a block that the policy doesn't declare
	Multipath      Code = "multipath"       // the request allows multipath resilience, and the peering doesn't
	WrongDirection Code = "wrong-direction" // the peering lets only the other department ask
	SameVPC        Code = "same-vpc"        // both sides are one VPC
	NotListed      Code = "not-listed"      // no peering names the two VPCs
)

// rank orders the codes from acceptance to denial. While blocks aren't known, a VPC may belong to several
// departments, and the answer with the lowest rank counts: routes and rules
// are decided again on the blocks of the active connection. Approval is asked for as soon as one of the
// departments needs it, because an accepted connection does not show whether it was approved. Multipath resilience
// is denied as soon as one of them doesn't allow it, because an acceptance can't be taken back.
func (c Code) rank() int {
	order := []Code{Multipath, ApprovalNeeded, Allowed, Overlap, CIDRMismatch, WrongDirection}
	if i := slices.Index(order, c); i >= 0 {
		return i
	}
	return len(order)
}

// Manages reports whether autopeer manages that side of the connection: it does unless the peering leaves
// it to a third party.
func (d Decision) Manages(r peering.Role) bool {
	return d.Peering == nil || d.Peering.Manage == "" || d.Peering.Manage == r
}

// IsUnlisted reports whether the policy has no peering for the connection, so that Otherwise and Removed
// apply. It is false if the file has a peering and contradicts the network.
func (d Decision) IsUnlisted() bool {
	return d.Code == NotListed || d.Code == WrongDirection || d.Code == SameVPC
}

// IsObjection reports whether the policy has a peering for the connection and objects only to the overlap of its
// VPCs' blocks.
func (d Decision) IsObjection() bool { return d.Code == Overlap }

// Maintains reports whether the sides of the active connection are kept as the policy asks: it allows the
// connection, or objects to one that the installation has connected. Additions wait for an objection, and removals
// don't. The rules are evidence as in Connection.IsConnectedBy.
func (p *Policy) Maintains(c peering.Connection, d Decision, rules []peering.IngressRule) bool {
	return d.Verdict == Accept || d.IsObjection() && c.IsConnectedBy(p.Installation, rules)
}

// isApproved reports whether the decision allows the connection only because a person has approved it.
func (d Decision) isApproved() bool {
	return d.Code == Allowed && d.Peering.Approval == ManualApproval
}

// Terms returns the terms of the decision's peering for one side, the zero value if the decision rests on no
// peering.
func (d Decision) Terms(r peering.Role) Terms {
	switch {
	case d.Peering == nil:
		return Terms{}
	case r == peering.Requester:
		return d.Peering.Terms(d.Requester, d.Accepter)
	}
	return d.Peering.Terms(d.Accepter, d.Requester)
}

// Key returns the codes, names and blocks that Reason contains, but for those of the connection. Equal keys of one
// connection mean equal reasons, apart from the line: an entry is identified by its departments, so that a line more
// in the file changes no key.
func (d Decision) Key() string {
	return fmt.Sprintf("%s|%s|%s|%s|%q", d.Code, d.Requester, d.Accepter, d.Blocks, d.Details)
}
