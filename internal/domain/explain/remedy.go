package explain

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/cidr"
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
		only := d.Peering.Requester
		return fmt.Sprintf("have %s request the connection, or remove `requester: %s` from the peering in line %d",
			only, only, d.Peering.Line), nil
	case policy.Overlap:
		return renumber, nil
	case policy.SameVPC:
		return "name another VPC: AWS connects no VPC with itself", nil
	}
	return "", nil
}

// renumber is the next step where blocks overlap.
const renumber = "AWS connects only VPCs whose blocks are apart: renumber one of the two"

func unlisted(p *policy.Policy, from, to End, s seen) (string, []Addition) {
	if _, _, found := cidr.Overlap(s.a.known, s.b.known); found {
		return renumber, nil
	}
	for _, v := range []vpcs{s.a, s.b} {
		if i := slices.IndexFunc(p.Retired, func(r policy.Retired) bool { return r.Cell == v.Cell }); i >= 0 {
			return fmt.Sprintf("remove %s from `retired:` in line %d first", v.Cell, p.Retired[i].Line), nil
		}
	}
	names := [2]string{from.Department, to.Department}
	if names[0] == names[1] && names[0] != "" && isThirdParty(p, names[0]) {
		return fmt.Sprintf("leave the request to %s: autopeer isn't deployed in the accounts of a third party, so it "+
			"doesn't connect two of its VPCs", names[0]), nil
	}
	var members []string
	for i, v := range []vpcs{s.a, s.b} {
		if names[i] == "" {
			names[i] = newName(p, names[:]...)
			members = append(members, fmt.Sprintf("  %s:\n    - %s\n", names[i], member(p, v)))
		}
	}
	var additions []Addition
	if len(members) > 0 {
		additions = append(additions, Addition{"departments", strings.Join(members, "")})
	}
	return "", append(additions, Addition{"peerings", fmt.Sprintf("  - between: [%s, %s]\n", names[0], names[1])})
}

func isThirdParty(p *policy.Policy, department string) bool {
	return slices.ContainsFunc(p.Peerings, func(e policy.Peering) bool { return e.ThirdParty() == department })
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

// member returns a member for a VPC in no department: its block as a range, unless a range of a department is a
// part of it.
func member(p *policy.Policy, v vpcs) string {
	block := v.known[0]
	if slices.ContainsFunc(rangesOf([]*policy.Policy{p})[v.Cell], func(r netip.Prefix) bool { return r.Overlaps(block) }) {
		const form = "{ account: %q, region: %s, vpc: %s, cidrs: [%s] } # with the ID of the VPC"
		return fmt.Sprintf(form, v.Account, v.Region, anyRequester, block)
	}
	return fmt.Sprintf("{ account: %q, region: %s, within: %s }", v.Account, v.Region, block)
}
