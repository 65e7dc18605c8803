package plainpolicy

import (
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Clone returns a copy of the policy that can be edited.
func (p *Policy) Clone() *Policy {
	c := *p
	c.Limits, c.Retired = copyOf(p.Limits), slices.Clone(p.Retired)
	c.Departments, c.Peerings = slices.Clone(p.Departments), slices.Clone(p.Peerings)
	for i := range c.Departments {
		c.Departments[i].Members = slices.Clone(c.Departments[i].Members)
	}
	for i := range c.Peerings {
		c.Peerings[i].Routes, c.Peerings[i].Allow = copyOf(c.Peerings[i].Routes), slices.Clone(c.Peerings[i].Allow)
	}
	return &c
}

// Between returns the entry for two departments, nil if there is none.
func (p *Policy) Between(a, b string) *Peering {
	for i := range p.Peerings {
		if e := &p.Peerings[i]; e.A == a && e.B == b || e.A == b && e.B == a {
			return e
		}
	}
	return nil
}

// RemovePeering removes the entry for two departments.
func (p *Policy) RemovePeering(a, b string) {
	p.Peerings = slices.DeleteFunc(p.Peerings, func(e Peering) bool {
		return e.A == a && e.B == b || e.A == b && e.B == a
	})
}

// RemoveDepartment removes a department and its peerings.
func (p *Policy) RemoveDepartment(name string) {
	p.Departments = slices.DeleteFunc(p.Departments, func(d Department) bool { return d.Name == name })
	p.Peerings = slices.DeleteFunc(p.Peerings, func(e Peering) bool { return e.A == name || e.B == name })
}

// RemoveMembers removes the members for which gone returns true, and the departments that have none any more.
func (p *Policy) RemoveMembers(gone func(department string, m Member) bool) {
	for i := range p.Departments {
		d := &p.Departments[i]
		d.Members = slices.DeleteFunc(d.Members, func(m Member) bool { return gone(d.Name, m) })
	}
	for _, d := range slices.Clone(p.Departments) {
		if len(d.Members) == 0 {
			p.RemoveDepartment(d.Name)
		}
	}
}

// Retire retires a cell that has no members any more.
func (p *Policy) Retire(cell peering.Cell) {
	if !p.IsDeployed(cell) {
		p.Retired = append(p.Retired, cell)
	}
}

func copyOf[V any](m map[string]V) map[string]V {
	c := make(map[string]V, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}
