// Package pulse tells those who wait that something in the embedded cloud has changed.
package pulse

import (
	"context"
	"sync"
)

// Pulse is ready to use as its zero value.
type Pulse struct {
	mu    sync.Mutex
	beats uint64
	next  chan struct{} // closed at the next beat; nil while nobody waits
}

// Beat says that something changed.
func (p *Pulse) Beat() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.beats++
	if p.next != nil {
		close(p.next)
		p.next = nil
	}
}

// Until returns nil as soon as the condition holds, and held for all of its parts at one time: no beat came
// while it was evaluated. Otherwise it returns the context's error.
func (p *Pulse) Until(ctx context.Context, condition func() bool) error {
	for {
		before, changed := p.look()
		if condition() {
			if after, _ := p.look(); after == before {
				return nil
			}
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (p *Pulse) look() (beats uint64, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next == nil {
		p.next = make(chan struct{})
	}
	return p.beats, p.next
}
