package policy

import (
	"maps"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Terms are the settings of a peering for one side.
type Terms struct {
	Routes Routes  // from the side's route tables to the peer; the scope of the tables is always set
	Tags   Tags    // of the connection
	Adopt  bool    // routes to the connection may be removed without evidence that autopeer connected it
	DNS    bool    // resolve the side's public host names to private addresses for the peer
	Allow  []Allow // the traffic that the side's security groups admit from the peer
	Opens  []Allow // the traffic that the peer's security groups admit from the side
}

// Terms returns the terms for the side of department own, whose peer is the other department. In a mesh both are
// one department, and each entry of allow holds in both directions.
func (p *Peering) Terms(own, peer string) Terms {
	t := Terms{Routes: p.Routes[own], Tags: p.Tags, Adopt: p.Adopt, DNS: p.DNS}
	if t.Routes.Tables.Scope == "" {
		t.Routes.Tables.Scope = AllTables
	}
	for _, a := range p.Allow {
		if a.To == own && a.From == peer {
			t.Allow = append(t.Allow, a)
		}
		if a.From == own && a.To == peer {
			t.Opens = append(t.Opens, a)
		}
	}
	return t
}

// ChoosesSubnets reports whether any peering chooses route tables by their subnets, so that subnets have
// to be read.
func (p *Policy) ChoosesSubnets() bool {
	for _, entry := range p.Peerings {
		for _, r := range entry.Routes {
			if r.Tables.Scope == SubnetTables {
				return true
			}
		}
	}
	return false
}

// TagKeys returns the keys of the tags on which decisions rest: those that choose route tables, subnets and
// groups, and the one that approves. They are sorted.
func (p *Policy) TagKeys() []string {
	keys := map[string]bool{}
	note := func(tags map[string]string) {
		for key := range tags {
			keys[key] = true
		}
	}
	for _, entry := range p.Peerings {
		for _, r := range entry.Routes {
			note(r.Tables.Tags)
			if r.Tables.Subnets != nil {
				note(r.Tables.Subnets.Tags)
			}
		}
		for _, a := range entry.Allow {
			note(a.Groups.Tags)
		}
		if entry.Approval == ManualApproval {
			keys[peering.TagApproved] = true
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

// Admits reports whether any peering has rules, so that network ACLs may deny traffic that the policy allows.
func (p *Policy) Admits() bool {
	return slices.ContainsFunc(p.Peerings, func(entry Peering) bool { return len(entry.Allow) > 0 })
}
