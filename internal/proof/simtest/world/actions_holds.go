package world

import (
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
)

// ActOnHolds lets a person put a connection on hold in one of its cells, or end a hold, in that many of a hundred
// cases. It is drawn by a name, so that the other draws of the seed stay the same.
func (w *World) ActOnHolds(percent int) {
	d := w.named.Next("act on holds")
	if !d.Chance(percent) {
		return
	}
	usual := w.Source
	w.Source = d
	defer func() { w.Source = usual }()
	found := w.connections(ledger.Pending)
	if len(found) == 0 || w.Chance(50) {
		found = w.connections(ledger.Pending, ledger.Provisioning, ledger.Active)
	}
	if len(found) == 0 {
		return
	}
	c := random.Pick(w.Source, found...)
	cell := random.Pick(w.Source, c.Requester.Cell, c.Accepter.Cell)
	w.remember(c)
	held := look(w, func(l *ledger.Ledger) []string { return []string{l.TagsOn(c, cell)[peering.TagHold]} })[0] == "true"
	if held && w.Chance(80) {
		w.act(cell, "DeleteTags", "ResourceId.1", c.ID, "Tag.1.Key", peering.TagHold)
		return
	}
	w.act(cell, "CreateTags", tagged(c.ID, peering.TagHold, random.Pick(w.Source, "true", "true", "true", "false"))...)
}
