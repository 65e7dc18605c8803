package explain

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// Addition is a text that belongs under a key of the policy file.
type Addition struct {
	Under string `json:"under"` // a key of the whole file
	YAML  string `json:"yaml"`  // indented for that place, with a line break at its end
}

// remedy returns the next step after a denial, and the additions to the file that lead to an acceptance if any do.
func remedy(p *policy.Policy, from, to End, s seen) (next string, additions []Addition) {
	d := s.view.requests[0]
	switch d.Code {
	case policy.NotListed:
		return unlisted(p, from, to, s)
	case policy.WrongDirection:
		return redirected(d.Peering), nil
	case policy.Overlap:
		return renumber, nil
	case policy.SameVPC:
		return "name another VPC: AWS connects no VPC with itself", nil
	}
	return "", nil
}

// redirected is the next step after a request in the wrong direction. A peering with a third party needs its requester.
func redirected(e *policy.Peering) string {
	next := fmt.Sprintf("have %s request the connection", e.Requester)
	if e.Manage == "" {
		next += fmt.Sprintf(", or remove `requester: %s` from the peering in line %d", e.Requester, e.Line)
	}
	return next
}

// renumber is the next step where blocks overlap.
const renumber = "AWS connects only VPCs whose blocks are apart: renumber one of the two"

// placeholders stand for the IDs of VPCs in an addition. A person replaces them.
var placeholders = [2]peering.VPCID{"vpc-0123456789abcdef0", "vpc-0123456789abcdef1"}

// unlisted returns the remedy for two ends without a peering. A next step stands for the additions that a check of the
// file would refuse.
func unlisted(p *policy.Policy, from, to End, s seen) (string, []Addition) {
	if next := unconnectable(p, s); next != "" {
		return next, nil
	}
	names := [2]string{from.Department, to.Department}
	if next := thirdParties(p, names); next != "" {
		return next, nil
	}
	var members []string
	var groups [2][]policy.Member
	for i, v := range []vpcs{s.a, s.b} {
		if names[i] != "" {
			groups[i] = membersOf(p, names[i])
			continue
		}
		m := member(p, v, placeholders[i])
		names[i], groups[i] = newName(p, names[:]...), []policy.Member{m}
		members = append(members, fmt.Sprintf("  %s:\n    - %s\n", names[i], written(m)))
	}
	if next := unpeerable(names, groups); next != "" {
		return next, nil
	}
	var additions []Addition
	if len(members) > 0 {
		additions = append(additions, Addition{"departments", strings.Join(members, "")})
	}
	return "", append(additions, Addition{"peerings", entry(p, names)})
}

// unconnectable is the next step for two VPCs that no peering can connect, empty if one can.
func unconnectable(p *policy.Policy, s seen) string {
	if _, _, found := cidr.Overlap(s.a.known, s.b.known); found {
		return renumber
	}
	if a, b := partition(s.a.Region), partition(s.b.Region); a != b {
		return fmt.Sprintf("name two VPCs of one partition: AWS connects no VPC of %s with one of %s", a, b)
	}
	for _, v := range []vpcs{s.a, s.b} {
		if i := slices.IndexFunc(p.Retired, func(r policy.Retired) bool { return r.Cell == v.Cell }); i >= 0 {
			return fmt.Sprintf("remove %s from `retired:` in line %d first", v.Cell, p.Retired[i].Line)
		}
	}
	return ""
}

func partition(r peering.Region) string {
	p, _ := peering.PartitionOf(r)
	return p.Name
}

// thirdParties is the next step where autopeer manages neither side, empty otherwise.
func thirdParties(p *policy.Policy, names [2]string) string {
	if !isThirdParty(p, names[0]) || !isThirdParty(p, names[1]) {
		return ""
	}
	who := names[0]
	if names[0] != names[1] {
		who += " and " + names[1]
	}
	return fmt.Sprintf("leave the request to %s: autopeer isn't deployed in the accounts of a third party, "+
		"so it doesn't connect two of their VPCs", who)
}

