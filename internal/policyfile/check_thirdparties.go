package policyfile

import "fmt"

// checkThirdParties reports entries that have no effect, because a third party doesn't run autopeer.
func (c checker) checkThirdParties(d *document) {
	first := map[string]entry{} // by third party
	for _, e := range d.Peerings.items {
		third := e.thirdParty()
		if third == "" {
			continue
		}
		c.checkUnmanaged(e, third)
		if _, found := first[third]; !found {
			first[third] = e
		}
	}
	for _, e := range d.Peerings.items {
		c.checkManaged(e, first)
	}
}

// thirdParty returns the department whose side autopeer doesn't manage. It is empty if there is none, or if
// it can't be determined because of mistakes in the entry.
func (e entry) thirdParty() string {
	if key := e.Between.key(); key[0] == key[1] || !e.Between.has(e.Requester.text) {
		return ""
	}
	p := e.policy()
	return p.ThirdParty()
}

// checkUnmanaged reports routes and rules that the entry asks for on the third party's side.
func (c checker) checkUnmanaged(e entry, third string) {
	for _, row := range e.Routes.rows {
		if row.key.text == third {
			c.add(row.key.at, fmt.Sprintf("routes: %s is the third party, and autopeer leaves its side alone", third),
				"leave them out: the third party makes its own routes")
		}
	}
	for _, a := range e.Allow.items {
		if a.To.text == third {
			c.add(a.To.at, fmt.Sprintf("to: %s is the third party, and autopeer leaves its side alone", third),
				"leave the entry out: the third party makes its own rules")
		}
	}
}

// checkManaged reports departments of the entry that are the third party of another entry and not of this one.
func (c checker) checkManaged(e entry, first map[string]entry) {
	third := e.thirdParty()
	if e.refused || e.Manage.given() && third == "" {
		return // the third party of this entry can't be determined, which has been reported
	}
	if other, found := first[e.Between.names[0].text]; found && e.Between.isMesh() {
		c.add(e.Between.at, fmt.Sprintf("%s is the third party of the peering in line %d",
			e.Between.names[0].text, other.at.line),
			"remove this peering: autopeer isn't deployed in its accounts, so it doesn't connect two of its VPCs")
		return
	}
	for _, s := range e.Between.names {
		if other, found := first[s.text]; found && s.text != third {
			c.add(s.at, fmt.Sprintf("%s is the third party of the peering in line %d and not of this one",
				s.text, other.at.line),
				"autopeer is deployed in its accounts or it isn't: make it the third party of both peerings or of neither")
		}
	}
}
