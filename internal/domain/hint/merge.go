package hint

import (
	"cmp"
	"maps"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Key identifies the work that a hint asks for. Hints with the same key are answered by one piece of work.
type Key struct {
	kind       Kind
	connection peering.ConnectionID
	sender     peering.Cell // of a message: one that is forged must not take the place of an honest one
}

// Key returns the key of the hint. An Ignored hint asks for no work; its key is of no use.
func (h Hint) Key() Key {
	key := Key{kind: h.Kind, connection: h.Connection}
	if h.Message != nil {
		key.sender = h.Origin
	}
	return key
}

// Merge returns one hint for two of the same key: the more complete of the two, with the drift of both, and of two messages the
// one about the later check. CloudTrail's
// record and autopeer's own announcement of one acceptance usually arrive as a pair.
func Merge(a, b Hint) Hint {
	if a.Message != nil && b.Message != nil {
		if b.Message.CheckedAt.After(a.Message.CheckedAt) {
			return b
		}
		return a
	}
	merged := a
	if !a.NamesVPCs() && b.NamesVPCs() || a.RequestedAt.IsZero() && !b.RequestedAt.IsZero() {
		merged = b
	}
	merged.Drift, merged.Closes = a.Drift || b.Drift, a.Closes || b.Closes
	merged.Suspects = slices.Concat(a.Suspects, b.Suspects)
	if merged.Untagged = maps.Clone(a.Untagged); merged.Untagged == nil {
		merged.Untagged = b.Untagged
	} else {
		maps.Copy(merged.Untagged, b.Untagged)
	}
	merged.Side = cmp.Or(a.Side, b.Side)
	if a.Side != "" && b.Side != "" && a.Side != b.Side {
		merged.Side = ""
	}
	return merged
}
