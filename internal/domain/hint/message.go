package hint

import (
	"encoding/json"
	"errors"
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

// message parses a message of another cell. The cell may have another version, or the message may be forged: a
// message that can't be parsed is ignored, because sweeps find the same work.
func (e event) message() Hint {
	h, err := e.read()
	if err != nil {
		return ignored("%s of another cell: %s", e.DetailType, err)
	}
	return h
}

func (e event) read() (Hint, error) {
	var m message.Message
	if err := json.Unmarshal(e.Detail, &m); err != nil {
		return Hint{}, err
	}
	m.Type = message.Type(e.DetailType)
	kind, known := messages[m.Type]
	switch {
	case !known:
		return Hint{}, errors.New("unknown type")
	case m.Version != message.Version:
		return Hint{}, fmt.Errorf("version %d; %d is understood", m.Version, message.Version)
	}
	if err := m.Validate(); err != nil {
		return Hint{}, err
	}
	h := Hint{
		Kind: kind, EventID: m.ID, Connection: m.Connection, Requester: m.Requester.VPC(), Accepter: m.Accepter.VPC(),
		Origin: peering.Cell{Account: e.Account, Region: e.Region}, At: e.Time, RequestedAt: m.RequestedAt,
	}
	if kind != Accepted { // an acceptance is a hint like CloudTrail's record of it
		h.Message = &m
	}
	if !h.NamesVPCs() {
		return Hint{}, errors.New("no VPCs")
	}
	return h, validated(h)
}
