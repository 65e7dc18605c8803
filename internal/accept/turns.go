package accept

import (
	"context"
	"slices"
	"sync"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// turns has the requests of and to one VPC wait for each other, so that each is checked with those before it.
type turns struct {
	mu    sync.Mutex
	taken map[peering.VPCID]chan struct{} // each holds one value while a request has the turn
}

// take waits for the turns of the VPCs. It takes them in one order, so that no two requests wait for each other. It
// fails when ctx ends.
func (t *turns) take(ctx context.Context, vpcs ...peering.VPCID) (done func(), err error) {
	var taken []chan struct{}
	done = func() {
		for _, turn := range taken {
			<-turn
		}
	}
	for _, vpc := range slices.Sorted(slices.Values(vpcs)) {
		turn := t.of(vpc)
		select {
		case turn <- struct{}{}:
			taken = append(taken, turn)
		case <-ctx.Done():
			done()
			return nil, ctx.Err()
		}
	}
	return done, nil
}

func (t *turns) of(vpc peering.VPCID) chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.taken == nil {
		t.taken = map[peering.VPCID]chan struct{}{}
	}
	if t.taken[vpc] == nil {
		t.taken[vpc] = make(chan struct{}, 1)
	}
	return t.taken[vpc]
}
