package connect

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/autopeer/autopeer/internal/domain/hint"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// obstructed remembers the sides with an obstacle that this process has reported to the other cell, with the prefix
// lists in the way. AWS has no record of these messages.
type obstructed struct {
	mu    sync.Mutex
	sides map[half][]peering.PrefixListID
}

// changes remembers whether the side has an obstacle, and reports whether that has changed. A list that was in the way
// and can't be read any more may be still.
func (o *obstructed) changes(s *side) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	lists, had := o.sides[s.key()]
	lists = s.half.Unreadable(lists)
	has := s.code != "" || len(lists) > 0
	if !has {
		delete(o.sides, s.key())
		return had
	}
	if o.sides == nil {
		o.sides = map[half][]peering.PrefixListID{}
	}
	o.sides[s.key()] = slices.Concat(lists, s.ListsInTheWay())
	return !had
}

// remain remembers the obstacles of the sides as not ended, because the end couldn't be sent to the other cell.
func (o *obstructed) remain(sides []half) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range sides {
		o.sides[s] = nil
	}
}

// inform sends the messages of halfOpen. After an error the next attempt sends the end of an obstacle again.
func (c *Connector) inform(
	ctx context.Context, h hint.Hint, pcx *peering.Connection, sides []side, checkedAt time.Time,
) error {
	messages, freed := c.halfOpen(h, pcx, sides, checkedAt)
	err := c.bus.Send(ctx, messages...)
	if err != nil {
		c.obstructed.remain(freed)
	}
	return err
}

// halfOpen returns the messages to the other side's cell, so that its owner is informed as well. They are about sides
// with an obstacle, and about sides that are complete after such a message, which it also returns as freed.
func (c *Connector) halfOpen(h hint.Hint, pcx *peering.Connection, sides []side, checkedAt time.Time) (
	all []message.Message, freed []half,
) {
	for i := range sides {
		s := &sides[i]
		other := s.half.Role.Other()
		if !slices.Contains(c.policy.Counterparts(c.cell), pcx.VPC(other).Cell()) || s.code == "" && !s.complete {
			continue
		}
		switch news := c.obstructed.changes(s); {
		case s.code != "":
		case !news:
			continue
		default:
			freed = append(freed, s.key())
		}
		m := message.New(message.SideChecked, *pcx, other, checkedAt)
		m.Code, m.Partly, m.Repeated = cmp.Or(s.code, message.Ready), s.half.IsConnected(), h.IsRepeated()
		all = append(all, m)
	}
	return all, freed
}
