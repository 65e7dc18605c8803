package hint

import (
	"cmp"
	"slices"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Key identifies the work that a hint asks for. Hints with the same key are handled together.
type Key struct {
	kind       Kind
	connection peering.ConnectionID
	sender     peering.Cell // of a message: a forged message must not replace an honest one
}

// Key returns the key of the hint. An Ignored hint asks for no work; its key is of no use.
func (h Hint) Key() Key {
	key := Key{kind: h.Kind, connection: h.Connection}
	if h.Message != nil {
		key.sender = h.Origin
	}
	return key
}

// Merge returns one hint for two of the same key: the more complete of the two, with the drift of both. Of two
// messages it keeps the one about the later check. CloudTrail's record and autopeer's own announcement of one
// acceptance usually arrive as a pair. The hint of two sweeps has the reasons of both.
func Merge(a, b Hint) Hint {
	if a.Message != nil { // and so has b, of the same kind
		return laterCheck(a, b)
	}
	merged := moreComplete(a, b)
	merged.Drift, merged.Closes, merged.Quiet = a.Drift || b.Drift, a.Closes || b.Closes, a.Quiet && b.Quiet
	merged.Repeated = a.Repeated && b.Repeated
	merged.EditedBy = slices.Compact(slices.Sorted(slices.Values(slices.Concat(a.EditedBy, b.EditedBy))))
	merged.EditedAt, merged.FreedAt = later(a.EditedAt, b.EditedAt), later(a.FreedAt, b.FreedAt)
	merged.Untagged, merged.Sweep = union(a.Untagged, b.Untagged), a.Sweep.with(b.Sweep)
	merged.Approved = slices.Compact(slices.Sorted(slices.Values(slices.Concat(a.Approved, b.Approved))))
	merged.Side = mergedSide(a, b)
	return merged
}

// mergedSide returns the side that both hints concern, empty for both sides. If only one hint reports drift, its
// side counts alone, because the other side must not be announced as repaired. Without drift, the same holds for the
// removal of forbidden routes or rules and for the end of an obstacle, which have ids of their own.
func mergedSide(a, b Hint) peering.Role {
	switch {
	case a.outweighs(b):
		return a.Side
	case b.outweighs(a):
		return b.Side
	case a.Side != "" && b.Side != "" && a.Side != b.Side:
		return ""
	}
	return cmp.Or(a.Side, b.Side)
}

// outweighs reports whether the side of h counts alone beside o.
func (h Hint) outweighs(o Hint) bool {
	return !o.Drift && (h.Drift || h.ends() && !o.ends())
}

// ends reports whether forbidden routes or rules are removed, or an obstacle has ended.
func (h Hint) ends() bool { return h.Closes || !h.FreedAt.IsZero() }

func moreComplete(a, b Hint) Hint {
	if !a.NamesVPCs() && b.NamesVPCs() || a.RequestedAt.IsZero() && !b.RequestedAt.IsZero() {
		return b
	}
	return a
}

// laterCheck returns the message about the later check. It is quiet, or repeated, only if both are.
func laterCheck(a, b Hint) Hint {
	merged := a
	if b.Message.CheckedAt.After(a.Message.CheckedAt) {
		merged = b
	}
	m := *merged.Message
	m.Quiet, m.Repeated = a.Message.Quiet && b.Message.Quiet, a.Message.Repeated && b.Message.Repeated
	merged.Message = &m
	return merged
}
