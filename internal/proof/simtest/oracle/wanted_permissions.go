package oracle

import (
	"slices"

	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
)

// WantedPermissions returns the permissions that the policy wants in the security group for the connections of its VPC,
// in any state, and whether or not the policy allows them.
func WantedPermissions(l *ledger.Ledger, g *ledger.SecurityGroup) []ledger.Permission {
	j := judge{Ledger: l}
	var all []ledger.Permission
	for _, id := range l.Requests {
		c := l.Connections[id]
		by := j.read(c)
		for _, role := range c.Roles(g.VPC.Cell) {
			if s := j.side(c, role, by); by.peering != nil && l.VPCs[s.peer()] != nil {
				all = append(all, s.wantedPermissions(g)...)
			}
		}
	}
	return all
}

// wantedPermissions returns the permissions that the policy wants in a security group of the side's own VPC, each once.
func (s side) wantedPermissions(g *ledger.SecurityGroup) []ledger.Permission {
	if g.VPC != s.own() {
		return nil
	}
	own, peer := s.departments()
	var all []ledger.Permission
	for _, a := range s.reading.peering.Allow {
		selected := slices.Contains(a.IDs, g.ID) || len(a.Tags) > 0 && hasAll(s.Tags[g.ID], a.Tags)
		if a.To != own || a.From != peer || !selected {
			continue
		}
		for _, p := range s.permissions(a) {
			if !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	return all
}

// permissions returns one permission for each source and range of ports.
func (s side) permissions(a plainpolicy.Allow) []ledger.Permission {
	var all []ledger.Permission
	for _, p := range s.sources(a) {
		for _, ports := range portsOf(a) {
			p.Protocol, p.From, p.To = a.Protocol, ports[0], ports[1]
			if a.Protocol == "all" {
				p.Protocol = "-1"
			}
			all = append(all, p)
		}
	}
	return all
}

// sources returns permissions with nothing but the sources: blocks of the peer, of a family that has the protocol, and
// security groups of other VPCs, which EC2 lets rules refer to within a Region only.
func (s side) sources(a plainpolicy.Allow) []ledger.Permission {
	var from []ledger.Permission
	blocks := a.Sources
	if len(a.Sources)+len(a.SourceGroups) == 0 {
		blocks = s.peerBlocks()
	}
	for _, b := range blocks {
		hasProtocol := b.Addr().Is4() && a.Protocol != "icmpv6" || b.Addr().Is6() && a.Protocol != "icmp"
		if hasProtocol && isInside(b, s.peerBlocks()) {
			from = append(from, ledger.Permission{Block: b})
		}
	}
	for _, g := range a.SourceGroups {
		if s.own().Region == s.peer().Region && !s.owns(g) {
			from = append(from, ledger.Permission{Group: g})
		}
	}
	return from
}

// owns reports whether the security group is one of the side's own VPC.
func (s side) owns(group string) bool {
	g := s.SecurityGroups[group]
	return g != nil && g.VPC == s.own()
}

func portsOf(a plainpolicy.Allow) [][2]int {
	switch {
	case len(a.Ports) > 0:
		return a.Ports
	case a.Protocol == "tcp" || a.Protocol == "udp":
		return [][2]int{{0, 65535}}
	}
	return [][2]int{{-1, -1}}
}