// unpeerable is the next step where a peering of the two departments can't be checked in, because of other VPCs of
// theirs than the two of the request. Empty if a peering can.
func unpeerable(names [2]string, members [2][]policy.Member) string {
	const apart = "give the VPCs that are to be connected departments of their own: "
	for _, a := range members[0] {
		for _, b := range members[1] {
			x, y, overlap := cidr.Overlap(a.CIDRs, b.CIDRs)
			switch isSame := a.Cell == b.Cell && a.VPC == b.VPC && names[0] == names[1]; {
			case partition(a.Region) != partition(b.Region):
				return fmt.Sprintf(apart+"%s has a VPC in %s, %s one in %s, and AWS connects no VPCs of two partitions",
					names[0], a.Region, names[1], b.Region)
			case overlap && !isSame:
				return fmt.Sprintf(apart+"block %s of %s overlaps block %s of %s", x, names[0], y, names[1])
			}
		}
	}
	return ""
}

// entry returns a peering of the departments, in which the first one requests if the other is a third party.
func entry(p *policy.Policy, names [2]string) string {
	text := fmt.Sprintf("  - between: [%s, %s]\n", quoted(names[0]), quoted(names[1]))
	managed := ""
	switch {
	case isThirdParty(p, names[0]):
		managed = string(peering.Accepter)
	case isThirdParty(p, names[1]):
		managed = string(peering.Requester)
	default:
		return text
	}
	return text + fmt.Sprintf("    requester: %s\n    manage: %s\n", quoted(names[0]), managed)
}

// quoted returns the name of a department as YAML: in quotes if YAML takes it for another value than text.
func quoted(name string) string {
	if slices.Contains([]string{"true", "false", "null"}, strings.ToLower(name)) {
		return strconv.Quote(name)
	}
	return name
}

func isThirdParty(p *policy.Policy, department string) bool {
	isParty := func(e policy.Peering) bool { return e.ThirdParty() == department }
	return department != "" && slices.ContainsFunc(p.Peerings, isParty)
}

func membersOf(p *policy.Policy, department string) []policy.Member {
	i := slices.IndexFunc(p.Departments, func(d policy.Department) bool { return d.Name == department })
	return p.Departments[i].Members
}

// newName returns a name that no department has.
func newName(p *policy.Policy, taken ...string) string {
	for _, d := range p.Departments {
		taken = append(taken, d.Name)
	}
	name := "newcomer"
	for i := 2; slices.Contains(taken, name); i++ {
		name = fmt.Sprintf("newcomer%d", i)
	}
	return name
}

// member returns a member for a VPC in no department: its block as a range. It is one VPC with the id as an example if
// the range would overlap the range of a department, or contain a declared block of a VPC.
func member(p *policy.Policy, v vpcs, id peering.VPCID) policy.Member {
	block := v.known[0]
	isTaken := func(m policy.Member) bool {
		return m.Cell == v.Cell && (m.Within.IsValid() && m.Within.Overlaps(block) ||
			slices.ContainsFunc(m.CIDRs, func(declared netip.Prefix) bool { return cidr.Contains(block, declared) }))
	}
	for _, d := range p.Departments {
		if slices.ContainsFunc(d.Members, isTaken) {
			return policy.Member{Cell: v.Cell, VPC: id, CIDRs: []netip.Prefix{block}}
		}
	}
	return policy.Member{Cell: v.Cell, Within: block}
}

// written returns the member as YAML.
func written(m policy.Member) string {
	if m.VPC != "" {
		return fmt.Sprintf("{ account: %q, region: %s, vpc: %s, cidrs: [%s] } # with the ID of the VPC",
			m.Account, m.Region, m.VPC, m.CIDRs[0])
	}
	return fmt.Sprintf("{ account: %q, region: %s, within: %s }", m.Account, m.Region, m.Within)
}
