// Package plainpolicy holds a policy as people write it and renders it as YAML, without the code that autopeer reads
// policies with.
package plainpolicy

import (
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Policy is a policy file, field by field. The fields have the defaults of the file as their zero values.
type Policy struct {
	Reject      bool           // otherwise: reject
	Disconnect  bool           // removed: disconnect
	Limits      map[string]int // by name: routes, rules, peerings
	Retired     []peering.Cell // have no members
	Departments []Department
	Peerings    []Peering
}

// Department is a name and the VPCs of the department.
type Department struct {
	Name    string
	Members []Member
}

// Member is one VPC by its id, optionally with all its CIDR blocks, or every VPC of the cell whose primary block is
// within a range, with the ranges of their further blocks.
type Member struct {
	peering.Cell
	VPC    string
	Within netip.Prefix
	CIDRs  []netip.Prefix
	Also   []netip.Prefix
}

// Peering is an entry of the policy's peerings: either department may request a connection to the other
// unless Requester names one. If A and B are one department, its VPCs may be connected with one another.
type Peering struct {
	A, B      string
	Report    bool // mode: report
	Requester string
	Manual    bool // approval: manual
	DNS       bool
	Adopt     bool
	Routes    map[string]Routing // by the department whose route tables they are
	Allow     []Allow
}

// Routing selects route tables by at most one of its fields, and all route tables of the VPC by none. To and Except
// narrow the destinations.
type Routing struct {
	Main       bool
	Tables     []string
	Tags       map[string]string
	Subnets    []string
	SubnetTags map[string]string
	To, Except []netip.Prefix
}

// Allow is an entry of a peering's allow: traffic from one department to the security groups of the other, that are
// selected by ids or else by tags. If From and To are one department, the traffic may flow in both directions.
type Allow struct {
	From, To     string
	Sources      []netip.Prefix // all blocks of the from-VPC if there are neither Sources nor SourceGroups
	SourceGroups []string       // of the from-VPC
	IDs          []string
	Tags         map[string]string
	Protocol     string
	Ports        [][2]int // ranges; for ICMP a type and a code, which is -1 for all codes; empty for all
}

// Add adds a VPC to the department of that name, and the department if there is none.
func (p *Policy) Add(name string, m Member) {
	for i := range p.Departments {
		if p.Departments[i].Name == name {
			p.Departments[i].Members = append(p.Departments[i].Members, m)
			return
		}
	}
	p.Departments = append(p.Departments, Department{name, []Member{m}})
}

// Permit adds an entry of allow unless the peering has the same already: the policy file must not repeat one.
func (e *Peering) Permit(a Allow) {
	if !slices.ContainsFunc(e.Allow, func(o Allow) bool { return o.String() == a.String() }) {
		e.Allow = append(e.Allow, a)
	}
}

// IsICMP reports whether the protocol has types and codes in place of ports.
func IsICMP(protocol string) bool { return protocol == "icmp" || protocol == "icmpv6" }

// Cells returns the cells of all members and those that retire, in which autopeer is deployed.
func (p *Policy) Cells() []peering.Cell {
	cells := slices.Clone(p.Retired)
	for _, d := range p.Departments {
		for _, m := range d.Members {
			if !slices.Contains(cells, m.Cell) {
				cells = append(cells, m.Cell)
			}
		}
	}
	return cells
}

// OnlyReports reports whether nothing may be changed in the cell, because all its peerings are in report mode, and
// connections that no peering names are left.
func (p *Policy) OnlyReports(cell peering.Cell) bool {
	if p.Disconnect || len(p.Retired) > 0 {
		return false
	}
	local, found := map[string]bool{}, false
	for _, d := range p.Departments {
		local[d.Name] = slices.ContainsFunc(d.Members, func(m Member) bool { return m.Cell == cell })
	}
	for _, e := range p.Peerings {
		if local[e.A] || local[e.B] {
			found = true
			if !e.Report {
				return false
			}
		}
	}
	return found
}

// IsNamed reports whether the department has only VPCs that are named by their ids.
func (p *Policy) IsNamed(department string) bool {
	for _, d := range p.Departments {
		if d.Name == department {
			return !slices.ContainsFunc(d.Members, func(m Member) bool { return m.Within.IsValid() })
		}
	}
	return false
}

// IsRetired reports whether the cell is about to leave the policy.
func (p *Policy) IsRetired(cell peering.Cell) bool { return slices.Contains(p.Retired, cell) }

// Answers reports whether autopeer answers requests in the cell: it is deployed there, and the cell doesn't retire.
func (p *Policy) Answers(cell peering.Cell) bool { return p.IsDeployed(cell) && !p.IsRetired(cell) }

// IsDeployed reports whether autopeer is deployed in the cell. A nil policy is deployed nowhere.
func (p *Policy) IsDeployed(cell peering.Cell) bool {
	return p != nil && slices.Contains(p.Cells(), cell)
}
