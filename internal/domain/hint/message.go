package hint

import (
	"encoding/json"
	"fmt"

	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// messages maps the messages of other cells to the kinds of their hints.
var messages = map[message.Type]Kind{
	message.SideChecked: Checked,
	message.CheckSide:   Asked,
	message.Accepted:    Accepted,
}

// message parses a message of another cell. The cell may be newer or older: one whose type or version is unknown is ignored, and
// sweeps make up for it.
func (e event) message() (Hint, error) {
	var m message.Message
	if err := json.Unmarshal(e.Detail, &m); err != nil {
		return Hint{}, fmt.Errorf("read message of another cell: %w", err)
	}
	m.Type = message.Type(e.DetailType)
	kind, known := messages[m.Type]
	switch {
	case !known:
		return ignored("%s is no message of a cell", m.Type), nil
	case m.Version != message.Version:
		return ignored("%s has version %d; %d is understood", m.Type, m.Version, message.Version), nil
	}
	if err := m.Validate(); err != nil {
		return Hint{}, fmt.Errorf("%s: %w", m.Type, err)
	}
	h := Hint{
		Kind: kind, EventID: m.ID, Connection: m.Connection, Requester: m.Requester.VPC(), Accepter: m.Accepter.VPC(),
		Origin: peering.Cell{Account: e.Account, Region: e.Region}, At: e.Time, RequestedAt: m.RequestedAt,
	}
	if kind != Accepted { // an acceptance is a hint like CloudTrail's record of it
		h.Message = &m
	}
	if !h.NamesVPCs() {
		return Hint{}, fmt.Errorf("%s names no VPCs", m.Type)
	}
	return h, validated(h)
}
