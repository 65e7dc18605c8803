package simtest

import (
	"net/netip"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// plainPolicy is a policy as people write it.
type plainPolicy struct {
	reject      bool // otherwise
	disconnect  bool // removed
	limits      map[string]int
	departments []department
	peerings    []entry
}

type department struct {
	name    string
	members []member
}

// member names a VPC by its id, or a range.
type member struct {
	peering.Cell
	vpc    string
	within netip.Prefix
	cidrs  []netip.Prefix
}

type entry struct {
	a, b      string
	requester string
	manual    bool
	dns       bool
	routes    map[string]routing
	allow     []allow
}

// routing chooses tables in one way at most; all tables if in none.
type routing struct {
	main        bool
	tables      []string
	tags        map[string]string
	subnets     []string
	subnetTags  map[string]string
	to, excepts []netip.Prefix
}

type allow struct {
	from, to string
	sources  []netip.Prefix
	groups   []string // of the from-VPC
	ids      []string
	tags     map[string]string
	protocol string
	ports    [][2]int // or types and codes
}

// add adds a VPC to the department of that name, which it adds if there is none.
func (p *plainPolicy) add(name string, m member) {
	for i := range p.departments {
		if p.departments[i].name == name {
			p.departments[i].members = append(p.departments[i].members, m)
			return
		}
	}
	p.departments = append(p.departments, department{name, []member{m}})
}

// permit leaves out what an earlier entry says already, which the file can't repeat.
func (e *entry) permit(a allow) {
	if !slices.ContainsFunc(e.allow, func(o allow) bool { return o.String() == a.String() }) {
		e.allow = append(e.allow, a)
	}
}

func isICMP(protocol string) bool { return protocol == "icmp" || protocol == "icmpv6" }

// cells returns where the policy deploys autopeer.
func (p *plainPolicy) cells() []peering.Cell {
	var cells []peering.Cell
	for _, d := range p.departments {
		for _, m := range d.members {
			if !slices.Contains(cells, m.Cell) {
				cells = append(cells, m.Cell)
			}
		}
	}
	return cells
}

func (p *plainPolicy) isDeployed(cell peering.Cell) bool {
	return p != nil && slices.Contains(p.cells(), cell)
}
