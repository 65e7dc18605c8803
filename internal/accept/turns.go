package accept

import (
	"context"
	"sync"
	"time"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// turns has the requests to one VPC wait for each other, so that each is checked with those before it.
type turns struct {
	mu    sync.Mutex
	taken map[peering.VPCID]chan struct{} // each holds one value while somebody has the turn
}

// take waits for the turn of the VPC. It fails when ctx ends.
func (t *turns) take(ctx context.Context, vpc peering.VPCID) (done func(), err error) {
	t.mu.Lock()
	if t.taken == nil {
		t.taken = map[peering.VPCID]chan struct{}{}
	}
	turn := t.taken[vpc]
	if turn == nil {
		turn = make(chan struct{}, 1)
		t.taken[vpc] = turn
	}
	t.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// recent remembers the connections that this process has accepted, while EC2 may still show them as pending.
type recent struct {
	mu       sync.Mutex
	accepted map[peering.ConnectionID]time.Time
}

// lag is how long EC2 may show an old state.
const lag = 10 * time.Minute

func (r *recent) add(c peering.ConnectionID, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.accepted == nil {
		r.accepted = map[peering.ConnectionID]time.Time{}
	}
	for id, at := range r.accepted {
		if now.Sub(at) > lag {
			delete(r.accepted, id)
		}
	}
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
