package policy

import (
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Mode decides whether changes are made or only proposed. The zero value means EnforceMode.
type Mode string

// The modes of a file, and of a peering.
const (
	EnforceMode Mode = "enforce"
	ReportMode  Mode = "report" // nothing is changed
)

// Reports reports whether nothing may be changed for the connection: the file or its peering is in report mode.
// While the blocks of a VPC aren't known, one of the peerings that it may belong to is enough. Of a connection that
// ended long ago, EC2 shows only the id, so any peering in report mode is enough.
func (p *Policy) Reports(c peering.Connection) bool {
	if p.Mode == ReportMode {
		return true
	}
	if c.Requester.ID == "" {
		return slices.ContainsFunc(p.Peerings, Peering.reports)
	}
	requesters, accepters := p.matches(c.Requester), p.matches(c.Accepter)
	return slices.ContainsFunc(p.Peerings, func(entry Peering) bool {
		return entry.reports() && slices.ContainsFunc(requesters, func(r match) bool {
			return slices.ContainsFunc(accepters,
				func(a match) bool { return entry.isBetween(r.department.Name, a.department.Name) })
		})
	})
}

func (p Peering) reports() bool { return p.Mode == ReportMode }

// IsMixed reports whether some peerings are in report mode, and others aren't.
func (p *Policy) IsMixed() bool {
	return p.Mode != ReportMode && slices.ContainsFunc(p.Peerings, Peering.reports)
}

// onlyReports reports whether nothing is left to change in the cell of the part: all its peerings are in report
// mode, and connections that no peering names are left as they are.
func (p *Policy) onlyReports() bool {
	enforces := func(entry Peering) bool { return !entry.reports() }
	return len(p.Peerings) > 0 && !slices.ContainsFunc(p.Peerings, enforces) &&
		p.Removed != DisconnectRemoved && len(p.Retired) == 0
}
