package queue

import "time"

// Backlog is what CloudWatch shows of a queue: its visible messages and the age of the oldest of all.
func (s *Service) Backlog(queueARN string) (visible int, oldest time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, _ := parseARN(queueARN)
	q := s.queues[name]
	if q == nil {
		return 0, 0
	}
	now := time.Now()
	q.expire(now)
	for _, m := range q.messages {
		oldest = max(oldest, now.Sub(m.sent))
	}
	visible, _, _ = q.count(now)
	return visible, oldest
}
