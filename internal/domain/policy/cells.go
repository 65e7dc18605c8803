package policy

import (
	"cmp"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// ForCell returns the part of p that the installation needs in the cell to decide its connections as p does. The part
// has the peerings of the departments that have a member in it, and the departments that influence these. A part whose
// peerings are all in report mode is in report mode as a whole if there is nothing else to change. The part of a
// retired cell allows nothing, and it neither accepts nor rejects. Every part has all retired cells, because no peering
// names their counterparts any more. Every part has the names and members of all departments, so that the reasons of
// its denials are those of p. It shares memory with p.
func (p *Policy) ForCell(cell peering.Cell, by peering.Installation) *Policy {
	part := &Policy{
		File: p.File, Installation: by, Mode: p.Mode, Otherwise: p.Otherwise, Removed: p.Removed, Limits: p.Limits,
		Retired: p.Retired,
	}
	if p.IsRetired(cell) {
		part.Otherwise, part.Removed, part.Others = LeaveOthers, DisconnectRemoved, p.others(nil)
		return part
	}
	local := p.departmentsIn(cell)
	named := map[string]bool{}
	for _, entry := range p.Peerings {
		if a, b := entry.Between[0], entry.Between[1]; local[a] || local[b] {
			part.Peerings = append(part.Peerings, entry)
			named[a], named[b] = true, true
		}
	}
	if part.onlyReports() {
		part.Mode = ReportMode
	}
	ranged := p.rangedCells(named)
	for _, d := range p.Departments {
		if named[d.Name] || local[d.Name] || d.namesVPCIn(ranged) {
			part.Departments = append(part.Departments, d)
		}
	}
	part.Others, part.RejectingCells = p.others(part.Departments), p.Unpeered(cell)
	return part
}

// others returns the names and members of the departments that aren't among these.
func (p *Policy) others(departments []Department) []Department {
	isKept := map[string]bool{}
	for _, d := range departments {
		isKept[d.Name] = true
	}
	var others []Department
	for _, d := range p.Departments {
		if isKept[d.Name] {
			continue
		}
		other := Department{Name: d.Name}
		for _, m := range d.Members {
			other.Members = append(other.Members, Member{Cell: m.Cell, VPC: m.VPC, Within: m.Within})
		}
		others = append(others, other)
	}
	return others
}

// departmentsIn returns the names of the departments that have a member in the cell.
func (p *Policy) departmentsIn(cell peering.Cell) map[string]bool {
	names := map[string]bool{}
	for _, d := range p.Departments {
		for _, m := range d.Members {
			if m.Cell == cell {
				names[d.Name] = true
			}
		}
	}
	return names
}

// rangedCells returns the cells in which a named department has a range. A department that names a VPC
// of such a cell by id takes it out of the range, so ForCell must keep that department too.
func (p *Policy) rangedCells(named map[string]bool) map[peering.Cell]bool {
	cells := map[peering.Cell]bool{}
	for _, d := range p.Departments {
		for _, m := range d.Members {
			if named[d.Name] && m.Within.IsValid() {
				cells[m.Cell] = true
			}
		}
	}
	return cells
}

func (d *Department) namesVPCIn(cells map[peering.Cell]bool) bool {
	for _, m := range d.Members {
		if m.VPC != "" && cells[m.Cell] {
			return true
		}
	}
	return false
}

// Cells returns the cells of all departments, but for those of third parties, and the retired cells, sorted.
func (p *Policy) Cells() []peering.Cell {
	third := p.thirdParties()
	var cells []peering.Cell
	for _, d := range p.Departments {
		if !third[d.Name] {
			cells = append(cells, d.cells()...)
		}
	}
	for _, r := range p.Retired {
		cells = append(cells, r.Cell)
	}
	return sortCells(cells)
}

// Names reports whether the whole file retires the cell, or has a department with a member in it.
func (p *Policy) Names(cell peering.Cell) bool {
	isThere := func(d Department) bool { return slices.Contains(d.cells(), cell) }
	return p.IsRetired(cell) || slices.ContainsFunc(p.Departments, isThere) || slices.ContainsFunc(p.Others, isThere)
}

// ThirdParty returns the department whose side of the connection autopeer doesn't manage, "" if it manages both.
func (p *Peering) ThirdParty() string {
	switch {
	case p.Manage == "":
		return ""
	case p.Manage == peering.Accepter:
		return p.Requester
	case p.Requester == p.Between[0]:
		return p.Between[1]
	}
	return p.Between[0]
}

// thirdParties are departments with accounts in which autopeer is not deployed.
func (p *Policy) thirdParties() map[string]bool {
	names := map[string]bool{}
	for i := range p.Peerings {
		names[p.Peerings[i].ThirdParty()] = true // "" is no department's name
	}
	return names
}

// Concerns reports whether the VPC is, or without its blocks may be, that of a department which is no third party. In a
// retired cell none is.
func (p *Policy) Concerns(v peering.VPC) bool {
	third := p.thirdParties()
	return slices.ContainsFunc(p.matches(v), func(m match) bool { return !third[m.department.Name] })
}

// HasThirdParties reports whether any peering leaves a side to a third party.
func (p *Policy) HasThirdParties() bool {
	return slices.ContainsFunc(p.Peerings, func(entry Peering) bool { return entry.Manage != "" })
}

// IsThirdParty reports whether the VPC is a third party's, whose routes autopeer leaves alone.
func (p *Policy) IsThirdParty(v peering.VPC) bool { return len(p.matches(v)) > 0 && !p.Concerns(v) }

// Counterparts returns the cells that a connection of the given one may lead to, sorted and without the cell
// itself. Each is a counterpart of the other: third parties count on neither side, even one whose VPC is in the
// cell.
func (p *Policy) Counterparts(cell peering.Cell) []peering.Cell {
	local, third := p.departmentsIn(cell), p.thirdParties()
	peers := map[string]bool{}
	for _, entry := range p.Peerings {
		for i, name := range entry.Between {
			if local[name] && !third[name] {
				peers[entry.Between[1-i]] = true
			}
		}
	}
	var cells []peering.Cell
	for _, d := range p.Departments {
		if peers[d.Name] && !third[d.Name] {
			cells = append(cells, d.cells()...)
		}
	}
	return slices.DeleteFunc(sortCells(cells), func(c peering.Cell) bool { return c == cell })
}

// maxRejecting is the number of cells of a policy up to which each one informs all others of requests to reject.
// Each of the others needs a rule on the cell's own bus, and EventBridge allows 100 rules in the smallest Regions.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
const maxRejecting = 90

// Unpeered returns the cells, sorted, that share no peering with the cell, and that have to learn of its requests to
// reject them. The relation is symmetric. It returns nil if the policy leaves such requests pending, if it doesn't
// have the cell, or if it has more than maxRejecting cells: then only sweeps find these requests. Retired cells, which
// answer no requests, and cells of other partitions are not among them.
func (p *Policy) Unpeered(cell peering.Cell) []peering.Cell {
	if p.Otherwise != RejectOthers {
		return nil
	}
	cells := slices.DeleteFunc(p.Cells(), p.IsRetired)
	if len(cells) > maxRejecting || !slices.Contains(cells, cell) {
		return nil
	}
	var unpeered []peering.Cell
	counterparts := p.Counterparts(cell)
	partition, _ := peering.PartitionOf(cell.Region)
	for _, c := range cells {
		if other, _ := peering.PartitionOf(c.Region); c != cell && other.Name == partition.Name &&
			!slices.Contains(counterparts, c) {
			unpeered = append(unpeered, c)
		}
	}
	return unpeered
}

func (d *Department) cells() []peering.Cell {
	var cells []peering.Cell
	for _, m := range d.Members {
		cells = append(cells, m.Cell)
	}
	return cells
}

func sortCells(cells []peering.Cell) []peering.Cell {
	slices.SortFunc(cells, func(a, b peering.Cell) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region))
	})
	return slices.Compact(cells)
}
