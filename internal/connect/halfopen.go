package connect

import (
	"slices"
	"time"

	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// halfOpen returns the messages to the other half's cell about the sides that an obstacle keeps from being connected, so that its
// owner learns of it as well.
func (c *Connector) halfOpen(h hint.Hint, pcx *peering.Connection, sides []side, checkedAt time.Time) []message.Message {
	var all []message.Message
	for _, s := range sides {
		other := s.half.Role.Other()
		if s.code == "" || !slices.Contains(c.policy.Counterparts(c.cell), pcx.VPC(other).Cell()) {
			continue
		}
		m := message.New(message.SideChecked, *pcx, other, checkedAt)
		m.Code, m.Partly, m.Repeated = s.code, s.half.IsConnected(), h.IsRepeated()
		all = append(all, m)
	}
	return all
}
