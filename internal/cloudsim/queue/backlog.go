package queue

import "time"

// overlooked is the number of receives from which on a message doesn't count for the age of the oldest one.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
const overlooked = 3

// Backlog returns the values that CloudWatch shows of a queue: its visible messages, and the age of its oldest message.
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
		if m.receives < overlooked {
			oldest = max(oldest, now.Sub(m.sent))
		}
	}
	visible, _, _ = q.count(now)
	return visible, oldest
}
