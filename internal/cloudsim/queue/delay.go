package queue

import "time"

// EndDelays makes the messages visible at once that were sent with a delay, and ends the open batching windows of the
// queue's mappings. It leaves the visibility timeouts of received messages alone.
func (s *Service) EndDelays(queueARN string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, _ := parseARN(queueARN)
	q := s.queues[name]
	if q == nil {
		return
	}
	now := time.Now()
	for _, m := range q.messages {
		if m.delayed(now) {
			m.visibleAt = now
		}
	}
	s.endWindows(q)
	q.notify()
	s.changed.Notify()
}

// EndWindows ends the open batching windows of the queue's mappings.
func (s *Service) EndWindows(queueARN string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, _ := parseARN(queueARN)
	s.endWindows(s.queues[name])
}

// endWindows ends the open windows of the queue's mappings. Callers hold the lock.
func (s *Service) endWindows(q *queue) {
	for _, p := range s.pollers {
		if p.queue == q && p.endWindow != nil {
			p.endWindow()
		}
	}
}
