package policy

import (
	"fmt"
	"net/netip"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// at names a line of the file, as in "line 12 of policy.yaml".
func (p *Policy) at(line int) string { return fmt.Sprintf("line %d of %s", line, p.File) }

func describe(v peering.VPC) string { return fmt.Sprintf("%s in %s", v.ID, v.Cell()) }

// withPrimary names the VPC with its primary block, which decides about its department, where that is known.
func withPrimary(v peering.VPC) string {
	if !v.Primary().IsValid() {
		return describe(v)
	}
	return fmt.Sprintf("%s with the primary block %s", describe(v), v.Primary())
}

func (m match) String() string {
	return fmt.Sprintf("%s (%s)", m.department.Name, describe(m.vpc))
}

func (p *Policy) allowedReason(q claim) string {
	return fmt.Sprintf("%s allows %s to be connected with %s", p.at(q.entry.Line), q.requester, q.accepter)
}

func (p *Policy) approvalReason(q claim) string {
	return fmt.Sprintf("%s lets %s be connected with %s when a person has approved it",
		p.at(q.entry.Line), q.requester, q.accepter)
}

func (p *Policy) multipathReason(q claim) string {
	return fmt.Sprintf("%s doesn't allow multipath resilience, which %s requests: the acceptance would allow it for %s "+
		"as well, at additional charges",
		p.at(q.entry.Line), either(q.requester), either(q.accepter))
}

func (p *Policy) wrongDirectionReason(q claim) string {
	return fmt.Sprintf("%s lets only %s request connections, and %s requested this one from %s",
		p.at(q.entry.Line), q.entry.Requester, either(q.requester), either(q.accepter))
}

func (p *Policy) mismatchReason(m match, block netip.Prefix) string {
	return fmt.Sprintf("%s has the block %s, which %s does not declare: %s has only %s in %s",
		m, block, p.at(m.member.Line), m.department.Name, list(m.permitted()), m.vpc.Cell())
}

func overlapReason(q claim, x, y netip.Prefix) string {
	return fmt.Sprintf("block %s of %s overlaps block %s of %s", x, q.requester, y, q.accepter)
}

func sameVPCReason(v peering.VPC) string {
	return fmt.Sprintf("both sides are %s, and a VPC is not peered with itself", describe(v))
}

func (p *Policy) retiredReason(r Retired) string {
	return fmt.Sprintf("%s retires %s, so no VPC there may be connected", p.at(r.Line), r.Cell)
}
