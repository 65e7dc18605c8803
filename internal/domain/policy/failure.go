package policy

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// WithOverlap returns d, the decision about a failed request, as an overlap if any block that EC2 shows or the
// policy declares of one VPC overlaps one of the other. Overlap replaces any other objection, except that both
// sides are the same VPC.
func (p *Policy) WithOverlap(c peering.Connection, d Decision) Decision {
	if c.Requester.Same(c.Accepter) {
		return d
	}
	for _, r := range p.matches(c.Requester) {
		for _, a := range p.matches(c.Accepter) {
			if x, y, found := cidr.Overlap(r.blocks(), a.blocks()); found {
				d.Code, d.Reason = Overlap, overlapReason(claim{requester: r, accepter: a}, x, y)
				d.Blocks, d.Details = []netip.Prefix{x, y}, nil
				return d
			}
		}
	}
	return d
}

// KnownBlocks describes the blocks of the two VPCs that EC2 shows or the policy declares. It is for failed requests,
// for which EC2 doesn't show the accepter's blocks. The keys are the ids and blocks of the sentence.
func (p *Policy) KnownBlocks(c peering.Connection) (sentence string, keys []string) {
	var parts []string
	for _, v := range []peering.VPC{c.Requester, c.Accepter} {
		text, blocks := p.knownOf(v)
		parts = append(parts, text)
		keys = append(keys, string(v.ID)+" "+list(blocks))
	}
	return strings.Join(parts, ", and "), keys
}

func (p *Policy) knownOf(v peering.VPC) (text string, blocks []netip.Prefix) {
	if len(v.Blocks) > 0 {
		return fmt.Sprintf("%s has %s", describe(v), list(v.Blocks)), v.Blocks
	}
	for _, m := range p.matches(v) {
		if m.member != nil && len(m.member.CIDRs) > 0 {
			return fmt.Sprintf("%s declares %s of %s", p.at(m.member.Line), list(m.member.CIDRs), describe(v)), m.member.CIDRs
		}
		if m.member == nil {
			blocks = append(blocks, m.department.ranges(v.Cell())...)
		}
	}
	if len(blocks) > 0 {
		return fmt.Sprintf("%s has only the range %s for %s", p.File, list(blocks), describe(v)), blocks
	}
	return fmt.Sprintf("%s declares no block of %s", p.File, describe(v)), nil
}
