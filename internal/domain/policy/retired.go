package policy

import (
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Retired is a cell that is about to leave the policy. It has no departments. Everything that the installation made for
// its connections is removed, in the cell itself and in their other cells.
type Retired struct {
	peering.Cell
	Line int `json:"line"` // in the file, from 1
}

// IsRetired reports whether the file retires the cell.
func (p *Policy) IsRetired(cell peering.Cell) bool { return p.retirement(cell) != nil }

// Retires reports whether the connection leads to or from a retired cell.
func (p *Policy) Retires(c peering.Connection) bool { return p.retirementOf(c) != nil }

func (p *Policy) retirementOf(c peering.Connection) *Retired {
	if r := p.retirement(c.Requester.Cell()); r != nil {
		return r
	}
	return p.retirement(c.Accepter.Cell())
}

func (p *Policy) retirement(cell peering.Cell) *Retired {
	i := slices.IndexFunc(p.Retired, func(r Retired) bool { return r.Cell == cell })
	if i < 0 {
		return nil
	}
	return &p.Retired[i]
}

// Closes reports whether the routes and rules that the installation made for a living connection are to be removed.
// d is the decision about c, and rules are the cell's ingress rules: the installation's tag on the connection is
// evidence that it connected it, and without that tag one of its rules.
func (p *Policy) Closes(c peering.Connection, d Decision, rules []peering.IngressRule) bool {
	closes := p.Removed == DisconnectRemoved || p.Retires(c)
	return closes && d.IsUnlisted() && c.IsConnectedBy(p.Installation, rules)
}
