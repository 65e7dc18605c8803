package policy

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// notListed returns the denial of a connection that no peering names. Its departments are those of the whole file.
func (p *Policy) notListed(c peering.Connection) Decision {
	requesters, accepters := p.named(c.Requester), p.named(c.Accepter)
	d := Decision{
		Verdict: p.verdict(NotListed), Requester: onlyName(requesters), Accepter: onlyName(accepters),
		Code: NotListed, Details: p.unlisted(c, requesters, accepters), Reason: p.notListedReason(c, requesters, accepters),
	}
	if r := p.retirementOf(c); r != nil {
		d.Reason, d.Details = p.retiredReason(*r), []string{r.String()}
	}
	return d
}

// named returns the departments of the whole file that v belongs to, or may belong to, sorted by name. The part of
// a cell decides by fewer of them.
func (p *Policy) named(v peering.VPC) []match {
	matches := matchesAmong(v, p.Departments, p.Others)
	slices.SortStableFunc(matches, func(a, b match) int { return strings.Compare(a.department.Name, b.department.Name) })
	return matches
}

// isPossible reports whether the VPC is in the department only if its primary block, which isn't known, lies in a
// range.
func (m match) isPossible() bool { return m.member == nil && len(m.vpc.Blocks) == 0 }

// unlisted returns the names and blocks of notListedReason.
func (p *Policy) unlisted(c peering.Connection, requesters, accepters []match) []string {
	if len(requesters) > 0 && len(accepters) > 0 {
		return []string{nameOf(requesters), nameOf(accepters)}
	}
	var details []string
	if len(requesters) == 0 {
		details = append(details, p.outside(peering.Requester, c.Requester)...)
	}
	if len(accepters) == 0 {
		details = append(details, p.outside(peering.Accepter, c.Accepter)...)
	}
	return details
}

// outside returns the role of a VPC in no department, with its primary block where that is known, and the ranges in
// its cell.
func (p *Policy) outside(r peering.Role, v peering.VPC) []string {
	if !v.Primary().IsValid() {
		return []string{string(r)}
	}
	details := []string{string(r) + " " + v.Primary().String()}
	if ranges := p.rangesIn(v.Cell()); len(ranges) > 0 {
		details = append(details, joined(ranges, "and"))
	}
	return details
}

func (p *Policy) notListedReason(c peering.Connection, requesters, accepters []match) string {
	switch {
	case len(requesters) == 0 && len(accepters) == 0:
		return fmt.Sprintf("neither the requester %s nor the accepter %s is in a department of %s%s",
			withPrimary(c.Requester), withPrimary(c.Accepter), p.File, p.ranges(c.Requester, c.Accepter))
	case len(requesters) == 0:
		return fmt.Sprintf("the requester %s is in no department of %s%s",
			withPrimary(c.Requester), p.File, p.ranges(c.Requester))
	case len(accepters) == 0:
		return fmt.Sprintf("the accepter %s is in no department of %s%s",
			withPrimary(c.Accepter), p.File, p.ranges(c.Accepter))
	case isCertain(requesters) && isCertain(accepters) && requesters[0].department == accepters[0].department:
		return fmt.Sprintf("%s and %s are in one department, and %s has no peering of %s with itself",
			requesters[0], accepters[0], p.File, requesters[0].department.Name)
	}
	return fmt.Sprintf("%s has no peering between %s and %s", p.File, either(requesters...), either(accepters...))
}

func isCertain(matches []match) bool { return len(matches) == 1 && !matches[0].isPossible() }

// possible returns the departments of the claim that a VPC is in only if its primary block lies in a range.
func (q claim) possible() []string {
	var perhaps []string
	for _, m := range []match{q.requester, q.accepter} {
		if m.isPossible() {
			perhaps = append(perhaps, nameOf([]match{m}))
		}
	}
	return perhaps
}

// either describes the departments of one side. There are several only while the VPC's primary block isn't known.
func either(matches ...match) string {
	if isCertain(matches) {
		return matches[0].String()
	}
	which := matches[0].department.Name
	if len(matches) > 1 {
		which = "one of them"
	}
	return fmt.Sprintf("%s (%s, if its primary block is in a range of %s)",
		names(matches), describe(matches[0].vpc), which)
}

// nameOf identifies the description by either.
func nameOf(matches []match) string {
	if isCertain(matches) {
		return names(matches)
	}
	return "perhaps " + names(matches)
}

// names returns the names of the departments in one text. The first ones stand for many.
func names(matches []match) string {
	all := make([]string, len(matches))
	for i, m := range matches {
		all[i] = m.department.Name
	}
	return joined(all, "or")
}

// ranges returns a remark about the ranges in the cells of VPCs whose primary block is outside all of them, "" if
// there are no ranges.
func (p *Policy) ranges(vpcs ...peering.VPC) string {
	var remark string
	var seen []peering.Cell
	for _, v := range vpcs {
		ranges := p.rangesIn(v.Cell())
		if len(ranges) == 0 || slices.Contains(seen, v.Cell()) {
			continue
		}
		seen = append(seen, v.Cell())
		if len(ranges) == 1 {
			remark += fmt.Sprintf("; the only range in %s is %s", v.Cell(), ranges[0])
		} else {
			remark += fmt.Sprintf("; the ranges in %s are %s", v.Cell(), joined(ranges, "and"))
		}
	}
	return remark
}

// rangesIn returns the IPv4 ranges of all departments in the cell with the departments' names, sorted.
func (p *Policy) rangesIn(cell peering.Cell) []string {
	type named struct {
		within netip.Prefix
		name   string
	}
	var all []named
	for _, departments := range [][]Department{p.Departments, p.Others} {
		for i := range departments {
			for _, within := range departments[i].ranges(cell) {
				if within.Addr().Is4() {
					all = append(all, named{within, departments[i].Name})
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b named) int {
		return cmp.Or(a.within.Compare(b.within), strings.Compare(a.name, b.name))
	})
	texts := make([]string, len(all))
	for i, r := range all {
		texts[i] = fmt.Sprintf("%s (%s)", r.within, r.name)
	}
	return texts
}

// mostJoined is the number of names or ranges that a sentence lists.
const mostJoined = 4

// joined joins at least one text as in "a, b and c". Of more than mostJoined it counts the last ones.
func joined(texts []string, last string) string {
	if n := len(texts) - mostJoined + 1; n > 1 {
		texts = append(slices.Clone(texts[:mostJoined-1]), fmt.Sprintf("%d others", n))
	}
	if len(texts) == 1 {
		return texts[0]
	}
	n := len(texts) - 1
	return fmt.Sprintf("%s %s %s", strings.Join(texts[:n], ", "), last, texts[n])
}
