package oracle

import (
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
)

// isHeld reports whether a person has put the connection on hold in the cell, which then adds nothing.
func (j judge) isHeld(c *ledger.Connection, cell peering.Cell) bool {
	return j.TagsOn(c, cell)[peering.TagHold] == "true"
}

func (s side) isHeld() bool { return s.judge.isHeld(s.connection, s.own().Cell) }

// anyHeld reports whether one of the sides is in a cell with a hold.
func anyHeld(sides []side) bool { return slices.ContainsFunc(sides, side.isHeld) }
