package accept

import (
	"context"
	"sync"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// turns has the requests to one VPC wait for each other, so that each is checked with those before it.
type turns struct {
	mu    sync.Mutex
	taken map[peering.VPCID]chan struct{} // each holds one value while a request has the turn
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
