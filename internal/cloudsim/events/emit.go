package events

import (
	"encoding/json"
	"fmt"
	"time"
)

// ServiceEvent is an event that an AWS service sends to EventBridge by itself, without a trail.
type ServiceEvent struct {
	Account, Region    string
	Source, DetailType string
	Resources          []string
	Detail             any // marshaled to JSON
}

// Emit puts the event on the default bus of its account and Region. It returns before the event is there.
func (s *Service) Emit(e ServiceEvent) error {
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		return fmt.Errorf("emit %s: %w", e.DetailType, err)
	}
	origin := cell{e.Account, e.Region}
	event := newEvent(origin, time.Now(), e.Source, e.DetailType, detail)
	event.Resources = append(event.Resources, e.Resources...)
	name := busName{origin, defaultBus}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.schedule(Delivery{Stage: FromService, Target: name.arn(), Event: event}, func() {
		s.publish(s.bus(name), arrival{event: event})
	})
	return nil
}
