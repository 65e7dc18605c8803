package accept

import (
	"maps"
	"net/netip"
	"sync"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

// recent remembers the decisions of this process in the last minutes: the connections that it accepted, which EC2
// may still show as pending, and the requests for which it found the requester's side free. Processes don't share
// this memory, so each process may accept one connection too many.
type recent struct {
	mu       sync.Mutex
	accepted map[peering.ConnectionID]time.Time
	promised map[peering.ConnectionID]promise
}

type promise struct {
	first, last time.Time
	blocks      []netip.Prefix // of the accepter
}

// lag is the time for which EC2 may show an old state, and for which an answer counts.
const lag = 10 * time.Minute

func (r *recent) accept(c peering.ConnectionID, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.accepted == nil {
		r.accepted = map[peering.ConnectionID]time.Time{}
	}
	maps.DeleteFunc(r.accepted, func(_ peering.ConnectionID, at time.Time) bool { return now.Sub(at) > lag })
	r.accepted[c] = now
}

// corrected returns the connections with the state that the accepted ones must have by now.
func (r *recent) corrected(connections []peering.Connection, now time.Time) []peering.Connection {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, c := range connections {
		at, known := r.accepted[c.ID]
		if known && now.Sub(at) <= lag && c.State == peering.PendingAcceptance {
			connections[i].State, connections[i].Expires = peering.Provisioning, time.Time{}
		}
	}
	return connections
}

// promise remembers that the requester's side is free for the request. Once the side isn't free any more, the
// promise still counts as long as the accepter's cell may rely on the answer.
func (r *recent) promise(c peering.Connection, free bool, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.promised == nil {
		r.promised = map[peering.ConnectionID]promise{}
	}
	maps.DeleteFunc(r.promised, func(_ peering.ConnectionID, p promise) bool { return now.Sub(p.last) > forgotten })
	before, again := r.promised[c.ID]
	switch {
	case !free && (!again || now.Sub(before.last) > lag):
		delete(r.promised, c.ID)
	case !free:
	case again:
		r.promised[c.ID] = promise{before.first, now, c.Accepter.Blocks}
	default:
		r.promised[c.ID] = promise{now, now, c.Accepter.Blocks}
	}
}

// forgotten is the time without a promise after which the next one counts as the first. Sweeps repeat promises in
// shorter intervals.
const forgotten = 2 * time.Hour

// promises returns the promises of the last minutes. It leaves out a request that stays pending longer after its
// first promise: that request waits for another reason, and must not delay others.
func (r *recent) promises(now time.Time) plan.Promises {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := plan.Promises{}
	for id, p := range r.promised {
		if now.Sub(p.first) <= lag {
			all[id] = p.blocks
		}
	}
	return all
}
