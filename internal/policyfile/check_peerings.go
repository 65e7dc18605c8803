package policyfile

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/cidr"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/suggest"
)

func (c checker) checkPeerings(d *document) {
	first := map[[2]string]entry{}
	for _, e := range d.Peerings.items {
		c.checkBetween(e)
		c.checkMode(d, e)
		c.checkMesh(e)
		c.checkParties(e)
		c.checkRoutes(e)
		for _, a := range e.Allow.items {
			c.checkAllow(e, a)
		}
		c.checkTwice(e.Allow.items)
		c.checkEvidence(e)
		key := e.Between.key()
		if earlier, found := first[key]; found && e.Between.known() {
			c.add(e.Between.at, fmt.Sprintf("%s have a peering in line %d already", e.Between, earlier.at.line),
				"put all of its traffic into one peering")
		} else {
			first[key] = e
		}
	}
}

// checkEvidence requires adopt where neither tags nor rules can ever show which connections autopeer connected, so
// that every removal of a route would need a person.
func (c checker) checkEvidence(e entry) {
	if e.refused || e.Adopt.given() && !e.Adopt.ok {
		return // the mistake may be in a key that would be evidence
	}
	if e.Tags.value == policy.NoTags && !e.Allow.given() && !e.Adopt.value {
		c.add(e.Tags.at, "with tags: none and without allow, nothing can show which connections autopeer has connected",
			"add adopt: true, which lets it remove routes of these connections, or leave out tags")
	}
}

// checkMode reports a peering with mode enforce in a file in report mode, in which no peering is enforced.
func (c checker) checkMode(d *document, e entry) {
	if d.Mode.value == policy.ReportMode && e.Mode.value == policy.EnforceMode {
		c.add(e.Mode.at, fmt.Sprintf("mode: \"enforce\" contradicts mode: report in line %d", d.Mode.at.line),
			"remove that line and set mode: report for each of the other peerings")
	}
}

// known reports whether both names could be read. The file need not define these departments.
func (p pair) known() bool { return p.ok && p.names[0].ok && p.names[1].ok }

// key is the same for either order of the departments.
func (p pair) key() [2]string {
	a, b := p.names[0].text, p.names[1].text
	return [2]string{min(a, b), max(a, b)}
}

func (p pair) has(department string) bool {
	return p.names[0].text == department || p.names[1].text == department
}

func (c checker) checkBetween(e entry) {
	a, b := e.Between.names[0], e.Between.names[1]
	for _, s := range e.Between.others {
		c.checkDefined("", s, c.names)
	}
	c.checkDefined("", a, c.names)
	c.checkPartitions(e)
	if e.Between.isMesh() {
		c.checkDeclaredOverlapWithin(e, a.text)
		return
	}
	c.checkDefined("", b, c.names)
	c.checkDeclaredOverlap(e)
}

// checkDefined reports a department that the file doesn't define, and suggests those of the list. If the
// departments are missing or malformed, that is the mistake, and not each use of a name.
func (c checker) checkDefined(prefix string, s scalar[name], suggested []string) {
	if !s.ok || c.isDefined(s.text) || !c.defined || len(suggest.Nearest(s.text, c.wrong)) > 0 {
		return
	}
	fix := "remove the peering, because the file has no departments"
	if len(suggested) > 0 {
		fix = suggest.Fix(s.text, suggested)
	}
	c.add(s.at, fmt.Sprintf("%sdepartment %q is not defined", prefix, s.text), fix)
}

func (c checker) isDefined(department string) bool {
	_, found := c.members[department]
	return found
}

// intended returns the department with the name, or the only one that a misspelled name may mean.
func (c checker) intended(text string) (department string, found bool) {
	if c.isDefined(text) || !c.defined {
		return text, text != ""
	}
	return meant(text, c.names)
}

// meant returns the only candidate that s may have been meant to be.
func meant(s string, candidates []string) (candidate string, found bool) {
	if near := suggest.Nearest(s, candidates); len(near) == 1 {
		return near[0], true
	}
	return "", false
}

// checkDeclaredOverlap reports VPCs of the two departments that AWS would never connect.
// https://docs.aws.amazon.com/vpc/latest/peering/invalid-peering-configurations.html
func (c checker) checkDeclaredOverlap(e entry) {
	a, b := e.Between.names[0], e.Between.names[1]
	if x, y, found := cidr.Overlap(c.declared(a.text), c.declared(b.text)); found {
		c.add(e.Between.at, fmt.Sprintf("block %s of %s overlaps block %s of %s", x, a.text, y, b.text),
			"AWS connects only VPCs whose blocks are apart: correct the blocks, or remove the peering")
	}
}

// checkDeclaredOverlapWithin reports VPCs of the department that AWS would never connect.
func (c checker) checkDeclaredOverlapWithin(e entry, department string) {
	members := c.members[department].items
	for i, later := range members {
		for _, earlier := range members[:i] {
			x, y, found := cidr.Overlap(values(earlier.CIDRs), values(later.CIDRs))
			if found && (later.cell() != earlier.cell() || later.VPC.text != earlier.VPC.text) {
				c.add(e.Between.at, fmt.Sprintf("block %s of %s overlaps block %s of %s, and both VPCs are in %s",
					x, earlier.VPC.text, y, later.VPC.text, department),
					"AWS connects only VPCs whose blocks are apart: give one of the two a department of its own")
				return
			}
		}
	}
}

func (c checker) declared(department string) []netip.Prefix {
	var blocks []netip.Prefix
	for _, m := range c.members[department].items {
		blocks = append(blocks, values(m.CIDRs)...)
	}
	return blocks
}

// checkParties reports departments that the peering doesn't connect. It skips a name that between has as
// well, even an undefined one, because that has been reported.
func (c checker) checkParties(e entry) {
	if !e.Between.isMesh() {
		c.checkParty(e, "requester", e.Requester)
		for _, row := range e.Routes.rows {
			c.checkParty(e, "routes", row.key)
		}
	}
	for _, a := range e.Allow.items {
		c.checkParty(e, "from", a.From)
		c.checkParty(e, "to", a.To)
	}
}

func (c checker) checkParty(e entry, key string, s scalar[name]) {
	if !s.ok || e.Between.known() && e.Between.has(s.text) {
		return
	}
	parties, known := c.parties(e)
	switch {
	case c.defined && !c.isDefined(s.text):
		if !known {
			parties = c.names
		}
		c.checkDefined(key+": ", s, slices.Compact(parties))
	case known && !slices.Contains(parties, s.text):
		fix := "it can be " + suggest.Alternatives(parties)
		if parties[0] == parties[1] {
			fix = "it can only be " + parties[0]
		}
		c.add(s.at, fmt.Sprintf("%s: this peering does not connect department %s", key, s.text), fix)
	}
}

// parties returns the departments of the peering, with the intended name in place of a misspelled one.
func (c checker) parties(e entry) (departments []string, known bool) {
	if !e.Between.known() {
		return nil, false
	}
	for _, s := range e.Between.names {
		department, found := c.intended(s.text)
		if !found {
			return nil, false
		}
		departments = append(departments, department)
	}
	return departments, true
}
