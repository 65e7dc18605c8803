package ec2

import "time"

// Expire lets the seven days of a pending request be over; of any other connection it does nothing. Nobody waits
// for them in a demo.
func (s *Service) Expire(connection string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.settle(now)
	if c := s.connections[connection]; c != nil && c.state == statePending {
		c.become(stateExpired, "Expired", now)
	}
}
