package policy

import (
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Decide returns whether the two VPCs of c may be connected, from the blocks that are known. Of the connection's
// state and tags only the approval by a person matters.
func (p *Policy) Decide(c peering.Connection) Decision {
	d := p.decide(c)
	d.Reports = p.Reports(c)
	return d
}

func (p *Policy) decide(c peering.Connection) Decision {
	if c.Requester.Same(c.Accepter) {
		return p.decideSameVPC(c)
	}
	best, accepters := Decision{Code: NotListed}, p.matches(c.Accepter)
	for _, r := range p.matches(c.Requester) {
		for _, a := range accepters {
			best = better(best, p.decidePair(c, r, a))
		}
	}
	if best.Code == NotListed {
		return p.notListed(c)
	}
	return best
}

// decidePair decides for one pair of departments. A checked policy has at most one peering between them.
func (p *Policy) decidePair(c peering.Connection, requester, accepter match) Decision {
	best := Decision{Code: NotListed}
	for i := range p.Peerings {
		entry := &p.Peerings[i]
		if entry.isBetween(requester.department.Name, accepter.department.Name) {
			best = better(best, p.decideEntry(claim{c, entry, requester, accepter}))
		}
	}
	return best
}

// better returns the decision that counts while the blocks don't show which of the two matches. Once a person has
// approved the request, that is still the one for which approval was requested: announcements name its departments
// and its line.
func better(a, b Decision) Decision {
	if b.Code.rank() < a.Code.rank() || b.Code == a.Code && b.isApproved() && !a.isApproved() {
		return b
	}
	return a
}

// claim is a connection together with the entry and the departments under which it may be allowed.
type claim struct {
	connection          peering.Connection
	entry               *Peering
	requester, accepter match
}

func (p *Policy) decideEntry(q claim) Decision {
	d := Decision{
		Peering:     q.entry,
		Requester:   q.requester.department.Name,
		Accepter:    q.accepter.department.Name,
		Provisional: len(q.requester.vpc.Blocks) == 0 || len(q.accepter.vpc.Blocks) == 0,
	}
	d.LeftOut = slices.Concat(p.leftOutOf(peering.Requester, q.requester), p.leftOutOf(peering.Accepter, q.accepter))
	p.weigh(q, &d)
	d.Verdict = p.verdict(d.Code)
	return d
}

// weigh sets the decision's code and reason to the first objection to the claim.
func (p *Policy) weigh(q claim, d *Decision) {
	if only := q.entry.Requester; only != "" && only != q.requester.department.Name {
		d.Code, d.Reason, d.Details = WrongDirection, p.wrongDirectionReason(q), q.possible()
		return
	}
	if m, block, found := q.mismatch(); found {
		d.Code, d.Reason = CIDRMismatch, p.mismatchReason(m, block)
		d.Blocks, d.Details = []netip.Prefix{block}, []string{list(m.permitted())}
		return
	}
	state := q.connection.State
	if x, y, found := cidr.Overlap(q.requester.compared(state), q.accepter.compared(state)); found {
		d.Code, d.Reason = Overlap, overlapReason(q, x, y)
		d.Blocks = []netip.Prefix{x, y}
		return
	}
	if q.connection.AsksMultipath() && !q.entry.Multipath {
		d.Code, d.Reason, d.Details = Multipath, p.multipathReason(q), q.possible()
		return
	}
	if q.entry.Approval == ManualApproval && !isApproved(q.connection) {
		d.Code, d.Reason = ApprovalNeeded, p.approvalReason(q)
		return
	}
	d.Code, d.Reason = Allowed, p.allowedReason(q)
}

// mismatch returns a side with a block that the file doesn't declare. An accepted connection is maintained without
// the block, so that the owner of a VPC can't keep traffic that the policy no longer allows by adding a block.
func (q claim) mismatch() (side match, block netip.Prefix, found bool) {
	if q.connection.State.IsAccepted() {
		return match{}, netip.Prefix{}, false
	}
	for _, side = range []match{q.requester, q.accepter} {
		if block, found = side.undeclared(); found {
			break
		}
	}
	return side, block, found
}

// isApproved reports whether a person has tagged the request, or accepted it by hand.
func isApproved(c peering.Connection) bool {
	return c.State.IsAccepted() || c.Tags[peering.TagApproved] == "true"
}

// verdict returns the verdict of a code. If the file and the network contradict each other, the request is not
// rejected, because a person has to correct one of the two.
func (p *Policy) verdict(c Code) Verdict {
	switch c {
	case Allowed:
		return Accept
	case ApprovalNeeded:
		return Ask
	case Overlap, CIDRMismatch:
		return Leave
	}
	if p.Otherwise == RejectOthers {
		return Reject
	}
	return Leave
}

func (p *Policy) decideSameVPC(c peering.Connection) Decision {
	name := onlyName(p.named(c.Requester))
	return Decision{
		Verdict: p.verdict(SameVPC), Requester: name, Accepter: name,
		Code: SameVPC, Reason: sameVPCReason(c.Requester),
	}
}

// isBetween reports whether the entry names the two departments, in either order.
func (p *Peering) isBetween(a, b string) bool {
	return p.Between == [2]string{a, b} || p.Between == [2]string{b, a}
}
