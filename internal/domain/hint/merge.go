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
}

// Key returns the key of the hint. An Ignored hint asks for no work; its key is of no use.
func (h Hint) Key() Key { return Key{h.Kind, h.Connection} }

// Merge returns one hint for two of the same key: the more complete of the two, with the drift of both. CloudTrail's
// record and autopeer's own announcement of one acceptance usually arrive as a pair.
func Merge(a, b Hint) Hint {
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
