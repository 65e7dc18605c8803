package policyfile

import (
	"fmt"
	"net/netip"

	"github.com/autopeer/autopeer/internal/domain/cidr"
)

// checker compares the parts of a document with each other. It skips malformed parts, because these have
// been reported already.
type checker struct {
	*reader
	names   []string                // of the departments
	wrong   []string                // malformed names of departments
	members map[string]some[member] // by department
	defined bool                    // the file has a mapping of departments, although it may be empty
}

func (r *reader) check(d *document) {
	c := checker{reader: r, members: map[string]some[member]{},
		defined: d.Departments.rows != nil && !d.Departments.refused}
	for _, row := range d.Departments.rows {
		if row.key.ok {
			c.names = append(c.names, row.key.text)
		} else {
			c.wrong = append(c.wrong, row.key.text)
		}
		c.members[row.key.text] = row.value
	}
	c.checkBlocks(d)
	c.checkMembers(d)
	c.checkRanges(d)
	c.checkFamilies(d)
	c.checkRetired(d)
	c.checkRegions(d)
	c.checkPeerings(d)
	c.checkThirdParties(d)
	c.checkRisks(d)
}

// distinct reports items that are listed twice.
func distinct[T comparable](r *reader, item string, l some[scalar[T]]) {
	first := map[T]position{}
	for _, s := range l.items {
		if !s.ok {
			continue
		}
		if at, found := first[s.value]; found {
			r.add(s.at, fmt.Sprintf("%s %s is listed twice", item, s.text),
				fmt.Sprintf("keep this one or that of line %d", at.line))
			continue
		}
		first[s.value] = s.at
	}
}

// distinctBlocks reports blocks that the list names twice, or that another one of it contains.
func distinctBlocks(r *reader, item string, l some[scalar[netip.Prefix]]) {
	distinct(r, item, l)
	apart(r, item, l.items)
}

// apart reports blocks that another one contains.
func apart(r *reader, item string, blocks []scalar[netip.Prefix]) {
	for _, inner := range blocks {
		for _, outer := range blocks {
			if inner.ok && outer.ok && inner.value != outer.value && cidr.Contains(outer.value, inner.value) {
				r.add(inner.at, fmt.Sprintf("%s %s lies inside %s", item, inner.text, outer.text),
					"keep only one of the two")
				break
			}
		}
	}
}

// disjoint reports items that overlap an earlier one.
func disjoint[T any](r *reader, item string, l some[scalar[T]], overlap func(a, b T) bool) {
	for i, s := range l.items {
		for _, earlier := range l.items[:i] {
			if s.ok && earlier.ok && overlap(s.value, earlier.value) {
				r.add(s.at, fmt.Sprintf("%s: %s and %s overlap", item, s.text, earlier.text), "name each once")
				break
			}
		}
	}
}
