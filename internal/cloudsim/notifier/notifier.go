// Package notifier wakes goroutines that wait for a condition on the state of the embedded cloud.
package notifier

import (
	"context"
	"sync"
)

// Notifier wakes waiting goroutines. Its zero value is ready to use, and it is safe for concurrent use.
type Notifier struct {
	mu      sync.Mutex
	changes uint64
	next    chan struct{} // closed at the next change; nil while no goroutine waits
}

// Notify reports that something changed.
func (n *Notifier) Notify() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.changes++
	if n.next != nil {
		close(n.next)
		n.next = nil
	}
}

// WaitUntil blocks until the condition holds and nothing changed while it was evaluated, and returns nil. It
// returns the context's cause if the context ends first.
func (n *Notifier) WaitUntil(ctx context.Context, condition func() bool) error {
	for {
		before, changed := n.state()
		if condition() {
			if after, _ := n.state(); after == before {
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

func (n *Notifier) state() (changes uint64, changed <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.next == nil {
		n.next = make(chan struct{})
	}
	return n.changes, n.next
}
