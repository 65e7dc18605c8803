package sweep

import (
	"slices"
	"sync"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

// obstructed remembers the sides that the last sweep of this process found with an obstacle, with the prefix lists in
// the way. The end of an obstacle may leave no difference to find.
type obstructed struct {
	mu    sync.Mutex
	sides map[half][]peering.PrefixListID
}

type half struct {
	connection peering.ConnectionID
	role       peering.Role
}

// half returns the side of the finding. Unlike the key, it doesn't depend on the reason.
func (f finding) half() half { return half{f.Connection, f.Side} }

// ends remembers whether the side has an obstacle, and reports whether it had one and has none now. A list that was in
// the way and can't be read any more may be still.
func (o *obstructed) ends(of half, side plan.Side, p plan.Plan) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	lists, had := o.sides[of]
	lists = side.Unreadable(lists)
	has := p.IsObstructed() || len(lists) > 0
	if !has {
		delete(o.sides, of)
		return had
	}
	if o.sides == nil {
		o.sides = map[half][]peering.PrefixListID{}
	}
	o.sides[of] = slices.Concat(lists, p.ListsInTheWay())
	return false
}

// remain remembers the obstacles of the sides as not ended: the end couldn't be sent.
func (o *obstructed) remain(freed findings) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, f := range freed {
		o.sides[f.half()] = nil
	}
}

// afterObstacle returns the finding of a side without a difference as a reminder if an obstacle has ended: connect
// then informs the other cell that the side is complete.
func (f finding) afterObstacle() findings {
	if !f.freed {
		return nil
	}
	f.reminder, f.prompt = true, true
	return findings{f}
}

// freed returns the findings of the sides whose obstacle has ended.
func (all findings) freed() findings {
	return all.only(func(f finding) bool { return f.freed && f.reminder })
}
