package ec2

import "time"

// Expire ends the seven days of a pending request, which no demo waits for; with any other connection it does
// nothing.
func (s *Service) Expire(connection string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.settle(now)
	if c := s.connections[connection]; c != nil && c.state == statePending {
		c.become(stateExpired, "Expired", now)
	}
}
