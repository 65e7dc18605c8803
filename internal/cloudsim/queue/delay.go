package queue

import "time"

// Hurry makes the messages visible at once that wait because they were sent with a delay. Those that were
// received and come back later do so as before.
func (s *Service) Hurry(queueARN string) {
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
	q.notify()
	s.changed.Notify()
}
