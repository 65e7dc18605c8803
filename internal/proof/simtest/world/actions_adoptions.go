package world

import (
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
)

// ActOnAdoptions lets the people of a cell make a connection by hand or consent to the changes of one that they have
// made, in that many of a hundred cases. It is drawn by a name, so that the other draws of the seed stay the same.
func (w *World) ActOnAdoptions(percent int) {
	d := w.named.Next("act on adoptions")
	if !d.Chance(percent) {
		return
	}
	usual := w.Source
	w.Source = d
	defer func() { w.Source = usual }()
	found := w.connections(ledger.Pending, ledger.Active)
	if len(found) == 0 {
		return
	}
	c := random.Pick(w.Source, found...)
	w.remember(c)
	if w.Chance(50) {
		w.adopt(c)
		return
	}
	w.connectByHand(c)
}

// adopt tags the connection in one of its cells, mostly as consent.
func (w *World) adopt(c *ledger.Connection) {
	cell := random.Pick(w.Source, c.Requester.Cell, c.Accepter.Cell)
	w.act(cell, "CreateTags", tagged(c.ID, peering.TagAdopt, random.Pick(w.Source, "true", "true", "true", "false"))...)
}

// connectByHand accepts the connection and routes a part of the other VPC's blocks to it, mostly in both cells, and
// takes the evidence of autopeer away, if there is any.
func (w *World) connectByHand(c *ledger.Connection) {
	w.act(c.Accepter.Cell, "AcceptVpcPeeringConnection", "VpcPeeringConnectionId", c.ID)
	for _, s := range w.sites {
		peer, isSide := c.Accepter, c.Requester == s.VPCKey
		if c.Accepter == s.VPCKey {
			peer, isSide = c.Requester, true
		}
		if !isSide || w.Chance(20) {
			continue
		}
		w.act(s.Cell, "DeleteTags", "ResourceId.1", c.ID, "Tag.1.Key", peering.TagManaged)
		for _, o := range w.sites {
			if o.VPCKey == peer {
				w.routePart(s, o, c)
			}
		}
	}
}

// routePart routes a part of the other site's first block to the connection.
func (w *World) routePart(s, other *site, c *ledger.Connection) {
	t := random.Pick(w.Source, w.tablesOf(s)...)
	part := partOf(other.primary, byte(w.IntN(3)))
	w.act(s.Cell, "CreateRoute", "RouteTableId", t.ID, "DestinationCidrBlock", part.String(),
		"VpcPeeringConnectionId", c.ID)
}

// consent lets some peerings of the policy consent to adoption. It is drawn by a name, so that the other draws of the
// seed stay the same.
func (w *World) consent(p *plainpolicy.Policy) {
	d := w.named.Next("consent to adoption")
	for i := range p.Peerings {
		p.Peerings[i].Adopt = d.Chance(30)
	}
}
