package policyfile

import (
	"fmt"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// checkRetired reports cells that are retired twice, and those in which a department still has a member.
func (c checker) checkRetired(d *document) {
	members := map[peering.Cell]owned{}
	for _, m := range d.claims() {
		if _, found := members[m.cell()]; !found {
			members[m.cell()] = m
		}
	}
	first := map[peering.Cell]retirement{}
	for _, r := range d.Retired.items {
		if !r.Account.ok || !r.Region.ok {
			continue
		}
		if earlier, found := first[r.cell()]; found {
			c.add(r.at, fmt.Sprintf("%s is retired twice", r.cell()),
				fmt.Sprintf("keep this entry or that of line %d", earlier.at.line))
			continue
		}
		first[r.cell()] = r
		if m, found := members[r.cell()]; found {
			c.add(r.at, fmt.Sprintf("%s is retired, and %s has a member there in line %d", r.cell(), m.department, m.at.line),
				"remove the members of a retired cell, or don't retire it")
		}
	}
}
