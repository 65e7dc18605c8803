package queue

import "fmt"

// Replace brings the queue's messages to the function by another mapping from now on, and returns its poller, as
// UpdateEventSourceMapping does. Invocations under way end as they began, and no message is lost. The new poller is
// paused if this one is.
func (p *Poller) Replace(m Mapping, f Function) (*Poller, error) {
	m.setDefaults()
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("map %s: %w", p.queue.arn, err)
	}
	next, err := p.service.addPoller(p.queue.arn.String(), m, f)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", p.queue.arn, err)
	}
	if !p.Paused() {
		next.Resume() // first, so that the queue has a consumer all the time
	}
	p.Retire()
	return next, nil
}

// Retire ends the mapping as DeleteEventSourceMapping does: invocations under way go on, other than after Stop.
func (p *Poller) Retire() {
	p.Pause()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
}

// Paused reports whether the poller doesn't poll.
func (p *Poller) Paused() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pause == nil
}
