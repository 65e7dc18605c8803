package events

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// rhythm is that of one rule with a schedule. A rule that is put, disabled or deleted loses it, with its next run.
type rhythm struct{ every time.Duration }

// validRate takes up to five digits, so that no rate is too long for a time.Duration.
var validRate = regexp.MustCompile(`^rate\(([1-9][0-9]{0,4}) (minute|hour|day)(s?)\)$`)

var rateUnits = map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}

// parseRate wants the singular for 1 and the plural for everything else:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
func parseRate(expression string) (time.Duration, error) {
	if strings.HasPrefix(expression, "cron(") {
		return 0, invalid("The embedded cloud has rate expressions only, and no cron.")
	}
	parts := validRate.FindStringSubmatch(expression)
	if parts == nil || (parts[1] == "1") != (parts[3] == "") {
		return 0, invalid("Parameter ScheduleExpression is not valid.")
	}
	n, err := strconv.Atoi(parts[1])
	return time.Duration(n) * rateUnits[parts[2]], err
}

// setState starts a rule's schedule, or ends it. It is for rules whose state changes, as the rhythm begins anew.
// Callers hold the lock.
func (s *Service) setState(r *rule, state string) {
	r.state, r.rhythm = state, nil
	if r.every == 0 || state == disabled {
		return
	}
	r.rhythm = &rhythm{r.every}
	s.await(r, r.rhythm)
}

// await lets a rule fire once its time has come. Until then nothing is under way: Settled doesn't wait for it.
func (s *Service) await(r *rule, at *rhythm) {
	s.scheduler.After(at.every, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if r.rhythm == at {
			s.fire(r)
			s.await(r, at)
		}
	})
}

// fire sends the event of a schedule to the rule's targets, and to no other rule's. Callers hold the lock.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html
func (s *Service) fire(r *rule) {
	event := newEvent(r.bus.cell, time.Now(), "aws.events", "Scheduled Event", []byte("{}"))
	event.Resources = []string{r.arn()}
	s.send(r, arrival{event: event})
}

// Fire lets the schedule of a rule fire now, beside its rhythm.
func (s *Service) Fire(ruleARN string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.scheduled(ruleARN)
	if r == nil {
		return fmt.Errorf("fire %s: there is no such rule with a schedule", ruleARN)
	}
	if r.rhythm == nil {
		return fmt.Errorf("fire %s: the rule is disabled", ruleARN)
	}
	s.fire(r)
	return nil
}

// scheduled finds a rule with a schedule, or nil. Only default buses have such rules.
func (s *Service) scheduled(arn string) *rule {
	for name, b := range s.buses {
		for _, r := range b.rules {
			if name.name == defaultBus && r.every > 0 && r.arn() == arn {
				return r
			}
		}
	}
	return nil
}
